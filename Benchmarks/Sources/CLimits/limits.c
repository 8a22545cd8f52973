#include "limits.h"

#define CHAINS 24
#define LOOP(name, lanes, attribute) \
  typedef float name##_vector __attribute__((ext_vector_type(lanes))); \
  attribute static double name(long count, float *sink) { \
    name##_vector sums[CHAINS], a = 0.5f, b = 0.25f; \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = (float)i; \
    for (long n = 0; n < count; n += CHAINS) { \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) sums[i] = __builtin_elementwise_fma(sums[i], a, b); \
    } \
    name##_vector total = 0; \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < CHAINS; i++) total += sums[i]; \
    *sink = total[0]; \
    return 2.0 * lanes * (double)count; \
  }

#if defined(__x86_64__)
LOOP(wide, 16, __attribute__((target("avx512f"))))
#undef CHAINS
#define CHAINS 12
LOOP(narrow, 8, __attribute__((target("avx2,fma"))))
double multiply_adds(long count, float *sink) {
  return __builtin_cpu_supports("avx512f") ? wide(count, sink) : narrow(count, sink);
}
#else
LOOP(wide, 4, )
double multiply_adds(long count, float *sink) { return wide(count, sink); }
#endif
