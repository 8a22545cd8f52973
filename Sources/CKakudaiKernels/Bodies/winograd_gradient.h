/* The kernels of ck_winograd_gradient.h; needs winograd.h, resampling.h, CK_GRADIENT_LEFTS and CK_GRADIENT_RIGHTS. */

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

/* The gradients of one left channel and a block of right ones, in one phase: target[offset][lane]. */
CK_INLINE void ck_finish_phase(const ck_tile_sums *s, const double matrix[CK_WINOGRAD_MOST_ROW_POINTS][3], size_t phase,
                               size_t left, float *target, ck_vector *check, const int taps) {
  const size_t points = (size_t)taps + 3;
  const float *const own = s->sums + phase * s->phaseStride + left * CK_LANES;
  const ptrdiff_t *const offsets = s->offsets + phase * (size_t)(taps * taps);
  ck_vector rows[3][CK_WINOGRAD_MOST_POINTS];
  for (size_t column = 0; column < s->columnPoints[phase]; column++) {
    const float *const sums = own + column * s->pointStride;
    for (size_t row = 0; row < s->rowPoints[phase]; row++)
      ck_prefetch(sums + row * points * s->pointStride + CK_FINISHED_TOGETHER * CK_LANES / 2);
    CK_UNROLL for (int tap = 0; tap < taps; tap++) {
      ck_vector value = ck_broadcast(0);
      for (size_t row = 0; row < s->rowPoints[phase]; row++)
        value = ck_multiply_add((float)matrix[row][tap], ck_load(sums + row * points * s->pointStride), value);
      rows[tap][column] = value;
    }
  }
  CK_UNROLL for (int row = 0; row < taps; row++) {
    CK_UNROLL for (int tap = 0; tap < taps; tap++) {
      const ptrdiff_t offset = offsets[row * taps + tap];
      if (offset == CK_NOWHERE) continue;
      ck_vector value = ck_broadcast(0);
      for (size_t column = 0; column < s->columnPoints[phase]; column++)
        value = ck_multiply_add((float)matrix[column][tap], rows[row][column], value);
      *check = ck_multiply_add(value, ck_broadcast(0), *check);
      ck_store(target + offset * CK_LANES, value);
    }
  }
}

/* The gradients of one left channel, [offset][lane], in the order of the weights. */
CK_INLINE void ck_write_kernels(const ck_tile_sums *s, const float *gradients, float *target) {
  for (size_t first = 0; first < s->area; first += CK_LANES) {
    ck_vector kernels[CK_LANES];
    CK_UNROLL for (int i = 0; i < CK_LANES; i++) kernels[i] = ck_load(gradients + (first + (size_t)i) * CK_LANES);
    ck_transpose(kernels);
    for (size_t lane = 0; lane < s->rights; lane++) {
      if (s->area - first >= CK_LANES) ck_store(target + lane * s->area + first, kernels[lane]);
      else memcpy(target + lane * s->area + first, kernels + lane, (s->area - first) * 4);
    }
  }
}

CK_INLINE void ck_finish_tile_sums(ck_tile_sums *s, const int taps) {
  double matrix[CK_WINOGRAD_MOST_ROW_POINTS][3];
  ck_weight_transform((size_t)taps, taps + 3, matrix);
  ck_vector check = ck_broadcast(0);
  for (size_t left = 0; left < s->lefts; left += CK_FINISHED_TOGETHER) {
    const size_t end = left + CK_FINISHED_TOGETHER < s->lefts ? left + CK_FINISHED_TOGETHER : s->lefts;
    for (size_t phase = 0; phase < s->phases; phase++) {
      for (size_t o = left; o < end; o++)
        ck_finish_phase(s, matrix, phase, o, s->scratch + (o - left) * s->area * CK_LANES, &check, taps);
    }
    for (size_t o = left; o < end; o++)
      ck_write_kernels(s, s->scratch + (o - left) * s->area * CK_LANES, s->gradient + (ptrdiff_t)o * s->leftStride);
  }
  s->check += ck_total(check);
}

static void ck_finish_tiles(ck_tile_sums *s) {
  if (s->taps == 3) ck_finish_tile_sums(s, 3);
  else ck_finish_tile_sums(s, 2);
}

#define CK_WINOGRAD_GRADIENT \
  {.multiply = ck_sum_tile_products, .finish = ck_finish_tiles}
