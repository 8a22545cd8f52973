/* The kernels of ck_convolution.h, written once and compiled for every instruction set.
 * Needs CK_LANES, CK_FUSED, CK_TILES, CK_PAIRS, CK_OUTPUT_BLOCK, CK_PIXEL_BLOCK, CK_PRODUCT_LEFTS and CK_PRODUCT_RIGHTS. */

static void ck_pack(const ck_packing *p, float *packed) {
  for (size_t channel = 0; channel < p->channels; channel++) {
    const float *source = p->source + (ptrdiff_t)channel * p->channelStride;
    for (size_t tap = 0; tap < p->taps; tap++)
      for (size_t sum = 0; sum < p->sums; sum++) *packed++ = source[p->offsets[sum * p->taps + tap]];
  }
}

/* What the tiles of one pass begin with, and where they go. */
typedef struct ck_destination {
  float *rows[CK_OUTPUT_BLOCK];
  float bias[CK_OUTPUT_BLOCK], slopes[CK_OUTPUT_BLOCK];
  int areFractions; /* whether all slopes are */
  const ck_epilogue *epilogue; /* what finishes these sums, or NULL */
  const float *residuals[CK_OUTPUT_BLOCK]; /* where it adds some */
  int streams; /* past the caches, which needs aligned rows */
} ck_destination;

/* sums[o] += weights[o] * pixels, in the order that needs fewer registers. */
CK_INLINE void ck_multiply(ck_vector (*sums)[CK_MOST_VECTORS], const float *weights, const float *pixels,
                           const int outputs, const int vectors) {
  if (outputs > vectors) {
    ck_vector values[CK_MOST_VECTORS];
    CK_UNROLL for (int v = 0; v < vectors; v++) values[v] = ck_load(pixels + v * CK_LANES);
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      const ck_vector weight = ck_broadcast(weights[o]);
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_multiply_add(weight, values[v], sums[o][v]);
    }
  } else {
    CK_UNROLL for (int v = 0; v < vectors; v++) {
      const ck_vector value = ck_load(pixels + v * CK_LANES);
      CK_UNROLL for (int o = 0; o < outputs; o++)
        sums[o][v] = ck_multiply_add(ck_broadcast(weights[o]), value, sums[o][v]);
    }
  }
}

/* The length of the runs of samples next to each other that the taps of a pass read, of those that ck_tile has loops for. */
static int ck_run_length(const ck_pass *p) {
  if (p->taps == 1) return 1;
  size_t length = 1;
  while (length < p->taps && p->tapOffsets[length] == p->tapOffsets[length - 1] + 1) length++;
  for (size_t tap = length; tap < p->taps; tap++)
    if (tap % length != 0 && p->tapOffsets[tap] != p->tapOffsets[tap - 1] + 1) return 1;
  if (p->taps % length != 0) return 1;
  return length % 3 == 0 ? 3 : length % 5 == 0 ? 5 : 1;
}

/* Whether the hardware does not foresee what is read next, as channels stand so many floats apart. */
#define CK_IS_UNFORESEEN(channelStride) (CK_CHANNELS_AHEAD > 0 && (channelStride) >= 256)

/* Brings vectors of a later channel into the first-level cache, for the instruction sets that gain by it: to take a channel from
 * the second-level one takes about as long as to multiply one. */
CK_INLINE void ck_fetch_channel(const float *input, ptrdiff_t channelStride, const int vectors) {
  const float *const ahead = input + CK_CHANNELS_AHEAD * channelStride;
  if (CK_CHANNELS_AHEAD == 0) return;
  CK_UNROLL for (int v = 0; v < vectors; v += 16 / CK_LANES) __builtin_prefetch(ahead + v * CK_LANES, 0, 3);
}

/* As memcpy, for a target that should not pass through the caches. */
static void ck_copy_past_caches(float *target, const float *source, size_t count) {
  size_t i = 0;
  for (; i < count && (uintptr_t)(target + i) % sizeof(ck_vector) != 0; i++) target[i] = source[i];
  for (; i + CK_LANES <= count; i += CK_LANES) ck_store_past_caches(target + i, ck_load(source + i));
  for (; i < count; i++) target[i] = source[i];
}

