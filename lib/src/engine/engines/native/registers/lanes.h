/*
 * Vector registers: for each kind a struct of the same operations, so that kernel.h is written once.
 *
 * Each function names the instructions it needs (FOR), because the addon is compiled for the plainest processor of its make and chooses
 * while it runs. `Part` says how many of a register's lanes belong to the matrix: the others are read as 0 and not written.
 * rowsN: rows of the tile that is N registers wide, such that it fits the registers and hides the latency of a multiplication.
 * relu: max(0, x), which keeps NaN. past: the gradient on its way back through it, dy where x > 0, NaN where x is NaN, otherwise 0.
 */
#pragma once
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define ALWAYS static inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <immintrin.h>

#define FOR __attribute__((target("avx512f")))
struct Avx512 {
  using Vector = __m512;
  using Part = __mmask16;
  static constexpr int width = 16, rows4 = 6, rows3 = 8, rows2 = 12, rows1 = 14;
  FOR ALWAYS Part part(int n) { return n >= 16 ? 0xFFFF : static_cast<Part>((1u << n) - 1); }
  FOR ALWAYS Vector zero() { return _mm512_setzero_ps(); }
  FOR ALWAYS Vector all(float x) { return _mm512_set1_ps(x); }
  FOR ALWAYS Vector load(const float *p) { return _mm512_loadu_ps(p); }
  FOR ALWAYS Vector load(const float *p, Part n) { return _mm512_maskz_loadu_ps(n, p); }
  FOR ALWAYS void store(float *p, Vector x) { _mm512_storeu_ps(p, x); }
  FOR ALWAYS void store(float *p, Vector x, Part n) { _mm512_mask_storeu_ps(p, n, x); }
  FOR ALWAYS Vector multiplyAdd(Vector x, Vector y, Vector z) { return _mm512_fmadd_ps(x, y, z); }
  FOR ALWAYS Vector relu(Vector x) { return _mm512_max_ps(zero(), x); }
  FOR ALWAYS Vector past(Vector x, Vector dy) {
    const Vector kept = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, zero(), _CMP_GT_OQ), dy);
    return _mm512_mask_mov_ps(kept, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
  }
};
#undef FOR

#define FOR __attribute__((target("avx2,fma")))
struct Avx2 {
  using Vector = __m256;
  using Part = __m256i;
  static constexpr int width = 8, rows4 = 3, rows3 = 4, rows2 = 6, rows1 = 10;
  FOR ALWAYS Part part(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  FOR ALWAYS Vector zero() { return _mm256_setzero_ps(); }
  FOR ALWAYS Vector all(float x) { return _mm256_set1_ps(x); }
  FOR ALWAYS Vector load(const float *p) { return _mm256_loadu_ps(p); }
  FOR ALWAYS Vector load(const float *p, Part n) { return _mm256_maskload_ps(p, n); }
  FOR ALWAYS void store(float *p, Vector x) { _mm256_storeu_ps(p, x); }
  FOR ALWAYS void store(float *p, Vector x, Part n) { _mm256_maskstore_ps(p, n, x); }
  FOR ALWAYS Vector multiplyAdd(Vector x, Vector y, Vector z) { return _mm256_fmadd_ps(x, y, z); }
  FOR ALWAYS Vector relu(Vector x) { return _mm256_max_ps(zero(), x); }
  FOR ALWAYS Vector past(Vector x, Vector dy) {
    const Vector kept = _mm256_and_ps(_mm256_cmp_ps(x, zero(), _CMP_GT_OQ), dy);
    return _mm256_blendv_ps(kept, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  }
};
#undef FOR

#elif defined(__aarch64__)
#include <arm_neon.h>

struct Neon {
  using Vector = float32x4_t;
  using Part = int;
  static constexpr int width = 4, rows4 = 6, rows3 = 8, rows2 = 12, rows1 = 16;
  ALWAYS Part part(int n) { return n >= 4 ? 4 : n; }
  ALWAYS Vector zero() { return vdupq_n_f32(0); }
  ALWAYS Vector all(float x) { return vdupq_n_f32(x); }
  ALWAYS Vector load(const float *p) { return vld1q_f32(p); }
  ALWAYS Vector load(const float *p, Part n) {
    if (n == 4) return vld1q_f32(p);
    float lanes[4] = {p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
    return vld1q_f32(lanes);
  }
  ALWAYS void store(float *p, Vector x) { vst1q_f32(p, x); }
  ALWAYS void store(float *p, Vector x, Part n) {
    if (n == 4) return vst1q_f32(p, x);
    float lanes[4];
    vst1q_f32(lanes, x);
    for (int i = 0; i < n; i++) p[i] = lanes[i];
  }
  ALWAYS Vector multiplyAdd(Vector x, Vector y, Vector z) { return vfmaq_f32(z, x, y); }
  ALWAYS Vector relu(Vector x) { return vmaxq_f32(zero(), x); }
  ALWAYS Vector past(Vector x, Vector dy) {
    return vbslq_f32(vceqq_f32(x, x), vbslq_f32(vcgtq_f32(x, zero()), dy, zero()), x);
  }
};
#endif
