/* The kernels of ck_winograd.h, written once and compiled for every instruction set; needs convolution.h, winograd_points.h and
 * winograd_rows.h. */

/* The matrix that takes `taps` weights to the points. */
static void ck_weight_transform(size_t taps, int points, double matrix[CK_WINOGRAD_MOST_ROW_POINTS][3]) {
  const double a = CK_POINT_A(points), b = CK_POINT_B(points);
  const double three[3] = {0, 1}, five[5] = {a, -a, b, -b}, six[6] = {0, a, -a, b, -b};
  double eight[CK_ROW_POINTS - 1];
  for (size_t p = 0; p < CK_ROW_POINTS - 1; p++) eight[p] = ck_row_point(CK_ROW_POINTS, p);
  const double *const all = points == 3 ? three : points == 5 ? five : points == 6 ? six : eight;
  for (int p = 0; p < points - 1; p++) {
    double power = 1;
    for (int q = 0; q < points - 1; q++)
      if (q != p) power /= all[p] - all[q];
    for (size_t tap = 0; tap < taps; tap++, power *= all[p]) matrix[p][tap] = power;
  }
  for (size_t tap = 0; tap < taps; tap++) matrix[points - 1][tap] = tap + 1 == taps;
}

/* values[o] = sum over i < count of factors[i] * terms[i][o]. */
CK_INLINE void ck_weighted_sum(const double *factors, const double (*terms)[CK_OUTPUT_BLOCK], const int count,
                          double *restrict values) {
  for (int o = 0; o < CK_OUTPUT_BLOCK; o++) {
    double value = factors[0] * terms[0][o];
    CK_UNROLL for (int i = 1; i < count; i++) value += factors[i] * terms[i][o];
    values[o] = value;
  }
}

/* In double, so that weights are rounded once; `taps` is a constant at every call. */
CK_INLINE void ck_pack_points(const ck_winograd_weights *w, const int taps, float *packed) {
  const size_t rowPoints = w->tileRows + (size_t)taps - 1, points = rowPoints == 3 ? 3 : (size_t)taps + 3;
  double rowMatrix[CK_WINOGRAD_MOST_ROW_POINTS][3], matrix[CK_WINOGRAD_MOST_ROW_POINTS][3];
  ck_weight_transform((size_t)taps, (int)rowPoints, rowMatrix);
  ck_weight_transform((size_t)taps, (int)points, matrix);
  for (size_t channel = 0; channel < w->channels; channel++, packed += w->channelStep) {
    const float *source = w->source + (ptrdiff_t)channel * w->channelStride;
    double weights[3][3][CK_OUTPUT_BLOCK] = {}, rows[CK_WINOGRAD_MOST_ROW_POINTS][3][CK_OUTPUT_BLOCK];
    const ptrdiff_t *offsets = w->offsets;
    for (size_t output = 0; output < w->outputs; output++) {
      if (*offsets != CK_NOWHERE) ck_prefetch(source + *offsets + 4 * w->channelStride);
      for (int row = 0; row < taps; row++)
        for (int column = 0; column < taps; column++, offsets++)
          weights[column][row][output] = *offsets == CK_NOWHERE ? 0 : source[*offsets];
    }
    for (size_t point = 0; point < rowPoints; point++)
      for (int column = 0; column < taps; column++)
        ck_weighted_sum(rowMatrix[point], weights[column], taps, rows[point][column]);
    for (size_t i = 0; i < w->wantedCount; i++) {
      double values[CK_OUTPUT_BLOCK];
      ck_weighted_sum(matrix[w->wanted[i] % points], rows[w->wanted[i] / points], taps, values);
      float *const target = packed + i * w->pointStride;
      /* All of a block where the next channels' weights are written over what is too much. */
      if (w->channelStep == w->outputs && (w->channels - channel) * w->outputs >= CK_OUTPUT_BLOCK)
        for (int o = 0; o < CK_OUTPUT_BLOCK; o++) target[o] = (float)values[o];
      else
        for (size_t o = 0; o < w->outputs; o++) target[o] = (float)values[o];
    }
  }
}

static void ck_pack_transformed(const ck_winograd_weights *w, float *packed) {
  if (w->taps == 3) ck_pack_points(w, 3, packed);
  else ck_pack_points(w, 2, packed);
}

/* The columns of a row of the tiles of a unit, those that its last tile reads beyond it, and what whole vectors write past
 * them. */
