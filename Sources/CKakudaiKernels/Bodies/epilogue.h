/* What happens to finished sums before they are stored; see ck_epilogue. */

/* The arrays below and those of tiles are as large as the largest tile needs: the optimiser keeps the part that is used in
 * registers, which it does only for arrays of constant size. */
#define CK_MOST_VECTORS 8

/* Vectors of a row that are finished together: hinges are then loaded once for all of them. */
#define CK_FINISHED_VECTORS 4

CK_INLINE ck_vector ck_sloped(float slope, ck_vector sums) { return sums > ck_broadcast(0) ? sums : slope * sums; }

/* Slopes of which ck_sloped is the larger of both, which needs no comparison; 0 is none of them, as it makes NaN of infinity. */
CK_INLINE int ck_is_fraction(float slope) { return slope > 0 && slope <= 1; }
CK_INLINE ck_vector ck_sloped_by_fraction(float slope, ck_vector sums) {
  const ck_vector sloped = slope * sums;
  return sloped > sums ? sloped : sums;
}

/* Hinge `i` of the activation, from 1 on; `vectors` is a constant at every call. */
CK_INLINE void ck_add_hinge(const float *activation, int i, const ck_vector *sums, ck_vector *results, const int vectors) {
  const ck_vector place = ck_broadcast(activation[2 * i]), height = ck_broadcast(activation[2 * i + 1]);
  CK_UNROLL for (int v = 0; v < vectors; v++)
    results[v] = ck_multiply_add(height, sums[v] > place ? sums[v] : place, results[v]);
}

/* As many hinges as the built-in networks have are added without a loop. */
#define CK_UNROLLED_HINGES 8

/* Several vectors of one output, whose activation stands as in ck_epilogue; `vectors` is a constant at every call. */
CK_INLINE void ck_activate(const float *activation, int hinges, ck_vector *sums, const int vectors) {
  ck_vector results[CK_MOST_VECTORS];
  CK_UNROLL for (int v = 0; v < vectors; v++) {
    results[v] = ck_sloped(activation[0], sums[v]);
    if (hinges > 0) results[v] += activation[1];
  }
  if (hinges == CK_UNROLLED_HINGES) {
    CK_UNROLL for (int i = 1; i <= CK_UNROLLED_HINGES; i++) ck_add_hinge(activation, i, sums, results, vectors);
  } else {
    for (int i = 1; i <= hinges; i++) ck_add_hinge(activation, i, sums, results, vectors);
  }
  CK_UNROLL for (int v = 0; v < vectors; v++) sums[v] = results[v];
}

CK_INLINE ck_vector ck_activated(const float *activation, int hinges, ck_vector sums) {
  ck_activate(activation, hinges, &sums, 1);
  return sums;
}

CK_INLINE ck_vector ck_limited(const ck_epilogue *e, ck_vector sums) {
  const ck_vector low = ck_broadcast(e->low), high = ck_broadcast(e->high);
  sums = sums <= low ? low : sums; /* these comparisons let NaN pass */
  return sums > high ? high : sums;
}

/* Several vectors of sums of one output; `residual` is added where there is one. */
CK_INLINE void ck_finish_vectors(const ck_epilogue *e, size_t output, ck_vector *sums, const float *residual,
                                 const int vectors) {
  if (residual && !e->addsAfter) {
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[v] += ck_load(residual + v * CK_LANES);
  }
  if (e->activations) {
    ck_activate(e->activations + output * ck_activation_size(e->hinges), e->hinges, sums, vectors);
  }
  if (e->clamps) {
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[v] = ck_limited(e, sums[v]);
  }
  if (residual && e->addsAfter) {
    CK_UNROLL for (int v = 0; v < vectors; v++) sums[v] += ck_load(residual + v * CK_LANES);
  }
}

CK_INLINE ck_vector ck_finished(const ck_epilogue *e, size_t output, ck_vector sums, const float *residual) {
  ck_finish_vectors(e, output, &sums, residual, 1);
  return sums;
}

/* The slope of an output whose activation has no hinges. */
CK_INLINE float ck_slope_of(const ck_epilogue *e, size_t output) { return e && e->activations ? e->activations[output] : 1; }

/* Finishes sums of an output that has a slope and nothing else; `isFraction` may be true where the slope is one, and is best a
 * constant. */
CK_INLINE ck_vector ck_finished_by_slope(float slope, const int isFraction, ck_vector sums) {
  return isFraction ? ck_sloped_by_fraction(slope, sums) : ck_sloped(slope, sums);
}

/* Whether sums are finished by ck_finish, as what there is to do would not fit into the registers of a tile. */
CK_INLINE int ck_is_finished_by_rows(const ck_epilogue *e) { return e && (e->residual || e->hinges > 0); }

/* Whether sums are finished by a slope alone, to which no residual is added. */
CK_INLINE int ck_is_finished_by_slope(const ck_epilogue *e) { return !ck_is_finished_by_rows(e) && !(e && e->clamps); }

/* Finishes several vectors of sums of several outputs, unless it is done by rows; `areFractions` may be true where all slopes are. */
#define CK_FINISH_TILE(finishing, slopes, areFractions, sums, outputs, vectors) \
  if (areFractions) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_sloped_by_fraction((slopes)[o], sums[o][v]); \
    } \
  } else if ((finishing)->activations) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_sloped((slopes)[o], sums[o][v]); \
    } \
  } \
  if ((finishing)->clamps) { \
    CK_UNROLL for (int o = 0; o < outputs; o++) { \
      CK_UNROLL for (int v = 0; v < vectors; v++) sums[o][v] = ck_limited(finishing, sums[o][v]); \
    } \
  }

/* Some vectors of sums of one output, from and to memory; `vectors` is a constant at every call. */
CK_INLINE void ck_finish_stored(const ck_epilogue *e, size_t output, const float *sums, const float *residual, float *target,
                                const int vectors) {
  ck_vector own[CK_FINISHED_VECTORS];
  CK_UNROLL for (int v = 0; v < vectors; v++) own[v] = ck_load(sums + v * CK_LANES);
  ck_finish_vectors(e, output, own, residual, vectors);
  CK_UNROLL for (int v = 0; v < vectors; v++) ck_store(target + v * CK_LANES, own[v]);
}

static void ck_finish(const ck_epilogue *e, size_t output, const float *sums, const float *residual, float *target,
                      size_t count) {
  size_t i = 0;
#define CK_FINISH(vectors) \
  for (; i + vectors * CK_LANES <= count; i += vectors * CK_LANES) \
    ck_finish_stored(e, output, sums + i, residual ? residual + i : NULL, target + i, vectors);
  CK_FINISH(CK_FINISHED_VECTORS) CK_FINISH(2) CK_FINISH(1)
#undef CK_FINISH
  if (i == count) return;
  const ck_vector last = ck_finished(e, output, ck_load(sums + i), residual ? residual + i : NULL);
  memcpy(target + i, &last, (count - i) * 4);
}
