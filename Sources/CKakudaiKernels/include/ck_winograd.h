/* Winograd's minimal filtering in two dimensions: tiles of tileRows x 4 outputs of a correlation with taps x taps elements, from
 * rowPoints x points products, rowPoints = tileRows + taps - 1, points = taps + 3, per pair of an input and an output channel.
 * Tiles have 4 rows, or 6 where there are three taps; or 2 where there are two taps, and then 2 columns and 3 points.
 *
 * A unit of tiles goes through three steps: `transform` turns the input samples of each tile into points; `multiply` sums over
 * the channels, for each point on its own; `finish` turns the sums into outputs. Tiles are neighbours in memory and share
 * nothing: how they are dealt into units changes no bit. Where small pictures come in batches, the lanes of a vector are the same
 * tile of as many images, by `transformLanes` and `finishLanes`; tiles of runs are then counted in vectors. Where few small maps
 * have many channels, the lanes are channels, by `transformLanes`, `multiplyChannels` and `finishChannels`. */
#ifndef CK_WINOGRAD_H
#define CK_WINOGRAD_H

#include <stddef.h>
#include <stdint.h>

#include "ck_convolution.h"
#include "ck_winograd_rows.h"

#define CK_WINOGRAD_TILE 4 /* columns */
#define CK_WINOGRAD_SMALL_TILE 2
#define CK_WINOGRAD_MOST_ROWS 6
#define CK_WINOGRAD_MOST_POINTS 6
#define CK_WINOGRAD_MOST_ROW_POINTS 8
#define CK_WINOGRAD_MOST_TILES 64
#define CK_WINOGRAD_MOST_PHASES 4

/* Weights to be transformed: the weight of (output, channel, row tap, column tap) stands at
 * source[offsets[(output * taps + row) * taps + column] + channel * channelStride], or is 0 where that is CK_NOWHERE. */
typedef struct ck_winograd_weights {
  const float *source;
  ptrdiff_t channelStride;
  const ptrdiff_t *offsets;
  size_t channels, outputs, taps, tileRows;
  /* The points (row * points + column) that are wanted, in the order in which they are laid out. */
  const size_t *wanted;
  size_t wantedCount;
  size_t pointStride, channelStep; /* of what is written */
} ck_winograd_weights;

/* Tiles that lie in one row of one picture, neighbours there and in their unit; firstColumn, counted in samples for inputs, is that
 * of the first tile. */
typedef struct ck_winograd_run {
  ptrdiff_t firstColumn;
  size_t firstTile, tiles;
  size_t images; /* where lanes are images: those that there are */
} ck_winograd_run;

/* transformed[point * pointStride + tile / (2 * lanes) * pairStride + channel * channelStep + tile % (2 * lanes)]; writes up to one
 * vector past the tiles of each point. */
typedef struct ck_winograd_input {
  const float *input;
  ptrdiff_t channelStride;
  size_t channels, taps, tileRows;
  /* Sample i of a row is its column i * columnStride + columnPhase. */
  ptrdiff_t columns, columnStride, columnPhase;
  const ck_winograd_run *runs; /* in ascending order of tiles; columns outside of the picture are zeros */
  size_t runCount;
  /* Where column 0 of each of the `rowPoints` rows that the tiles of each run read stands; CK_NOWHERE for zeros. */
  const ptrdiff_t *rowOffsets;
  float *transformed;
  size_t pointStride, pairStride, channelStep;
  size_t tiles; /* of the unit: a multiple of the lanes */
} ck_winograd_input;

/* Samples of planes that become lanes: channels of one image, or one channel of several images. Sample (r, c) of tile t in phase f
 * is that of row firstRows[f] + r * stride and column firstColumns[f] + (columns of a tile * t + c) * stride, or 0 outside of the picture; its
 * points stand at points + f * phaseStride + point * pointStride + block * blockStride + (t * lanes + lane). */