#define CK_UNIT_COLUMNS (CK_WINOGRAD_TILE * CK_WINOGRAD_MOST_TILES + 2 * CK_LANES)

/* Each stride-th sample of a row from sample `first` on, `count` of them, zeros outside of the picture. */
static void ck_copy_columns(const ck_winograd_input *t, const float *row, ptrdiff_t first, ptrdiff_t count, float *line) {
  const ptrdiff_t stride = t->columnStride, samples = (t->columns - t->columnPhase + stride - 1) / stride;
  row += t->columnPhase;
  if (count <= 4 * CK_WINOGRAD_TILE) { /* less than the calls below cost */
    for (ptrdiff_t i = 0; i < count; i++) line[i] = first + i >= 0 && first + i < samples ? row[(first + i) * stride] : 0;
    return;
  }
  const ptrdiff_t end = first + count;
  const ptrdiff_t from = first < 0 ? 0 : first < samples ? first : samples;
  const ptrdiff_t to = end > samples ? samples : end > from ? end : from;
  const size_t before = from - first < count ? (size_t)(from - first) : (size_t)count;
  const ck_rows rows = {.source = row + from * stride, .stride = (size_t)stride, .target = line, .channels = 1, .rows = 1,
                        .before = before, .count = (size_t)(to - from),
                        .after = (size_t)count - before - (size_t)(to - from)};
  ck_copy_rows(&rows);
}

/* The columns of the tiles of one run at the points of the rows: values[point * CK_UNIT_COLUMNS + column], in whole vectors. */
CK_INLINE void ck_run_to_row_points(const ck_winograd_input *t, const ck_winograd_run *run, const ptrdiff_t *rowOffsets,
                                    const float *input, float *values, const int rowPoints, const int points) {
  const ptrdiff_t count = 4 * (ptrdiff_t)run->tiles + points - 4, stride = t->columnStride;
  float lines[CK_WINOGRAD_MOST_ROW_POINTS][CK_UNIT_COLUMNS];
  const float *rows[CK_WINOGRAD_MOST_ROW_POINTS];
  for (int row = 0; row < rowPoints; row++) {
    rows[row] = rowOffsets[row] == CK_NOWHERE ? NULL : input + rowOffsets[row];
    if (stride == 1 || !rows[row]) continue;
    for (ptrdiff_t x = run->firstColumn * stride; x < (run->firstColumn + count) * stride; x += 16)
      ck_prefetch(rows[row] + t->channelStride + x); /* of the next channel */
    ck_copy_columns(t, rows[row], run->firstColumn, count, lines[row]);
    rows[row] = lines[row];
  }
  const ptrdiff_t first = stride == 1 ? run->firstColumn : 0, columns = stride == 1 ? t->columns : count;
  ck_rows_to_lines(rows, columns, stride == 1 ? t->channelStride : 0, first, first + count, values, CK_UNIT_COLUMNS, rowPoints);
}

/* streams[s] = the columns 4 * tile + s of a vector of tiles. */
CK_INLINE void ck_deal(const float *columns, ck_vector *streams) {
  const ck_vector v0 = ck_load(columns), v1 = ck_load(columns + CK_LANES);
  const ck_vector v2 = ck_load(columns + 2 * CK_LANES), v3 = ck_load(columns + 3 * CK_LANES);
  const ck_vector even0 = __builtin_shufflevector(v0, v1, CK_EVENS), odd0 = __builtin_shufflevector(v0, v1, CK_ODDS);
  const ck_vector even1 = __builtin_shufflevector(v2, v3, CK_EVENS), odd1 = __builtin_shufflevector(v2, v3, CK_ODDS);
  streams[0] = __builtin_shufflevector(even0, even1, CK_EVENS);
  streams[1] = __builtin_shufflevector(odd0, odd1, CK_EVENS);
  streams[2] = __builtin_shufflevector(even0, even1, CK_ODDS);
  streams[3] = __builtin_shufflevector(odd0, odd1, CK_ODDS);
}

/* Tiles whose samples at one point stand together, of each channel in turn: what one loop over the channels reads lies in one piece,
 * which the hardware foresees. */
#define CK_PAIR (2 * CK_LANES)

