/* Products of all channels at every pixel, all lines of a tile before the next tile: each sample is read once from slower memory,
 * however many lines there are. Needs convolution.h. */

/* Channels that are added between two looks at what is to be fetched. */
#define CK_LINE_CHANNELS 4

/* Samples of one tile. */
typedef struct ck_tile_samples {
  const float *samples;
  ptrdiff_t channelStride;
} ck_tile_samples;

/* Channels of the next tile that a block of lines fetches: its share of them, from `samples` on. */
typedef struct ck_next_tile {
  const float *samples;
  size_t channels, perLook;
} ck_next_tile;

/* Some lines of one tile, in registers; `lines` and `vectors` are constants at every call. */
CK_INLINE void ck_line_tile(const ck_lines *p, ck_tile_samples tile, const float *weights, float *target, ck_next_tile next,
                            const int lines, const int vectors) {
  ck_vector sums[CK_OUTPUT_BLOCK][CK_MOST_VECTORS];
  CK_UNROLL for (int l = 0; l < lines; l++) {
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[l][v] = ck_broadcast(0);
  }
  const size_t channels = p->channels;
  const ptrdiff_t nextStride = p->channelStride, lineStride = p->lineStride, channelStride = tile.channelStride;
  const float *samples = tile.samples;
  size_t channel = 0;
  for (; channel + CK_LINE_CHANNELS <= channels; channel += CK_LINE_CHANNELS) {
    _Pragma("clang loop unroll(disable)") for (size_t i = 0; i < next.perLook && next.channels > 0; i++, next.channels--) {
      CK_UNROLL for (int v = 0; v < CK_PIXEL_BLOCK; v += 16) __builtin_prefetch(next.samples + v, 0, 3);
      next.samples += nextStride;
    }
    CK_UNROLL for (int i = 0; i < CK_LINE_CHANNELS; i++, samples += channelStride, weights += lines) {
      ck_multiply(sums, weights, samples, lines, vectors);
      CK_LOAD_NOTHING_EARLY
    }
  }
  for (; channel < channels; channel++, samples += channelStride, weights += lines)
    ck_multiply(sums, weights, samples, lines, vectors);
  CK_UNROLL for (int l = 0; l < lines; l++) {
    CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(target + l * lineStride + v * CK_LANES, sums[l][v]);
  }
}

/* Copies the samples of some tiles: whole vectors of `count` columns from x on. */
CK_INLINE void ck_copy_tiles(const ck_lines *p, size_t x, size_t count) {
  for (size_t channel = 0; channel < p->channels; channel++) {
    const float *const samples = p->input + (ptrdiff_t)channel * p->channelStride + x;
    for (size_t i = 0; i < count; i += CK_LANES) ck_store(p->copy + channel * CK_COPIED_STRIDE + i, ck_load(samples + i));
  }
}

/* All lines of one tile, `next` being what the next one reads, or NULL. */
CK_INLINE void ck_lines_of_tile(const ck_lines *p, size_t x, const float *next, const int vectors) {
  const size_t blocks = (p->count + CK_OUTPUT_BLOCK - 1) / CK_OUTPUT_BLOCK;
  const ck_tile_samples samples = p->copy ? (ck_tile_samples){p->copy + x % CK_COPIED_COLUMNS, CK_COPIED_STRIDE}
                                          : (ck_tile_samples){p->input + x, p->channelStride};
  const float *weights = p->weights;
  ck_next_tile own = {.perLook = (CK_LINE_CHANNELS + blocks - 1) / blocks};
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = p->count * block / blocks, lines = p->count * (block + 1) / blocks - first;
    const size_t firstFetched = p->channels * block / blocks;
    if (next) {
      own.samples = next + (ptrdiff_t)firstFetched * p->channelStride;
      own.channels = p->channels * (block + 1) / blocks - firstFetched;
    }
    float *const target = p->lines + (ptrdiff_t)first * p->lineStride + x;
    switch (lines) {
#define CK_BLOCK(lines, most) case lines: ck_line_tile(p, samples, weights, target, own, lines, vectors); break;
      CK_TILES(CK_BLOCK)
#undef CK_BLOCK
    }
    weights += lines * p->channels;
  }
}

static void ck_multiply_lines(const ck_lines *lines) {
  const ck_lines own = *lines; /* stores might change what is not local, for all the compiler knows */
  for (size_t x = 0; x < own.width; x += CK_PIXEL_BLOCK) {
    const float *const following = x + CK_PIXEL_BLOCK < own.width ? own.input + x + CK_PIXEL_BLOCK : own.next;
    const float *const next = own.copy ? NULL : following;
    const size_t left = own.width - x;
    if (own.copy && x % CK_COPIED_COLUMNS == 0)
      ck_copy_tiles(&own, x, left < CK_COPIED_COLUMNS ? left : CK_COPIED_COLUMNS);
    if (x + CK_LANES < own.width) ck_lines_of_tile(&own, x, next, 2);
    else ck_lines_of_tile(&own, x, next, 1);
  }
}
