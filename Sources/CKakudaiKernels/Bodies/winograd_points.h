/* Winograd's transforms of vectors of samples to points and of products back.
 *
 * Three taps are interpolated at the points 0, ±11/16, ±23/16, ∞, and two at ±1/2, ±5/4, ∞, in tiles of two at 0, 1, ∞; up to five
 * vertically, from eight rows, at 0, ±9/16, ±1, ±7/4, ∞, or, from ten rows, at 0, ±7/16, ±13/16, ±5/4, ±17/8, ∞: exact in binary,
 * and of the sets with a symmetry, which halves the work, those with the smallest errors (Docs/Decisions.md). */

/* product * x[0] - sum * x[2] + x[4]. */
CK_INLINE ck_vector ck_every_second(const ck_vector *x, float sum, float product) {
  return ck_multiply_add(ck_broadcast(product), x[0], ck_multiply_add(ck_broadcast(-sum), x[2], x[4]));
}

CK_INLINE void ck_at_both_signs(float point, ck_vector even, ck_vector odd, ck_vector *values) {
  values[0] = ck_multiply_add(ck_broadcast(point), odd, even);
  values[1] = ck_multiply_add(ck_broadcast(-point), odd, even);
}

/* Row p of the transform holds the coefficients of the polynomial that is zero at all finite points but p. Differences of samples
 * are those of x² - 1, and differences of these those of (x² - 1)(x² - a); the polynomials of 0 and ∞ are these times x² - c. */
CK_INLINE void ck_samples_at_eight_points(const ck_vector *x, ck_vector *values) {
  static const float m[3] = CK_EIGHT_POINTS;
  const float a = m[0] * m[0], c = m[2] * m[2];
  ck_vector d[CK_ROW_POINTS - 2], both[CK_ROW_POINTS - 4];
  CK_UNROLL for (int i = 0; i < CK_ROW_POINTS - 2; i++) d[i] = x[i + 2] - x[i];
  CK_UNROLL for (int i = 0; i < CK_ROW_POINTS - 4; i++) both[i] = ck_multiply_add(-a, d[i], d[i + 2]);
  values[0] = ck_multiply_add(-c, both[0], both[2]);
  ck_at_both_signs(m[0], ck_multiply_add(-c, d[2], d[4]), ck_multiply_add(-c, d[1], d[3]), values + 1);
  ck_at_both_signs(1, ck_every_second(x + 2, a + c, a * c), ck_every_second(x + 1, a + c, a * c), values + 3);
  ck_at_both_signs(m[2], both[2], both[1], values + 5);
  values[7] = ck_multiply_add(-c, both[1], both[3]);
}

/* The same for ten points: what is zero at the last two pairs of points, or at the first two, serves the other two. */
CK_INLINE void ck_samples_at_ten_points(const ck_vector *x, ck_vector *values) {
  static const float m[4] = CK_TEN_POINTS;
  const float a = m[0] * m[0], b = m[1] * m[1], c = m[2] * m[2], d = m[3] * m[3];
  ck_vector first[CK_MOST_ROW_POINTS - 4], last[CK_MOST_ROW_POINTS - 4];
  CK_UNROLL for (int i = 0; i < CK_MOST_ROW_POINTS - 4; i++) {
    first[i] = ck_every_second(x + i, a + b, a * b);
    last[i] = ck_every_second(x + i, c + d, c * d);
  }
  values[0] = ck_every_second(first, c + d, c * d);
  ck_at_both_signs(m[0], ck_multiply_add(-b, last[2], last[4]), ck_multiply_add(-b, last[1], last[3]), values + 1);
  ck_at_both_signs(m[1], ck_multiply_add(-a, last[2], last[4]), ck_multiply_add(-a, last[1], last[3]), values + 3);
  ck_at_both_signs(m[2], ck_multiply_add(-d, first[2], first[4]), ck_multiply_add(-d, first[1], first[3]), values + 5);
  ck_at_both_signs(m[3], ck_multiply_add(-c, first[2], first[4]), ck_multiply_add(-c, first[1], first[3]), values + 7);
  values[9] = ck_every_second(first + 1, c + d, c * d);
}

/* A vector of each of the rows: powers of the eight or ten points. */
CK_INLINE void ck_rows_at(const ck_vector *products, const int points, const int rows, ck_vector *outputs) {
  static const float eight[3] = CK_EIGHT_POINTS, ten[4] = CK_TEN_POINTS;
  const float *const magnitudes = points == CK_ROW_POINTS ? eight : ten;
  const int pairs = points / 2 - 1;
  ck_vector even[4], odd[4];
  float powers[4];
  CK_UNROLL for (int i = 0; i < pairs; i++) {
    even[i] = products[2 * i + 1] + products[2 * i + 2];
    odd[i] = products[2 * i + 1] - products[2 * i + 2];
    powers[i] = 1;
  }
  outputs[0] = even[1];
  CK_UNROLL for (int i = 2; i < pairs; i++) outputs[0] += even[i];
  outputs[0] = even[0] + outputs[0];
  CK_UNROLL for (int row = 1; row < rows; row++) {
    const ck_vector *const terms = row % 2 ? odd : even;
    CK_UNROLL for (int i = 0; i < pairs; i++) powers[i] *= magnitudes[i];
    outputs[row] = powers[1] * terms[1];
    CK_UNROLL for (int i = 2; i < pairs; i++) outputs[row] = ck_multiply_add(ck_broadcast(powers[i]), terms[i], outputs[row]);
    outputs[row] = ck_multiply_add(ck_broadcast(powers[0]), terms[0], outputs[row]);
  }
  outputs[0] += products[0];
  outputs[rows - 1] += products[points - 1];
}

/* `check`, or NaN in the lanes in which one of `count` outputs is not finite. */
CK_INLINE ck_vector ck_checked(const ck_vector *outputs, const int count, ck_vector check) {
  ck_vector sum = outputs[0]; /* not finite where one is not */
  CK_UNROLL for (int i = 1; i < count; i++) sum += outputs[i];
  return ck_multiply_add(sum, ck_broadcast(0), check);
}

/* Outputs of a tile along an axis with so many points, but for those of ck_winograd_rows.h. */
#define CK_TILE_OF(points) ((points) == 3 ? CK_WINOGRAD_SMALL_TILE : CK_WINOGRAD_TILE)

#define CK_POINT_A(points) ((points) == 6 ? 0.6875f : 0.5f)
#define CK_POINT_B(points) ((points) == 6 ? 1.4375f : 1.25f)

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
  if (rowPoints == CK_MOST_ROW_POINTS) ck_samples_at_ten_points(x, values);
  else if (rowPoints == CK_ROW_POINTS) ck_samples_at_eight_points(x, values);
  else ck_to_points(x, values, rowPoints);
}

CK_INLINE void ck_rows_from_points_of(const ck_vector *products, ck_vector *outputs, const int rowPoints) {
  if (rowPoints == CK_ROW_POINTS) ck_rows_at(products, CK_ROW_POINTS, CK_WINOGRAD_MOST_ROWS, outputs);
  else ck_from_points(products, outputs, rowPoints);
}
