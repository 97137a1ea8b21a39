/** A process that makes runs of a comparison for the one that started it: see lib/src/lanes. */
import '../src/platform/node/deaf';
import '../src/platform/node/set';
import '../src/engine/engines/node';
import { serve } from '../src/lanes/serve';
import { starter } from '../src/platform/node/program';
import { LANE_RUNS } from '../src/train/lane-runs';

void serve(LANE_RUNS, starter, () => process.exit(0));
