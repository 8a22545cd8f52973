#include "CKakudaiKernels.h"

#if defined(__x86_64__)
const ck_kernels ck_avx2 = {.name = "avx2", .lanes = 8};
#endif
