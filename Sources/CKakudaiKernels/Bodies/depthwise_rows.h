/* Convolutions of each channel by itself, 3x3 with stride 1: several rows at once, each of which reads what its neighbours read,
 * so that a sample is loaded three times for nine products of three rows. */

/* One vector of `rows` rows, which is a constant at every call, from the rows + 2 rows that they read. */
CK_INLINE void ck_depthwise_sums(const float *const *inputs, size_t x, const ck_vector *weights, ck_vector bias,
                                 ck_vector *sums, const int rows) {
  CK_UNROLL for (int r = 0; r < rows; r++) sums[r] = bias;
  CK_UNROLL for (int i = 0; i < rows + 2; i++) {
    CK_UNROLL for (int column = 0; column < 3; column++) {
      const ck_vector value = ck_load(inputs[i] + x + column);
      CK_UNROLL for (int r = 0; r < rows; r++) {
        if (i - r >= 0 && i - r < 3) sums[r] = ck_multiply_add(weights[3 * (i - r) + column], value, sums[r]);
      }
    }
  }
}

/* Rows of one channel, from `first` on; `rows` is a constant at every call. */
CK_INLINE void ck_depthwise_rows_of(const ck_depthwise_planes *d, size_t channel, size_t first, const int rows) {
  const float *const input = d->input + (ptrdiff_t)channel * d->inputChannelStride, *inputs[CK_DEPTHWISE_ROWS + 2];
  float *const output = d->output + (ptrdiff_t)channel * d->outputChannelStride, *outputs[CK_DEPTHWISE_ROWS];
  CK_UNROLL for (int i = 0; i < rows + 2; i++) inputs[i] = input + d->inputRows[first + (size_t)i];
  CK_UNROLL for (int r = 0; r < rows; r++) outputs[r] = output + d->outputRows[first + (size_t)r];
  ck_vector weights[9], sums[CK_DEPTHWISE_ROWS];
  CK_UNROLL for (int tap = 0; tap < 9; tap++) weights[tap] = ck_broadcast(d->weights[9 * channel + (size_t)tap]);
  const ck_vector bias = ck_broadcast(d->bias ? d->bias[channel] : 0);
  const ck_epilogue *const e = d->epilogue;
  const size_t width = d->width;
  size_t x = 0;
  if (!e) { /* which would need registers */
    for (; x + CK_LANES <= width; x += CK_LANES) {
      ck_prefetch_rows(inputs, (ptrdiff_t)x, d->inputChannelStride, rows + 2); /* of the next channel */
      ck_depthwise_sums(inputs, x, weights, bias, sums, rows);
      CK_UNROLL for (int r = 0; r < rows; r++) ck_store(outputs[r] + x, sums[r]);
    }
  }
  for (; x < width; x += CK_LANES) {
    ck_depthwise_sums(inputs, x, weights, bias, sums, rows);
    CK_UNROLL for (int r = 0; r < rows; r++) {
      if (e) sums[r] = ck_finished(e, channel, sums[r], NULL);
      if (x + CK_LANES <= width) ck_store(outputs[r] + x, sums[r]);
      else memcpy(outputs[r] + x, &sums[r], (width - x) * 4);
    }
  }
}

/* Functions of their own without any calls, as weights would not stay in registers otherwise. */
#define CK_ROWS(rows) \
  static __attribute__((noinline)) void ck_depthwise_##rows(const ck_depthwise_planes *d, size_t channel, size_t first) { \
    ck_depthwise_rows_of(d, channel, first, rows); \
  }
CK_ROWS(1)
CK_ROWS(2)
#if CK_DEPTHWISE_AT_ONCE > 2
CK_ROWS(3)
CK_ROWS(4)
#endif
#undef CK_ROWS

static void ck_convolve_depthwise(const ck_depthwise_planes *d) {
  for (size_t channel = 0; channel < d->channels; channel++) {
    for (size_t first = 0; first < d->rows; first += CK_DEPTHWISE_AT_ONCE) {
      switch (d->rows - first) {
      case 1: ck_depthwise_1(d, channel, first); break;
#if CK_DEPTHWISE_AT_ONCE > 2
      case 2: ck_depthwise_2(d, channel, first); break;
      case 3: ck_depthwise_3(d, channel, first); break;
      default: ck_depthwise_4(d, channel, first);
#else
      default: ck_depthwise_2(d, channel, first);
#endif
      }
    }
  }
}
