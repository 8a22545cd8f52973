#include "CKakudaiKernels.h"

#if defined(__x86_64__)
const ck_kernels ck_avx512 = {.name = "avx512", .lanes = 16};
#endif
