/* The kernels of ck_winograd_rows.h; needs convolution.h, winograd_points.h and winograd_short_rows.h. */

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
  float edges[CK_MOST_ROW_POINTS * CK_LANES] __attribute__((aligned(64)));
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
  if (ahead) ck_prefetch_rows(rows, x, ahead, count);
  CK_UNROLL for (int row = 0; row < count; row++) samples[row] = ck_load(rows[row] + x);
}

/* Stores samples of some rows at as many points, `stride` apart. */
CK_INLINE void ck_store_at_points(const ck_vector *samples, float *target, ptrdiff_t stride, const int rowPoints) {
  ck_vector values[CK_MOST_ROW_POINTS];
  ck_rows_to_points_of(samples, values, rowPoints);
  CK_UNROLL for (int point = 0; point < rowPoints; point++, target += stride) ck_store(target, values[point]);
}

/* The columns first ..< end of some rows, NULL for rows of zeros, at as many points: lines[point * stride + column - first], in whole
 * vectors. `ahead` as above. */
CK_INLINE void ck_rows_to_lines(const float *const *rows, ptrdiff_t columns, ptrdiff_t ahead, ptrdiff_t first, ptrdiff_t end,
                                float *lines, ptrdiff_t stride, const int rowPoints) {
  const int areAll = ck_are_all(rows, rowPoints);
  for (ptrdiff_t x = first; x < end;) {
    const ptrdiff_t inner = ck_inner_end(areAll, x, columns, end);
    for (; x < inner; x += CK_LANES, lines += CK_LANES) {
      ck_vector samples[CK_MOST_ROW_POINTS];
      ck_load_rows(rows, x, ahead, samples, rowPoints);
      ck_store_at_points(samples, lines, stride, rowPoints);
    }
    if (x >= end) return;
    ck_vector samples[CK_MOST_ROW_POINTS];
    ck_load_edges(rows, x, columns, samples, rowPoints);
    ck_store_at_points(samples, lines, stride, rowPoints);
    x += CK_LANES;
    lines += CK_LANES;
  }
}

/* The columns first ..< end, `first` being a multiple of 16, of the rows of all parts at the points. */
CK_INLINE void ck_transform_rows(const ck_row_filter *f, ptrdiff_t first, ptrdiff_t end, const int points) {
  /* Stores might change these, for all the compiler knows. */
  const ptrdiff_t columns = f->columns, ahead = f->channelStride, stride = f->pointStride;
  float *target = f->transformed;
  for (size_t part = 0; part < f->parts; part++) {
    const ptrdiff_t *const offsets = f->rowOffsets + part * (size_t)points;
    for (size_t channel = 0; channel < f->channels; channel++, target += f->transformedStride) {
      const float *const input = f->input + (ptrdiff_t)channel * f->channelStride, *rows[CK_MOST_ROW_POINTS];
      for (int row = 0; row < points; row++) rows[row] = offsets[row] == CK_NOWHERE ? NULL : input + offsets[row];
      ck_rows_to_lines(rows, columns, ahead, first, end, target, stride, points);
    }
  }
}

/* What the rows of one phase of an output are combined from, and where they go. */
typedef struct ck_combined_rows {
  const float *products[CK_MOST_ROW_POINTS]; /* NULL at 0 or infinity for zeros */
  float bias;
  size_t output, count;
  float *checks;
  float *targets[CK_MOST_ROWS];          /* NULL where a row is not written */
  const float *residuals[CK_MOST_ROWS]; /* NULL where there is none */
} ck_combined_rows;

/* The sums of all rows in the columns x ... */
CK_INLINE void ck_sums_of_rows(const ck_combined_rows *c, size_t x, const int points, const int rows,
                              ck_vector *outputs) {
  const float *const first = c->products[0], *const last = c->products[points - 1];
  ck_vector products[CK_MOST_ROW_POINTS];
  CK_UNROLL for (int point = 1; point < points - 1; point++) products[point] = ck_load(c->products[point] + x);
  products[0] = first ? ck_load(first + x) : ck_broadcast(0);
  products[points - 1] = last ? ck_load(last + x) : ck_broadcast(0);
  ck_rows_at(products, points, rows, outputs);
  ck_store(c->checks + x, ck_checked(outputs, rows, ck_load(c->checks + x)));
  CK_UNROLL for (int row = 0; row < rows; row++) outputs[row] += c->bias;
}

/* Columns of all rows that are combined before they are finished. */
#define CK_COMBINED_COLUMNS 64

/* The columns from `begin` on, which are finished row by row. */
CK_INLINE void ck_combine_by_rows(const ck_row_filter *f, const ck_combined_rows *c, size_t begin, const int points,
                                  const int rows) {
  float lines[CK_MOST_ROWS][CK_COMBINED_COLUMNS] __attribute__((aligned(64)));
  for (size_t count; begin < c->count; begin += count) {
    count = c->count - begin < CK_COMBINED_COLUMNS ? c->count - begin : CK_COMBINED_COLUMNS;
    for (size_t i = 0; i < count; i += CK_LANES) {
      ck_vector outputs[CK_MOST_ROWS];
      ck_sums_of_rows(c, begin + i, points, rows, outputs);
      CK_UNROLL for (int row = 0; row < rows; row++) ck_store(lines[row] + i, outputs[row]);
    }
    for (int row = 0; row < rows; row++) {
      if (!c->targets[row]) continue;
      const float *const residual = c->residuals[row] ? c->residuals[row] + begin : NULL;
      ck_finish_line(f->epilogue, c->output, lines[row], residual, c->targets[row] + begin, count, f->streams);
    }
  }
}