/* Rows first, whose columns tiles share; then, dealt into tiles, columns. */
CK_INLINE void ck_transform_points(const ck_winograd_input *t, const int rowPoints, const int points) {
  float values[CK_WINOGRAD_MOST_ROW_POINTS * CK_UNIT_COLUMNS] __attribute__((aligned(64)));
  /* What the last tile of each run reads beyond it, where the columns of the next run stand; and which tiles these are. */
  float beyond[CK_WINOGRAD_MOST_ROW_POINTS][2][CK_WINOGRAD_MOST_TILES] __attribute__((aligned(64)));
  int isLast[CK_WINOGRAD_MOST_TILES] __attribute__((aligned(64))) = {};
  const int hasRuns = t->runCount > 1;
  /* What stores might change, for all the compiler knows. */
  const size_t tiles = t->tiles, pointStride = t->pointStride, pairStride = t->pairStride;
  for (size_t i = 0; hasRuns && i < t->runCount; i++) isLast[t->runs[i].firstTile + t->runs[i].tiles - 1] = -1;
  for (size_t channel = 0; channel < t->channels; channel++) {
    for (size_t i = 0; i < t->runCount; i++) {
      const ck_winograd_run *const run = t->runs + i;
      ck_run_to_row_points(t, run, t->rowOffsets + i * (size_t)rowPoints, t->input + (ptrdiff_t)channel * t->channelStride,
                           values + 4 * run->firstTile, rowPoints, points);
      const size_t end = run->firstTile + run->tiles;
      for (int row = 0; hasRuns && row < rowPoints; row++)
        for (int column = 0; column < points - 4; column++)
          beyond[row][column][end - 1] = values[(size_t)row * CK_UNIT_COLUMNS + 4 * end + (size_t)column];
    }
    float *const transformed = t->transformed + channel * t->channelStep;
    for (size_t tile = 0; tile < tiles; tile += CK_LANES) {
      float *target = transformed + tile / CK_PAIR * pairStride + tile % CK_PAIR;
      CK_UNROLL for (int row = 0; row < rowPoints; row++) {
        const float *const columns = values + row * CK_UNIT_COLUMNS + 4 * tile;
        ck_vector streams[CK_WINOGRAD_MOST_POINTS], atPoints[CK_WINOGRAD_MOST_POINTS];
        ck_deal(columns, streams);
        CK_UNROLL for (int column = 4; column < points; column++) { /* those of the next tile */
          const ck_vector next = ck_load(columns + 4 * CK_LANES + column - 4);
          streams[column] = __builtin_shufflevector(streams[column - 4], next, CK_AFTER);
          if (hasRuns) {
            const ck_integers last = *(const ck_integers *)(isLast + tile);
            const ck_integers end = (ck_integers)ck_load(beyond[row][column - 4] + tile);
            streams[column] = (ck_vector)(((ck_integers)streams[column] & ~last) | (end & last));
          }
        }
        ck_to_points(streams, atPoints, points);
        CK_UNROLL for (int column = 0; column < points; column++, target += pointStride) ck_store(target, atPoints[column]);
      }
    }
  }
}

static void ck_winograd_transform(const ck_winograd_input *t) {
  if (t->taps == 2) ck_transform_points(t, 5, 5);
  else if (t->tileRows == 4) ck_transform_points(t, 6, 6);
  else ck_transform_points(t, 8, 6);
}

/* The sums over all channels at one point, of some outputs and pairs of vectors of tiles, in registers; the last three arguments
 * are constants at every call. */
CK_INLINE void ck_point_tile(const ck_winograd_products *p, const float *samples, const float *weights, float *products,
                             const int outputs, const int pairs, const int vectors) {
  const size_t pairStride = p->pairStride, channelStep = p->channelStep;
  ck_vector sums[2][CK_OUTPUT_BLOCK][CK_MOST_VECTORS];
  CK_UNROLL for (int pair = 0; pair < pairs; pair++) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[pair][o][v] = ck_broadcast(0);
    }
  }
  _Pragma("clang loop unroll_count(4)") for (size_t channel = 0; channel < p->channels; channel++) {
    CK_UNROLL for (int pair = 0; pair < pairs; pair++)
      ck_multiply(sums[pair], weights, samples + (size_t)pair * pairStride, outputs, vectors);
    samples += channelStep;
    weights += outputs;
  }
  CK_UNROLL for (int pair = 0; pair < pairs; pair++) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++)
        ck_store(products + (size_t)o * p->tiles + pair * CK_PAIR + v * CK_LANES, sums[pair][o][v]);
    }
  }
}

