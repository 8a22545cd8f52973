#include "CKakudaiImages.h"

#include <vips/vips.h>

int ki_start(void) { return vips_init("kakudai"); }
