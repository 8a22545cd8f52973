/* Winograd's transforms of vectors of samples to points and of products back.
 *
 * Three taps are interpolated at the points 0, ±3/4, ±3/2, ∞, and two at ±1/2, ±5/4, ∞, in tiles of two at 0, 1, ∞; up to five
 * vertically, from eight rows, at 0, ±1/2, ±1, ±3/2, ∞: exact in binary, and of the sets with a symmetry, which halves the
 * work, those with the smallest errors (Docs/Decisions.md). */

/* product * x[0] - sum * x[2] + x[4]. */
CK_INLINE ck_vector ck_every_second(const ck_vector *x, float sum, float product) {
  return ck_multiply_add(ck_broadcast(product), x[0], ck_multiply_add(ck_broadcast(-sum), x[2], x[4]));
}

CK_INLINE void ck_at_both_signs(float point, ck_vector even, ck_vector odd, ck_vector *values) {
  values[0] = ck_multiply_add(ck_broadcast(point), odd, even);
  values[1] = ck_multiply_add(ck_broadcast(-point), odd, even);
}

/* Row p of the transform holds the coefficients of the polynomial that is zero at all finite points but p. Differences of samples
 * are those of x² - 1, and differences of these those of (x² - 1)(x² - 1/4); the polynomials of 0 and ∞ are these times x² - 9/4. */
CK_INLINE void ck_samples_at_row_points(const ck_vector *x, ck_vector *values) {
  ck_vector d[CK_ROW_POINTS - 2], quarters[CK_ROW_POINTS - 4];
  CK_UNROLL for (int i = 0; i < CK_ROW_POINTS - 2; i++) d[i] = x[i + 2] - x[i];
  CK_UNROLL for (int i = 0; i < CK_ROW_POINTS - 4; i++) quarters[i] = ck_multiply_add(ck_broadcast(-0.25f), d[i], d[i + 2]);
  values[0] = ck_multiply_add(ck_broadcast(-2.25f), quarters[0], quarters[2]);
  ck_at_both_signs(0.5f, ck_multiply_add(ck_broadcast(-2.25f), d[2], d[4]), ck_multiply_add(ck_broadcast(-2.25f), d[1], d[3]),
                   values + 1);
  ck_at_both_signs(1, ck_every_second(x + 2, 2.5f, 0.5625f), ck_every_second(x + 1, 2.5f, 0.5625f), values + 3);
  ck_at_both_signs(1.5f, quarters[2], quarters[1], values + 5);
  values[7] = ck_multiply_add(ck_broadcast(-2.25f), quarters[1], quarters[3]);
}

/* A vector of each of the rows: powers of the points. */
CK_INLINE void ck_rows_at(const ck_vector *products, const int rows, ck_vector *outputs) {
  ck_vector even[3], odd[3];
  CK_UNROLL for (int i = 0; i < 3; i++) {
    even[i] = products[2 * i + 1] + products[2 * i + 2];
    odd[i] = products[2 * i + 1] - products[2 * i + 2];
  }
  outputs[0] = even[0] + (even[1] + even[2]);
  float low = 1, high = 1;
  CK_UNROLL for (int row = 1; row < rows; row++) {
    const ck_vector *const terms = row % 2 ? odd : even;
    low *= 0.5f;
    high *= 1.5f;
    outputs[row] = ck_multiply_add(ck_broadcast(low), terms[0], ck_multiply_add(ck_broadcast(high), terms[2], terms[1]));
  }
  outputs[0] += products[0];
  outputs[rows - 1] += products[CK_ROW_POINTS - 1];
}

/* `check`, or NaN in the lanes in which one of `count` outputs is not finite. */
CK_INLINE ck_vector ck_checked(const ck_vector *outputs, const int count, ck_vector check) {
  ck_vector sum = outputs[0]; /* not finite where one is not */
  CK_UNROLL for (int i = 1; i < count; i++) sum += outputs[i];
  return ck_multiply_add(sum, ck_broadcast(0), check);
}

/* Outputs of a tile along an axis with so many points, but for those of ck_winograd_rows.h. */
#define CK_TILE_OF(points) ((points) == 3 ? CK_WINOGRAD_SMALL_TILE : CK_WINOGRAD_TILE)

#define CK_POINT_A(points) ((points) == 6 ? 0.75f : 0.5f)
#define CK_POINT_B(points) ((points) == 6 ? 1.5f : 1.25f)

/* Samples at the points 0 (where it is one), a, -a, b, -b, ∞: row p of the transform holds the coefficients of the polynomial
 * that is zero at all finite points but p. */
CK_INLINE void ck_to_points(const ck_vector *x, ck_vector *values, const int points) {
  if (points == 3) {
    values[0] = x[1] - x[0];
    values[1] = x[1];
    values[2] = x[2] - x[1];
    return;
  }
  const float a = CK_POINT_A(points), b = CK_POINT_B(points);
  const float sum = a * a + b * b, product = a * a * b * b;
  const int zero = points - 5;
  const ck_vector low = ck_multiply_add(-b * b, x[zero], x[zero + 2]);
  const ck_vector high = ck_multiply_add(-b * b, x[zero + 1], x[zero + 3]);
  const ck_vector lower = ck_multiply_add(-a * a, x[zero], x[zero + 2]);
  const ck_vector higher = ck_multiply_add(-a * a, x[zero + 1], x[zero + 3]);
  if (zero) values[0] = ck_every_second(x, sum, product);
  ck_at_both_signs(a, high, low, values + zero);
  ck_at_both_signs(b, higher, lower, values + zero + 2);
  values[zero + 4] = ck_every_second(x + zero, sum, product);
}

/* The outputs of products at the points: powers of the points. */
CK_INLINE void ck_from_points(const ck_vector *products, ck_vector *outputs, const int points) {
  if (points == 3) {
    outputs[0] = products[0] + products[1];
    outputs[1] = products[1] + products[2];
    return;
  }
  const float a = CK_POINT_A(points), b = CK_POINT_B(points);
  const int zero = points - 5;
  const ck_vector evenA = products[zero] + products[zero + 1], oddA = products[zero] - products[zero + 1];
  const ck_vector evenB = products[zero + 2] + products[zero + 3], oddB = products[zero + 2] - products[zero + 3];
  outputs[0] = zero ? products[0] + (evenA + evenB) : evenA + evenB;
  outputs[1] = ck_multiply_add(a, oddA, b * oddB);
  outputs[2] = ck_multiply_add(a * a, evenA, (b * b) * evenB);
  outputs[3] = ck_multiply_add(a * a * a, oddA, ck_multiply_add(b * b * b, oddB, products[zero + 4]));
}

/* The vertical transforms. */
CK_INLINE void ck_rows_to_points_of(const ck_vector *x, ck_vector *values, const int rowPoints) {
  if (rowPoints == CK_ROW_POINTS) ck_samples_at_row_points(x, values);
  else ck_to_points(x, values, rowPoints);
}

CK_INLINE void ck_rows_from_points_of(const ck_vector *products, ck_vector *outputs, const int rowPoints) {
  if (rowPoints == CK_ROW_POINTS) ck_rows_at(products, CK_WINOGRAD_MOST_ROWS, outputs);
  else ck_from_points(products, outputs, rowPoints);
}
