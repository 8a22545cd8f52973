/* Winograd's filtering turned around, for gradients of weights: the sum over tiles of 4 x 4 positions t of
 * coarse[o][t] * fine[i][t + k], k < taps x taps, from points x points products, points = taps + 3, for each tile, o and i.
 *
 * `transformLanes` (ck_winograd.h) turns the samples of tiles into points, `multiply` sums products over tiles, `finish` turns sums
 * into gradients.
 * Channels stand in blocks of one vector: points are [point][block][tile][lane]. */
#ifndef CK_WINOGRAD_GRADIENT_H
#define CK_WINOGRAD_GRADIENT_H

#include <stddef.h>

/* sums[(r * lefts + o) * lanes + lane] += sum over tile t of left(o, t) * right(r, lane, t), for the points of one kind:
 * blocks of left channels o, and blocks r of right ones. */
typedef struct ck_tile_products {
  const float *left, *right;
  size_t leftBlocks, rightBlocks, blockStride, tiles;
  float *sums;
  int continues; /* whether sums stand there already */
} ck_tile_products;

/* gradient[o * leftStride + lane * area + offsets[k]] from the sums of one block of right channels; the phases have all offsets
 * below `area` between them. */
#define CK_FINISHED_TOGETHER 16 /* left channels */
typedef struct ck_tile_sums {
  const float *sums; /* [phase][point][o][lane] */
  size_t phases, phaseStride, pointStride, lefts, rights, taps;
  const size_t *rowPoints, *columnPoints; /* of each phase: one less than there are where the last tap is missing */
  const ptrdiff_t *offsets;               /* taps * taps of each phase; CK_NOWHERE for taps that are missing */
  float *gradient;
  ptrdiff_t leftStride;
  size_t area;
  float *scratch; /* CK_FINISHED_TOGETHER * area vectors, and one for each lane more */
  float check; /* becomes NaN where a gradient is not finite */
} ck_tile_sums;

typedef struct ck_winograd_gradient_kernels {
  void (*multiply)(const ck_tile_products *products);
  void (*finish)(ck_tile_sums *sums);
} ck_winograd_gradient_kernels;

#endif
