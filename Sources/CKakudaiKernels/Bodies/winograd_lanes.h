/* The kernels of ck_winograd.h whose lanes are planes: images of a batch or, for small maps of many channels and for gradients of
 * weights, channels. Samples are turned once, and then any sample of all of them is one vector, which small pictures need: their
 * rows hold few tiles. Needs winograd.h and resampling.h. */

/* The rows first ... end and columns left ... right of a block of planes: [row][column][lane]. */
CK_INLINE void ck_planes_to_lanes(const ck_lane_samples *s, size_t first, const ptrdiff_t box[4]) {
  const ptrdiff_t width = box[3] - box[2];
  const int isWhole = width == s->width; /* rows follow each other */
  const ptrdiff_t runs = isWhole ? 1 : box[1] - box[0], count = isWhole ? width * (box[1] - box[0]) : width;
  const size_t present = s->planes - first < CK_LANES ? s->planes - first : CK_LANES;
  for (ptrdiff_t run = 0; run < runs; run++) {
    const float *const source = s->input + (ptrdiff_t)first * s->planeStride + (box[0] + run) * s->width + box[2];
    float *const target = s->scratch + run * width * CK_LANES;
    for (ptrdiff_t x = 0; x < count; x += CK_LANES) {
      ck_vector rows[CK_LANES];
      if (present == CK_LANES) {
        CK_UNROLL for (int i = 0; i < CK_LANES; i++) rows[i] = ck_load(source + i * s->planeStride + x);
      } else {
        CK_UNROLL for (int i = 0; i < CK_LANES; i++)
          rows[i] = (size_t)i < present ? ck_load(source + i * s->planeStride + x) : ck_broadcast(0);
      }
      ck_transpose(rows);
      CK_UNROLL for (int i = 0; i < CK_LANES; i++) ck_store(target + (x + i) * CK_LANES, rows[i]);
    }
  }
}

/* Four samples as coefficients of a polynomial, at the points: the transpose of ck_from_points. */
CK_INLINE void ck_spread_to_points(const ck_vector *x, ck_vector *values, const int points) {
  const float a = CK_POINT_A(points), b = CK_POINT_B(points);
  const int zero = points - 5;
  const ck_vector evenA = ck_multiply_add(a * a, x[2], x[0]), oddA = a * ck_multiply_add(a * a, x[3], x[1]);
  const ck_vector evenB = ck_multiply_add(b * b, x[2], x[0]), oddB = b * ck_multiply_add(b * b, x[3], x[1]);
  if (zero) values[0] = x[0];
  values[zero] = evenA + oddA;
  values[zero + 1] = evenA - oddA;
  values[zero + 2] = evenB + oddB;
  values[zero + 3] = evenB - oddB;
  values[zero + 4] = x[3];
}

/* The samples of the tiles of one phase at the points; tiles hold rows x columns samples. */
CK_INLINE void ck_tiles_to_points(const ck_lane_samples *s, size_t phase, const ptrdiff_t box[4], float *target,
                                  const int rowPoints, const int points, const int isCoarse) {
  static const float zeros[CK_LANES];
  const int tileRows = isCoarse ? CK_WINOGRAD_TILE : rowPoints, tileColumns = isCoarse ? CK_WINOGRAD_TILE : points;
  const ptrdiff_t step = CK_TILE_OF(points);
  const ptrdiff_t width = box[3] - box[2];
  const float *rows[CK_WINOGRAD_MOST_ROW_POINTS];
  for (int r = 0; r < tileRows; r++) {
    const ptrdiff_t y = s->firstRows[phase] + r * s->stride;
    rows[r] = y >= 0 && y < s->height ? s->scratch + (y - box[0]) * width * CK_LANES : NULL;
  }
  for (size_t tile = 0; tile < s->tiles; tile++, target += CK_LANES) {
    ck_vector transformed[CK_WINOGRAD_MOST_ROW_POINTS][CK_WINOGRAD_MOST_POINTS];
    CK_UNROLL for (int c = 0; c < tileColumns; c++) {
      const ptrdiff_t x = s->firstColumns[phase] + ((ptrdiff_t)tile * step + c) * s->stride;
      const int isInside = x >= 0 && x < s->width;
      ck_vector samples[CK_WINOGRAD_MOST_ROW_POINTS], values[CK_WINOGRAD_MOST_ROW_POINTS];
      CK_UNROLL for (int r = 0; r < tileRows; r++)
        samples[r] = ck_load(isInside && rows[r] ? rows[r] + (x - box[2]) * CK_LANES : zeros);
      if (isCoarse) ck_spread_to_points(samples, values, points);
      else ck_rows_to_points_of(samples, values, rowPoints);
      CK_UNROLL for (int r = 0; r < rowPoints; r++) transformed[r][c] = values[r];
    }
    CK_UNROLL for (int r = 0; r < rowPoints; r++) {
      ck_vector values[CK_WINOGRAD_MOST_POINTS];
      if (isCoarse) ck_spread_to_points(transformed[r], values, points);
      else ck_to_points(transformed[r], values, points);
      CK_UNROLL for (int c = 0; c < points; c++) ck_store(target + (size_t)(r * points + c) * s->pointStride, values[c]);
    }
  }
}

