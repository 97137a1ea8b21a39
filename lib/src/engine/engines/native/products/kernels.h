/* Products of float32 matrices by this processor's vector registers. */
#pragma once
#include "../registers/choice.h"

/**
 * c = a b, or base + scale a b where there is a base, which may be c. a(r, k) = a[r * aRow + k * aStep]; b, base and c lie row by row, the rows
 * of b bRow and those of base and c cRow apart.
 */
struct Product {
  const float *a, *b;
  float *c;
  long rows, inner, columns;
  long aRow, aStep, bRow, cRow;
  const float *base;
  float scale;
};

/** A product by one kind of registers. */
struct Kind : Registers {
  void (*product)(const Product &);
};

/** The kinds that this build knows, widest registers first; ends with one without a name. */
extern const Kind kinds[];

/** to [columns, rows] = from [rows, columns]. */
void transpose(const float *from, float *to, long rows, long columns);
