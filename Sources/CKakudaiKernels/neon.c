#include "CKakudaiKernels.h"

#if defined(__aarch64__)
#include <math.h>
#include <string.h>

#define CK_LANES 4
#define CK_FUSED 1
/* 32 registers. */
#define CK_TILES(TILE) \
  TILE(1, 8) TILE(2, 8) TILE(3, 8) TILE(4, 6) TILE(5, 5) TILE(6, 4) TILE(7, 3) TILE(8, 3) TILE(9, 3) TILE(10, 2) \
  TILE(11, 2) TILE(12, 2)
/* The same for two phases of `outputs`. */
#define CK_PAIRS(PAIR) \
  PAIR(1, 8) PAIR(2, 6) PAIR(3, 4) PAIR(4, 3) PAIR(5, 2) PAIR(6, 2) PAIR(7, 1) PAIR(8, 1) PAIR(9, 1) PAIR(10, 1) \
  PAIR(11, 1) PAIR(12, 1)
#define CK_OUTPUT_BLOCK 12
#define CK_PIXEL_BLOCK (2 * CK_LANES)
#define CK_PRODUCT_LEFTS 4
#define CK_PRODUCT_RIGHTS 6
#define CK_GRADIENT_LEFTS 4
#define CK_GRADIENT_RIGHTS 3
#define CK_SHORT_VECTORS 1
#define CK_SHORT_POINTS 8
/* Rows of depthwise layers that leave their weights in registers. */
#define CK_DEPTHWISE_AT_ONCE 4
#define CK_CHANNEL_VECTORS 4

#include "Bodies/vector.h"
#include "Bodies/epilogue.h"
#include "Bodies/convolution.h"
#include "Bodies/pointwise.h"
#include "Bodies/resampling.h"
#include "Bodies/unfolding.h"
#include "Bodies/winograd_points.h"
#include "Bodies/winograd_short_rows.h"
#include "Bodies/winograd_rows.h"
#include "Bodies/winograd.h"
#include "Bodies/winograd_lanes.h"
#include "Bodies/winograd_gradient.h"

const ck_kernels ck_neon = {
    .name = "neon", .lanes = CK_LANES, .convolution = CK_CONVOLUTION, .pointwise = CK_POINTWISE,
    .resampling = CK_RESAMPLING, .winograd = CK_WINOGRAD, .maps = CK_MAPS,
    .winogradGradient = CK_WINOGRAD_GRADIENT, .unfold = ck_unfold};
#endif