/* Finishes `count` sums of an output that stand in `line`, which this changes, and writes them; `e` may be NULL. */
static void ck_finish_line(const ck_epilogue *e, size_t output, float *line, const float *residual, float *target, size_t count,
                           int streams) {
  if (e) ck_finish(e, output, line, residual, streams ? line : target, count);
  if (streams) ck_copy_past_caches(target, line, count);
  else if (!e) memcpy(target, line, count * 4);
}

/* Finishes a tile to which a residual is added: `count` sums of each output, which stand in `lines` one output after the other. */
static __attribute__((noinline)) void ck_finish_tile(const ck_destination *d, const ck_pass *p, size_t column, float *lines,
                                                     size_t count) {
  for (size_t o = 0; o < p->sumCount; o++, lines += count)
    ck_finish_line(d->epilogue, p->sums[o].output, lines, d->residuals[o] + column, d->rows[o] + column, count, d->streams);
}

/* One tile in registers, which begins at `column` of its rows. `wanted` is what to bring into the caches meanwhile, or NULL.
 * `run` divides what ck_run_length returns; it, `outputs` and `vectors` are constants at every call, so that all loops over
 * them unroll. */
CK_INLINE void ck_tile(const ck_correlation *c, const ck_pass *p, size_t x, const ck_destination *d, size_t column,
                       const float *wanted, const int run, const int outputs, const int vectors) {
  float *const *const rows = d->rows;
  ck_vector sums[CK_OUTPUT_BLOCK][CK_MOST_VECTORS];
  if (p->continues) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_load(rows[o] + column + v * CK_LANES);
    }
  } else {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_broadcast(d->bias[o]);
    }
  }
  const ptrdiff_t *const tapOffsets = p->tapOffsets, channelStride = c->channelStride;
  const size_t taps = p->taps, channels = c->channels;
  const float *weights = p->weights, *input = c->input + x;
  const size_t wantedChannels = wanted ? c->wantedChannels : 0;
  /* Channels of one run that fetch nothing are summed without what is decided here for each. */
  const size_t decided = taps == (size_t)run && !c->weightsAhead ? wantedChannels : channels;
  size_t channel = 0;
  for (; channel < decided; channel++, input += channelStride) {
    if (channel < wantedChannels) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_prefetch(wanted + v * CK_LANES);
      wanted += c->wantedChannelStride;
    }
    if (c->weightsAhead) ck_prefetch_all(weights + c->weightsAhead, taps * (size_t)outputs);
    for (size_t tap = 0; tap < taps; tap += (size_t)run) {
      const float *const samples = input + tapOffsets[tap];
      CK_UNROLL for (int i = 0; i < run; i++, weights += outputs) {
        ck_multiply(sums, weights, samples + i, outputs, vectors);
        CK_LOAD_NOTHING_EARLY
      }
    }
  }
  if (channel < channels) input += tapOffsets[0];
  if (run == 1 && !CK_IS_UNFORESEEN(channelStride)) {
    _Pragma("clang loop unroll_count(4)") for (; channel < channels; channel++, input += channelStride, weights += outputs)
      ck_multiply(sums, weights, input, outputs, vectors);
  } else {
    for (; channel < channels; channel++, input += channelStride) {
      ck_fetch_channel(input, channelStride, run == 1 ? vectors : vectors + 1);
      CK_UNROLL for (int i = 0; i < run; i++, weights += outputs) {
        ck_multiply(sums, weights, input + i, outputs, vectors);
        if (run > 1) { CK_LOAD_NOTHING_EARLY }
      }
    }
  }
  if (d->epilogue && d->epilogue->residual) {
    /* Beside the sums registers would not hold what this takes. */
    float stored[CK_OUTPUT_BLOCK * CK_MOST_VECTORS * CK_LANES] __attribute__((aligned(64)));
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(stored + (o * vectors + v) * CK_LANES, sums[o][v]);
    }
    ck_finish_tile(d, p, column, stored, (size_t)vectors * CK_LANES);
    return;
  }
  if (d->epilogue && d->epilogue->hinges > 0) {
    CK_UNROLL for (int o = 0; o < outputs; o++)
      ck_finish_vectors(d->epilogue, p->sums[o].output, sums[o], NULL, vectors);
  } else if (d->epilogue) {
    CK_FINISH_TILE(d->epilogue, d->slopes, d->areFractions, sums, outputs, vectors)
  }
  if (d->streams) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_store_past_caches(rows[o] + column + v * CK_LANES, sums[o][v]);
    }
  } else {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(rows[o] + column + v * CK_LANES, sums[o][v]);
    }
  }
}

