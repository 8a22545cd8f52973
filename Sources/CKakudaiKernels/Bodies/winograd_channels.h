/* The kernels of ck_winograd.h and ck_maps.h whose lanes are channels of one image, of the outputs too: small maps of many channels
 * fill no vector with tiles or pixels, and here waste no lane. Needs winograd_lanes.h. */

#define CK_CHANNEL_TILES 6
/* Channels that are added between two looks at what is to be fetched. */
#define CK_CHANNELS_AT_ONCE (CK_LANES < 8 ? CK_LANES : 8)
/* Floats that weights are fetched ahead by, at least: some are read only once, from slower memory. */
#define CK_CHANNEL_AHEAD 16384

/* Where weights are fetched, and how many cache lines of them while CK_CHANNELS_AT_ONCE channels are added.
 *
 * Several parts of the tiles read the same weights, one after the other. Each part fetches its share of those that follow: if the
 * first one fetched all of them, memory would have nothing to do while the others compute. */
typedef struct ck_fetching {
  const float *next;
  size_t lines;
} ck_fetching;

CK_INLINE ck_fetching ck_fetching_of_part(const float *weights, const size_t channels, const int vectors, const size_t part,
                                          const size_t parts) {
  const size_t count = channels * (size_t)vectors * CK_LANES;
  const size_t lines = ((size_t)vectors * CK_LANES * CK_CHANNELS_AT_ONCE / 16 + parts - 1) / parts;
  const size_t times = (channels + CK_CHANNELS_AT_ONCE - 1) / CK_CHANNELS_AT_ONCE;
  const float *const first = weights + (count > CK_CHANNEL_AHEAD ? count : CK_CHANNEL_AHEAD);
  return (ck_fetching){.next = first + part * times * lines * 16, .lines = lines};
}

/* A loop that is not unrolled: what stands around it would no longer find all sums in registers. */
CK_INLINE void ck_fetch(ck_fetching *fetching) {
  _Pragma("clang loop unroll(disable)") for (size_t line = 0; line < fetching->lines; line++, fetching->next += 16)
    ck_prefetch(fetching->next);
}

/* The next channels, at most a vector of them: sums[t] += samples[offsets[t] + channel] * weights[channel]. `tiles` and `vectors`
 * are constants at every call. */
CK_INLINE const float *ck_add_channels(const float *samples, const size_t *offsets, const int channels, const float *weights,
                                       ck_vector (*sums)[CK_CHANNEL_VECTORS], const int tiles, const int vectors) {
  CK_UNROLL for (int channel = 0; channel < channels; channel++, weights += vectors * CK_LANES) {
    ck_vector values[CK_CHANNEL_VECTORS];
    CK_UNROLL for (int v = 0; v < vectors; v++) values[v] = ck_load(weights + v * CK_LANES);
    CK_UNROLL for (int t = 0; t < tiles; t++) {
      const ck_vector sample = ck_broadcast(samples[offsets[t] + (size_t)channel]);
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[t][v] = ck_multiply_add(sample, values[v], sums[t][v]);
    }
  }
  return weights;
}

/* The same for as many channels as a vector has lanes. */
CK_INLINE const float *ck_add_channel_vector(const float *samples, const size_t *offsets, const float *weights,
                                             ck_vector (*sums)[CK_CHANNEL_VECTORS], const int tiles, const int vectors,
                                             ck_fetching *fetching) {
  CK_UNROLL for (int channel = 0; channel < CK_LANES; channel += CK_CHANNELS_AT_ONCE) {
    ck_fetch(fetching);
    weights = ck_add_channels(samples + channel, offsets, CK_CHANNELS_AT_ONCE, weights, sums, tiles, vectors);
  }
  return weights;
}

/* Sums of some tiles and vectors of outputs in registers. */
CK_INLINE void ck_channel_tile(const ck_channel_products *p, const float *transformed, const float *weights, float *products,
                               const int tiles, const int vectors, ck_fetching fetching) {
  ck_vector sums[CK_CHANNEL_TILES][CK_CHANNEL_VECTORS];
  size_t offsets[CK_CHANNEL_TILES];
  CK_UNROLL for (int t = 0; t < tiles; t++) {
    offsets[t] = (size_t)t * CK_LANES;
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[t][v] = ck_broadcast(0);
  }
  for (size_t channel = 0; channel < p->channels; channel += CK_LANES, transformed += p->tiles * CK_LANES)
    weights = ck_add_channel_vector(transformed, offsets, weights, sums, tiles, vectors, &fetching);
  CK_UNROLL for (int t = 0; t < tiles; t++) {
    CK_UNROLL for (int v = 0; v < vectors; v++)
      ck_store(products + ((size_t)v * p->tiles + (size_t)t) * CK_LANES, sums[t][v]);
  }
}