/* Whole vectors of columns, finished in registers; returns the columns that are done. */
CK_INLINE size_t ck_combine_in_place(const ck_combined_rows *c, float slope, const int isFraction, const int points,
                                     const int rows) {
  float *targets[CK_MOST_ROWS];
  CK_UNROLL for (int row = 0; row < rows; row++) targets[row] = c->targets[row];
  size_t x = 0;
  for (; x + CK_LANES <= c->count; x += CK_LANES) {
    ck_vector outputs[CK_MOST_ROWS];
    ck_sums_of_rows(c, x, points, rows, outputs);
    CK_UNROLL for (int row = 0; row < rows; row++)
      ck_store(targets[row] + x, ck_finished_by_slope(slope, isFraction, outputs[row]));
  }
  return x;
}

CK_INLINE void ck_combine_points(const ck_row_filter *f, const ck_combined_rows *c, const int points, const int rows) {
  int areFinishedInPlace = ck_are_rows_finished_in_place(f);
  for (int row = 0; row < rows; row++) areFinishedInPlace &= c->targets[row] != NULL;
  const float slope = ck_slope_of(f->epilogue, c->output);
  const size_t x = !areFinishedInPlace      ? 0
                   : ck_is_fraction(slope) ? ck_combine_in_place(c, slope, 1, points, rows)
                                           : ck_combine_in_place(c, slope, 0, points, rows);
  ck_combine_by_rows(f, c, x, points, rows);
}

/* All outputs in `count` columns from `begin` on. */
static void ck_combine_rows(const ck_row_filter *f, size_t begin, size_t count) {
  ck_combined_rows c = {.count = count, .checks = f->checks + begin};
  for (size_t phase = 0; phase < f->phases; phase++) {
    for (c.output = 0; c.output < f->outputs; c.output++) {
      c.bias = f->bias ? f->bias[c.output] : 0;
      for (size_t point = 0; point < f->points; point++) {
        const ptrdiff_t place = f->places[phase * f->points + point];
        c.products[point] = place == CK_NOWHERE ? NULL : f->products + place + (ptrdiff_t)c.output * f->productStride;
      }
      for (size_t row = 0; row < f->tileRows; row++) {
        const ptrdiff_t target = f->outputOffsets[phase * f->tileRows + row];
        const int isWritten = target != CK_NOWHERE;
        c.targets[row] = isWritten ? f->output + target + (ptrdiff_t)c.output * f->outputStride + begin : NULL;
        c.residuals[row] = isWritten && f->residual ? f->residual + f->residualOffsets[phase * f->tileRows + row] +
                                                          (ptrdiff_t)c.output * f->residualStride + begin
                                                    : NULL;
      }
      if (f->points == CK_MOST_ROW_POINTS) ck_combine_points(f, &c, CK_MOST_ROW_POINTS, 6);
      else if (f->tileRows == 4) ck_combine_points(f, &c, CK_ROW_POINTS, 4);
      else if (f->tileRows == 5) ck_combine_points(f, &c, CK_ROW_POINTS, 5);
      else ck_combine_points(f, &c, CK_ROW_POINTS, 6);
    }
  }
}

/* Brings `count` columns from `first` on of the rows that are wanted into the caches. */
static void ck_fetch_rows(const ck_row_filter *f, ptrdiff_t first, size_t count) {
  for (size_t channel = 0; channel < f->channels; channel++)
    for (size_t row = 0; row < f->wantedRows; row++)
      ck_prefetch_all(f->wanted + (ptrdiff_t)channel * f->channelStride + (ptrdiff_t)row * f->wantedRowStride + first, count);
}

/* Products of `width` columns of outputs, the first of which reads column `first` of what is transformed. */
static void ck_correlate_points(const ck_row_filter *f, ptrdiff_t first, size_t width) {
  for (size_t i = 0; i < f->correlationCount; i++) {
    ck_correlation correlation = f->correlations[i];
    correlation.input += first;
    correlation.width = width;
    ck_correlate(&correlation);
  }
}

static int ck_filter_rows(const ck_row_filter *f) {
  const size_t positions = (f->width + f->horizontalPhases - 1) / f->horizontalPhases;
  int areFinite = 1;
  for (size_t begin = 0; begin < positions; begin += f->piece) {
    const size_t count = positions - begin < f->piece ? positions - begin : f->piece;
    const size_t column = begin * f->horizontalPhases, left = f->width - column;
    const size_t width = count * f->horizontalPhases < left ? count * f->horizontalPhases : left;
    const ptrdiff_t first = f->firstColumn + (ptrdiff_t)begin, aligned = first & -16;
    const ptrdiff_t end = first + (ptrdiff_t)(count + f->reach);
    if (f->points == CK_ROW_POINTS) ck_transform_rows(f, aligned, end, CK_ROW_POINTS);
    else ck_transform_rows(f, aligned, end, CK_MOST_ROW_POINTS);
    if (f->wanted) ck_fetch_rows(f, first, count);
    float *const checks = f->checks + column;
    memset(checks, 0, (width + CK_LANES - 1) / CK_LANES * sizeof(ck_vector));
    if (f->terms > 0) {
      ck_filter_short_sums(f, f->transformed + (first - aligned), column, width);
    } else {
      ck_correlate_points(f, first - aligned, width);
      ck_combine_rows(f, column, width);
    }
    for (size_t i = 0; i < width; i++) areFinite &= checks[i] == 0;
  }
  if (f->streams) ck_fence();
  return areFinite;
}