/* The widths that tiles have: the next one serves those between. */
#define CK_TILE_WIDTHS(WIDTH) WIDTH(1) WIDTH(2) WIDTH(3) WIDTH(4) WIDTH(5) WIDTH(6) WIDTH(8)

#define CK_BLOCK(outputs, most) \
  static void ck_tile_of_##outputs(const ck_correlation *c, const ck_pass *p, size_t x, const ck_destination *d, \
                                   size_t column, const float *wanted, size_t vectors) { \
    enum { count = outputs, limit = most }; \
    switch (vectors) { CK_TILE_WIDTHS(CK_WIDTH) } \
  }
#define CK_WIDTH(vectors) \
  case vectors: \
    if (vectors <= limit) ck_tile(c, p, x, d, column, wanted, 1, count, vectors); \
    break;
CK_TILES(CK_BLOCK)
#undef CK_WIDTH
#undef CK_BLOCK

/* The first `tiles` of a row, as wide as tiles are. */
#define CK_BLOCK(outputs, most) \
  static void ck_tiles_of_##outputs(const ck_correlation *c, const ck_pass *p, size_t tiles, const ck_destination *d, \
                                    const float *wanted) { \
    /* Stores might change what is not local, for all the compiler knows. */ \
    const ck_correlation correlation = *c; \
    const ck_pass pass = *p; \
    const ck_destination destination = *d; \
    const size_t end = tiles * most * CK_LANES; \
    switch (ck_run_length(p)) { \
    case 3: CK_TILES_OF_RUNS(3, outputs, most) break; \
    case 5: CK_TILES_OF_RUNS(5, outputs, most) break; \
    default: CK_TILES_OF_RUNS(1, outputs, most) \
    } \
  }
#define CK_TILES_OF_RUNS(run, outputs, most) \
  for (size_t x = 0; x < end; x += most * CK_LANES) \
    ck_tile(&correlation, &pass, x, &destination, x, wanted ? wanted + x : NULL, run, outputs, most);
CK_TILES(CK_BLOCK)
#undef CK_TILES_OF_RUNS
#undef CK_BLOCK

/* The vectors of a tile of so many outputs. */
CK_INLINE size_t ck_tile_vectors(size_t outputs) {
  switch (outputs) {
#define CK_BLOCK(outputs, most) case outputs: return most;
    CK_TILES(CK_BLOCK)
#undef CK_BLOCK
  default: return 1;
  }
}

/* The vectors of the next tile where `left` are left and a tile has at most `most`: the last two tiles share what is left. */
CK_INLINE size_t ck_next_width(size_t left, size_t most) {
  const size_t width = left >= 2 * most ? most : left > most ? (left + 1) / 2 : left;
  return width == 7 ? 4 : width;
}

/* Where a tile of `span` positions begins: at `x`, or so far before it that it ends with the row and can be written whole.
 * What it computes twice has the same bits. */
CK_INLINE size_t ck_tile_start(size_t x, size_t span, size_t positions) {
  return x + span > positions && span <= positions ? positions - span : x;
}

CK_INLINE void ck_run_tile(const ck_correlation *c, const ck_pass *p, size_t x, const ck_destination *d, size_t column,
                           const float *wanted, size_t vectors) {
  switch (p->sumCount) {
#define CK_BLOCK(outputs, most) \
  case outputs: ck_tile_of_##outputs(c, p, x, d, column, wanted, vectors); break;
    CK_TILES(CK_BLOCK)
#undef CK_BLOCK
  }
}

CK_INLINE void ck_run_tiles(const ck_correlation *c, const ck_pass *p, size_t tiles, const ck_destination *d,
                            const float *wanted) {
  switch (p->sumCount) {
#define CK_BLOCK(outputs, most) \
  case outputs: ck_tiles_of_##outputs(c, p, tiles, d, wanted); break;
    CK_TILES(CK_BLOCK)
#undef CK_BLOCK
  }
}

/* The loops below have constant strides at their calls, which lets the compiler turn them into shuffles. */
CK_INLINE void ck_interleave_phases(const float *source, size_t distance, const size_t phases, size_t count,
                                    float *restrict output) {
  const size_t whole = count / phases;
  for (size_t i = 0; i < whole; i++)
    for (size_t p = 0; p < phases; p++) output[i * phases + p] = source[p * distance + i];
  for (size_t p = 0; p < count - whole * phases; p++) output[whole * phases + p] = source[p * distance + whole];
}

