/* The few calls of libvips that Kakudai makes, without the variadic functions and macros that Swift cannot import. */
#ifndef CKAKUDAI_IMAGES_H
#define CKAKUDAI_IMAGES_H

/* Starts libvips; 0 when it worked. */
int ki_start(void);

#endif