typedef struct ck_lane_samples {
  const float *input;
  ptrdiff_t planeStride, height, width;
  size_t planes; /* dealt into blocks of one vector */
  const ptrdiff_t *firstRows, *firstColumns;
  size_t phases;
  ptrdiff_t stride;
  size_t taps, tileRows, tiles;
  int isCoarse; /* whether tiles hold 4 x 4 samples, else rowPoints x points */
  float *points;
  size_t phaseStride, pointStride, blockStride;
  /* How often the same is done, each time with samples and points so much further on. */
  size_t repeats;
  ptrdiff_t repeatStride;
  size_t repeatPoints;
  /* The rows and columns that the samples lie in, each with its planes of one block, and one vector for each lane more. */
  float *scratch;
} ck_lane_samples;

/* products[i * productStride + output * tiles + tile] = sum over channel c of
 *   weight(points[i], output, c) * transformed[points[i] * pointStride + tile / (2 * lanes) * pairStride + c * channelStep +
 *   tile % (2 * lanes)]. */
typedef struct ck_winograd_products {
  const float *transformed;
  size_t pointStride, pairStride, channelStep, channels, tiles;
  /* For each of the points, and each block of outputs * i / blocks ..< outputs * (i + 1) / blocks outputs, where the number
   * of blocks is outputs / outputBlock rounded up: channels * (outputs of the block) floats. */
  const float *weights;
  const size_t *points;
  size_t pointCount, outputs;
  float *products;
  size_t productStride;
} ck_winograd_products;

/* The same where lanes are channels: products[i * productStride + (block * tiles + tile) * lanes + lane], a block being a vector of
 * outputs, from transformed[point * pointStride + (block * tiles + tile) * lanes + lane], a block being one of inputs, and, for each
 * of the points, weights (channel, output). Outputs are 1 ... channelVectors vectors, channels whole ones. */
typedef struct ck_channel_products {
  const float *transformed;
  size_t pointStride, channels, tiles;
  const float *weights;
  const size_t *points;
  size_t pointCount, outputs;
  float *products;
  size_t productStride;
} ck_channel_products;

/* Output o at column firstColumn + (columns of a tile * tile + q) * phases + k of a row is bias[o] plus the transform of
 * products[k * rowPoints * points + point][o * tiles + tile], where the column is one of firstWritten ..< endWritten. Where lanes
 * are channels, products stand as ck_channel_products says. */
typedef struct ck_winograd_output {
  const float *const *products; /* phases * rowPoints * points pointers */
  size_t outputs, taps, tileRows, phases, tiles;
  const float *bias;           /* one per output, or NULL for zeros */
  const ck_epilogue *epilogue; /* or NULL; without the residual's offsets, which stand below */
  float *output;
  ptrdiff_t outputStride, imageStride, firstWritten, endWritten; /* the images are those of a run's lanes */
  const ck_winograd_run *runs;
  size_t runCount;
  /* Column 0 of each of the `tileRows` output rows of the tiles of each run; CK_NOWHERE for those that are not written. */
  const ptrdiff_t *rowOffsets;
  const ptrdiff_t *residualOffsets; /* likewise */
  ptrdiff_t residualStride;
  float *checks; /* one per tile, a vector where lanes are channels: becomes NaN where a sum is not finite */
  int streams;
} ck_winograd_output;

typedef struct ck_winograd_kernels {
  /* packed[i * pointStride + channel * channelStep + output]: the weights of at most `outputBlock` outputs at point wanted[i]. */
  void (*packTransformed)(const ck_winograd_weights *weights, float *packed);
  void (*transform)(const ck_winograd_input *input);
  void (*multiply)(const ck_winograd_products *products);
  void (*finish)(const ck_winograd_output *output);
  void (*transformLanes)(const ck_lane_samples *samples);
  void (*finishLanes)(const ck_winograd_output *output);
  size_t channelVectors;
  void (*multiplyChannels)(const ck_channel_products *products);
  void (*finishChannels)(const ck_winograd_output *output);
  /* Returns whether all sums are finite. */
  int (*filterRows)(const ck_row_filter *filter);
} ck_winograd_kernels;

#endif
