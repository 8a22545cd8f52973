#include "CKakudaiKernels.h"

#if defined(__x86_64__)
#include <math.h>
#include <string.h>

#define CK_LANES 8
#define CK_FUSED 1
/* 16 registers. */
#define CK_TILES(TILE) TILE(1, 8) TILE(2, 6) TILE(3, 4) TILE(4, 2) TILE(5, 2) TILE(6, 2)
/* The same for two phases of `outputs`. */
#define CK_PAIRS(PAIR) PAIR(1, 6) PAIR(2, 2) PAIR(3, 2) PAIR(4, 1) PAIR(5, 1) PAIR(6, 1)
/* Sums fill the registers: what is loaded early would put some of them into memory. */
#define CK_LOAD_NOTHING_EARLY __asm__ volatile("" ::: "memory");
#define CK_CHANNELS_AHEAD 4
#define CK_OUTPUT_BLOCK 6
#define CK_PIXEL_BLOCK (2 * CK_LANES)
#define CK_PRODUCT_LEFTS 3
#define CK_PRODUCT_RIGHTS 4
#define CK_GRADIENT_LEFTS 4
#define CK_GRADIENT_RIGHTS 3
/* Of sums of few terms at points: those of two points, whose samples and weights are each loaded for two. */
#define CK_SHORT_VECTORS 2
#define CK_SHORT_POINTS 2
/* Rows of depthwise layers that leave their weights in registers. */
#define CK_DEPTHWISE_AT_ONCE 2
#define CK_CHANNEL_VECTORS 2

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
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
#pragma clang attribute pop

const ck_kernels ck_avx2 = {
    .name = "avx2", .lanes = CK_LANES, .convolution = CK_CONVOLUTION, .pointwise = CK_POINTWISE,
    .resampling = CK_RESAMPLING, .winograd = CK_WINOGRAD, .maps = CK_MAPS,
    .winogradGradient = CK_WINOGRAD_GRADIENT, .unfold = ck_unfold};
#endif
