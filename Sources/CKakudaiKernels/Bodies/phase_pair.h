/* Tiles of two phases whose sums alternate when they leave the registers, so that none passes through memory: what stride 2
 * needs, above all where few terms make a sum. */

static const unsigned char ck_pair_vectors[] = {
#define CK_PAIR(outputs, vectors) [outputs - 1] = vectors,
    CK_PAIRS(CK_PAIR)
#undef CK_PAIR
};

/* Whether a block is two phases, each the sums of one pass over all outputs. */
CK_INLINE int ck_is_pair(const ck_correlation *c) {
  if (c->phases != 2 || c->passCount != 2) return 0;
  for (size_t phase = 0; phase < 2; phase++) {
    const ck_pass *const p = c->passes + phase;
    if (p->sumCount != c->outputs) return 0;
    for (size_t o = 0; o < p->sumCount; o++)
      if (p->sums[o].phase != phase || p->sums[o].output != o) return 0;
  }
  return 1;
}

/* Writes at most `count` sums of an output, as many as its row has, from `first` on; `e` finishes them, unless it is NULL. */
static __attribute__((noinline)) void ck_put(const ck_correlation *c, const ck_epilogue *e, size_t o, float *sums,
                                             size_t first, size_t count) {
  if (c->outputOffsets[o] == CK_NOWHERE) return;
  if (count > c->width - first) count = c->width - first;
  if (e) ck_finish(e, o, sums, e->residual ? e->residual + e->residualOffsets[o] + first : NULL, sums, count);
  for (size_t i = 0, following; i < count; i += following) {
    float *const target = c->output + c->outputOffsets[o] + ck_place(c, first + i, &following);
    if (following > count - i) following = count - i;
    if (c->streams) ck_copy_past_caches(target, sums + i, following);
    else memcpy(target, sums + i, following * 4);
  }
}

/* Where one phase reads all that the other, the longer one, reads but for its first or last sample, or just the same. */
typedef struct ck_shared_taps {
  size_t count; /* or 0 */
  int isSecondLonger;
  int alone; /* which of the longer phase is not shared */
  int areNeighbours; /* whether the longer phase reads samples next to each other */
} ck_shared_taps;

enum { CK_NONE_ALONE, CK_FIRST_ALONE, CK_LAST_ALONE };

static ck_shared_taps ck_taps_shared_by(const ck_pass *passes) {
  const int isSecondLonger = passes[1].taps > passes[0].taps;
  const ck_pass *const longer = passes + isSecondLonger, *const shorter = passes + !isSecondLonger;
  const size_t alone = longer->taps - shorter->taps;
  ck_shared_taps found = {.isSecondLonger = isSecondLonger, .areNeighbours = 1};
  for (size_t tap = 1; tap < longer->taps; tap++)
    found.areNeighbours &= longer->tapOffsets[tap] == longer->tapOffsets[tap - 1] + 1;
  if (shorter->taps < 2 || alone > 1) return found;
  if (alone) found.alone = longer->tapOffsets[0] == shorter->tapOffsets[0] ? CK_LAST_ALONE : CK_FIRST_ALONE;
  for (size_t tap = 0; tap < shorter->taps; tap++)
    if (longer->tapOffsets[tap + (found.alone == CK_FIRST_ALONE)] != shorter->tapOffsets[tap]) return found;
  found.count = shorter->taps;
  return found;
}

/* One tap of two phases: sums[phase][o] += weights[phase][o] * pixels. */
CK_INLINE void ck_multiply_both(ck_vector (*sums)[CK_OUTPUT_BLOCK][CK_MOST_VECTORS], const float *const *weights,
                                const float *pixels, const int outputs, const int vectors) {
  if (2 * outputs < vectors) {
    CK_UNROLL for (int v = 0; v < vectors; v++) {
      const ck_vector value = ck_load(pixels + v * CK_LANES);
      CK_UNROLL for (int o = 0; o < outputs; o++) {
        CK_UNROLL for (int phase = 0; phase < 2; phase++)
          sums[phase][o][v] = ck_multiply_add(ck_broadcast(weights[phase][o]), value, sums[phase][o][v]);
      }
    }
    return;
  }
  ck_vector values[CK_MOST_VECTORS];
  CK_UNROLL for (int v = 0; v < vectors; v++) values[v] = ck_load(pixels + v * CK_LANES);
  CK_UNROLL for (int o = 0; o < outputs; o++) {
    CK_UNROLL for (int phase = 0; phase < 2; phase++) {
      const ck_vector weight = ck_broadcast(weights[phase][o]);
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[phase][o][v] = ck_multiply_add(weight, values[v], sums[phase][o][v]);
    }
  }
}

