/* Sums of rows at the points that have few terms: those of some outputs at all points stay in registers, of which rows of outputs
 * are made at once, where others pass through memory. Needs epilogue.h, convolution.h and winograd_points.h. */

/* Columns that are computed before the next outputs are, at most, and samples at points that they read: these stay in the
 * first-level cache. Where rows do not leave the registers finished, they stand there, too. */
#define CK_SHORT_COLUMNS 512
#define CK_SHORT_UNFINISHED_COLUMNS 128
#define CK_SHORT_SAMPLES 4096

/* Whether rows leave the registers finished, if all are written. */
CK_INLINE int ck_are_rows_finished_in_place(const ck_row_filter *f) {
  return !f->streams && !f->residual && ck_is_finished_by_slope(f->epilogue);
}

/* sums[point][output][vector] from the samples of the first column on; the last argument is a constant at every call. */
CK_INLINE void ck_sums_at_points(const ck_row_filter *f, const float *samples, const float *weights,
                                 ck_vector sums[CK_ROW_POINTS][CK_SHORT_OUTPUTS][CK_SHORT_VECTORS], const int outputs) {
  const ptrdiff_t pointStride = f->pointStride, *const offsets = f->termOffsets;
  const size_t terms = f->terms;
  CK_UNROLL for (int first = 0; first < CK_ROW_POINTS; first += CK_SHORT_POINTS) {
    ck_vector own[CK_SHORT_POINTS][CK_SHORT_OUTPUTS][CK_SHORT_VECTORS] = {};
    const float *factors = weights + first * outputs;
    for (size_t term = 0; term < terms; term++, factors += CK_ROW_POINTS * outputs) {
      const float *values = samples + offsets[term] + first * pointStride;
      CK_UNROLL for (int point = 0; point < CK_SHORT_POINTS; point++, values += pointStride) {
        CK_UNROLL for (int v = 0; v < CK_SHORT_VECTORS; v++) {
          const ck_vector value = ck_load(values + v * CK_LANES);
          CK_UNROLL for (int o = 0; o < outputs; o++)
            own[point][o][v] = ck_multiply_add(value, ck_broadcast(factors[point * outputs + o]), own[point][o][v]);
        }
      }
    }
    CK_UNROLL for (int point = 0; point < CK_SHORT_POINTS; point++) {
      CK_UNROLL for (int o = 0; o < outputs; o++) {
        CK_UNROLL for (int v = 0; v < CK_SHORT_VECTORS; v++) sums[first + point][o][v] = own[point][o][v];
      }
    }
  }
}