/* The first and the end of what samples from `firsts` on, `reach` further on, have in common with 0 ..< length. */
CK_INLINE void ck_touched(const ptrdiff_t *firsts, size_t count, ptrdiff_t reach, ptrdiff_t length, ptrdiff_t *range) {
  ptrdiff_t first = firsts[0], last = firsts[0];
  for (size_t i = 1; i < count; i++) {
    first = firsts[i] < first ? firsts[i] : first;
    last = firsts[i] > last ? firsts[i] : last;
  }
  last += reach;
  range[0] = first < 0 ? 0 : first < length ? first : length;
  range[1] = last < range[0] ? range[0] : last + 1 > length ? length : last + 1;
}

static void ck_transform_lanes(const ck_lane_samples *s) {
  const ptrdiff_t step = s->tileRows == CK_WINOGRAD_SMALL_TILE ? CK_WINOGRAD_SMALL_TILE : CK_WINOGRAD_TILE;
  const ptrdiff_t columns = s->isCoarse ? CK_WINOGRAD_TILE : (ptrdiff_t)s->taps + step - 1;
  const ptrdiff_t rows = s->isCoarse ? CK_WINOGRAD_TILE : (ptrdiff_t)(s->taps + s->tileRows) - 1;
  ptrdiff_t box[4];
  ck_touched(s->firstRows, s->phases, (rows - 1) * s->stride, s->height, box);
  ck_touched(s->firstColumns, s->phases, (((ptrdiff_t)s->tiles - 1) * step + columns - 1) * s->stride, s->width, box + 2);
  ck_lane_samples own = *s;
  for (size_t repeat = 0; repeat < s->repeats; repeat++, own.input += s->repeatStride, own.points += s->repeatPoints) {
    for (size_t plane = 0, block = 0; plane < s->planes; plane += CK_LANES, block++) {
      ck_planes_to_lanes(&own, plane, box);
      for (size_t phase = 0; phase < s->phases; phase++) {
        float *const target = own.points + block * s->blockStride + phase * s->phaseStride;
        if (s->isCoarse && s->taps == 3) ck_tiles_to_points(&own, phase, box, target, 6, 6, 1);
        else if (s->isCoarse) ck_tiles_to_points(&own, phase, box, target, 5, 5, 1);
        else if (s->tileRows == CK_WINOGRAD_SMALL_TILE) ck_tiles_to_points(&own, phase, box, target, 3, 3, 0);
        else if (s->taps == 2) ck_tiles_to_points(&own, phase, box, target, 5, 5, 0);
        else if (s->tileRows == 4) ck_tiles_to_points(&own, phase, box, target, 6, 6, 0);
        else ck_tiles_to_points(&own, phase, box, target, 8, 6, 0);
      }
    }
  }
}

