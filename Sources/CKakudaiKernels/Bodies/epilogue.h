/* What happens to finished sums before they are stored; see ck_epilogue. */

/* A vector of sums of one output; `residual` is added where there is one. */
CK_INLINE ck_vector ck_finished(const ck_epilogue *e, float slope, ck_vector sums, const float *residual) {
  const ck_vector zero = ck_broadcast(0), low = ck_broadcast(e->low), high = ck_broadcast(e->high);
  if (residual && !e->addsAfter) sums += ck_load(residual);
  if (e->slopes) sums = sums > zero ? sums : slope * sums;
  sums = sums <= low ? low : sums; /* these comparisons let NaN pass */
  sums = sums > high ? high : sums;
  if (residual && e->addsAfter) sums += ck_load(residual);
  return sums;
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
