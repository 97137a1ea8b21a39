/*
 * KERNEL, a header that does its work by registers of one KIND (a struct of lanes.h) with the instructions FOR them, once for each kind that
 * processors of this make may have, each in a namespace of the kind's name. A path of KERNEL is taken from this folder.
 *
 * KINDS(ROW) is ROW(namespace) for each, widest registers first. In each namespace, `lanes` float32 fit a register, and `runsHere()` says
 * whether this processor has them.
 */
#include "lanes.h"

namespace {

#if defined(__x86_64__)
namespace avx512 {
#define KIND Avx512
#define FOR __attribute__((target("avx512f")))
#include KERNEL
#undef KIND
#undef FOR
constexpr int lanes = Avx512::width;
bool runsHere() { return __builtin_cpu_supports("avx512f"); }
}  // namespace avx512
namespace avx2 {
#define KIND Avx2
#define FOR __attribute__((target("avx2,fma")))
#include KERNEL
#undef KIND
#undef FOR
constexpr int lanes = Avx2::width;
bool runsHere() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
}  // namespace avx2
#define KINDS(ROW) ROW(avx512) ROW(avx2)
#elif defined(__aarch64__)
namespace neon {
#define KIND Neon
#define FOR
#include KERNEL
#undef KIND
#undef FOR
constexpr int lanes = Neon::width;
bool runsHere() { return true; }
}  // namespace neon
#define KINDS(ROW) ROW(neon)
#else
#define KINDS(ROW)
#endif

}  // namespace