/* Writes a row of the tiles of one run, which stands in `sums`[column][image]. */
CK_INLINE void ck_write_lanes(const ck_winograd_output *w, const ck_output_row *first, const ck_winograd_run *run,
                              const float *sums) {
  const ptrdiff_t width = (ptrdiff_t)(run->tiles * 4 * w->phases), end = run->firstColumn + width;
  ck_output_row r = *first;
  r.stop = end < r.stop ? end : r.stop;
  for (ptrdiff_t x = 0; x < width; x += CK_LANES) {
    ck_vector images[CK_LANES];
    CK_UNROLL for (int i = 0; i < CK_LANES; i++) images[i] = ck_load(sums + (x + i) * CK_LANES);
    ck_transpose(images);
    for (size_t image = 0; image < run->images; image++) {
      r.output = first->output + (ptrdiff_t)image * w->imageStride;
      if (first->residual) r.residual = first->residual + (ptrdiff_t)image * w->imageStride;
      r.streams = w->streams && (uintptr_t)(r.output + run->firstColumn) % sizeof(ck_vector) == 0;
      ck_write(w, &r, run->firstColumn + x, images[image]);
    }
  }
}

CK_INLINE void ck_finish_lane_points(const ck_winograd_output *w, const int rowPoints, const int points) {
  const int tileRows = rowPoints - points + CK_WINOGRAD_TILE;
  float sums[(CK_WINOGRAD_MOST_ROWS * CK_MOST_STREAMS * CK_WINOGRAD_MOST_TILES) + CK_LANES * CK_LANES]
      __attribute__((aligned(64)));
  for (size_t o = 0; o < w->outputs; o++) {
    ck_output_row r = {.start = w->firstWritten, .stop = w->endWritten, .bias = w->bias ? w->bias[o] : 0, .index = o};
    for (size_t i = 0; i < w->runCount; i++) {
      const ck_winograd_run *const run = w->runs + i;
      const size_t width = run->tiles * 4 * w->phases;
      for (size_t phase = 0; phase < w->phases; phase++) {
        for (size_t tile = 0; tile < run->tiles; tile++) {
          const size_t first = (run->firstTile + tile) * CK_LANES;
          ck_vector outputs[CK_WINOGRAD_MOST_ROWS][CK_WINOGRAD_TILE], check = ck_load(w->checks + first);
          ck_tile_outputs(w->products + phase * (size_t)(rowPoints * points), o * w->tiles + first, outputs, &check,
                          rowPoints, points);
          ck_store(w->checks + first, check);
          CK_UNROLL for (int row = 0; row < tileRows; row++) {
            CK_UNROLL for (int q = 0; q < CK_WINOGRAD_TILE; q++)
              ck_store(sums + ((size_t)row * width + (tile * 4 + (size_t)q) * w->phases + phase) * CK_LANES,
                       outputs[row][q]);
          }
        }
      }
      for (size_t row = 0; row < w->tileRows; row++) {
        const ptrdiff_t offset = w->rowOffsets[i * w->tileRows + row];
        if (offset == CK_NOWHERE) continue;
        r.output = w->output + (ptrdiff_t)o * w->outputStride + offset;
        r.residual = w->epilogue ? w->epilogue->residual : NULL;
        if (r.residual) r.residual += (ptrdiff_t)o * w->residualStride + w->residualOffsets[i * w->tileRows + row];
        ck_write_lanes(w, &r, run, sums + row * width * CK_LANES);
      }
    }
  }
}

static void ck_finish_lanes(const ck_winograd_output *w) {
  if (w->taps == 2) ck_finish_lane_points(w, 5, 5);
  else if (w->tileRows == 4) ck_finish_lane_points(w, 6, 6);
  else ck_finish_lane_points(w, 8, 6);
  if (w->streams) ck_fence();
}

#include "winograd_channels.h"

#define CK_WINOGRAD \
  { \
    .packTransformed = ck_pack_transformed, .transform = ck_winograd_transform, .multiply = ck_winograd_multiply, \
    .finish = ck_winograd_finish, .transformLanes = ck_transform_lanes, .finishLanes = ck_finish_lanes, \
    .channelVectors = CK_CHANNEL_VECTORS, .multiplyChannels = ck_multiply_channels, .finishChannels = ck_finish_channels, \
    .filterRows = ck_filter_rows \
  }