/* Cache lines that are fetched at once, at most. */
#define CK_MOST_FETCHED 16

/* The sums of a block of outputs at one point. Each tile fetches its share of the next block's weights. */
#define CK_BLOCK(outputs, most) \
  static void ck_point_block_of_##outputs(const ck_winograd_products *p, const float *samples, const float *weights, \
                                          float *products) { \
    const ck_winograd_products own = *p; /* stores might change what is not local, for all the compiler knows */ \
    enum { pairs = most < 4 ? 1 : 2, span = pairs * CK_PAIR }; \
    const size_t count = own.channels * outputs, share = count / 16 / (own.tiles / span + 1) + 1; \
    const size_t lines = share < CK_MOST_FETCHED ? share : CK_MOST_FETCHED; \
    const float *fetched = weights + count; \
    size_t tile = 0; \
    for (; tile + span <= own.tiles; tile += span, samples += pairs * own.pairStride) { \
      for (size_t line = 0; line < lines; line++, fetched += 16) __builtin_prefetch(fetched, 0, 3); \
      ck_point_tile(&own, samples, weights, products + tile, outputs, pairs, 2); \
    } \
    for (; pairs > 1 && tile + CK_PAIR <= own.tiles; tile += CK_PAIR, samples += own.pairStride) \
      ck_point_tile(&own, samples, weights, products + tile, outputs, 1, 2); \
    if (tile < own.tiles) ck_point_tile(&own, samples, weights, products + tile, outputs, 1, 1); \
  }
CK_TILES(CK_BLOCK)
#undef CK_BLOCK

static void ck_winograd_multiply(const ck_winograd_products *p) {
  const size_t blocks = (p->outputs + CK_OUTPUT_BLOCK - 1) / CK_OUTPUT_BLOCK;
  const size_t fewest = p->outputs / blocks, spare = p->outputs % blocks;
  const float *weights = p->weights;
  for (size_t point = 0; point < p->pointCount; point++) {
    const float *const samples = p->transformed + p->points[point] * p->pointStride;
    float *products = p->products + point * p->productStride;
    for (size_t block = 0, part = 0; block < blocks; block++) {
      /* outputs * (block + 1) / blocks - outputs * block / blocks, without divisions. */
      part += spare;
      const size_t outputs = fewest + (part >= blocks);
      if (part >= blocks) part -= blocks;
      switch (outputs) {
#define CK_BLOCK(outputs, most) case outputs: ck_point_block_of_##outputs(p, samples, weights, products); break;
        CK_TILES(CK_BLOCK)
#undef CK_BLOCK
      }
      weights += p->channels * outputs;
      products += p->tiles * outputs;
    }
  }
}

#define CK_MOST_STREAMS (4 * CK_WINOGRAD_MOST_PHASES)

/* Zips the halves of each part of 2 * step vectors. */
CK_INLINE void ck_zip_halves(ck_vector *values, const int count, const int step) {
  ck_vector zipped[CK_MOST_STREAMS];
  CK_UNROLL for (int i = 0; i < count; i++) {
    const int first = i / (2 * step) * 2 * step + i % step;
    if (i / step % 2 == 0) ck_zip(values[first], values[first + step], zipped + i, zipped + i + step);
  }
  CK_UNROLL for (int i = 0; i < count; i++) values[i] = zipped[i];
}

/* Lane i of vector s becomes float i * count + s; `count` is 4, 8 or 16. */
CK_INLINE void ck_zip_all(ck_vector *values, const int count) {
  if (count == 16) ck_zip_halves(values, count, 8);
  if (count >= 8) ck_zip_halves(values, count, 4);
  ck_zip_halves(values, count, 2);
  ck_zip_halves(values, count, 1);
}

/* Where a row of outputs is written. */
typedef struct ck_output_row {
  float *output;         /* column 0 */
  const float *residual; /* column 0, or NULL */
  ptrdiff_t start, stop; /* the columns that are written */
  float bias;
  size_t index; /* of the output */
  int streams;
} ck_output_row;

/* Sums that stand in `line`, which this changes, from `column` on. */
static void ck_write_line(const ck_winograd_output *w, const ck_output_row *r, ptrdiff_t column, float *line, size_t count) {
  const ptrdiff_t from = column < r->start ? r->start : column;
  const ptrdiff_t to = column + (ptrdiff_t)count > r->stop ? r->stop : column + (ptrdiff_t)count;
  if (to <= from) return;
  ck_finish_line(w->epilogue, r->index, line + (from - column), r->residual ? r->residual + from : NULL, r->output + from,
                 (size_t)(to - from), w->streams);
}

