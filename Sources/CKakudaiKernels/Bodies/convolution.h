/* The kernels of ck_convolution.h, written once and compiled for every instruction set.
 * Needs CK_LANES, CK_FUSED, CK_TILES, CK_OUTPUT_BLOCK, CK_PIXEL_BLOCK, CK_PRODUCT_LEFTS and CK_PRODUCT_RIGHTS. */

/* The arrays below are as large as the largest tile needs: the optimiser keeps the part that is used in registers, which it
 * does only for arrays of constant size. */
#define CK_MOST_VECTORS 8
#define CK_UNROLL _Pragma("clang loop unroll(full)")

/* The blocks that `outputs` fall into: as few as possible, their sizes equal or one apart, the larger first. */
CK_INLINE size_t ck_block_count(size_t outputs) { return (outputs + CK_OUTPUT_BLOCK - 1) / CK_OUTPUT_BLOCK; }
CK_INLINE size_t ck_block_size(size_t outputs, size_t block) {
  const size_t count = ck_block_count(outputs);
  return outputs / count + (block < outputs % count);
}

static void ck_pack(const ck_packing *p, float *packed) {
  const ptrdiff_t *offsets = p->outputOffsets;
  for (size_t block = 0; block < ck_block_count(p->outputs); block++) {
    const size_t size = ck_block_size(p->outputs, block);
    for (size_t channel = 0; channel < p->channels; channel++)
      for (size_t tap = 0; tap < p->taps; tap++) {
        const float *source = p->source + (ptrdiff_t)channel * p->channelStride + p->tapOffsets[tap];
        for (size_t output = 0; output < size; output++) *packed++ = source[offsets[output]];
      }
    offsets += size;
  }
}

/* One tile in registers. `outputs` and `vectors` are constants at every call, so that all loops over them unroll. */
CK_INLINE void ck_tile(const ck_correlation *c, const float *input, const float *weights, const float *bias,
                       float *output, ptrdiff_t outputStride, const int outputs, const int vectors) {
  ck_vector sums[CK_OUTPUT_BLOCK][CK_MOST_VECTORS];
  CK_UNROLL for (int o = 0; o < outputs; o++) {
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_broadcast(bias ? bias[o] : 0);
  }
  const ptrdiff_t *const tapOffsets = c->tapOffsets;
  const size_t taps = c->taps;
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
  CK_UNROLL for (int o = 0; o < outputs; o++) {
    CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(output + o * outputStride + v * CK_LANES, sums[o][v]);
  }
}

/* One block of outputs over the whole width: tiles of `most` vectors, then one that is as wide as what is left. */
CK_INLINE void ck_block(const ck_correlation *c, const float *weights, const float *bias, float *output,
                        const int outputs, const int most) {
  float spill[CK_OUTPUT_BLOCK * CK_MOST_VECTORS * CK_LANES];
  for (size_t x = 0; x < c->width; x += most * CK_LANES) {
    const size_t left = c->width - x;
    const size_t vectors = left > (size_t)most * CK_LANES ? (size_t)most : (left + CK_LANES - 1) / CK_LANES;
    const int whole = left >= vectors * CK_LANES;
    float *const target = whole ? output + x : spill;
    const ptrdiff_t stride = whole ? c->outputStride : (ptrdiff_t)most * CK_LANES;
    switch (vectors) {
#define CK_VECTORS(count) \
  case count: \
    if (count <= most) ck_tile(c, c->input + x, weights, bias, target, stride, outputs, count); \
    break;
      CK_VECTORS(1) CK_VECTORS(2) CK_VECTORS(3) CK_VECTORS(4) CK_VECTORS(5) CK_VECTORS(6) CK_VECTORS(7) CK_VECTORS(8)
#undef CK_VECTORS
    }
    if (!whole)
      for (int o = 0; o < outputs; o++) memcpy(output + o * c->outputStride + x, spill + o * stride, left * 4);
  }
}

#define CK_BLOCK(outputs, most) \
  static void ck_block_##outputs(const ck_correlation *c, const float *weights, const float *bias, float *output) { \
    ck_block(c, weights, bias, output, outputs, most); \
  }
CK_TILES(CK_BLOCK)
#undef CK_BLOCK

static void ck_correlate(const ck_correlation *c) {
  const float *weights = c->weights, *bias = c->bias;
  float *output = c->output;
  for (size_t block = 0; block < ck_block_count(c->outputs); block++) {
    const size_t size = ck_block_size(c->outputs, block);
    switch (size) {
#define CK_BLOCK(outputs, most) \
  case outputs: \
    ck_block_##outputs(c, weights, bias, output); \
    break;
      CK_TILES(CK_BLOCK)
#undef CK_BLOCK
    }
    weights += size * c->channels * c->taps;
    if (bias) bias += size;
    output += (ptrdiff_t)size * c->outputStride;
  }
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

/* The loops below have constant strides at their calls, which lets the compiler turn them into shuffles. */
CK_INLINE void ck_interleave_whole(const float *source, const ptrdiff_t *rowOffsets, const size_t rows,
                                   size_t from, size_t to, float *restrict output) {
  const float *inputs[4];
  CK_UNROLL for (size_t r = 0; r < rows; r++) inputs[r] = source + rowOffsets[r];
  for (size_t i = from; i < to; i++)
    CK_UNROLL for (size_t r = 0; r < rows; r++) output[(i - from) * rows + r] = inputs[r][i];
}

static void ck_interleave(const float *source, const ptrdiff_t *rowOffsets, size_t rows, size_t first, float *output,
                          size_t width) {
  size_t row = first % rows, index = first / rows, i = 0;
  for (; i < width && row != 0; i++, row = (row + 1) % rows) {
    output[i] = source[rowOffsets[row] + (ptrdiff_t)index];
    if (row + 1 == rows) index++;
  }
  const size_t end = index + (width - i) / rows;
  switch (rows) {
  case 1: memcpy(output + i, source + rowOffsets[0] + index, (end - index) * 4); break;
  case 2: ck_interleave_whole(source, rowOffsets, 2, index, end, output + i); break;
  case 3: ck_interleave_whole(source, rowOffsets, 3, index, end, output + i); break;
  case 4: ck_interleave_whole(source, rowOffsets, 4, index, end, output + i); break;
  default:
    for (size_t r = 0; r < rows; r++) {
      const float *input = source + rowOffsets[r];
      for (size_t x = index; x < end; x++) output[i + (x - index) * rows + r] = input[x];
    }
  }
  i += (end - index) * rows;
  for (size_t r = 0; i < width; i++, r++) output[i] = source[rowOffsets[r] + (ptrdiff_t)end];
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
    .correlateProducts = ck_correlate_products, .interleave = ck_interleave, .decimate = ck_decimate \
  }