/* output[i] = source[(i % phases) * distance + i / phases], i < count. */
static void ck_interleave(const float *source, size_t distance, size_t phases, size_t count, float *output) {
  switch (phases) {
  case 1: memcpy(output, source, count * 4); break;
  case 2: ck_interleave_phases(source, distance, 2, count, output); break;
  case 3: ck_interleave_phases(source, distance, 3, count, output); break;
  case 4: ck_interleave_phases(source, distance, 4, count, output); break;
  default: ck_interleave_phases(source, distance, phases, count, output);
  }
}

/* Writes whole vectors of 2, 4 or 8 phases straight from registers and returns the number of floats; `phases` is a constant
 * at every call. Sums of two phases alternate when zipped; those of more when the even and the odd ones, zipped, are zipped. */
CK_INLINE size_t ck_zip_phases(const float *source, size_t distance, const int phases, size_t count,
                               const ck_epilogue *e, size_t output, const float *residual, float *target, int streams) {
  static const unsigned char reversed[9][8] = {[2] = {0, 1}, [4] = {0, 2, 1, 3}, [8] = {0, 4, 2, 6, 1, 5, 3, 7}};
  const size_t step = (size_t)phases * CK_LANES;
  size_t done = 0;
  for (; done + step <= count; done += step, source += CK_LANES) {
    ck_vector vectors[8], zipped[8];
    CK_UNROLL for (int p = 0; p < phases; p++) vectors[p] = ck_load(source + reversed[phases][p] * distance);
    CK_UNROLL for (int width = 1; width < phases; width *= 2) {
      CK_UNROLL for (int first = 0; first < phases; first += 2 * width) {
        CK_UNROLL for (int i = 0; i < width; i++)
          ck_zip(vectors[first + i], vectors[first + width + i], zipped + first + 2 * i, zipped + first + 2 * i + 1);
      }
      CK_UNROLL for (int p = 0; p < phases; p++) vectors[p] = zipped[p];
    }
    CK_UNROLL for (int p = 0; p < phases; p++) {
      const size_t at = done + (size_t)p * CK_LANES;
      if (e) vectors[p] = ck_finished(e, output, vectors[p], residual ? residual + at : NULL);
      if (streams) ck_store_past_caches(target + at, vectors[p]);
      else ck_store(target + at, vectors[p]);
    }
  }
  return done;
}

/* Writes `count` floats of an output, of which `source` holds the phases, to `target`. */
CK_INLINE void ck_emit_row(const ck_correlation *c, size_t o, const float *source, size_t distance, size_t count,
                           const float *residual, float *target) {
  const ck_epilogue *const e = c->epilogue;
  const int aligned = c->streams && (uintptr_t)target % sizeof(ck_vector) == 0;
  size_t done = 0;
  if (aligned || !c->streams) {
    switch (c->phases) {
    case 1:
      if (!e || c->streams) break;
      ck_finish(e, o, source, residual, target, count);
      return;
#define CK_PHASES(phases) \
  case phases: \
    done = aligned ? ck_zip_phases(source, distance, phases, count, e, o, residual, target, 1) \
                   : ck_zip_phases(source, distance, phases, count, e, o, residual, target, 0); \
    break;
      CK_PHASES(2) CK_PHASES(4) CK_PHASES(8)
#undef CK_PHASES
    }
  }
  if (done == count) return;
  float line[4 * CK_MOST_VECTORS * CK_LANES];
  const size_t rest = count - done;
  const int copies = c->streams && c->phases <= 4;
  float *const interleaved = copies ? line : target + done;
  ck_interleave(source + done / c->phases, distance, c->phases, rest, interleaved);
  if (e) ck_finish(e, o, interleaved, residual ? residual + done : NULL, interleaved, rest);
  if (copies) ck_copy_past_caches(target + done, line, rest);
}

/* Where element `i` of a row of an output is written, and how many of the elements from it on follow it there. */
CK_INLINE ptrdiff_t ck_place(const ck_correlation *c, size_t i, size_t *following) {
  *following = c->width - i;
  if (c->joinedLength == 0) return (ptrdiff_t)i;
  const size_t row = i / c->joinedLength, column = i - row * c->joinedLength;
  *following = c->joinedLength - column;
  return (ptrdiff_t)row * c->outputRowStride + (ptrdiff_t)column;
}

