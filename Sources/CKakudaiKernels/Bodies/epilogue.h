/* What happens to finished sums before they are stored; see ck_epilogue. */

CK_INLINE ck_vector ck_sloped(float slope, ck_vector sums) { return sums > ck_broadcast(0) ? sums : slope * sums; }

/* Of one output, whose activation stands as in ck_epilogue. */
CK_INLINE ck_vector ck_activated(const float *activation, int hinges, ck_vector sums) {
  ck_vector result = ck_sloped(activation[0], sums);
  if (hinges > 0) result += activation[1];
  for (int i = 1; i <= hinges; i++) {
    const ck_vector place = ck_broadcast(activation[2 * i]);
    result = ck_multiply_add(ck_broadcast(activation[2 * i + 1]), sums > place ? sums : place, result);
  }
  return result;
}

CK_INLINE ck_vector ck_limited(const ck_epilogue *e, ck_vector sums) {
  const ck_vector low = ck_broadcast(e->low), high = ck_broadcast(e->high);
  sums = sums <= low ? low : sums; /* these comparisons let NaN pass */
  return sums > high ? high : sums;
}

/* A vector of sums of one output; `residual` is added where there is one. */
CK_INLINE ck_vector ck_finished(const ck_epilogue *e, size_t output, ck_vector sums, const float *residual) {
  if (residual && !e->addsAfter) sums += ck_load(residual);
  if (e->activations) sums = ck_activated(e->activations + output * ck_activation_size(e->hinges), e->hinges, sums);
  if (e->clamps) sums = ck_limited(e, sums);
  if (residual && e->addsAfter) sums += ck_load(residual);
  return sums;
}

/* Whether sums are finished by ck_finish, as what there is to do would not fit into the registers of a tile. */
CK_INLINE int ck_is_finished_by_rows(const ck_epilogue *e) { return e && (e->residual || e->hinges > 0); }

/* Finishes several vectors of sums of several outputs, unless it is done by rows. */
#define CK_FINISH_TILE(finishing, slopes, sums, outputs, vectors) \
  if ((finishing)->activations) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_sloped((slopes)[o], sums[o][v]); \
    } \
  } \
  if ((finishing)->clamps) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_limited(finishing, sums[o][v]); \
    } \
  }

static void ck_finish(const ck_epilogue *e, size_t output, const float *sums, const float *residual, float *target,
                      size_t count) {
  size_t i = 0;
  for (; i + CK_LANES <= count; i += CK_LANES)
    ck_store(target + i, ck_finished(e, output, ck_load(sums + i), residual ? residual + i : NULL));
  if (i < count) {
    const ck_vector last = ck_finished(e, output, ck_load(sums + i), residual ? residual + i : NULL);
    memcpy(target + i, &last, (count - i) * 4);
  }
}