/* A vector of sums that stand at `column` and after it. */
CK_INLINE void ck_write(const ck_winograd_output *w, const ck_output_row *r, ptrdiff_t column, ck_vector sums) {
  ck_vector value = sums + r->bias;
  if (column >= r->start && column + CK_LANES <= r->stop) {
    if (w->epilogue) value = ck_finished(w->epilogue, r->index, value, r->residual ? r->residual + column : NULL);
    if (r->streams) ck_store_past_caches(r->output + column, value);
    else ck_store(r->output + column, value);
    return;
  }
  float line[2 * CK_LANES];
  ck_store(line, value);
  ck_write_line(w, r, column, line, CK_LANES);
}

/* A vector of tiles, of `count` columns each, in the order of the columns. */
CK_INLINE void ck_columns_of_tiles(const float *streams, float bias, ck_vector *values, const int count) {
  CK_UNROLL for (int s = 0; s < count; s++) values[s] = ck_load(streams + s * CK_WINOGRAD_MOST_TILES);
  ck_zip_all(values, count);
  CK_UNROLL for (int s = 0; s < count; s++) values[s] += bias;
}

/* Whole vectors of tiles of a row, finished in registers; returns the tiles that are done. */
CK_INLINE size_t ck_write_whole_vectors(float *output, const float *streams, size_t tiles, float bias, float slope,
                                        const int isFraction, const int count) {
  size_t tile = 0;
  for (; tile + CK_LANES <= tiles; tile += CK_LANES) {
    ck_vector values[CK_MOST_STREAMS];
    ck_columns_of_tiles(streams + tile, bias, values, count);
    CK_UNROLL for (int s = 0; s < count; s++, output += CK_LANES)
      ck_store(output, ck_finished_by_slope(slope, isFraction, values[s]));
  }
  return tile;
}

/* One row of the tiles of a run, whose columns stand in `streams`. */
CK_INLINE void ck_write_run(const ck_winograd_output *w, const ck_output_row *r, const ck_winograd_run *run,
                            const float *streams, const int count) {
  const ptrdiff_t column = run->firstColumn, end = column + (ptrdiff_t)run->tiles * count;
  ck_vector values[CK_MOST_STREAMS];
  size_t tile = 0;
  if (!w->streams && ck_is_finished_by_slope(w->epilogue) && column >= r->start && end <= r->stop) {
    const float slope = ck_slope_of(w->epilogue, r->index);
    float *const output = r->output + column;
    tile = ck_is_fraction(slope) ? ck_write_whole_vectors(output, streams, run->tiles, r->bias, slope, 1, count)
                                 : ck_write_whole_vectors(output, streams, run->tiles, r->bias, slope, 0, count);
  }
  float line[CK_MOST_STREAMS * CK_WINOGRAD_MOST_TILES + CK_LANES] __attribute__((aligned(64))), *next = line;
  const ptrdiff_t begin = column + (ptrdiff_t)tile * count;
  for (; tile < run->tiles; tile += CK_LANES) {
    ck_columns_of_tiles(streams + tile, r->bias, values, count);
    CK_UNROLL for (int s = 0; s < count; s++, next += CK_LANES) ck_store(next, values[s]);
  }
  ck_write_line(w, r, begin, line, (size_t)(end - begin));
}

/* As ck_write_run, for numbers of phases that are no power of two. */
static void ck_write_columns(const ck_winograd_output *w, const ck_output_row *r, const ck_winograd_run *run,
                             const float *streams) {
  float line[CK_MOST_STREAMS * CK_WINOGRAD_MOST_TILES + CK_LANES];
  const size_t width = 4 * w->phases, count = run->tiles * width;
  ck_interleave(streams, CK_WINOGRAD_MOST_TILES, width, count, line);
  for (size_t i = 0; i < count; i++) line[i] += r->bias;
  ck_write_line(w, r, run->firstColumn, line, count);
}