/* All tiles of one point, as many as registers hold at a time. */
CK_INLINE void ck_channel_point(const ck_channel_products *p, const float *transformed, const float *weights, float *products,
                                const int vectors) {
  const size_t parts = (p->tiles + CK_CHANNEL_TILES - 1) / CK_CHANNEL_TILES;
  for (size_t part = 0; part < parts; part++) {
    const size_t first = p->tiles * part / parts * CK_LANES;
    const size_t tiles = p->tiles * (part + 1) / parts - p->tiles * part / parts;
    const ck_fetching fetching = ck_fetching_of_part(weights, p->channels, vectors, part, parts);
    switch (tiles) {
#define CK_CHANNEL_CASE(count) \
  case count: ck_channel_tile(p, transformed + first, weights, products + first, count, vectors, fetching); break;
      CK_CHANNEL_CASE(1) CK_CHANNEL_CASE(2) CK_CHANNEL_CASE(3) CK_CHANNEL_CASE(4) CK_CHANNEL_CASE(5) CK_CHANNEL_CASE(6)
#undef CK_CHANNEL_CASE
    }
  }
}

static void ck_multiply_channels(const ck_channel_products *p) {
  const float *weights = p->weights;
  for (size_t i = 0; i < p->pointCount; i++, weights += p->channels * p->outputs) {
    const float *const transformed = p->transformed + p->points[i] * p->pointStride;
    float *const products = p->products + i * p->productStride;
    switch (p->outputs / CK_LANES) {
    case 1: ck_channel_point(p, transformed, weights, products, 1); break;
    case 2: ck_channel_point(p, transformed, weights, products, 2); break;
#if CK_CHANNEL_VECTORS == 4
    case 3: ck_channel_point(p, transformed, weights, products, 3); break;
    case 4: ck_channel_point(p, transformed, weights, products, 4); break;
#endif
    }
  }
}

/* Writes one row of some tiles, which stands in `sums`[column][output], for a vector of outputs from `first` on. */
CK_INLINE void ck_write_channels(const ck_winograd_output *w, size_t first, ptrdiff_t column, ptrdiff_t width,
                                 ptrdiff_t rowOffset, ptrdiff_t residualOffset, const float *sums) {
  const ptrdiff_t end = column + width;
  const float *const residual = w->epilogue ? w->epilogue->residual : NULL;
  for (ptrdiff_t x = 0; x < width; x += CK_LANES) {
    ck_vector outputs[CK_LANES];
    CK_UNROLL for (int i = 0; i < CK_LANES; i++) outputs[i] = ck_load(sums + (x + i) * CK_LANES);
    ck_transpose(outputs);
    for (size_t i = 0; i < CK_LANES; i++) {
      const size_t o = first + i;
      const ck_output_row row = {
          .output = w->output + (ptrdiff_t)o * w->outputStride + rowOffset,
          .residual = residual ? residual + (ptrdiff_t)o * w->residualStride + residualOffset : NULL,
          .start = w->firstWritten, .stop = end < w->endWritten ? end : w->endWritten,
          .bias = w->bias ? w->bias[o] : 0, .index = o};
      ck_write(w, &row, column + x, outputs[i]);
    }
  }
}

CK_INLINE void ck_finish_channel_points(const ck_winograd_output *w, const int rowPoints, const int points) {
  const int tile = CK_TILE_OF(points), tileRows = rowPoints - points + tile;
  const size_t mostTiles = CK_WINOGRAD_MOST_TILES / CK_LANES;
  float sums[(CK_WINOGRAD_MOST_ROWS * CK_MOST_STREAMS * CK_WINOGRAD_MOST_TILES) + CK_LANES * CK_LANES]
      __attribute__((aligned(64)));
  for (size_t o = 0; o < w->outputs; o += CK_LANES) {
    for (size_t i = 0; i < w->runCount; i++) {
      const ck_winograd_run *const run = w->runs + i;
      for (size_t start = 0; start < run->tiles; start += mostTiles) {
        const size_t tiles = run->tiles - start < mostTiles ? run->tiles - start : mostTiles;
        const size_t tileWidth = (size_t)tile * w->phases, width = tiles * tileWidth;
        for (size_t phase = 0; phase < w->phases; phase++) {
          for (size_t t = 0; t < tiles; t++) {
            const size_t own = run->firstTile + start + t;
            ck_vector outputs[CK_WINOGRAD_MOST_ROWS][CK_WINOGRAD_TILE], check = ck_load(w->checks + own * CK_LANES);
            ck_tile_outputs(w->products + phase * (size_t)(rowPoints * points), o * w->tiles + own * CK_LANES, outputs, &check,
                            rowPoints, points);
            ck_store(w->checks + own * CK_LANES, check);
            CK_UNROLL for (int row = 0; row < tileRows; row++) {
              CK_UNROLL for (int q = 0; q < tile; q++)
                ck_store(sums + ((size_t)row * width + t * tileWidth + (size_t)q * w->phases + phase) * CK_LANES,
                         outputs[row][q]);
            }
          }
        }
        for (size_t row = 0; row < (size_t)tileRows; row++) {
          const size_t index = i * w->tileRows + row;
          if (w->rowOffsets[index] == CK_NOWHERE) continue;
          ck_write_channels(w, o, run->firstColumn + (ptrdiff_t)(start * tileWidth), (ptrdiff_t)width, w->rowOffsets[index],
                            w->residualOffsets[index], sums + row * width * CK_LANES);
        }
      }
    }
  }
}

