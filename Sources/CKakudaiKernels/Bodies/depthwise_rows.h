/* Convolutions of each channel by itself, 3x3 with stride 1: several rows at once, each of which reads what its neighbours read,
 * so that a sample is loaded three times for nine products of three rows. */

/* One vector of `rows` rows of a channel; `rows` is a constant at every call. */
CK_INLINE void ck_depthwise_rows_tile(const ck_depthwise_planes *d, size_t channel, size_t x, size_t lanes,
                                      const ck_vector *weights, ck_vector bias, const int rows) {
  const float *const input = d->input + (ptrdiff_t)channel * d->inputChannelStride + x;
  float *const output = d->output + (ptrdiff_t)channel * d->outputChannelStride + x;
  ck_vector sums[CK_DEPTHWISE_ROWS];
  CK_UNROLL for (int r = 0; r < rows; r++) sums[r] = bias;
  CK_UNROLL for (int i = 0; i < rows + 2; i++) {
    CK_UNROLL for (int column = 0; column < 3; column++) {
      const ck_vector value = ck_load(input + d->inputRows[i] + column);
      CK_UNROLL for (int r = 0; r < rows; r++) {
        if (i - r >= 0 && i - r < 3) sums[r] = ck_multiply_add(weights[3 * (i - r) + column], value, sums[r]);
      }
    }
  }
  CK_UNROLL for (int r = 0; r < rows; r++) {
    if (d->epilogue) sums[r] = ck_finished(d->epilogue, channel, sums[r], NULL);
    float *const target = output + d->outputRows[r];
    if (lanes == CK_LANES) ck_store(target, sums[r]);
    else memcpy(target, &sums[r], lanes * 4);
  }
}

/* A function of its own without any calls, as weights would not stay in registers otherwise. */
#define CK_ROWS(rows) \
  static __attribute__((noinline)) void ck_depthwise_##rows(const ck_depthwise_planes *d, size_t channel) { \
    ck_vector weights[9]; \
    CK_UNROLL for (int tap = 0; tap < 9; tap++) weights[tap] = ck_broadcast(d->weights[9 * channel + (size_t)tap]); \
    const ck_vector bias = ck_broadcast(d->bias ? d->bias[channel] : 0); \
    size_t x = 0; \
    for (; x + CK_LANES <= d->width; x += CK_LANES) ck_depthwise_rows_tile(d, channel, x, CK_LANES, weights, bias, rows); \
    if (x < d->width) ck_depthwise_rows_tile(d, channel, x, d->width - x, weights, bias, rows); \
  }
CK_ROWS(1)
CK_ROWS(2)
CK_ROWS(3)
CK_ROWS(4)
#undef CK_ROWS

static void ck_convolve_depthwise(const ck_depthwise_planes *d) {
  for (size_t channel = 0; channel < d->channels; channel++) {
    switch (d->rows) {
    case 1: ck_depthwise_1(d, channel); break;
    case 2: ck_depthwise_2(d, channel); break;
    case 3: ck_depthwise_3(d, channel); break;
    default: ck_depthwise_4(d, channel);
    }
  }
}
