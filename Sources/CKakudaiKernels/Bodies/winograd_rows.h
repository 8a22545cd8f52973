/* The kernels of ck_winograd_rows.h. The points are 0, ±1/2, ±1, ±3/2, ∞, exact in binary; needs convolution.h. */

/* At the points ±p, of which the others have the squares q and r: the polynomials that are zero at all points but one. */
CK_INLINE void ck_row_pair(const ck_vector *x, float p, float q, float r, ck_vector *values) {
  const ck_vector sum = ck_broadcast(-(q + r)), product = ck_broadcast(q * r);
  const ck_vector even = ck_multiply_add(product, x[2], ck_multiply_add(sum, x[4], x[6]));
  const ck_vector odd = ck_multiply_add(product, x[1], ck_multiply_add(sum, x[3], x[5]));
  values[0] = ck_multiply_add(ck_broadcast(p), odd, even);
  values[1] = ck_multiply_add(ck_broadcast(-p), odd, even);
}

/* At 0 or ∞, from the first sample or the second. */
CK_INLINE ck_vector ck_row_end(const ck_vector *x) {
  const ck_vector low = ck_multiply_add(ck_broadcast(3.0625f), x[2], ck_broadcast(-0.5625f) * x[0]);
  return ck_multiply_add(ck_broadcast(-3.5f), x[4], low) + x[6];
}

CK_INLINE void ck_samples_at_row_points(const ck_vector *samples, ck_vector *values) {
  values[0] = ck_row_end(samples);
  ck_row_pair(samples, 0.5f, 1, 2.25f, values + 1);
  ck_row_pair(samples, 1, 0.25f, 2.25f, values + 3);
  ck_row_pair(samples, 1.5f, 0.25f, 1, values + 5);
  values[7] = ck_row_end(samples + 1);
}

/* The columns first ... of a row, zeros outside of the picture. */
CK_INLINE ck_vector ck_load_columns(const float *row, ptrdiff_t first, ptrdiff_t columns) {
  if (first >= columns || first + CK_LANES <= 0) return ck_broadcast(0);
  const ptrdiff_t start = first < 0 ? 0 : first;
  const ck_vector inside = columns - start >= CK_LANES
                               ? ck_load(row + start)
                               : ck_masked(ck_load(row + start), ck_first_lanes((size_t)(columns - start)));
  if (first >= 0) return inside;
  if (first == -1) return __builtin_shufflevector(ck_broadcast(0), inside, CK_BEFORE);
  float shifted[2 * CK_LANES] = {};
  ck_store(shifted + CK_LANES, inside);
  return ck_load(shifted + CK_LANES + first);
}

/* Whether there are `count` rows, none of zeros. */
CK_INLINE int ck_are_all(const float *const *rows, const int count) {
  for (int row = 0; row < count; row++)
    if (!rows[row]) return 0;
  return 1;
}

/* The columns x ... of some rows, NULL for rows of zeros, one vector of each after the other. Apart from what it is called in,
 * which it would make slow. */
static __attribute__((noinline)) void ck_copy_edges(const float *const *rows, ptrdiff_t x, ptrdiff_t columns, int count,
                                                    float *edges) {
  for (int row = 0; row < count; row++, edges += CK_LANES)
    ck_store(edges, rows[row] ? ck_load_columns(rows[row], x, columns) : ck_broadcast(0));
}

/* The same in registers. */
CK_INLINE void ck_load_edges(const float *const *rows, ptrdiff_t x, ptrdiff_t columns, ck_vector *samples, const int count) {
  float edges[CK_ROW_POINTS * CK_LANES] __attribute__((aligned(64)));
  ck_copy_edges(rows, x, columns, count, edges);
  CK_UNROLL for (int row = 0; row < count; row++) samples[row] = ck_load(edges + row * CK_LANES);
}

/* Up to where whole vectors from x on, before `end`, lie in a picture of rows of which none is missing; x if there are none. */
CK_INLINE ptrdiff_t ck_inner_end(int areAll, ptrdiff_t x, ptrdiff_t columns, ptrdiff_t end) {
  if (!areAll || x < 0 || x + CK_LANES > columns) return x;
  return columns - CK_LANES < end - 1 ? columns - CK_LANES + 1 : end;
}

/* The columns x ... of some rows. Those that stand `ahead` further on, unless it is 0, are fetched into the caches, each line once
 * where x grows by vectors. */
CK_INLINE void ck_load_rows(const float *const *rows, ptrdiff_t x, ptrdiff_t ahead, ck_vector *samples, const int count) {
  if (ahead && (x & 15 & -CK_LANES) == 0) {
    CK_UNROLL for (int row = 0; row < count; row++) ck_prefetch(rows[row] + ahead + x);
  }
  CK_UNROLL for (int row = 0; row < count; row++) samples[row] = ck_load(rows[row] + x);
}

/* Stores samples of eight rows at the points, `stride` apart. */
CK_INLINE void ck_store_at_points(const ck_vector *samples, float *target, ptrdiff_t stride) {
  ck_vector values[CK_ROW_POINTS];
  ck_samples_at_row_points(samples, values);
  CK_UNROLL for (int point = 0; point < CK_ROW_POINTS; point++, target += stride) ck_store(target, values[point]);
}