#define CK_APART 0
#define CK_ANY_COUNT -1

/* The sums of one tile, those of the longer phase first. `count` is that of the taps that are shared, each of whose samples,
 * which are neighbours, is loaded once, `alone` being which one is not; or one of the above. These, `outputs` and `vectors` are
 * constants at every call. */
CK_INLINE void ck_sum_pair(const ck_correlation *c, const ck_shared_taps *shared, size_t x, const float *wanted,
                           ck_vector sums[2][CK_OUTPUT_BLOCK][CK_MOST_VECTORS], const int count, const int alone,
                           const int outputs, const int vectors) {
  const ck_pass *const longer = c->passes + shared->isSecondLonger, *const shorter = c->passes + !shared->isSecondLonger;
  const float *weights[2] = {longer->weights, shorter->weights};
  const ptrdiff_t *const offsets[2] = {longer->tapOffsets, shorter->tapOffsets};
  const size_t taps[2] = {longer->taps, shorter->taps};
  const ptrdiff_t first = offsets[0][0];
  const size_t wantedChannels = wanted ? c->wantedChannels : 0;
  const float *input = c->input + x;
  for (size_t channel = 0; channel < c->channels; channel++, input += c->channelStride) {
    if (channel < wantedChannels) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_prefetch(wanted + v * CK_LANES);
      wanted += c->wantedChannelStride;
    }
    if (c->weightsAhead) {
      CK_UNROLL for (int phase = 0; phase < 2; phase++)
        ck_prefetch_all(weights[phase] + c->weightsAhead, taps[phase] * (size_t)outputs);
    }
    if (count == CK_APART) {
      CK_UNROLL for (int phase = 0; phase < 2; phase++) {
        for (size_t tap = 0; tap < taps[phase]; tap++, weights[phase] += outputs)
          ck_multiply(sums[phase], weights[phase], input + offsets[phase][tap], outputs, vectors);
      }
      continue;
    }
    if (count > 0) {
      const float *sample = input + first;
      if (alone == CK_FIRST_ALONE) {
        ck_multiply(sums[0], weights[0], sample++, outputs, vectors);
        weights[0] += outputs;
      }
      CK_UNROLL for (int tap = 0; tap < count; tap++, weights[0] += outputs, weights[1] += outputs)
        ck_multiply_both(sums, weights, sample++, outputs, vectors);
      if (alone == CK_LAST_ALONE) {
        ck_multiply(sums[0], weights[0], sample, outputs, vectors);
        weights[0] += outputs;
      }
      continue;
    }
    const ptrdiff_t *place = offsets[0];
    if (shared->alone == CK_FIRST_ALONE) {
      ck_multiply(sums[0], weights[0], input + *place++, outputs, vectors);
      weights[0] += outputs;
    }
    for (size_t tap = 0; tap < shared->count; tap++, weights[0] += outputs, weights[1] += outputs)
      ck_multiply_both(sums, weights, input + *place++, outputs, vectors);
    if (shared->alone == CK_LAST_ALONE) {
      ck_multiply(sums[0], weights[0], input + *place, outputs, vectors);
      weights[0] += outputs;
    }
  }
}

/* Calls ck_sum_pair with constants. */
CK_INLINE void ck_sum_taps(const ck_correlation *c, const ck_shared_taps *shared, size_t x, const float *wanted,
                           ck_vector sums[2][CK_OUTPUT_BLOCK][CK_MOST_VECTORS], const int outputs, const int vectors) {
#define CK_SUM(taps, which) ck_sum_pair(c, shared, x, wanted, sums, taps, which, outputs, vectors)
#define CK_COUNT(taps, which) \
  else if (shared->areNeighbours && shared->count == taps && shared->alone == which) CK_SUM(taps, which);
  if (shared->count == 0) CK_SUM(CK_APART, CK_NONE_ALONE);
  CK_COUNT(4, CK_FIRST_ALONE) /* of nine */
  CK_COUNT(4, CK_LAST_ALONE)
  else CK_SUM(CK_ANY_COUNT, CK_NONE_ALONE);
#undef CK_COUNT
#undef CK_SUM
}

