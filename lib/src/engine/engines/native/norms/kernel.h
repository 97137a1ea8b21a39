/*
 * passes.h for one KIND of registers: ../registers/each.h includes it once for each.
 *
 * Blocks of rows that stay in the first cache; within one, a register's width of channels at a time, whose constants stay in registers.
 * WHOLE: all lanes of the registers are channels.
 */
using Vector = KIND::Vector;
using Part = KIND::Part;

constexpr long BLOCK = 4096;
constexpr int CHAINS = 4;

ALWAYS long rowsOfBlock(long channels) { return channels < BLOCK / CHAINS ? BLOCK / channels : CHAINS; }

template <bool WHOLE>
FOR ALWAYS Vector take(const float *p, Part n) {
  return WHOLE ? KIND::load(p) : KIND::load(p, n);
}

template <bool WHOLE>
FOR ALWAYS void put(float *p, Vector x, Part n) {
  if (WHOLE) KIND::store(p, x);
  else KIND::store(p, x, n);
}

/** A register's width of channels: what is known of them. */
struct Some {
  Vector mean, scale, beta;
};

template <bool WHOLE>
FOR ALWAYS Some some(const Channels &channels, long c, Part n) {
  return {take<WHOLE>(channels.mean + c, n), take<WHOLE>(channels.scale + c, n), take<WHOLE>(channels.beta + c, n)};
}

/** Adds the lanes of a sum in CHAINS parts to numbers of float64. */
FOR ALWAYS void addTo(double *sums, const Vector *chains, long lanes) {
  float numbers[KIND::width];
  KIND::store(numbers, (chains[0] + chains[1]) + (chains[2] + chains[3]));
  for (long i = 0; i < lanes; i++) sums[i] += numbers[i];
}

template <bool WHOLE>
FOR static void momentsOf(const float *x, long rows, long stride, const float *pivot, long lanes, double *sums,
                          double *squares) {
  const Part n = KIND::part(lanes);
  const Vector p = take<WHOLE>(pivot, n);
  Vector sum[CHAINS], square[CHAINS];
  UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = square[i] = KIND::zero();
  long r = 0;
  for (; r + CHAINS <= rows; r += CHAINS) {
    UNROLL for (int i = 0; i < CHAINS; i++) {
      const Vector t = take<WHOLE>(x + (r + i) * stride, n) - p;
      sum[i] = sum[i] + t;
      square[i] = KIND::multiplyAdd(t, t, square[i]);
    }
  }
  for (; r < rows; r++) {
    const Vector t = take<WHOLE>(x + r * stride, n) - p;
    sum[0] = sum[0] + t;
    square[0] = KIND::multiplyAdd(t, t, square[0]);
  }
  addTo(sums, sum, lanes);
  addTo(squares, square, lanes);
}

template <bool WHOLE, bool RELU>
FOR static void normalizeOf(const float *x, long rows, const Channels &channels, long c, long lanes, float *y) {
  const Part n = KIND::part(lanes);
  const Some known = some<WHOLE>(channels, c, n);
  for (long r = 0; r < rows; r++) {
    const long at = r * channels.count + c;
    const Vector z = KIND::multiplyAdd(take<WHOLE>(x + at, n) - known.mean, known.scale, known.beta);
    put<WHOLE>(y + at, RELU ? KIND::relu(z) : z, n);
  }
}

template <bool RELU>
FOR ALWAYS Vector throughRelu(Vector dy, Vector centred, const Some &known) {
  return RELU ? KIND::past(KIND::multiplyAdd(centred, known.scale, known.beta), dy) : dy;
}