/* Writes the rows of one output whose columns stand in `streams`[row][column of the tile][tile]. */
static void ck_write_tiles(const ck_winograd_output *w, size_t output, const float *streams) {
  ck_output_row r = {
      .start = w->firstWritten, .stop = w->endWritten, .bias = w->bias ? w->bias[output] : 0, .index = output};
  for (size_t i = 0; i < w->runCount; i++) {
    const ck_winograd_run *const run = w->runs + i;
    for (size_t row = 0; row < w->tileRows; row++) {
      const ptrdiff_t offset = w->rowOffsets[i * w->tileRows + row];
      if (offset == CK_NOWHERE) continue;
      r.output = w->output + (ptrdiff_t)output * w->outputStride + offset;
      r.residual = w->epilogue ? w->epilogue->residual : NULL;
      if (r.residual)
        r.residual += (ptrdiff_t)output * w->residualStride + w->residualOffsets[i * w->tileRows + row];
      if (!w->streams) { /* of the next output */
        for (size_t x = 0; x < run->tiles * 4 * w->phases; x += 16)
          __builtin_prefetch(r.output + w->outputStride + run->firstColumn + (ptrdiff_t)x, 1, 2);
      }
      const float *const source = streams + row * CK_MOST_STREAMS * CK_WINOGRAD_MOST_TILES + run->firstTile;
      if (w->phases == 1) ck_write_run(w, &r, run, source, 4);
      else if (w->phases == 2) ck_write_run(w, &r, run, source, 8);
      else if (w->phases == 4) ck_write_run(w, &r, run, source, 16);
      else ck_write_columns(w, &r, run, source);
    }
  }
}

/* The outputs of the tiles of one vector, of one phase, from products at the points. */
CK_INLINE void ck_tile_outputs(const float *const *products, size_t first,
                               ck_vector outputs[CK_WINOGRAD_MOST_ROWS][CK_WINOGRAD_TILE], ck_vector *check,
                               const int rowPoints, const int points) {
  const int tileRows = rowPoints - points + CK_TILE_OF(points);
  ck_vector rows[CK_WINOGRAD_MOST_ROWS][CK_WINOGRAD_MOST_POINTS];
  CK_UNROLL for (int column = 0; column < points; column++) {
    ck_vector values[CK_WINOGRAD_MOST_ROW_POINTS], sums[CK_WINOGRAD_MOST_ROWS];
    CK_UNROLL for (int row = 0; row < rowPoints; row++) values[row] = ck_load(products[row * points + column] + first);
    ck_rows_from_points_of(values, sums, rowPoints);
    CK_UNROLL for (int row = 0; row < tileRows; row++) rows[row][column] = sums[row];
  }
  CK_UNROLL for (int row = 0; row < tileRows; row++) {
    ck_from_points(rows[row], outputs[row], points);
    *check = ck_checked(outputs[row], CK_TILE_OF(points), *check);
  }
}

CK_INLINE void ck_finish_points(const ck_winograd_output *w, const int rowPoints, const int points) {
  const int tileRows = rowPoints - points + CK_TILE_OF(points);
  float streams[CK_WINOGRAD_MOST_ROWS * CK_MOST_STREAMS * CK_WINOGRAD_MOST_TILES + CK_LANES] __attribute__((aligned(64)));
  for (size_t o = 0; o < w->outputs; o++) {
    for (size_t phase = 0; phase < w->phases; phase++) {
      const float *const *products = w->products + phase * (size_t)(rowPoints * points);
      for (size_t tile = 0; tile < w->tiles; tile += CK_LANES) {
        float *const target = streams + phase * CK_WINOGRAD_MOST_TILES + tile;
        ck_vector outputs[CK_WINOGRAD_MOST_ROWS][CK_WINOGRAD_TILE], check = ck_load(w->checks + tile);
        ck_tile_outputs(products, o * w->tiles + tile, outputs, &check, rowPoints, points);
        ck_store(w->checks + tile, check);
        CK_UNROLL for (int row = 0; row < tileRows; row++) {
          CK_UNROLL for (int q = 0; q < CK_WINOGRAD_TILE; q++)
            ck_store(target + ((size_t)(row * CK_MOST_STREAMS) + (size_t)q * w->phases) * CK_WINOGRAD_MOST_TILES,
                     outputs[row][q]);
        }
      }
    }
    ck_write_tiles(w, o, streams);
  }
}

static void ck_winograd_finish(const ck_winograd_output *w) {
  if (w->taps == 2) ck_finish_points(w, 5, 5);
  else if (w->tileRows == 4) ck_finish_points(w, 6, 6);
  else ck_finish_points(w, 8, 6);
  if (w->streams) ck_fence();
}
