/* The kernels of ck_convolution.h, written once and compiled for every instruction set.
 * Needs CK_LANES, CK_FUSED, CK_TILES, CK_OUTPUT_BLOCK, CK_PIXEL_BLOCK, CK_PRODUCT_LEFTS and CK_PRODUCT_RIGHTS. */

/* The arrays below are as large as the largest tile needs: the optimiser keeps the part that is used in registers, which it
 * does only for arrays of constant size. */
#define CK_MOST_VECTORS 8
#define CK_UNROLL _Pragma("clang loop unroll(full)")

static void ck_pack(const ck_packing *p, float *packed) {
  for (size_t channel = 0; channel < p->channels; channel++) {
    const float *source = p->source + (ptrdiff_t)channel * p->channelStride;
    for (size_t tap = 0; tap < p->taps; tap++)
      for (size_t output = 0; output < p->outputs; output++) *packed++ = source[p->offsets[output * p->taps + tap]];
  }
}

/* How a tile is stored. */
typedef struct ck_destination {
  float *rows[CK_OUTPUT_BLOCK];
  int streams;                 /* past the caches, which needs aligned rows */
  const ck_epilogue *epilogue; /* of sums that are finished and stand in the output, or NULL */
} ck_destination;

/* One tile in registers. `outputs` and `vectors` are constants at every call, so that all loops over them unroll. */
CK_INLINE void ck_tile(const ck_correlation *c, const ck_pass *p, size_t x, const ck_destination *d, const int outputs,
                       const int vectors) {
  float *const *const rows = d->rows;
  ck_vector sums[CK_OUTPUT_BLOCK][CK_MOST_VECTORS];
  if (p->continues) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_load(rows[o] + v * CK_LANES);
    }
  } else {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      const ck_vector bias = ck_broadcast(c->bias ? c->bias[p->firstOutput + (size_t)o] : 0);
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = bias;
    }
  }
  const ptrdiff_t *const tapOffsets = p->tapOffsets;
  const size_t taps = p->taps;
  const float *weights = p->weights, *input = c->input + x;
  for (size_t channel = 0; channel < c->channels; channel++, input += c->channelStride)
    for (size_t tap = 0; tap < taps; tap++, weights += outputs) {
      const float *const pixels = input + tapOffsets[tap];
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
  if (d->epilogue) {
    const ck_epilogue *const e = d->epilogue;
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      const float slope = e->slopes ? e->slopes[o] : 1;
      const float *const residual = e->residual ? e->residual + e->residualOffsets[o] + x : NULL;
      CK_UNROLL for (int v = 0; v < vectors; v++)
        sums[o][v] = ck_finished(e, slope, sums[o][v], residual ? residual + v * CK_LANES : NULL);
    }
  }
  if (d->streams) {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_store_past_caches(rows[o] + v * CK_LANES, sums[o][v]);
    }
  } else {
    CK_UNROLL for (int o = 0; o < outputs; o++) {
      CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(rows[o] + v * CK_LANES, sums[o][v]);
    }
  }
}

/* The widths that tiles have: the next one serves those between. */
#define CK_TILE_WIDTHS(WIDTH) WIDTH(1) WIDTH(2) WIDTH(3) WIDTH(4) WIDTH(5) WIDTH(6) WIDTH(8)

#define CK_BLOCK(outputs, most) \
  static void ck_pass_of_##outputs(const ck_correlation *c, const ck_pass *p, size_t x, const ck_destination *d, \
                                   size_t vectors) { \
    enum { count = outputs, limit = most }; \
    switch (vectors) { CK_TILE_WIDTHS(CK_WIDTH) } \
  }
#define CK_WIDTH(vectors) \
  case vectors: \
    if (vectors <= limit) ck_tile(c, p, x, d, count, vectors); \
    break;
CK_TILES(CK_BLOCK)
#undef CK_WIDTH
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

CK_INLINE void ck_run_pass(const ck_correlation *c, const ck_pass *p, size_t x, const ck_destination *d,
                           size_t vectors) {
  switch (p->outputs) {
#define CK_BLOCK(outputs, most) \
  case outputs: ck_pass_of_##outputs(c, p, x, d, vectors); break;
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
  case 8: ck_interleave_phases(source, distance, 8, count, output); break;
  default: ck_interleave_phases(source, distance, phases, count, output);
  }
}

