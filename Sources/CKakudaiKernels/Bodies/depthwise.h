/* Two phases of one channel, as transposed depthwise layers of stride 2 have: so few weights that they stay in registers for all
 * rows, where tiles of narrow rows spend more on fetching weights and on loops than on products. */

#define CK_MOST_DEPTHWISE_TAPS 4

/* The first `width` positions, whole vectors, of one row of sums of each phase in turns, or of two rows; all numbers of taps and
 * rows, `shares` and `streams` are constants at every call. */
CK_INLINE void ck_depthwise_rows(const ck_correlation *c, const ck_vector (*weights)[CK_MOST_DEPTHWISE_TAPS],
                                 const ptrdiff_t (*offsets)[CK_MOST_DEPTHWISE_TAPS], const float *input, float *target,
                                 size_t width, const int first, const int second, const int shares, const int rows,
                                 const int streams) {
  const int taps[2] = {first, second};
  const ck_vector bias = ck_broadcast(c->bias ? c->bias[0] : 0);
  const ck_epilogue *const e = c->epilogue;
  const ptrdiff_t inputRowStride = c->inputRowStride, outputRowStride = c->outputRowStride;
  for (size_t x = 0; x < width; x += CK_LANES) {
    ck_vector values[2][2][CK_MOST_DEPTHWISE_TAPS];
    CK_UNROLL for (int row = 0; row < rows; row++) {
      ck_vector sums[2][1][1], zipped[2];
      CK_UNROLL for (int phase = 0; phase < 2; phase++) {
        ck_vector sum = bias;
        CK_UNROLL for (int tap = 0; tap < taps[phase]; tap++) {
          ck_vector *const value = &values[row][phase][tap];
          if (shares && phase == 1 && tap % 2 == 1) *value = values[row][0][tap - 1];
          else if (shares && row == 1 && tap >= 2) *value = values[0][phase][tap - 2];
          else *value = ck_load(input + row * inputRowStride + offsets[phase][tap] + x);
          sum = ck_multiply_add(weights[phase][tap], *value, sum);
        }
        sums[phase][0][0] = sum;
        if (e) {
          CK_FINISH_TILE(e, e->activations, 0, sums[phase], 1, 1)
        }
      }
      ck_zip(sums[0][0][0], sums[1][0][0], zipped, zipped + 1);
      CK_UNROLL for (int v = 0; v < 2; v++) {
        float *const here = target + row * outputRowStride + 2 * x + v * CK_LANES;
        if (streams) ck_store_past_caches(here, zipped[v]);
        else ck_store(here, zipped[v]);
      }
    }
  }
}

/* The first `width` positions of all rows: two rows at once where samples are shared, as the second then reads most of its own a
 * row further up. */
CK_INLINE void ck_depthwise(const ck_correlation *c, size_t width, const int first, const int second, const int shares,
                            const int streams) {
  const int taps[2] = {first, second};
  ck_vector weights[2][CK_MOST_DEPTHWISE_TAPS];
  ptrdiff_t offsets[2][CK_MOST_DEPTHWISE_TAPS];
  CK_UNROLL for (int phase = 0; phase < 2; phase++) {
    CK_UNROLL for (int tap = 0; tap < taps[phase]; tap++) {
      weights[phase][tap] = ck_broadcast(c->passes[phase].weights[tap]);
      offsets[phase][tap] = c->passes[phase].tapOffsets[tap];
    }
  }
  const size_t wantedRows = c->wanted ? c->wantedRows : 0, count = c->rows;
  const float *input = c->input;
  float *target = c->output + c->outputOffsets[0];
  for (size_t row = 0; row < count;) {
    if (row < wantedRows) ck_prefetch_all(c->wanted + (ptrdiff_t)row * c->wantedRowStride, width);
    const int rows = shares && row + 1 < count ? 2 : 1;
    if (shares && rows == 2) {
      if (row + 1 < wantedRows) ck_prefetch_all(c->wanted + (ptrdiff_t)(row + 1) * c->wantedRowStride, width);
      ck_depthwise_rows(c, weights, offsets, input, target, width, first, second, shares, 2, streams);
    } else {
      ck_depthwise_rows(c, weights, offsets, input, target, width, first, second, shares, 1, streams);
    }
    input += rows * c->inputRowStride;
    target += rows * c->outputRowStride;
    row += (size_t)rows;
  }
}

/* The taps that the two phases may have: those of kernels of two, three and four. Where samples are shared, every second tap of
 * the second phase reads what the tap before it reads in the first, and the last two taps of each what the first two read a
 * row further up. */
#define CK_DEPTHWISE(LAYER) \
  LAYER(1, 1, 0) LAYER(1, 2, 0) LAYER(2, 1, 0) LAYER(2, 2, 0) LAYER(2, 4, 0) LAYER(4, 2, 0) LAYER(4, 4, 0) LAYER(4, 4, 1)

/* Functions of their own without any calls, as weights would not stay in registers otherwise. */
#define CK_LAYER(first, second, shares) \
  static __attribute__((noinline)) void ck_depthwise_##first##_##second##_##shares(const ck_correlation *c, size_t width) { \
    if (c->streams) ck_depthwise(c, width, first, second, shares, 1); \
    else ck_depthwise(c, width, first, second, shares, 0); \
  }
CK_DEPTHWISE(CK_LAYER)
#undef CK_LAYER

/* Whether a kernel of four shares samples. */
CK_INLINE int ck_depthwise_shares(const ck_correlation *c) {
  const ptrdiff_t *const first = c->passes[0].tapOffsets, *const second = c->passes[1].tapOffsets;
  return c->passes[0].taps == 4 && c->passes[1].taps == 4 && first[0] == second[1] && first[2] == second[3]
         && first[2] + c->inputRowStride == first[0] && first[3] + c->inputRowStride == first[1]
         && second[2] + c->inputRowStride == second[0];
}

/* Computes positions of all rows of a pair of phases, the first ones of each row, and returns how many. */
CK_INLINE size_t ck_correlate_depthwise(const ck_correlation *c) {
  if (c->channels != 1 || c->outputs != 1 || ck_is_finished_by_rows(c->epilogue)) return 0;
  const uintptr_t address = (uintptr_t)(c->output + c->outputOffsets[0]);
  if (c->streams && (address % sizeof(ck_vector) != 0 || c->outputRowStride % CK_LANES != 0)) return 0;
  const size_t width = c->width / (2 * CK_LANES) * CK_LANES;
  const size_t first = c->passes[0].taps, second = c->passes[1].taps;
  const int areShared = ck_depthwise_shares(c);
#define CK_LAYER(firsts, seconds, shares) \
  if (first == firsts && second == seconds && areShared == shares) { \
    ck_depthwise_##firsts##_##seconds##_##shares(c, width); \
    return width; \
  }
  CK_DEPTHWISE(CK_LAYER)
#undef CK_LAYER
  return 0;
}
