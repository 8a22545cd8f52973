/* Vectors of CK_LANES floats, the same source for every instruction set. */
typedef float ck_vector __attribute__((ext_vector_type(CK_LANES)));
typedef int ck_integers __attribute__((ext_vector_type(CK_LANES)));
typedef float ck_vector_anywhere __attribute__((ext_vector_type(CK_LANES), aligned(4), may_alias));

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

/* Keeps loads after what stands before it; for the instruction sets that need it. */
#ifndef CK_LOAD_NOTHING_EARLY
#define CK_LOAD_NOTHING_EARLY
#endif

/* How many channels ahead of the sums samples are fetched; 0 for the instruction sets that lose by it. */
#ifndef CK_CHANNELS_AHEAD
#define CK_CHANNELS_AHEAD 0
#endif

CK_INLINE ck_vector ck_load(const float *source) { return *(const ck_vector_anywhere *)source; }
CK_INLINE void ck_store(float *target, ck_vector value) { *(ck_vector_anywhere *)target = value; }
/* Brings the cache line into the second-level cache. */
CK_INLINE void ck_prefetch(const float *address) { __builtin_prefetch(address, 0, 2); }
CK_INLINE void ck_prefetch_all(const float *source, size_t count) {
  for (size_t i = 0; i < count; i += 16) ck_prefetch(source + i);
}
/* The columns that stand `ahead` of x ... in some rows, each cache line once where x grows by vectors. */
CK_INLINE void ck_prefetch_rows(const float *const *rows, ptrdiff_t x, ptrdiff_t ahead, const int count) {
  if ((x & 15 & -CK_LANES) != 0) return;
  CK_UNROLL for (int row = 0; row < count; row++) ck_prefetch(rows[row] + ahead + x);
}
/* To an address that is a multiple of the size of a vector; `ck_fence` makes it visible to other threads. */
CK_INLINE void ck_store_past_caches(float *target, ck_vector value) {
  __builtin_nontemporal_store(value, (ck_vector *)target);
}
CK_INLINE void ck_fence(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}
CK_INLINE ck_vector ck_broadcast(float value) { return value; }

/* a * b + c, rounded once where the instruction set can. */
CK_INLINE ck_vector ck_multiply_add(ck_vector a, ck_vector b, ck_vector c) {
#if CK_FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/* All ones in the first `count` lanes, zeros in the others. */
CK_INLINE ck_integers ck_first_lanes(size_t count) {
  ck_integers mask;
  for (int lane = 0; lane < CK_LANES; lane++) mask[lane] = (size_t)lane < count ? -1 : 0;
  return mask;
}

/* Zero in the lanes where the mask is zero, whatever stood there. */
CK_INLINE ck_vector ck_masked(ck_vector value, ck_integers mask) {
  return (ck_vector)((ck_integers)value & mask); /* a cast keeps the bits */
}

/* The sum of all lanes, halving. */
CK_INLINE float ck_total(ck_vector value) {
#if CK_LANES == 16
  const typeof(value.lo) eight = value.lo + value.hi;
  const typeof(eight.lo) four = eight.lo + eight.hi;
#elif CK_LANES == 8
  const typeof(value.lo) four = value.lo + value.hi;
#else
  const ck_vector four = value;
#endif
  const typeof(four.lo) two = four.lo + four.hi;
  return two.x + two.y;
}

/* The lanes of two vectors in turns: the first half of them in `low`, the second in `high`. */
CK_INLINE void ck_zip(ck_vector a, ck_vector b, ck_vector *low, ck_vector *high) {
#if CK_LANES == 16
  *low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  *high = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#elif CK_LANES == 8
  *low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  *high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#else
  *low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  *high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#endif
}

/* Of two vectors, for shuffles. */
#if CK_LANES == 16
#define CK_EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define CK_ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define CK_BEFORE 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
#define CK_AFTER 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#elif CK_LANES == 8
#define CK_EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define CK_ODDS 1, 3, 5, 7, 9, 11, 13, 15
#define CK_BEFORE 7, 8, 9, 10, 11, 12, 13, 14
#define CK_AFTER 1, 2, 3, 4, 5, 6, 7, 8
#else
#define CK_EVENS 0, 2, 4, 6
#define CK_ODDS 1, 3, 5, 7
#define CK_BEFORE 3, 4, 5, 6
#define CK_AFTER 1, 2, 3, 4
#endif
