/** Probes from plain data. */
import { percentileProbe, saturationProbe } from './activations';
import { shapeProbe } from './gaussianity';
import { gradientNormProbe, updateRatioProbe } from './gradients';
import { inputDriftProbe } from './input-drift';
import { linearityProbe } from './linear-regime';
import type { ProbeSpec } from './made';
import { sampleProbe } from './samples';
import { covariateShiftProbe, driftProbe } from './shift';
import type { Probe } from './types';

/** Every function that makes a probe. A table of them that loading makes would be a part of all notebooks that compare. */
const makers = () => ({
  ...{ percentileProbe, saturationProbe, shapeProbe, gradientNormProbe, updateRatioProbe, inputDriftProbe },
  ...{ linearityProbe, sampleProbe, covariateShiftProbe, driftProbe },
});

/** The probe that a specification describes: see `specOf`. @throws RangeError for a name that is not known */
export function probeOf({ by, options }: ProbeSpec): Probe {
  const known = makers();
  if (!Object.hasOwn(known, by)) throw new RangeError(`probeOf: no function '${by}' makes probes.`);
  return (known[by as keyof typeof known] as (options: unknown) => Probe)(options);
}
