/** Loaded into the tslab kernel before tslab (`node --require`): every mend that a kernel has, also in JupyterLab. */
'use strict';

require('./packages');
require('./compiler');
require('./names');
require('./sockets');
require('./output');
require('./errors');
require('./busy');
require('./ports');
