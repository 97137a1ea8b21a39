/*
 * Products of float32 matrices for one kind of vector registers.
 *
 * No include guard: ../registers/each.h includes it once for each kind, with KIND and FOR defined. Every value of a product is one sum in the order of the inner axis, wherever it stands in the result: the same
 * numbers in every call, and NaN and infinities as in the sum written out.
 */

/** ROWS rows of the result, VECTORS registers wide, kept in registers over the inner axis. */
template <int ROWS, int VECTORS>
FOR ALWAYS void tile(const Product &p, const float *a, const float *b, float *c, const float *base, KIND::Part last) {
  KIND::Vector sums[ROWS][VECTORS];
  UNROLL for (int r = 0; r < ROWS; r++) {
    UNROLL for (int v = 0; v < VECTORS; v++) sums[r][v] = KIND::zero();
  }
  for (long k = 0; k < p.inner; k++, a += p.aStep, b += p.bRow) {
    KIND::Vector row[VECTORS];
    UNROLL for (int v = 0; v < VECTORS - 1; v++) row[v] = KIND::load(b + v * KIND::width);
    row[VECTORS - 1] = KIND::load(b + (VECTORS - 1) * KIND::width, last);
    UNROLL for (int r = 0; r < ROWS; r++) {
      const KIND::Vector value = KIND::all(a[r * p.aRow]);
      UNROLL for (int v = 0; v < VECTORS; v++) sums[r][v] = KIND::multiplyAdd(value, row[v], sums[r][v]);
    }
  }
  if (base != nullptr) {
    const KIND::Vector scale = KIND::all(p.scale);
    UNROLL for (int r = 0; r < ROWS; r++) {
      const float *from = base + r * p.cRow;
      UNROLL for (int v = 0; v < VECTORS - 1; v++) {
        sums[r][v] = KIND::multiplyAdd(scale, sums[r][v], KIND::load(from + v * KIND::width));
      }
      const KIND::Vector old = KIND::load(from + (VECTORS - 1) * KIND::width, last);
      sums[r][VECTORS - 1] = KIND::multiplyAdd(scale, sums[r][VECTORS - 1], old);
    }
  }
  UNROLL for (int r = 0; r < ROWS; r++) {
    float *to = c + r * p.cRow;
    UNROLL for (int v = 0; v < VECTORS - 1; v++) KIND::store(to + v * KIND::width, sums[r][v]);
    KIND::store(to + (VECTORS - 1) * KIND::width, sums[r][VECTORS - 1], last);
  }
}

/** Rows `row` to `row + ROWS` of the result, from a column on. */
template <int ROWS, int VECTORS>
FOR ALWAYS void tileAt(const Product &p, long row, long column, KIND::Part last) {
  const long at = row * p.cRow + column;
  const float *base = p.base == nullptr ? nullptr : p.base + at;
  tile<ROWS, VECTORS>(p, p.a + row * p.aRow, p.b + column, p.c + at, base, last);
}

/** All rows of the result, VECTORS registers wide, ROWS at a time. */
template <int ROWS, int VECTORS>
FOR static void strip(const Product &p, long column, long columns) {
  const KIND::Part last = KIND::part(static_cast<int>(columns) - (VECTORS - 1) * KIND::width);
  constexpr int FEWER = ROWS > 4 ? 4 : 2;
  long row = 0;
  for (; p.rows - row >= ROWS; row += ROWS) tileAt<ROWS, VECTORS>(p, row, column, last);
  for (; p.rows - row >= FEWER; row += FEWER) tileAt<FEWER, VECTORS>(p, row, column, last);
  for (; row < p.rows; row++) tileAt<1, VECTORS>(p, row, column, last);
}

FOR static void product(const Product &p) {
  for (long column = 0; column < p.columns;) {
    const long left = p.columns - column;
    const long vectors = (left + KIND::width - 1) / KIND::width;
    // 5 and 6 registers are two strips of nearly the same width, which keep more sums at work than 4 and 1
    const long now = vectors == 5 || vectors == 6 ? 3 : vectors > 4 ? 4 : vectors;
    const long columns = now * KIND::width < left ? now * KIND::width : left;
    if (now == 4) strip<KIND::rows4, 4>(p, column, columns);
    else if (now == 3) strip<KIND::rows3, 3>(p, column, columns);
    else if (now == 2) strip<KIND::rows2, 2>(p, column, columns);
    else strip<KIND::rows1, 1>(p, column, columns);
    column += columns;
  }
}