/* Writes `count` floats of the outputs of one tile, whose phases stand in scratch, from `first` on. */
CK_INLINE void ck_emit(const ck_correlation *c, size_t first, size_t count, size_t rowLength) {
  const ck_epilogue *const e = c->epilogue;
  for (size_t o = 0; o < c->outputs; o++) {
    if (c->outputOffsets[o] == CK_NOWHERE) continue;
    const float *const residual = e && e->residual ? e->residual + e->residualOffsets[o] + first : NULL;
    const float *const source = c->scratch + o * rowLength;
    for (size_t i = 0, following; i < count; i += following) {
      const ptrdiff_t place = ck_place(c, first + i, &following);
      if (following > count - i) following = count - i;
      ck_emit_row(c, o, source + i / c->phases, c->outputs * rowLength, following, residual,
                  c->output + c->outputOffsets[o] + place);
    }
  }
}

/* Where the sums of a pass go: to the rows of the output, or into scratch, `rowLength` floats for each sum. */
CK_INLINE void ck_aim(const ck_correlation *c, const ck_pass *p, int isDirect, size_t rowLength, ck_destination *d) {
  uintptr_t addresses = 0;
  d->epilogue = isDirect ? c->epilogue : NULL;
  d->areFractions = d->epilogue && d->epilogue->activations;
  for (size_t i = 0; i < p->sumCount; i++) {
    const size_t o = p->sums[i].output;
    d->rows[i] = isDirect ? c->output + c->outputOffsets[o] : c->scratch + (p->sums[i].phase * c->outputs + o) * rowLength;
    d->bias[i] = c->bias ? c->bias[o] : 0;
    if (d->epilogue && c->epilogue->residual) d->residuals[i] = c->epilogue->residual + c->epilogue->residualOffsets[o];
    d->slopes[i] = d->epilogue && d->epilogue->activations ? d->epilogue->activations[o] : 1;
    d->areFractions &= ck_is_fraction(d->slopes[i]);
    addresses |= (uintptr_t)d->rows[i];
  }
  d->streams = c->streams && isDirect && addresses % sizeof(ck_vector) == 0;
}

/* The first row of a correlation, `wanted` being what to bring into the caches meanwhile. */
CK_INLINE void ck_correlate_row(const ck_correlation *c, const float *wanted, int isWritten) {
  const size_t positions = (c->width + c->phases - 1) / c->phases;
  size_t most = CK_MOST_VECTORS;
  for (size_t pass = 0; pass < c->passCount; pass++) {
    const size_t own = ck_tile_vectors(c->passes[pass].sumCount);
    most = own < most ? own : most;
  }
  const size_t rowLength = most * CK_LANES;
  const int isDirect = c->phases == 1 && c->passCount == 1 && isWritten && c->joinedLength == 0;
  ck_destination rows;
  size_t begin = 0;
  if (isDirect) {
    ck_aim(c, c->passes, 1, rowLength, &rows);
    /* The last two tiles may share what is left. */
    const size_t vectors = (positions + CK_LANES - 1) / CK_LANES, spare = vectors % most != 0 || positions % CK_LANES != 0;
    const size_t tiles = vectors / most > spare ? vectors / most - spare : 0;
    ck_run_tiles(c, c->passes, tiles, &rows, wanted);
    begin = tiles * rowLength;
  }
  for (size_t x = begin, vectors; x < positions; x += vectors * CK_LANES) {
    const size_t left = positions - x;
    vectors = ck_next_width((left + CK_LANES - 1) / CK_LANES, most);
    const size_t span = vectors * CK_LANES, start = isDirect && !c->streams ? ck_tile_start(x, span, positions) : x;
    if (isDirect && start + span <= positions) {
      ck_run_tile(c, c->passes, start, &rows, start, wanted ? wanted + start : NULL, vectors);
      continue;
    }
    for (size_t pass = 0; pass < c->passCount; pass++) {
      ck_destination scratch;
      ck_aim(c, c->passes + pass, 0, rowLength, &scratch);
      ck_run_tile(c, c->passes + pass, x, &scratch, 0, wanted && pass == 0 ? wanted + x : NULL, vectors);
    }
    const size_t first = x * c->phases;
    const size_t count = vectors * CK_LANES * c->phases;
    ck_emit(c, first, count < c->width - first ? count : c->width - first, rowLength);
  }
}

#include "phase_pair.h"
#include "depthwise.h"
#include "depthwise_rows.h"
#include "lines.h"

