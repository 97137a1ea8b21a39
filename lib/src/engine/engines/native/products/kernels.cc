#include "kernels.h"
#include "../registers/lanes.h"

namespace {

#if defined(__x86_64__)
ALWAYS void transpose4(const float *from, long columns, float *to, long rows) {
  __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + columns);
  __m128 c = _mm_loadu_ps(from + 2 * columns), d = _mm_loadu_ps(from + 3 * columns);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(to, a);
  _mm_storeu_ps(to + rows, b);
  _mm_storeu_ps(to + 2 * rows, c);
  _mm_storeu_ps(to + 3 * rows, d);
}
#elif defined(__aarch64__)
ALWAYS void transpose4(const float *from, long columns, float *to, long rows) {
  const float32x4x2_t ab = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + columns));
  const float32x4x2_t cd = vtrnq_f32(vld1q_f32(from + 2 * columns), vld1q_f32(from + 3 * columns));
  for (int i = 0; i < 2; i++) {
    vst1q_f32(to + i * rows, vcombine_f32(vget_low_f32(ab.val[i]), vget_low_f32(cd.val[i])));
    vst1q_f32(to + (i + 2) * rows, vcombine_f32(vget_high_f32(ab.val[i]), vget_high_f32(cd.val[i])));
  }
}
#else
ALWAYS void transpose4(const float *from, long columns, float *to, long rows) {
  for (int r = 0; r < 4; r++) {
    for (int c = 0; c < 4; c++) to[c * rows + r] = from[r * columns + c];
  }
}
#endif

}  // namespace

/** Four rows and columns at a time, in blocks whose lines stay in the first cache. */
void transpose(const float *from, float *to, long rows, long columns) {
  constexpr long BLOCK = 16;
  const long rows4 = rows / 4 * 4, columns4 = columns / 4 * 4;
  for (long block = 0; block < rows4; block += BLOCK) {
    const long end = block + BLOCK < rows4 ? block + BLOCK : rows4;
    for (long c = 0; c < columns4; c += 4) {
      for (long r = block; r < end; r += 4) transpose4(from + r * columns + c, columns, to + c * rows + r, rows);
    }
  }
  for (long r = 0; r < rows; r++) {
    for (long c = r < rows4 ? columns4 : 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
  }
}

#define KERNEL "../products/kernel.h"
#include "../registers/each.h"

#define ROW(kind) {{#kind, kind::lanes, kind::runsHere}, kind::product},
const Kind kinds[] = {KINDS(ROW){{nullptr, 0, nullptr}, nullptr}};