template <bool WHOLE, bool RELU>
FOR static void sumsOf(const float *dy, const float *x, long rows, const Channels &channels, long c, long lanes,
                       double *sums, double *products) {
  const Part n = KIND::part(lanes);
  const Some known = some<WHOLE>(channels, c, n);
  Vector sum[CHAINS], product[CHAINS];
  UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = product[i] = KIND::zero();
  long r = 0;
  for (; r + CHAINS <= rows; r += CHAINS) {
    UNROLL for (int i = 0; i < CHAINS; i++) {
      const long at = (r + i) * channels.count + c;
      const Vector centred = take<WHOLE>(x + at, n) - known.mean;
      const Vector g = throughRelu<RELU>(take<WHOLE>(dy + at, n), centred, known);
      sum[i] = sum[i] + g;
      product[i] = KIND::multiplyAdd(g, centred, product[i]);
    }
  }
  for (; r < rows; r++) {
    const long at = r * channels.count + c;
    const Vector centred = take<WHOLE>(x + at, n) - known.mean;
    const Vector g = throughRelu<RELU>(take<WHOLE>(dy + at, n), centred, known);
    sum[0] = sum[0] + g;
    product[0] = KIND::multiplyAdd(g, centred, product[0]);
  }
  addTo(sums + c, sum, lanes);
  addTo(products + c, product, lanes);
}

template <bool WHOLE, bool RELU>
FOR static void gradientOf(const float *dy, const float *x, long rows, const Channels &channels, long c, long lanes,
                           const float *meanG, const float *slope, float *dx) {
  const Part n = KIND::part(lanes);
  const Some known = some<WHOLE>(channels, c, n);
  const Vector mean = take<WHOLE>(meanG + c, n), k = take<WHOLE>(slope + c, n);
  for (long r = 0; r < rows; r++) {
    const long at = r * channels.count + c;
    const Vector centred = take<WHOLE>(x + at, n) - known.mean;
    const Vector g = throughRelu<RELU>(take<WHOLE>(dy + at, n), centred, known);
    put<WHOLE>(dx + at, known.scale * ((g - mean) - k * centred), n);
  }
}

static void moments(const float *x, long rows, long channels, const float *pivot, double *sums, double *squares) {
  const long step = rowsOfBlock(channels);
  for (long r = 0; r < rows; r += step) {
    const long here = rows - r < step ? rows - r : step;
    for (long c = 0; c < channels; c += KIND::width) {
      const float *from = x + r * channels + c;
      if (c + KIND::width <= channels) {
        momentsOf<true>(from, here, channels, pivot + c, KIND::width, sums + c, squares + c);
      } else {
        momentsOf<false>(from, here, channels, pivot + c, channels - c, sums + c, squares + c);
      }
    }
  }
}

/** PASS<WHOLE, RELU>(..., channels, c, lanes, ...) for each block of rows and each register's width of channels. */
#define EVERY(PASS, BEFORE, ...)                                                                                     \
  const long count = channels.count, step = rowsOfBlock(count);                                                      \
  for (long r = 0; r < rows; r += step) {                                                                            \
    const long here = rows - r < step ? rows - r : step, from = r * count;                                           \
    for (long c = 0; c < count; c += KIND::width) {                                                                  \
      const bool whole = c + KIND::width <= count;                                                                   \
      const long lanes = whole ? KIND::width : count - c;                                                            \
      if (whole && relu) PASS<true, true>(BEFORE, here, channels, c, lanes, __VA_ARGS__);                            \
      else if (whole) PASS<true, false>(BEFORE, here, channels, c, lanes, __VA_ARGS__);                              \
      else if (relu) PASS<false, true>(BEFORE, here, channels, c, lanes, __VA_ARGS__);                               \
      else PASS<false, false>(BEFORE, here, channels, c, lanes, __VA_ARGS__);                                        \
    }                                                                                                                \
  }
#define BOTH dy + from, x + from

static void normalize(const float *x, long rows, const Channels &channels, bool relu, float *y) {
  EVERY(normalizeOf, x + from, y + from)
}

static void sums(const float *dy, const float *x, long rows, const Channels &channels, bool relu, double *g, double *gx) {
  EVERY(sumsOf, BOTH, g, gx)
}

static void gradient(const float *dy, const float *x, long rows, const Channels &channels, bool relu, const float *meanG,
                     const float *slope, float *dx) {
  EVERY(gradientOf, BOTH, meanG, slope, dx + from)
}
#undef BOTH
#undef EVERY