/* Some outputs in `count` columns from `begin` on, the first of which is that of `samples`. */
CK_INLINE void ck_short_block(const ck_row_filter *f, const float *samples, const float *weights, size_t first, size_t begin,
                              size_t count, const int outputs, const int rows) {
  const ck_epilogue *const e = f->epilogue;
  /* An odd number of cache lines, so that the rows of a column do not all fall into the same cache set. */
  float lines[CK_SHORT_OUTPUTS][CK_MOST_ROWS][CK_SHORT_COLUMNS + 16] __attribute__((aligned(64)));
  float *targets[CK_SHORT_OUTPUTS][CK_MOST_ROWS], *const checks = f->checks + begin;
  float biases[CK_SHORT_OUTPUTS], slopes[CK_SHORT_OUTPUTS];
  int areFinished = ck_are_rows_finished_in_place(f), areFractions = 1;
  CK_UNROLL for (int o = 0; o < outputs; o++) {
    const size_t output = first + (size_t)o;
    biases[o] = f->bias ? f->bias[output] : 0;
    slopes[o] = ck_slope_of(e, output);
    areFractions &= ck_is_fraction(slopes[o]);
    CK_UNROLL for (int row = 0; row < rows; row++) {
      const ptrdiff_t target = f->outputOffsets[row];
      areFinished &= target != CK_NOWHERE;
      targets[o][row] = target == CK_NOWHERE ? NULL : f->output + target + (ptrdiff_t)output * f->outputStride + begin;
    }
  }
  const size_t span = CK_SHORT_VECTORS * CK_LANES, finished = areFinished ? count / span * span : 0;
  for (size_t x = 0; x < count; x += span) {
    ck_vector sums[CK_ROW_POINTS][CK_SHORT_OUTPUTS][CK_SHORT_VECTORS];
    ck_sums_at_points(f, samples + x, weights, sums, outputs);
    CK_UNROLL for (int v = 0; v < CK_SHORT_VECTORS; v++) {
      const size_t column = x + (size_t)v * CK_LANES;
      ck_vector check = ck_load(checks + column);
      CK_UNROLL for (int o = 0; o < outputs; o++) {
        ck_vector products[CK_ROW_POINTS], results[CK_MOST_ROWS];
        CK_UNROLL for (int point = 0; point < CK_ROW_POINTS; point++) products[point] = sums[point][o][v];
        ck_rows_at(products, CK_ROW_POINTS, rows, results);
        check = ck_checked(results, rows, check);
        CK_UNROLL for (int row = 0; row < rows; row++) {
          const ck_vector result = results[row] + biases[o];
          if (x >= finished) ck_store(lines[o][row] + column, result);
          else ck_store(targets[o][row] + column, ck_finished_by_slope(slopes[o], areFractions, result));
        }
      }
      ck_store(checks + column, check);
    }
  }
  if (finished == count) return;
  for (int o = 0; o < outputs; o++) {
    for (int row = 0; row < rows; row++) {
      if (!targets[o][row]) continue;
      const size_t output = first + (size_t)o;
      const float *const residual =
          f->residual ? f->residual + f->residualOffsets[row] + (ptrdiff_t)output * f->residualStride + begin + finished : NULL;
      ck_finish_line(e, output, lines[o][row] + finished, residual, targets[o][row] + finished, count - finished, f->streams);
    }
  }
}

/* Each a function of its own, which has its sums in registers. */
#define CK_SHORT(outputs, rows) \
  static __attribute__((noinline)) void ck_short_block_of_##outputs##x##rows( \
      const ck_row_filter *f, const float *samples, const float *weights, size_t first, size_t begin, size_t count) { \
    ck_short_block(f, samples, weights, first, begin, count, outputs, rows); \
  }
#define CK_SHORTS(SHORT) \
  SHORT(1, 4) SHORT(1, 5) SHORT(1, 6) SHORT(2, 4) SHORT(2, 5) SHORT(2, 6) SHORT(3, 4) SHORT(3, 5) SHORT(3, 6)
CK_SHORTS(CK_SHORT)
#undef CK_SHORT

/* All outputs in `width` columns from `begin` on. */
static void ck_filter_short_sums(const ck_row_filter *f, const float *samples, size_t begin, size_t width) {
  const size_t fitting = CK_SHORT_SAMPLES / (CK_ROW_POINTS * f->parts * f->channels) / 16 * 16;
  const size_t columns = ck_are_rows_finished_in_place(f) ? CK_SHORT_COLUMNS : CK_SHORT_UNFINISHED_COLUMNS;
  const size_t most = fitting < 16 ? 16 : fitting < columns ? fitting : columns;
  for (size_t column = 0; column < width; column += most) {
    const size_t count = width - column < most ? width - column : most;
    const float *weights = f->termWeights;
    for (size_t first = 0; first < f->outputs; first += CK_SHORT_OUTPUTS) {
      const size_t left = f->outputs - first, outputs = left < CK_SHORT_OUTPUTS ? left : CK_SHORT_OUTPUTS;
      switch (outputs * 8 + f->tileRows) {
#define CK_SHORT(outputs, rows) \
  case outputs * 8 + rows: \
    ck_short_block_of_##outputs##x##rows(f, samples + column, weights, first, begin + column, count); \
    break;
        CK_SHORTS(CK_SHORT)
#undef CK_SHORT
      }
      weights += f->terms * CK_ROW_POINTS * outputs;
    }
  }
}
