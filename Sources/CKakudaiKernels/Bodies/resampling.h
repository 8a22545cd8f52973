/* The kernels of ck_resampling.h. */

/* The lanes of two vectors in turns: those of their lower, or of their higher halves. */
#if CK_LANES == 16
CK_INLINE ck_vector ck_zip_low(ck_vector a, ck_vector b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
CK_INLINE ck_vector ck_zip_high(ck_vector a, ck_vector b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#elif CK_LANES == 8
CK_INLINE ck_vector ck_zip_low(ck_vector a, ck_vector b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
CK_INLINE ck_vector ck_zip_high(ck_vector a, ck_vector b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
CK_INLINE ck_vector ck_zip_low(ck_vector a, ck_vector b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
CK_INLINE ck_vector ck_zip_high(ck_vector a, ck_vector b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#endif

/* Exchanges rows and columns: zipping the first with the second half as often as it takes to move every row once around. */
CK_INLINE void ck_transpose(ck_vector *rows) {
  CK_UNROLL for (int step = 1; step < CK_LANES; step *= 2) {
    ck_vector zipped[CK_LANES];
    CK_UNROLL for (int i = 0; i < CK_LANES / 2; i++) {
      zipped[2 * i] = ck_zip_low(rows[i], rows[i + CK_LANES / 2]);
      zipped[2 * i + 1] = ck_zip_high(rows[i], rows[i + CK_LANES / 2]);
    }
    CK_UNROLL for (int i = 0; i < CK_LANES; i++) rows[i] = zipped[i];
  }
}

CK_INLINE ck_vector ck_weighted_samples(const float *samples, const float *weights, const size_t taps) {
  if (taps == 0) return ck_broadcast(0);
  ck_vector sum = weights[0] * ck_load(samples);
  for (size_t tap = 1; tap < taps; tap++)
    sum = ck_multiply_add(ck_broadcast(weights[tap]), ck_load(samples + tap * CK_LANES), sum);
  return sum;
}

/* The same for some outputs of one row. */
CK_INLINE void ck_resample_outputs(const ck_resampling *r, const float *input, float *output, size_t first, size_t end) {
  for (size_t x = first; x < end; x++) {
    const float *const samples = input + r->starts[x], *const weights = r->weights + r->offsets[x];
    const size_t taps = (size_t)(r->offsets[x + 1] - r->offsets[x]);
    float sum = taps ? weights[0] * samples[0] : 0;
    for (size_t tap = 1; tap < taps; tap++)
#if CK_FUSED
      sum = __builtin_elementwise_fma(weights[tap], samples[tap], sum);
#else
      sum = weights[tap] * samples[tap] + sum;
#endif
    output[x] = sum;
  }
}

/* The weighted sum of `taps` samples from each of so many that are `step` apart. */
CK_INLINE ck_vector ck_weighted_apart(const float *samples, const float *weights, const size_t taps, const int step) {
  ck_vector sum;
  if (step == 1) {
    sum = weights[0] * ck_load(samples);
    for (size_t tap = 1; tap < taps; tap++)
      sum = ck_multiply_add(ck_broadcast(weights[tap]), ck_load(samples + tap), sum);
    return sum;
  }
  for (size_t tap = 0; tap < taps; tap += 2) {
    const ck_vector first = ck_load(samples + tap), second = ck_load(samples + tap + CK_LANES);
    const ck_vector even = __builtin_shufflevector(first, second, CK_EVENS);
    sum = tap == 0 ? weights[0] * even : ck_multiply_add(ck_broadcast(weights[tap]), even, sum);
    if (tap + 1 < taps)
      sum = ck_multiply_add(ck_broadcast(weights[tap + 1]), __builtin_shufflevector(first, second, CK_ODDS), sum);
  }
  return sum;
}

/* The outputs of one row whose weights repeat, at least as many periods as a vector has lanes. */
CK_INLINE void ck_resample_periods(const ck_resampling *r, const float *input, float *output, const int phases,
                                   const int step, const size_t taps) {
  const ptrdiff_t *const starts = r->starts + r->repeatFirst, *const offsets = r->offsets + r->repeatFirst;
  const size_t periods = (r->repeatEnd - r->repeatFirst) / (size_t)phases;
  output += r->repeatFirst;
  for (size_t first = 0; first < periods; first += CK_LANES) {
    if (first + CK_LANES > periods) first = periods - CK_LANES; /* some of the last ones again */
    ck_vector sums[4];
    CK_UNROLL for (int p = 0; p < phases; p++) {
      sums[p] = ck_weighted_apart(
          input + starts[p] + (ptrdiff_t)first * step, r->weights + offsets[p], taps, step);
    }
    if (phases == 4) {
      ck_vector even[2], odd[2];
      ck_zip(sums[0], sums[2], even, even + 1);
      ck_zip(sums[1], sums[3], odd, odd + 1);
      ck_zip(even[0], odd[0], sums, sums + 1);
      ck_zip(even[1], odd[1], sums + 2, sums + 3);
    } else if (phases == 2) {
      ck_zip(sums[0], sums[1], sums, sums + 1);
    }
    CK_UNROLL for (int p = 0; p < phases; p++) ck_store(output + first * (size_t)phases + p * CK_LANES, sums[p]);
  }
}

/* The same, the usual numbers of taps without a loop. */
CK_INLINE void ck_resample_repeated(const ck_resampling *r, const float *input, float *output, const int phases,
                                    const int step) {
  if (r->taps == 1) ck_resample_periods(r, input, output, phases, step, 1);
  else if (r->taps == 2) ck_resample_periods(r, input, output, phases, step, 2);
  else if (r->taps == 4) ck_resample_periods(r, input, output, phases, step, 4);
  else ck_resample_periods(r, input, output, phases, step, r->taps);
}

/* Whether the outputs that repeat fill vectors. */
CK_INLINE int ck_repeats(const ck_resampling *r) {
  return r->phases && r->repeatEnd - r->repeatFirst >= r->phases * CK_LANES;
}

static void ck_resample_row(const ck_resampling *r, const float *input, float *output) {
  if (!ck_repeats(r)) {
    ck_resample_outputs(r, input, output, 0, r->outputs);
    return;
  }
  ck_resample_outputs(r, input, output, 0, r->repeatFirst);
  if (r->phases == 4) ck_resample_repeated(r, input, output, 4, 1);
  else if (r->phases == 2) ck_resample_repeated(r, input, output, 2, 1);
  else if (r->step == 2) ck_resample_repeated(r, input, output, 1, 2);
  else ck_resample_repeated(r, input, output, 1, 1);
  ck_resample_outputs(r, input, output, r->repeatEnd, r->outputs);
}

/* Rows become lanes, so that a sample of all rows is one vector and any run of samples can be weighted without gathering. */
static void ck_resample_rows(const ck_resampling *r, const float *input, ptrdiff_t inputStride, float *output,
                             ptrdiff_t outputStride, size_t rows, float *scratch) {
  if (rows < CK_LANES / 4 || (ck_repeats(r) && r->repeatEnd - r->repeatFirst > r->outputs / 2)) {
    for (size_t row = 0; row < rows; row++)
      ck_resample_row(r, input + (ptrdiff_t)row * inputStride, output + (ptrdiff_t)row * outputStride);
    return;
  }
  ck_vector block[CK_LANES];
  for (size_t first = 0; first < r->outputs; first += CK_RESAMPLED_TOGETHER) {
    const size_t end = first + CK_RESAMPLED_TOGETHER < r->outputs ? first + CK_RESAMPLED_TOGETHER : r->outputs;
    /* Whole cache lines, where rows consist of them. */
    const ptrdiff_t left = r->starts[first] / CK_LANES * CK_LANES;
    const ptrdiff_t right = r->starts[end - 1] + r->offsets[end] - r->offsets[end - 1];
    for (ptrdiff_t x = left; x < right; x += CK_LANES) {
      CK_UNROLL for (size_t row = 0; row < CK_LANES; row++)
        block[row] = ck_load(input + (ptrdiff_t)(row < rows ? row : 0) * inputStride + x);
      ck_transpose(block);
      CK_UNROLL for (int i = 0; i < CK_LANES; i++) ck_store(scratch + (x - left + i) * CK_LANES, block[i]);
    }
    for (size_t x = first; x < end; x += CK_LANES) {
      const size_t count = end - x < CK_LANES ? end - x : CK_LANES;
      for (size_t i = 0; i < CK_LANES; i++) {
        const size_t own = x + (i < count ? i : 0);
        const float *const samples = scratch + (r->starts[own] - left) * CK_LANES;
        const float *const weights = r->weights + r->offsets[own];
        const size_t taps = (size_t)(r->offsets[own + 1] - r->offsets[own]);
        /* The usual numbers of taps without a loop. */
        block[i] = taps == 2   ? ck_weighted_samples(samples, weights, 2)
                   : taps == 4 ? ck_weighted_samples(samples, weights, 4)
                               : ck_weighted_samples(samples, weights, taps);
      }
      ck_transpose(block);
      if (rows == CK_LANES && count == CK_LANES) {
        CK_UNROLL for (int row = 0; row < CK_LANES; row++) ck_store(output + row * outputStride + x, block[row]);
      } else {
        for (size_t row = 0; row < rows; row++)
          memcpy(output + (ptrdiff_t)row * outputStride + x, &block[row], count * 4);
      }
    }
  }
}

CK_INLINE void ck_add_rows_vectors(const float *const *rows, size_t first, const float *weights, size_t taps,
                                   float *output, int streams, const int vectors) {
  ck_vector sums[4];
  CK_UNROLL for (int v = 0; v < vectors; v++) sums[v] = weights[0] * ck_load(rows[0] + first + v * CK_LANES);
  for (size_t tap = 1; tap < taps; tap++) {
    const ck_vector weight = ck_broadcast(weights[tap]);
    const float *const row = rows[tap] + first;
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[v] = ck_multiply_add(weight, ck_load(row + v * CK_LANES), sums[v]);
  }
  if (streams) {
    CK_UNROLL for (int v = 0; v < vectors; v++) ck_store_past_caches(output + v * CK_LANES, sums[v]);
  } else {
    CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(output + v * CK_LANES, sums[v]);
  }
}

CK_INLINE void ck_add_row(const float *const *rows, const float *weights, size_t taps, float *output, size_t count,
                          int streams) {
  if (taps == 0) {
    memset(output, 0, count * 4);
    return;
  }
  streams &= (uintptr_t)output % sizeof(ck_vector) == 0;
  size_t i = 0;
  for (; i + 4 * CK_LANES <= count; i += 4 * CK_LANES)
    ck_add_rows_vectors(rows, i, weights, taps, output + i, streams, 4);
  for (; i + CK_LANES <= count; i += CK_LANES) ck_add_rows_vectors(rows, i, weights, taps, output + i, streams, 1);
  if (i < count) {
    float last[CK_LANES];
    ck_add_rows_vectors(rows, i, weights, taps, last, 0, 1);
    memcpy(output + i, last, (count - i) * 4);
  }
}

static void ck_add_rows(const ck_resampling *r, const float *const *rows, float *output, ptrdiff_t outputStride,
                        size_t count, int streams) {
  for (size_t y = 0; y < r->outputs; y++, output += outputStride)
    ck_add_row(rows + r->starts[y], r->weights + r->offsets[y], (size_t)(r->offsets[y + 1] - r->offsets[y]), output, count,
               streams);
}

static void ck_interleave_row(const float *source, size_t distance, size_t phases, size_t count, float *output,
                              int streams) {
  if (!streams || phases > 4) {
    ck_interleave(source, distance, phases, count, output);
    return;
  }
  float line[4 * CK_MOST_VECTORS * CK_LANES];
  const size_t together = phases * CK_MOST_VECTORS * CK_LANES;
  for (size_t first = 0; first < count; first += together) {
    const size_t own = count - first < together ? count - first : together;
    ck_interleave(source + first / phases, distance, phases, own, line);
    ck_copy_past_caches(output + first, line, own);
  }
}

#define CK_RESAMPLING \
  {.resampleRows = ck_resample_rows, .addRows = ck_add_rows, .interleave = ck_interleave_row, .fence = ck_fence}