static void ck_transform_rows(const ck_rows_to_points *t) {
  /* Stores might change these, for all the compiler knows. */
  const ptrdiff_t columns = t->columns, ahead = t->channelStride, end = t->end, stride = t->pointStride;
  for (size_t channel = 0; channel < t->channels; channel++) {
    const float *const input = t->input + (ptrdiff_t)channel * t->channelStride, *rows[CK_ROW_POINTS];
    for (int row = 0; row < CK_ROW_POINTS; row++)
      rows[row] = t->rowOffsets[row] == CK_NOWHERE ? NULL : input + t->rowOffsets[row];
    const int areAll = ck_are_all(rows, CK_ROW_POINTS);
    float *const line = t->transformed + (ptrdiff_t)channel * t->transformedStride - t->first;
    ck_vector samples[CK_ROW_POINTS];
    for (ptrdiff_t x = t->first; x < end; x += CK_LANES) {
      for (const ptrdiff_t inner = ck_inner_end(areAll, x, columns, end); x < inner; x += CK_LANES) {
        ck_load_rows(rows, x, ahead, samples, CK_ROW_POINTS);
        ck_store_at_points(samples, line + x, stride);
      }
      if (x >= end) break;
      ck_load_edges(rows, x, columns, samples, CK_ROW_POINTS);
      ck_store_at_points(samples, line + x, stride);
    }
  }
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

/* The sums of all rows in the columns x ..., from products at the points. */
CK_INLINE void ck_sums_of_rows(const ck_rows_from_points *c, size_t x, const int rows, ck_vector *outputs) {
  const float *const first = c->products[0], *const last = c->products[CK_ROW_POINTS - 1];
  ck_vector products[CK_ROW_POINTS];
  CK_UNROLL for (int point = 1; point < CK_ROW_POINTS - 1; point++) products[point] = ck_load(c->products[point] + x);
  products[0] = first ? ck_load(first + x) : ck_broadcast(0);
  products[CK_ROW_POINTS - 1] = last ? ck_load(last + x) : ck_broadcast(0);
  ck_rows_at(products, rows, outputs);
  ck_vector sum = outputs[0]; /* not finite where one is not */
  CK_UNROLL for (int row = 1; row < rows; row++) sum += outputs[row];
  ck_store(c->checks + x, ck_multiply_add(sum, ck_broadcast(0), ck_load(c->checks + x)));
  CK_UNROLL for (int row = 0; row < rows; row++) outputs[row] += c->bias;
}

/* Columns of all rows that are combined before they are finished. */
#define CK_COMBINED_COLUMNS 64

/* Columns from `begin` on, finished row by row. */
CK_INLINE void ck_combine_columns(const ck_rows_from_points *c, size_t begin, const int rows) {
  float lines[CK_MOST_ROWS][CK_COMBINED_COLUMNS] __attribute__((aligned(64)));
  for (size_t count; begin < c->count; begin += count) {
    count = c->count - begin < CK_COMBINED_COLUMNS ? c->count - begin : CK_COMBINED_COLUMNS;
    for (size_t i = 0; i < count; i += CK_LANES) {
      ck_vector outputs[CK_MOST_ROWS];
      ck_sums_of_rows(c, begin + i, rows, outputs);
      CK_UNROLL for (int row = 0; row < rows; row++) ck_store(lines[row] + i, outputs[row]);
    }
    for (int row = 0; row < rows; row++) {
      if (!c->outputs[row]) continue;
      const float *const residual = c->residuals[row] ? c->residuals[row] + begin : NULL;
      ck_finish_line(c->epilogue, 0, lines[row], residual, c->outputs[row] + begin, count, c->streams);
    }
  }
}

CK_INLINE void ck_combine_points(const ck_rows_from_points *c, const int rows) {
  const ck_epilogue *const e = c->epilogue;
  int isPlain = !c->streams && (!e || e->hinges == 0);
  for (int row = 0; row < rows; row++) isPlain &= c->outputs[row] && !c->residuals[row];
  size_t x = 0;
  if (isPlain) {
    float *targets[CK_MOST_ROWS];
    CK_UNROLL for (int row = 0; row < rows; row++) targets[row] = c->outputs[row];
    const float slope = e && e->activations ? e->activations[0] : 1;
    const int clamps = e && e->clamps;
    for (; x + CK_LANES <= c->count; x += CK_LANES) {
      ck_vector outputs[CK_MOST_ROWS];
      ck_sums_of_rows(c, x, rows, outputs);
      CK_UNROLL for (int row = 0; row < rows; row++) {
        if (slope != 1) outputs[row] = ck_sloped(slope, outputs[row]);
        if (clamps) outputs[row] = ck_limited(e, outputs[row]);
        ck_store(targets[row] + x, outputs[row]);
      }
    }
  }
  ck_combine_columns(c, x, rows);
}

static void ck_combine_rows(const ck_rows_from_points *c) {
  switch (c->rows) {
  case 4: ck_combine_points(c, 4); break;
  case 5: ck_combine_points(c, 5); break;
  default: ck_combine_points(c, 6);
  }
  if (c->streams) ck_fence();
}