static void ck_correlate(const ck_correlation *correlation) {
  int isWritten = 1;
  for (size_t o = 0; o < correlation->outputs; o++) isWritten &= correlation->outputOffsets[o] != CK_NOWHERE;
  ck_correlation c = *correlation;
  ck_epilogue epilogue;
  if (c.epilogue) {
    epilogue = *c.epilogue;
    c.epilogue = &epilogue;
  }
  const int isPair = ck_is_pair(&c);
  const size_t done = isPair && isWritten && c.joinedLength == 0 ? ck_correlate_depthwise(&c) : 0;
  for (size_t row = 0; row < c.rows && done * 2 < c.width; row++) {
    const float *const wanted =
        c.wanted && row < c.wantedRows ? c.wanted + (ptrdiff_t)row * c.wantedRowStride : NULL;
    if (isPair) ck_correlate_pair_row(&c, wanted, done);
    else ck_correlate_row(&c, wanted, isWritten);
    c.input += c.inputRowStride;
    c.output += c.outputRowStride;
    if (c.epilogue && epilogue.residual) epilogue.residual += c.residualRowStride;
  }
  if (c.streams) ck_fence();
}

/* lefts x rights sums in registers. */
CK_INLINE void ck_product_tile(const ck_products *p, size_t firstLeft, size_t firstRight, const int lefts,
                               const int rights) {
  const float *left = p->left + (ptrdiff_t)firstLeft * p->leftStride;
  const float *rightRows[CK_PRODUCT_RIGHTS];
  CK_UNROLL for (int j = 0; j < rights; j++) rightRows[j] = p->right + p->rightOffsets[firstRight + (size_t)j];
  ck_vector sums[CK_PRODUCT_LEFTS][CK_PRODUCT_RIGHTS];
  CK_UNROLL for (int i = 0; i < lefts; i++) {
    CK_UNROLL for (int j = 0; j < rights; j++) sums[i][j] = ck_broadcast(0);
  }
  const size_t whole = p->width / CK_LANES * CK_LANES;
  const ck_integers mask = ck_first_lanes(p->width - whole);
  for (size_t row = 0; row < p->rows; row++) {
    ptrdiff_t x = (ptrdiff_t)row * p->rightRowStride;
    const ptrdiff_t end = x + (ptrdiff_t)whole;
    const float *lefted = left + (ptrdiff_t)row * p->leftRowStride;
    for (; x < end; x += CK_LANES, lefted += CK_LANES) {
      ck_vector values[CK_PRODUCT_LEFTS];
      CK_UNROLL for (int i = 0; i < lefts; i++) values[i] = ck_load(lefted + i * p->leftStride);
      CK_UNROLL for (int j = 0; j < rights; j++) {
        const ck_vector value = ck_load(rightRows[j] + x);
        CK_UNROLL for (int i = 0; i < lefts; i++) sums[i][j] = ck_multiply_add(values[i], value, sums[i][j]);
      }
    }
    if (whole < p->width) {
      ck_vector values[CK_PRODUCT_LEFTS];
      CK_UNROLL for (int i = 0; i < lefts; i++) values[i] = ck_masked(ck_load(lefted + i * p->leftStride), mask);
      CK_UNROLL for (int j = 0; j < rights; j++) {
        const ck_vector value = ck_masked(ck_load(rightRows[j] + x), mask);
        CK_UNROLL for (int i = 0; i < lefts; i++) sums[i][j] = ck_multiply_add(values[i], value, sums[i][j]);
      }
    }
  }
  float *const target = p->sums + (ptrdiff_t)firstLeft * p->sumStride + firstRight;
  CK_UNROLL for (int i = 0; i < lefts; i++) {
    CK_UNROLL for (int j = 0; j < rights; j++) target[i * p->sumStride + j] += ck_total(sums[i][j]);
  }
}

/* All right sides against `lefts` left ones. */
CK_INLINE void ck_product_block(const ck_products *p, size_t firstLeft, const int lefts) {
  for (size_t right = 0; right < p->rights; right += CK_PRODUCT_RIGHTS) {
    switch (p->rights - right) {
#define CK_RIGHTS(count) \
  case count: \
    if (count < CK_PRODUCT_RIGHTS) ck_product_tile(p, firstLeft, right, lefts, count); \
    break;
      CK_RIGHTS(1) CK_RIGHTS(2) CK_RIGHTS(3) CK_RIGHTS(4) CK_RIGHTS(5)
#undef CK_RIGHTS
    }
    if (p->rights - right >= CK_PRODUCT_RIGHTS) ck_product_tile(p, firstLeft, right, lefts, CK_PRODUCT_RIGHTS);
  }
}