static void ck_finish_channels(const ck_winograd_output *w) {
  if (w->tileRows == CK_WINOGRAD_SMALL_TILE) ck_finish_channel_points(w, 3, 3);
  else if (w->taps == 2) ck_finish_channel_points(w, 5, 5);
  else if (w->tileRows == 4) ck_finish_channel_points(w, 6, 6);
  else ck_finish_channel_points(w, 8, 6);
}

/* Adds one tap to the sums of some pairs. */
CK_INLINE void ck_map_tile(const ck_map_tap *p, const ck_map_pair *pairs, const int tiles, const int vectors,
                           ck_fetching fetching) {
  ck_vector sums[CK_CHANNEL_TILES][CK_CHANNEL_VECTORS];
  size_t offsets[CK_CHANNEL_TILES];
  CK_UNROLL for (int t = 0; t < tiles; t++) {
    offsets[t] = pairs[t].sample * CK_LANES;
    CK_UNROLL for (int v = 0; v < vectors; v++)
      sums[t][v] = ck_load(p->sums + ((size_t)v * p->outputPositions + pairs[t].position) * CK_LANES);
  }
  const float *samples = p->samples, *weights = p->weights;
  size_t channel = 0;
  for (; channel + CK_LANES <= p->channels; channel += CK_LANES, samples += p->inputPositions * CK_LANES)
    weights = ck_add_channel_vector(samples, offsets, weights, sums, tiles, vectors, &fetching);
  for (; channel < p->channels; channel++, samples++) {
    if (channel % CK_CHANNELS_AT_ONCE == 0) ck_fetch(&fetching);
    weights = ck_add_channels(samples, offsets, 1, weights, sums, tiles, vectors);
  }
  CK_UNROLL for (int t = 0; t < tiles; t++) {
    CK_UNROLL for (int v = 0; v < vectors; v++)
      ck_store(p->sums + ((size_t)v * p->outputPositions + pairs[t].position) * CK_LANES, sums[t][v]);
  }
}

CK_INLINE void ck_map_pairs(const ck_map_tap *p, const int vectors) {
  const size_t parts = (p->pairCount + CK_CHANNEL_TILES - 1) / CK_CHANNEL_TILES;
  for (size_t part = 0; part < parts; part++) {
    const size_t first = p->pairCount * part / parts;
    const ck_fetching fetching = ck_fetching_of_part(p->weights, p->channels, vectors, part, parts);
    switch (p->pairCount * (part + 1) / parts - first) {
#define CK_MAP_CASE(count) \
  case count: ck_map_tile(p, p->pairs + first, count, vectors, fetching); break;
      CK_MAP_CASE(1) CK_MAP_CASE(2) CK_MAP_CASE(3) CK_MAP_CASE(4) CK_MAP_CASE(5) CK_MAP_CASE(6)
#undef CK_MAP_CASE
    }
  }
}

static void ck_add_map_tap(const ck_map_tap *p) {
  switch (p->outputs / CK_LANES) {
  case 1: ck_map_pairs(p, 1); break;
  case 2: ck_map_pairs(p, 2); break;
#if CK_CHANNEL_VECTORS == 4
  case 3: ck_map_pairs(p, 3); break;
  case 4: ck_map_pairs(p, 4); break;
#endif
  }
}

static void ck_turn_map(const ck_map_samples *m) {
  const ptrdiff_t box[4] = {0, 1, 0, (ptrdiff_t)m->positions};
  ck_lane_samples s = {.input = m->input, .planeStride = m->channelStride, .width = (ptrdiff_t)m->positions,
                       .planes = m->channels, .scratch = m->samples};
  for (size_t channel = 0; channel < m->channels; channel += CK_LANES, s.scratch += m->positionStride * CK_LANES)
    ck_planes_to_lanes(&s, channel, box);
}

static void ck_finish_map(const ck_map_output *m) {
  const ck_winograd_output w = {.bias = m->bias, .epilogue = m->epilogue, .output = m->output, .outputStride = m->outputStride,
                                .residualStride = m->residualStride, .endWritten = (ptrdiff_t)m->width};
  for (size_t o = 0; o < m->outputs; o += CK_LANES)
    ck_write_channels(&w, o, 0, (ptrdiff_t)m->width, 0, 0, m->sums + o * m->outputPositions);
}

#define CK_MAPS \
  { .turn = ck_turn_map, .addTap = ck_add_map_tap, .finish = ck_finish_map }
