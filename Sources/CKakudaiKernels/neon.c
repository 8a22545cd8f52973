#include "CKakudaiKernels.h"

#if defined(__aarch64__)
const ck_kernels ck_neon = {.name = "neon", .lanes = 4};
#endif
