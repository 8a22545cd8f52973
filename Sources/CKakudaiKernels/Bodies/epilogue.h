/* What happens to finished sums before they are stored; see ck_epilogue. */

CK_INLINE ck_vector ck_sloped(float slope, ck_vector sums) { return sums > ck_broadcast(0) ? sums : slope * sums; }

CK_INLINE ck_vector ck_limited(const ck_epilogue *e, ck_vector sums) {
  const ck_vector low = ck_broadcast(e->low), high = ck_broadcast(e->high);
  sums = sums <= low ? low : sums; /* these comparisons let NaN pass */
  return sums > high ? high : sums;
}

/* A vector of sums of one output; `residual` is added where there is one. */
CK_INLINE ck_vector ck_finished(const ck_epilogue *e, float slope, ck_vector sums, const float *residual) {
  if (residual && !e->addsAfter) sums += ck_load(residual);
  if (e->slopes) sums = ck_sloped(slope, sums);
  if (e->clamps) sums = ck_limited(e, sums);
  if (residual && e->addsAfter) sums += ck_load(residual);
  return sums;
}

/* The same for several vectors of sums of several outputs, without a residual. */
#define CK_FINISH_TILE(finishing, factors, sums, outputs, vectors) \
  if ((finishing)->slopes) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_sloped((factors)[o], sums[o][v]); \
    } \
  } \
  if ((finishing)->clamps) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_limited(finishing, sums[o][v]); \
    } \
  }

static void ck_finish(const ck_epilogue *e, size_t output, const float *sums, const float *residual, float *target,
                      size_t count) {
  const float slope = e->slopes ? e->slopes[output] : 1;
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES)
    ck_store(target + i, ck_finished(e, slope, ck_load(sums + i), residual ? residual + i : NULL));
  if (i < count) {
    const ck_vector last = ck_finished(e, slope, ck_load(sums + i), residual ? residual + i : NULL);
    memcpy(target + i, &last, (count - i) * 4);
  }
}