static void ck_correlate_products(const ck_products *p) {
  for (size_t left = 0; left < p->lefts; left += CK_PRODUCT_LEFTS) {
    switch (p->lefts - left) {
#define CK_LEFTS(count) \
  case count: \
    if (count < CK_PRODUCT_LEFTS) ck_product_block(p, left, count); \
    break;
      CK_LEFTS(1) CK_LEFTS(2) CK_LEFTS(3)
#undef CK_LEFTS
    }
    if (p->lefts - left >= CK_PRODUCT_LEFTS) ck_product_block(p, left, CK_PRODUCT_LEFTS);
  }
}

/* Mostly one or two floats, for which the C library's function takes too long. */
CK_INLINE void ck_zero(float *target, size_t count) {
  for (; count >= CK_LANES; count -= CK_LANES, target += CK_LANES) ck_store(target, ck_broadcast(0));
  for (; count > 0; count--, target++) {
    *target = 0;
    __asm__ volatile("" ::: "memory"); /* keeps this loop from becoming a call */
  }
}

/* `stride` is a constant at every call, which lets the compiler turn loops into shuffles. */
CK_INLINE void ck_copy_samples(const float *source, const size_t stride, size_t count, float *target) {
  size_t i = 0;
  if (stride == 1) {
    for (; i + CK_LANES <= count; i += CK_LANES) ck_store(target + i, ck_load(source + i));
    if (i > 0 && i < count) {
      i = count - CK_LANES;
      ck_store(target + i, ck_load(source + i));
      return;
    }
  }
  for (; i < count; i++) target[i] = source[i * stride];
}

CK_INLINE void ck_copy_rows_of(const ck_rows *c, const size_t stride) {
  const size_t before = c->before, count = c->count, after = c->after, rows = c->rows;
  const ptrdiff_t sourceRowStride = c->sourceRowStride, targetRowStride = c->targetRowStride;
  /* Of the next channel; what is read with a stride is read once for each phase. */
  const size_t fetched = stride == 1 && c->channels > 1 ? count : 0;
  for (size_t channel = 0; channel < c->channels; channel++) {
    const float *source = c->source + (ptrdiff_t)channel * c->sourceChannelStride;
    float *target = c->target + (ptrdiff_t)channel * c->targetChannelStride;
    for (size_t row = 0; row < rows; row++, source += sourceRowStride, target += targetRowStride) {
      for (size_t i = 0; i < fetched; i += 16) ck_prefetch(source + c->sourceChannelStride + i);
      ck_zero(target, before);
      ck_copy_samples(source, stride, count, target + before);
      ck_zero(target + before + count, after);
    }
  }
}

static void ck_copy_rows_past_caches(const ck_rows *c) {
  for (size_t channel = 0; channel < c->channels; channel++)
    for (size_t row = 0; row < c->rows; row++)
      ck_copy_past_caches(
          c->target + (ptrdiff_t)channel * c->targetChannelStride + (ptrdiff_t)row * c->targetRowStride,
          c->source + (ptrdiff_t)channel * c->sourceChannelStride + (ptrdiff_t)row * c->sourceRowStride, c->count);
  ck_fence();
}

static void ck_copy_rows(const ck_rows *c) {
  if (c->streams) {
    ck_copy_rows_past_caches(c);
    return;
  }
  switch (c->stride) {
  case 1: ck_copy_rows_of(c, 1); break;
  case 2: ck_copy_rows_of(c, 2); break;
  case 3: ck_copy_rows_of(c, 3); break;
  case 4: ck_copy_rows_of(c, 4); break;
  default: ck_copy_rows_of(c, c->stride);
  }
}

#define CK_CONVOLUTION \
  { \
    .outputBlock = CK_OUTPUT_BLOCK, .pixelBlock = CK_PIXEL_BLOCK, .pairVectors = ck_pair_vectors, .pack = ck_pack, \
    .correlate = ck_correlate, .multiplyLines = ck_multiply_lines, .convolveDepthwise = ck_convolve_depthwise, \
    .finish = ck_finish, .correlateProducts = ck_correlate_products, .copyRows = ck_copy_rows \
  }