/* As memcpy, for a target that should not pass through the caches. */
static void ck_copy_past_caches(float *target, const float *source, size_t count) {
  size_t i = 0;
  for (; i < count && (uintptr_t)(target + i) % sizeof(ck_vector) != 0; i++) target[i] = source[i];
  for (; i + CK_LANES <= count; i += CK_LANES) ck_store_past_caches(target + i, ck_load(source + i));
  for (; i < count; i++) target[i] = source[i];
}

/* Writes `count` floats of the outputs of one tile, whose phases stand in scratch, from `first` on. */
CK_INLINE void ck_emit(const ck_correlation *c, size_t first, size_t count, size_t rowLength) {
  float line[4 * CK_MOST_VECTORS * CK_LANES];
  for (size_t o = 0; o < c->outputs; o++) {
    if (c->outputOffsets[o] == CK_NOWHERE) continue;
    const float *const source = c->scratch + o * rowLength;
    const size_t distance = c->outputs * rowLength;
    float *const target = c->output + c->outputOffsets[o] + first;
    float *const interleaved = c->streams && c->phases <= 4 ? line : target;
    ck_interleave(source, distance, c->phases, count, interleaved);
    const ck_epilogue *const e = c->epilogue;
    if (e) {
      const float *const residual = e->residual ? e->residual + e->residualOffsets[o] + first : NULL;
      ck_finish(e, o, interleaved, residual, interleaved, count);
    }
    if (interleaved == line) ck_copy_past_caches(target, line, count);
  }
}

static void ck_correlate(const ck_correlation *c) {
  const size_t positions = (c->width + c->phases - 1) / c->phases;
  const size_t most = ck_tile_vectors(c->outputs), rowLength = most * CK_LANES;
  int isWritten = 1;
  for (size_t o = 0; o < c->outputs; o++) isWritten &= c->outputOffsets[o] != CK_NOWHERE;
  ck_destination destination;
  for (size_t x = 0; x < positions; x += rowLength) {
    const size_t left = positions - x;
    size_t vectors = left >= rowLength ? most : (left + CK_LANES - 1) / CK_LANES;
    vectors += vectors == 7;
    const int isDirect = c->phases == 1 && c->passCount == 1 && isWritten && left >= vectors * CK_LANES;
    for (size_t pass = 0; pass < c->passCount; pass++) {
      const ck_pass *p = c->passes + pass;
      uintptr_t addresses = 0;
      for (size_t o = 0; o < p->outputs; o++) {
        destination.rows[o] = isDirect ? c->output + c->outputOffsets[o] + x
                                       : c->scratch + (p->phase * c->outputs + p->firstOutput + o) * rowLength;
        addresses |= (uintptr_t)destination.rows[o];
      }
      destination.streams = c->streams && isDirect && addresses % sizeof(ck_vector) == 0;
      destination.epilogue = isDirect ? c->epilogue : NULL;
      ck_run_pass(c, p, x, &destination, vectors);
    }
    if (!isDirect) {
      const size_t first = x * c->phases;
      const size_t count = rowLength * c->phases;
      ck_emit(c, first, count < c->width - first ? count : c->width - first, rowLength);
    }
  }
  if (c->streams) ck_fence();
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

static void ck_decimate(const float *source, size_t stride, float *output, size_t width) {
  switch (stride) {
  case 1: memcpy(output, source, width * 4); break;
  case 2: for (size_t i = 0; i < width; i++) output[i] = source[i * 2]; break;
  case 3: for (size_t i = 0; i < width; i++) output[i] = source[i * 3]; break;
  case 4: for (size_t i = 0; i < width; i++) output[i] = source[i * 4]; break;
  default: for (size_t i = 0; i < width; i++) output[i] = source[i * stride];
  }
}

#define CK_CONVOLUTION \
  { \
    .outputBlock = CK_OUTPUT_BLOCK, .pixelBlock = CK_PIXEL_BLOCK, .pack = ck_pack, .correlate = ck_correlate, \
    .finish = ck_finish, .correlateProducts = ck_correlate_products, .decimate = ck_decimate \
  }
