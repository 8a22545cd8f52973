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

/* Which samples two phases share: of the neighbours that they read, all but the first or the last or both, as one phase, the
 * leading one, reads a sample before the other or they end apart. */
typedef struct ck_shared_taps {
  size_t count; /* or 0 */
  int isSecondLeading;
  int alone;         /* which are not shared */
  int areNeighbours; /* whether each tap reads the sample before that of the tap before */
} ck_shared_taps;

/* The first sample is the leading phase's. So is the last one, where it alone is not shared; of both ends it is the other's. */
enum { CK_NONE_ALONE, CK_FIRST_ALONE, CK_LAST_ALONE, CK_ENDS_ALONE };

/* How many samples are shared if `alone` says rightly which are not; else 0. */
static size_t ck_shared_count(const ck_pass *leading, const ck_pass *other, int alone) {
  const size_t skipped = alone == CK_FIRST_ALONE || alone == CK_ENDS_ALONE, own = skipped + (alone == CK_LAST_ALONE);
  if (leading->taps <= own || other->taps != leading->taps - own + (alone == CK_ENDS_ALONE)) return 0;
  for (size_t tap = 0; tap < leading->taps - own; tap++)
    if (leading->tapOffsets[tap + skipped] != other->tapOffsets[tap]) return 0;
  return leading->taps - own;
}

static ck_shared_taps ck_taps_shared_by(const ck_pass *passes) {
  ck_shared_taps found = {};
  for (int second = 0; second < 2 && found.count == 0; second++) {
    for (int alone = CK_NONE_ALONE; alone <= CK_ENDS_ALONE && found.count == 0; alone++)
      found = (ck_shared_taps){ck_shared_count(passes + second, passes + !second, alone), second, alone, 1};
  }
  for (int phase = 0; phase < 2; phase++)
    for (size_t tap = 1; tap < passes[phase].taps; tap++)
      found.areNeighbours &= passes[phase].tapOffsets[tap] == passes[phase].tapOffsets[tap - 1] - 1;
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

/* The sums of one tile, those of the leading phase first. `count` is that of the taps that are shared, each of whose samples,
 * which are neighbours, is loaded once, `alone` being which are not; or one of the above. These, `outputs` and `vectors` are
 * constants at every call. */
CK_INLINE void ck_sum_pair(const ck_correlation *c, const ck_shared_taps *shared, size_t x, const float *wanted,
                           ck_vector sums[2][CK_OUTPUT_BLOCK][CK_MOST_VECTORS], const int count, const int alone,
                           const int outputs, const int vectors) {
  const ck_pass *const leading = c->passes + shared->isSecondLeading, *const other = c->passes + !shared->isSecondLeading;
  const float *weights[2] = {leading->weights, other->weights};
  const ptrdiff_t *const offsets[2] = {leading->tapOffsets, other->tapOffsets};
  const size_t taps[2] = {leading->taps, other->taps};
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
    const int which = count > 0 ? alone : shared->alone;
    ck_fetch_channel(input + first, c->channelStride, vectors + 1);
    const float *sample = input + first;
    const ptrdiff_t *place = offsets[0];
#define CK_NEXT_SAMPLE (count > 0 ? sample-- : input + *place++)
    if (which == CK_FIRST_ALONE || which == CK_ENDS_ALONE) {
      ck_multiply(sums[0], weights[0], CK_NEXT_SAMPLE, outputs, vectors);
      weights[0] += outputs;
    }
    if (count > 0) {
      CK_UNROLL for (int tap = 0; tap < count; tap++, weights[0] += outputs, weights[1] += outputs)
        ck_multiply_both(sums, weights, CK_NEXT_SAMPLE, outputs, vectors);
    } else {
      for (size_t tap = 0; tap < shared->count; tap++, weights[0] += outputs, weights[1] += outputs)
        ck_multiply_both(sums, weights, CK_NEXT_SAMPLE, outputs, vectors);
    }
    if (which == CK_LAST_ALONE) {
      ck_multiply(sums[0], weights[0], CK_NEXT_SAMPLE, outputs, vectors);
      weights[0] += outputs;
    } else if (which == CK_ENDS_ALONE) {
      ck_multiply(sums[1], weights[1], count > 0 ? sample : input + offsets[1][taps[1] - 1], outputs, vectors);
      weights[1] += outputs;
    }
#undef CK_NEXT_SAMPLE
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
  CK_COUNT(1, CK_NONE_ALONE) /* of two */
  CK_COUNT(1, CK_ENDS_ALONE) /* of four */
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
  if (shared->isSecondLeading) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) {
        const ck_vector leading = sums[0][o][v];
        sums[0][o][v] = sums[1][o][v];
        sums[1][o][v] = leading;
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
    CK_FINISH_TILE(e, e->activations, 0, sums[0], outputs, vectors)
    CK_FINISH_TILE(e, e->activations, 0, sums[1], outputs, vectors)
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
