#include "passes.h"

#define KERNEL "../norms/kernel.h"
#include "../registers/each.h"

#define ROW(kind) {{#kind, kind::lanes, kind::runsHere}, kind::moments, kind::normalize, kind::sums, kind::gradient},
const Passes passes[] = {KINDS(ROW){{nullptr, 0, nullptr}, nullptr, nullptr, nullptr, nullptr}};
