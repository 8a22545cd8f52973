/* What the reader and the writer share. */
#include "CKakudaiImages.h"

#include <string.h>
#include <vips/vips.h>

struct ki_metadata {
  VipsImage *header; /* one pixel that carries the fields */
};

/* Starts libvips once; 0 when it works. */
int ki_start(char *error);

/* Opens the modules of libvips, for formats that it does not know by itself. */
void ki_open_modules(void);

/* Takes the last message of libvips, as one line. */
void ki_take_error(char *error);

/* Copies what a picture carries from one image to another. */
void ki_copy_metadata(VipsImage *from, VipsImage *to);

/* The profile that an RGB picture must be converted from and to: NULL when it has none or it is sRGB. */
const void *ki_foreign_profile(VipsImage *image, size_t *length);
