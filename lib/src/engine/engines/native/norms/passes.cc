#include "passes.h"
#include "../products/lanes.h"

namespace {

#if defined(__x86_64__)
namespace avx512 {
#define KIND Avx512
#define FOR __attribute__((target("avx512f")))
#include "kernel.h"
#undef KIND
#undef FOR
}  // namespace avx512
namespace avx2 {
#define KIND Avx2
#define FOR __attribute__((target("avx2,fma")))
#include "kernel.h"
#undef KIND
#undef FOR
}  // namespace avx2
bool hasAvx512() { return __builtin_cpu_supports("avx512f"); }
bool hasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#elif defined(__aarch64__)
namespace neon {
#define KIND Neon
#define FOR
#include "kernel.h"
#undef KIND
#undef FOR
}  // namespace neon
bool hasNeon() { return true; }
#endif

}  // namespace

#define ALL(KIND) KIND::moments, KIND::normalize, KIND::sums, KIND::gradient
const Passes passes[] = {
#if defined(__x86_64__)
    {"avx512", hasAvx512, ALL(avx512)},
    {"avx2", hasAvx2, ALL(avx2)},
#elif defined(__aarch64__)
    {"neon", hasNeon, ALL(neon)},
#endif
    {nullptr, nullptr, nullptr, nullptr, nullptr, nullptr}};
