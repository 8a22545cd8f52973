/* Convolutions of small maps by their definition, the lanes of vectors being channels: no lane is wasted whatever the size, and no
 * product is taken of what lies outside of a map. */
#ifndef CK_MAPS_H
#define CK_MAPS_H

#include <stddef.h>

#include "ck_convolution.h"

/* samples[(block * positionStride + position) * lanes + lane] = input[(block * lanes + lane) * channelStride + position], with zeros
 * for lanes beyond the channels; writes up to a vector for each lane past the last position, and reads a vector past the input. */
typedef struct ck_map_samples {
  const float *input;
  ptrdiff_t channelStride;
  size_t channels, positions, positionStride;
  float *samples;
} ck_map_samples;

/* Which sample a tap multiplies for which position of the output. */
typedef struct ck_map_pair {
  size_t sample, position;
} ck_map_pair;

/* sums[(block * outputPositions + position) * lanes + lane] += sum over channel c of weights[c * outputs + block * lanes + lane] *
 * samples[(c / lanes * inputPositions + sample) * lanes + c % lanes], for each of the pairs, whose positions differ. Outputs are
 * 1 ... channelVectors vectors. */
typedef struct ck_map_tap {
  const float *samples;
  size_t inputPositions, channels;
  const float *weights;
  const ck_map_pair *pairs;
  size_t pairCount, outputs;
  float *sums;
  size_t outputPositions;
} ck_map_tap;

/* output[o * outputStride + x] = bias[o] + sums[(o / lanes * outputPositions + x) * lanes + o % lanes], finished, x < width. */
typedef struct ck_map_output {
  const float *sums; /* a vector for each lane more than there are */
  size_t outputPositions, outputs, width;
  const float *bias;           /* one per output, or NULL for zeros */
  const ck_epilogue *epilogue; /* or NULL; without the residual's offsets */
  float *output;
  ptrdiff_t outputStride, residualStride;
} ck_map_output;

typedef struct ck_map_kernels {
  void (*turn)(const ck_map_samples *samples);
  void (*addTap)(const ck_map_tap *tap);
  void (*finish)(const ck_map_output *output);
} ck_map_kernels;

#endif
