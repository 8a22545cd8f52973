#include "CKakudaiKernels.h"

const ck_kernels ck_portable = {.name = "portable", .lanes = 4};
