/*
 * Passes over the values of a batch, row by row, for batch normalization and the ReLU behind it, for processors' vector registers.
 *
 * A row holds one value of each channel. Sums are taken in float32 over a few hundred rows at most and in float64 over those.
 */
#pragma once
#include "../registers/choice.h"

/** What is known of each channel; as many numbers as there are channels. */
struct Channels {
  long count;
  const float *mean;
  /** gamma / sqrt(sigma2 + epsilon): y = scale (x - mean) + beta */
  const float *scale;
  const float *beta;
};

/** The passes by one kind of registers. */
struct Passes : Registers {
  /** Adds sum (x - pivot) and sum (x - pivot)^2. */
  void (*moments)(const float *x, long rows, long channels, const float *pivot, double *sums, double *squares);
  /** y = scale (x - mean) + beta, or relu of that. */
  void (*normalize)(const float *x, long rows, const Channels &, bool relu, float *y);
  /** Adds sum g and sum g (x - mean), where g = dy; before a ReLU dy where y > 0, NaN where y is NaN, else 0. */
  void (*sums)(const float *dy, const float *x, long rows, const Channels &, bool relu, double *g, double *gx);
  /** dx = scale (g - mean_g - slope (x - mean)); dx may be dy. */
  void (*gradient)(const float *dy, const float *x, long rows, const Channels &, bool relu, const float *meanG,
                   const float *slope, float *dx);
};

/** The kinds that this build knows, widest registers first; ends with one without a name. */
extern const Passes passes[];
