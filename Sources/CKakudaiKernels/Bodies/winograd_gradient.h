/* The kernels of ck_winograd_gradient.h; needs winograd.h, resampling.h, CK_GRADIENT_LEFTS and CK_GRADIENT_RIGHTS. */

/* The rows first ... end and columns left ... right of a block of channels, channels as lanes: [row][column][lane]. */
CK_INLINE void ck_channels_to_lanes(const ck_tile_samples *s, size_t channel, const ptrdiff_t box[4]) {
  const ptrdiff_t width = box[3] - box[2];
  const int isWhole = width == s->width; /* rows follow each other */
  const ptrdiff_t runs = isWhole ? 1 : box[1] - box[0], count = isWhole ? width * (box[1] - box[0]) : width;
  const size_t present = s->channels - channel < CK_LANES ? s->channels - channel : CK_LANES;
  for (ptrdiff_t run = 0; run < runs; run++) {
    const float *const source = s->input + (ptrdiff_t)channel * s->channelStride + (box[0] + run) * s->width + box[2];
    float *const target = s->scratch + run * width * CK_LANES;
    for (ptrdiff_t x = 0; x < count; x += CK_LANES) {
      ck_vector rows[CK_LANES];
      if (present == CK_LANES) {
        CK_UNROLL for (int i = 0; i < CK_LANES; i++) rows[i] = ck_load(source + i * s->channelStride + x);
      } else {
        CK_UNROLL for (int i = 0; i < CK_LANES; i++)
          rows[i] = (size_t)i < present ? ck_load(source + i * s->channelStride + x) : ck_broadcast(0);
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

CK_INLINE void ck_samples_to_points(const ck_vector *samples, ck_vector *values, const int points, const int isCoarse) {
  if (isCoarse) ck_spread_to_points(samples, values, points);
  else ck_to_points(samples, values, points);
}

CK_INLINE void ck_tiles_to_points(const ck_tile_samples *s, size_t phase, const ptrdiff_t box[4], float *target,
                                  const int points, const int isCoarse) {
  static const float zeros[CK_LANES];
  const int size = isCoarse ? CK_WINOGRAD_TILE : points;
  const ptrdiff_t width = box[3] - box[2];
  const float *rows[CK_WINOGRAD_MOST_POINTS];
  for (int r = 0; r < size; r++) {
    const ptrdiff_t y = s->firstRows[phase] + r * s->stride;
    rows[r] = y >= 0 && y < s->height ? s->scratch + (y - box[0]) * width * CK_LANES : NULL;
  }
  for (size_t tile = 0; tile < s->tiles; tile++, target += CK_LANES) {
    ck_vector transformed[CK_WINOGRAD_MOST_POINTS][CK_WINOGRAD_MOST_POINTS];
    CK_UNROLL for (int c = 0; c < size; c++) {
      const ptrdiff_t x = s->firstColumns[phase] + ((ptrdiff_t)tile * CK_WINOGRAD_TILE + c) * s->stride;
      const int isInside = x >= 0 && x < s->width;
      ck_vector samples[CK_WINOGRAD_MOST_POINTS], values[CK_WINOGRAD_MOST_POINTS];
      CK_UNROLL for (int r = 0; r < size; r++)
        samples[r] = ck_load(isInside && rows[r] ? rows[r] + (x - box[2]) * CK_LANES : zeros);
      ck_samples_to_points(samples, values, points, isCoarse);
      CK_UNROLL for (int r = 0; r < points; r++) transformed[r][c] = values[r];
    }
    CK_UNROLL for (int r = 0; r < points; r++) {
      ck_vector values[CK_WINOGRAD_MOST_POINTS];
      ck_samples_to_points(transformed[r], values, points, isCoarse);
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

static void ck_transform_tiles(const ck_tile_samples *s) {
  const ptrdiff_t size = s->isCoarse ? CK_WINOGRAD_TILE : (ptrdiff_t)s->taps + 3;
  ptrdiff_t box[4];
  ck_touched(s->firstRows, s->phases, (size - 1) * s->stride, s->height, box);
  ck_touched(s->firstColumns, s->phases, (((ptrdiff_t)s->tiles - 1) * CK_WINOGRAD_TILE + size - 1) * s->stride, s->width,
             box + 2);
  float *target = s->points;
  for (size_t channel = 0; channel < s->channels; channel += CK_LANES, target += s->blockStride) {
    ck_channels_to_lanes(s, channel, box);
    for (size_t phase = 0; phase < s->phases; phase++) {
      float *const own = target + phase * s->phaseStride;
      if (s->taps == 3 && s->isCoarse) ck_tiles_to_points(s, phase, box, own, 6, 1);
      else if (s->taps == 3) ck_tiles_to_points(s, phase, box, own, 6, 0);
      else if (s->isCoarse) ck_tiles_to_points(s, phase, box, own, 5, 1);
      else ck_tiles_to_points(s, phase, box, own, 5, 0);
    }
  }
}

CK_INLINE void ck_multiply_tiles(const ck_tile_products *p, size_t left, size_t right, const int rights) {
  const size_t lefts = p->leftBlocks * CK_LANES;
  const float *weights = p->left + left / CK_LANES * p->blockStride + left % CK_LANES;
  const float *values = p->right + right * p->blockStride;
  float *const target = p->sums + (right * lefts + left) * CK_LANES;
  ck_vector sums[CK_GRADIENT_LEFTS][CK_GRADIENT_RIGHTS];
  CK_UNROLL for (int i = 0; i < CK_GRADIENT_LEFTS; i++) {
    CK_UNROLL for (int j = 0; j < rights; j++)
      sums[i][j] = p->continues ? ck_load(target + ((size_t)j * lefts + (size_t)i) * CK_LANES) : ck_broadcast(0);
  }
  for (size_t tile = 0; tile < p->tiles; tile++, weights += CK_LANES, values += CK_LANES) {
    ck_vector row[CK_GRADIENT_RIGHTS];
    CK_UNROLL for (int j = 0; j < rights; j++) row[j] = ck_load(values + (size_t)j * p->blockStride);
    CK_UNROLL for (int i = 0; i < CK_GRADIENT_LEFTS; i++) {
      const ck_vector weight = ck_broadcast(weights[i]);
      CK_UNROLL for (int j = 0; j < rights; j++) sums[i][j] = ck_multiply_add(weight, row[j], sums[i][j]);
    }
  }
  CK_UNROLL for (int i = 0; i < CK_GRADIENT_LEFTS; i++) {
    CK_UNROLL for (int j = 0; j < rights; j++) ck_store(target + ((size_t)j * lefts + (size_t)i) * CK_LANES, sums[i][j]);
  }
}

static void ck_sum_tile_products(const ck_tile_products *p) {
  for (size_t right = 0; right < p->rightBlocks;) {
    const size_t left = p->rightBlocks - right;
    /* Two pairs keep the registers busier than three and one. */
    const size_t rights = left == 4 && CK_GRADIENT_RIGHTS == 3 ? 2 : left < CK_GRADIENT_RIGHTS ? left : CK_GRADIENT_RIGHTS;
    for (size_t o = 0; o < p->leftBlocks * CK_LANES; o += CK_GRADIENT_LEFTS) {
      switch (rights) {
      case 1: ck_multiply_tiles(p, o, right, 1); break;
      case 2: ck_multiply_tiles(p, o, right, 2); break;
      default: ck_multiply_tiles(p, o, right, 3);
      }
    }
    right += rights;
  }
}

CK_INLINE void ck_finish_tile_sums(ck_tile_sums *s, const int taps) {
  const size_t points = (size_t)taps + 3;
  double matrix[CK_WINOGRAD_MOST_ROW_POINTS][3];
  ck_weight_transform((size_t)taps, (int)points, matrix);
  ck_vector check = ck_broadcast(0);
  for (size_t o = 0; o < s->lefts; o++) {
    ck_vector rows[3][CK_WINOGRAD_MOST_POINTS];
    for (size_t column = 0; column < s->columnPoints; column++) {
      const float *const sums = s->sums + column * s->pointStride + o * CK_LANES;
      CK_UNROLL for (int tap = 0; tap < taps; tap++) {
        ck_vector value = ck_broadcast(0);
        for (size_t row = 0; row < s->rowPoints; row++)
          value = ck_multiply_add((float)matrix[row][tap], ck_load(sums + row * points * s->pointStride), value);
        rows[tap][column] = value;
      }
    }
    CK_UNROLL for (int row = 0; row < taps; row++) {
      CK_UNROLL for (int tap = 0; tap < taps; tap++) {
        const ptrdiff_t offset = s->offsets[row * taps + tap];
        if (offset == CK_NOWHERE) continue;
        ck_vector value = ck_broadcast(0);
        for (size_t column = 0; column < s->columnPoints; column++)
          value = ck_multiply_add((float)matrix[column][tap], rows[row][column], value);
        check = ck_multiply_add(value, ck_broadcast(0), check);
        float lanes[CK_LANES];
        ck_store(lanes, value);
        float *const target = s->gradient + (ptrdiff_t)o * s->leftStride + offset;
        for (size_t lane = 0; lane < s->rights; lane++) target[(ptrdiff_t)lane * s->rightStride] = lanes[lane];
      }
    }
  }
  s->check += ck_total(check);
}

static void ck_finish_tiles(ck_tile_sums *s) {
  if (s->taps == 3) ck_finish_tile_sums(s, 3);
  else ck_finish_tile_sums(s, 2);
}

#define CK_WINOGRAD_GRADIENT \
  {.transform = ck_transform_tiles, .multiply = ck_sum_tile_products, .finish = ck_finish_tiles}
