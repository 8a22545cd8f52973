/* Which tables this machine can run. */
#include "CKakudaiKernels.h"

extern const ck_kernels ck_portable;
#if defined(__x86_64__)
extern const ck_kernels ck_avx2, ck_avx512;
#elif defined(__aarch64__)
extern const ck_kernels ck_neon;
#endif

size_t ck_available(const ck_kernels *const **list) {
#if defined(__x86_64__)
  static const ck_kernels *const all[] = {&ck_portable, &ck_avx2, &ck_avx512};
  size_t count = 1;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    count = 2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) count = 3;
  }
#elif defined(__aarch64__)
  static const ck_kernels *const all[] = {&ck_portable, &ck_neon}; /* every 64-bit ARM has NEON */
  const size_t count = 2;
#else
  static const ck_kernels *const all[] = {&ck_portable};
  const size_t count = 1;
#endif
  *list = all;
  return count;
}
