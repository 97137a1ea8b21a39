/** A process that makes runs for the one that started it, see lanes/; it is started by `Platform.startLane` and by nobody else. */
import './platform/node/deaf';
import './platform/node/set';
import './engine/engines/node';
import { serve } from './lanes/serve';
import { starter } from './platform/node/companion';
import { LANE_RUNS } from './train/lane-runs';

void serve(LANE_RUNS, starter());