/* One tile; `outputs` and `vectors` are constants at every call. */
CK_INLINE void ck_pair_tile(const ck_correlation *c, const ck_shared_taps *shared, size_t x, const float *wanted,
                            const int outputs, const int vectors) {
  ck_vector sums[2][CK_OUTPUT_BLOCK][CK_MOST_VECTORS];
  CK_UNROLL for (int o = 0; o < outputs; o++) {
    const ck_vector bias = ck_broadcast(c->bias ? c->bias[o] : 0);
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[0][o][v] = sums[1][o][v] = bias;
  }
  ck_sum_taps(c, shared, x, wanted, sums, outputs, vectors);
  if (shared->isSecondLonger) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) {
        const ck_vector longer = sums[0][o][v];
        sums[0][o][v] = sums[1][o][v];
        sums[1][o][v] = longer;
      }
    }
  }
  const size_t first = 2 * x, length = 2 * CK_LANES * (size_t)vectors;
  const ck_epilogue *const e = c->epilogue;
  const int isWhole = length <= c->width - first && !ck_is_finished_by_rows(e) && c->joinedLength % CK_LANES == 0;
  ptrdiff_t places[2 * CK_MOST_VECTORS]; /* of the vectors of an output */
  size_t following;
  places[0] = ck_place(c, first, &following);
  CK_UNROLL for (int v = 1; v < 2 * vectors; v++) {
    following -= CK_LANES;
    places[v] = places[v - 1] + CK_LANES;
    if (c->joinedLength == 0 || following > 0) continue;
    places[v] += c->outputRowStride - (ptrdiff_t)c->joinedLength;
    following = c->joinedLength;
  }
  if (e && isWhole) {
    CK_FINISH_TILE(e, e->activations, sums[0], outputs, vectors)
    CK_FINISH_TILE(e, e->activations, sums[1], outputs, vectors)
  }
  CK_UNROLL for (int o = 0; o < outputs; o++) {
    ck_vector zipped[2 * CK_MOST_VECTORS];
    CK_UNROLL for (int v = 0; v < vectors; v++) ck_zip(sums[0][o][v], sums[1][o][v], zipped + 2 * v, zipped + 2 * v + 1);
    const ptrdiff_t offset = c->outputOffsets[o];
    const int isPlain = isWhole && offset != CK_NOWHERE;
    float *const target = c->output + (isPlain ? offset : 0);
    if (isPlain && !c->streams) {
      CK_UNROLL for (int v = 0; v < 2 * vectors; v++) ck_store(target + places[v], zipped[v]);
    } else if (isPlain && ((uintptr_t)(target + places[0]) | (uintptr_t)c->outputRowStride * 4) % sizeof(ck_vector) == 0) {
      CK_UNROLL for (int v = 0; v < 2 * vectors; v++) ck_store_past_caches(target + places[v], zipped[v]);
    } else {
      float line[2 * CK_MOST_VECTORS * CK_LANES];
      CK_UNROLL for (int v = 0; v < 2 * vectors; v++) ck_store(line + v * CK_LANES, zipped[v]);
      ck_put(c, isWhole ? NULL : e, (size_t)o, line, first, length);
    }
  }
}

/* Calls ck_pair_tile with constants. */
#define CK_PAIR(outputs, most) \
  static void ck_pair_of_##outputs(const ck_correlation *c, const ck_shared_taps *shared, size_t x, \
                                  const float *wanted, size_t vectors) { \
    enum { count = outputs, limit = most }; \
    switch (vectors) { CK_TILE_WIDTHS(CK_WIDTH) } \
  }
#define CK_WIDTH(vectors) \
  case vectors: \
    if (vectors <= limit) ck_pair_tile(c, shared, x, wanted, count, vectors); \
    break;
CK_PAIRS(CK_PAIR)
#undef CK_WIDTH
#undef CK_PAIR

/* The first row of a correlation of two phases from position `begin` on, `wanted` being what to bring into the caches
 * meanwhile. */
CK_INLINE void ck_correlate_pair_row(const ck_correlation *c, const float *wanted, size_t begin) {
  const size_t positions = (c->width + 1) / 2;
  const int movesBack = !c->streams && c->width % 2 == 0 && !(c->epilogue && c->epilogue->residual);
  const ck_shared_taps shared = ck_taps_shared_by(c->passes);
  const size_t most = ck_pair_vectors[c->outputs - 1];
  for (size_t x = begin, vectors; x < positions; x += vectors * CK_LANES) {
    vectors = ck_next_width((positions - x + CK_LANES - 1) / CK_LANES, most);
    const size_t start = movesBack ? ck_tile_start(x, vectors * CK_LANES, positions) : x;
    const float *const ahead = wanted ? wanted + start : NULL;
    switch (c->outputs) {
#define CK_PAIR(outputs, most) case outputs: ck_pair_of_##outputs(c, &shared, start, ahead, vectors); break;
      CK_PAIRS(CK_PAIR)
#undef CK_PAIR
    }
  }
}
