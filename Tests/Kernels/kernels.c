/* Runs kernels of convolutions of every table the machine has against plain sums in double; for instruction sets that the
 * machine of the Swift tests lacks. Prints what it ran, and returns 1 where a result is wrong. */
#include "CKakudaiKernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 3, TAPS = 4, ROWS = 3, COLUMNS = 200, MOST_WIDTH = 160, MOST_OUTPUTS = 12, MOST_PHASES = 8,
       MOST_LINES = 30, FEW_HINGES = 2, HINGES = 8 /* which are added without a loop */ };

static float input[CHANNELS * (ROWS + 1) * COLUMNS + CK_READABLE_PAST];
static float weights[MOST_PHASES * MOST_OUTPUTS * CHANNELS * TAPS];
static float packed[MOST_PHASES * MOST_OUTPUTS * CHANNELS * TAPS];
static float residual[MOST_OUTPUTS * ROWS * MOST_WIDTH + CK_READABLE_PAST];
static float output[MOST_OUTPUTS * ROWS * MOST_WIDTH + CK_READABLE_PAST] __attribute__((aligned(64)));
static float scratch[MOST_PHASES * CK_SCRATCH_PER_PHASE + CK_READABLE_PAST] __attribute__((aligned(64)));

static void fill(float *target, size_t count, unsigned seed) {
  for (size_t i = 0; i < count; i++) {
    seed = seed * 1664525u + 1013904223u;
    target[i] = (float)(seed >> 8) / (1 << 23) - 1;
  }
}

static double applied(const ck_epilogue *e, size_t o, double sum, double added) {
  if (!e->addsAfter) sum += added;
  const float *const activation = e->activations + o * ck_activation_size(e->hinges);
  double active = sum > 0 ? sum : activation[0] * sum;
  if (e->hinges > 0) active += activation[1];
  for (int h = 1; h <= e->hinges; h++) active += activation[2 * h + 1] * fmax(sum, activation[2 * h]);
  sum = active;
  sum = fmin(fmax(sum, e->low), e->high);
  return e->addsAfter ? sum + added : sum;
}

/* One block with `outputs` outputs of `phases` phases; returns the number of wrong elements. An epilogue is of a
 * kind: 0 is none, 1 and 2 add a residual before and after a slope, 3 before few hinges, and 4 has hinges alone. */
static size_t check_correlation(const ck_convolution_kernels *k, size_t outputs, size_t phases, size_t width,
                                int streams, int epilogueKind) {
  const ptrdiff_t channelStride = (ROWS + 1) * COLUMNS;
  ptrdiff_t tapOffsets[MOST_PHASES][TAPS], packOffsets[MOST_OUTPUTS * TAPS], outputOffsets[MOST_OUTPUTS];
  ck_phase_output sums[MOST_PHASES][MOST_OUTPUTS];
  ck_pass passes[MOST_PHASES];
  float bias[MOST_OUTPUTS], activations[MOST_OUTPUTS * (2 + 2 * HINGES)];
  fill(bias, outputs, 5);
  fill(activations, sizeof activations / 4, 6);
  for (size_t p = 0; p < phases; p++) {
    const size_t taps = 1 + p % TAPS, first = p * outputs * CHANNELS * TAPS;
    for (size_t t = 0; t < taps; t++) tapOffsets[p][t] = (ptrdiff_t)(t / 2 * COLUMNS + t % 2 + p % 3);
    for (size_t o = 0; o < outputs; o++) {
      sums[p][o] = (ck_phase_output){.phase = (uint32_t)p, .output = (uint32_t)o};
      for (size_t t = 0; t < taps; t++) packOffsets[o * taps + t] = (ptrdiff_t)(first + (o * CHANNELS) * taps + t);
    }
    const ck_packing packing = {.source = weights, .channelStride = (ptrdiff_t)taps, .offsets = packOffsets,
                                .channels = CHANNELS, .taps = taps, .sums = outputs};
    k->pack(&packing, packed + first);
    passes[p] = (ck_pass){.weights = packed + first, .tapOffsets = tapOffsets[p], .taps = taps, .sums = sums[p],
                          .sumCount = outputs};
  }
  for (size_t o = 0; o < outputs; o++) outputOffsets[o] = (ptrdiff_t)(o * ROWS * MOST_WIDTH);
  if (outputs > 2) outputOffsets[1] = CK_NOWHERE;
  const int hinges = epilogueKind == 4 ? HINGES : epilogueKind == 3 ? FEW_HINGES : 0;
  const float *const added = epilogueKind == 4 ? NULL : residual;
  const ck_epilogue epilogue = {.activations = activations, .hinges = hinges, .low = -2, .high = 1.5f, .clamps = 1,
                                .residual = added, .residualOffsets = outputOffsets, .addsAfter = epilogueKind == 2};
  const ck_correlation correlation = {
      .input = input, .channelStride = channelStride, .inputRowStride = COLUMNS, .channels = CHANNELS,
      .passes = passes, .passCount = phases, .phases = phases, .outputs = outputs, .bias = bias, .output = output,
      .outputOffsets = outputOffsets, .outputRowStride = MOST_WIDTH, .residualRowStride = MOST_WIDTH, .width = width,
      .rows = ROWS, .epilogue = epilogueKind ? &epilogue : NULL, .streams = streams, .scratch = scratch};
  for (size_t i = 0; i < sizeof output / 4; i++) output[i] = 77;
  k->correlate(&correlation);

  size_t wrong = 0;
  for (size_t o = 0; o < MOST_OUTPUTS; o++)
    for (size_t row = 0; row < ROWS; row++)
      for (size_t x = 0; x < MOST_WIDTH; x++) {
        const size_t at = (o * ROWS + row) * MOST_WIDTH + x;
        double expected = 77, bound = 0;
        if (o < outputs && x < width && outputOffsets[o] != CK_NOWHERE) {
          const size_t p = x % phases, taps = passes[p].taps;
          const float *own = weights + (p * outputs * TAPS + o * taps) * CHANNELS;
          expected = bias[o];
          bound = fabs(expected);
          for (size_t c = 0; c < CHANNELS; c++)
            for (size_t t = 0; t < taps; t++) {
              const ptrdiff_t place = (ptrdiff_t)c * channelStride + (ptrdiff_t)(row * COLUMNS + x / phases);
              const double product = (double)own[c * taps + t] * input[place + tapOffsets[p][t]];
              expected += product;
              bound += fabs(product);
            }
          if (epilogueKind) expected = applied(&epilogue, o, expected, added ? added[at] : 0);
          bound = 0x1p-24 * (CHANNELS * TAPS + 4) * (bound + fabs(residual[at]));
          if (hinges > 0) bound = (1 + hinges) * (bound + 0x1p-22);
        }
        wrong += !(fabs(output[at] - expected) <= bound);
      }
  return wrong;
}

/* Sums of products along rows, with samples past the width that must have no influence. */
static size_t check_products(const ck_convolution_kernels *k, size_t lefts, size_t rights, size_t width) {
  ptrdiff_t rightOffsets[8];
  for (size_t j = 0; j < rights; j++) rightOffsets[j] = (ptrdiff_t)(j % 3 + j / 3 * COLUMNS);
  float sums[8 * 8] = {0};
  const ck_products products = {
      .left = weights, .leftStride = 31, .leftRowStride = 37, .right = input, .rightOffsets = rightOffsets,
      .rightRowStride = COLUMNS, .sums = sums, .sumStride = 8, .lefts = lefts, .rights = rights, .rows = 2, .width = width};
  k->correlateProducts(&products);
  size_t wrong = 0;
  for (size_t i = 0; i < lefts; i++)
    for (size_t j = 0; j < rights; j++) {
      double expected = 0, bound = 0;
      for (size_t r = 0; r < 2; r++)
        for (size_t x = 0; x < width; x++) {
          const double product =
              (double)weights[i * 31 + r * 37 + x] * input[rightOffsets[j] + (ptrdiff_t)(r * COLUMNS + x)];
          expected += product;
          bound += fabs(product);
        }
      wrong += !(fabs(sums[i * 8 + j] - expected) <= 0x1p-24 * (2 * (double)width + 4) * bound);
    }
  return wrong;
}

/* Lines of one row: some have several blocks, what is read next or not, and samples that are copied first. */
static size_t check_lines(const ck_convolution_kernels *k, size_t lines, size_t width) {
  enum { LINE_CHANNELS = 11, LINE_STRIDE = MOST_WIDTH + 16 };
  const size_t blocks = (lines + k->outputBlock - 1) / k->outputBlock;
  ptrdiff_t packOffsets[MOST_LINES];
  for (size_t l = 0; l < lines; l++) packOffsets[l] = (ptrdiff_t)(l * LINE_CHANNELS);
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = lines * block / blocks;
    const ck_packing packing = {.source = weights, .channelStride = 1, .offsets = packOffsets + first,
                                .channels = LINE_CHANNELS, .taps = 1, .sums = lines * (block + 1) / blocks - first};
    k->pack(&packing, packed + first * LINE_CHANNELS);
  }
  const ck_lines own = {.input = input, .channelStride = COLUMNS, .channels = LINE_CHANNELS, .width = width,
                        .next = width % 2 ? input : NULL, .copy = lines % 2 ? scratch : NULL, .weights = packed,
                        .count = lines, .lines = output, .lineStride = LINE_STRIDE};
  for (size_t i = 0; i < sizeof output / 4; i++) output[i] = 77;
  k->multiplyLines(&own);
  size_t wrong = 0;
  for (size_t l = 0; l < MOST_LINES; l++)
    for (size_t x = 0; x < LINE_STRIDE; x++) {
      if (l < lines && x >= width && x < width + 16) continue; /* up to a vector past the width is written */
      double expected = l < lines && x < width ? 0 : 77, bound = 0;
      for (size_t c = 0; l < lines && x < width && c < LINE_CHANNELS; c++) {
        const double product = (double)weights[l * LINE_CHANNELS + c] * input[c * COLUMNS + x];
        expected += product;
        bound += fabs(product);
      }
      wrong += !(fabs(output[l * LINE_STRIDE + x] - expected) <= 0x1p-24 * (LINE_CHANNELS + 1) * bound);
    }
  return wrong;
}

/* Rows of channels by themselves, of which `rows` stand one after the other and share what they read; no hinges are no
 * epilogue. */
static size_t check_depthwise(const ck_convolution_kernels *k, size_t rows, size_t width, int hinges) {
  const ptrdiff_t channelStride = (ROWS + 1) * COLUMNS;
  float bias[CHANNELS], activations[CHANNELS * (2 + 2 * HINGES)];
  fill(bias, CHANNELS, 5);
  fill(activations, sizeof activations / 4, 6);
  const ck_epilogue epilogue = {.activations = activations, .hinges = hinges, .low = -2, .high = 1.5f, .clamps = 1};
  ck_depthwise_planes planes = {
      .input = input, .inputChannelStride = channelStride, .weights = weights, .bias = bias, .output = output,
      .outputChannelStride = CK_DEPTHWISE_ROWS * MOST_WIDTH, .channels = CHANNELS, .width = width, .rows = rows,
      .epilogue = hinges ? &epilogue : NULL};
  for (size_t i = 0; i < rows + 2; i++) planes.inputRows[i] = (ptrdiff_t)((3 * i + 1) % (ROWS + 1) * COLUMNS);
  for (size_t r = 0; r < rows; r++) planes.outputRows[r] = (ptrdiff_t)((rows - 1 - r) * MOST_WIDTH);
  for (size_t i = 0; i < sizeof output / 4; i++) output[i] = 77;
  k->convolveDepthwise(&planes);
  size_t wrong = 0;
  for (size_t c = 0; c < CHANNELS; c++)
    for (size_t row = 0; row < CK_DEPTHWISE_ROWS; row++)
      for (size_t x = 0; x < MOST_WIDTH; x++) {
        double expected = 77, bound = 0;
        if (row < rows && x < width) {
          expected = bias[c];
          bound = fabs(expected);
          for (size_t tap = 0; tap < 9; tap++) {
            const ptrdiff_t place = (ptrdiff_t)c * channelStride + planes.inputRows[rows - 1 - row + tap / 3];
            const double product = (double)weights[9 * c + tap] * input[place + (ptrdiff_t)(x + tap % 3)];
            expected += product;
            bound += fabs(product);
          }
          if (hinges) expected = applied(&epilogue, c, expected, 0);
          bound = 0x1p-24 * 13 * bound;
          if (hinges) bound = (1 + hinges) * (bound + 0x1p-22);
        }
        wrong += !(fabs(output[(c * CK_DEPTHWISE_ROWS + row) * MOST_WIDTH + x] - expected) <= bound);
      }
  return wrong;
}

static size_t check_rows(const ck_convolution_kernels *k, size_t stride, size_t count) {
  const ck_rows rows = {.source = input, .sourceChannelStride = (ROWS + 1) * COLUMNS, .sourceRowStride = COLUMNS,
                        .stride = stride, .target = output, .targetChannelStride = ROWS * MOST_WIDTH,
                        .targetRowStride = MOST_WIDTH, .channels = CHANNELS, .rows = ROWS, .before = 3, .count = count,
                        .after = 2};
  for (size_t i = 0; i < sizeof output / 4; i++) output[i] = 77;
  k->copyRows(&rows);
  size_t wrong = 0;
  for (size_t c = 0; c < CHANNELS; c++)
    for (size_t r = 0; r < ROWS; r++)
      for (size_t x = 0; x < MOST_WIDTH; x++) {
        float expected = x < count + 5 ? 0 : 77;
        if (x >= 3 && x < count + 3) expected = input[(c * (ROWS + 1) + r) * COLUMNS + (x - 3) * stride];
        wrong += output[(c * ROWS + r) * MOST_WIDTH + x] != expected;
      }
  return wrong;
}

/* Winograd's algorithm along the vertical axis: `rows` rows of each output from as many as there are points, the last row of which
 * is not written in some cases; either the sums at the points are short, or correlations compute them. */
static size_t check_filtered_rows(const ck_winograd_kernels *k, size_t points, size_t rows, int sumsAreShort, size_t outputs,
                                  size_t width, int hasEpilogue, int streams) {
  enum { INPUTS = 2, KERNEL_COLUMNS = 3, TERMS = INPUTS * KERNEL_COLUMNS, STRIDE = 128, MOST_POINTS = CK_MOST_ROW_POINTS };
  static const double eight[CK_ROW_POINTS - 1] = {0, 0.5625, -0.5625, 1, -1, 1.75, -1.75};
  static const double ten[MOST_POINTS - 1] = {0, 0.4375, -0.4375, 0.8125, -0.8125, 1.25, -1.25, 2.125, -2.125};
  static float tall[INPUTS * MOST_POINTS * COLUMNS + CK_READABLE_PAST], checks[MOST_WIDTH + 16];
  static float transformed[MOST_POINTS * (INPUTS * STRIDE + 16) + CK_READABLE_PAST];
  static float products[MOST_POINTS * MOST_OUTPUTS * STRIDE + CK_READABLE_PAST];
  static float rowsOut[MOST_OUTPUTS * CK_MOST_ROWS * MOST_WIDTH] __attribute__((aligned(64)));
  const double *const finite = points == CK_ROW_POINTS ? eight : ten;
  const size_t taps = points + 1 - rows, pointStride = INPUTS * STRIDE + 16;
  float bias[MOST_OUTPUTS], slopes[MOST_OUTPUTS];
  float factors[TERMS * CK_ROW_POINTS * MOST_OUTPUTS], ownFactors[MOST_POINTS][MOST_OUTPUTS][TERMS];
  fill(tall, sizeof tall / 4, 7);
  fill(bias, outputs, 5);
  fill(slopes, outputs, 6);
#define CK_KERNEL(o, term, tap) weights[((o) * TERMS + (term)) * 5 + (tap)]
  for (size_t o = 0; o < outputs; o++)
    for (size_t term = 0; term < TERMS; term++)
      for (size_t p = 0; p < points; p++) {
        double power = 1, sum = CK_KERNEL(o, term, taps - 1);
        if (p < points - 1) {
          for (size_t q = 0; q < points - 1; q++) power /= q == p ? 1 : finite[p] - finite[q];
          sum = 0;
          for (size_t tap = 0; tap < taps; tap++, power *= finite[p]) sum += power * CK_KERNEL(o, term, tap);
        }
        ownFactors[p][o][term] = (float)sum;
        const size_t first = o / CK_SHORT_OUTPUTS * CK_SHORT_OUTPUTS, left = outputs - first;
        const size_t together = left < CK_SHORT_OUTPUTS ? left : CK_SHORT_OUTPUTS;
        if (sumsAreShort) factors[(first * TERMS + term * together) * CK_ROW_POINTS + p * together + o - first] = (float)sum;
      }
  ptrdiff_t rowOffsets[MOST_POINTS], termOffsets[TERMS], outputOffsets[CK_MOST_ROWS], places[MOST_POINTS];
  for (size_t row = 0; row < points; row++) rowOffsets[row] = (ptrdiff_t)(row * COLUMNS);
  for (size_t term = 0; term < TERMS; term++)
    termOffsets[term] = (ptrdiff_t)(term / KERNEL_COLUMNS * STRIDE + term % KERNEL_COLUMNS);
  for (size_t row = 0; row < rows; row++) outputOffsets[row] = (ptrdiff_t)row * MOST_WIDTH;
  if (outputs % 2 == 0) outputOffsets[rows - 1] = CK_NOWHERE;
  const ck_phase_output sum = {0, 0};
  const ptrdiff_t start = 0;
  ck_pass passes[MOST_POINTS * MOST_OUTPUTS];
  ck_correlation correlations[MOST_POINTS * MOST_OUTPUTS];
  for (size_t p = 0, i = 0; p < points; p++) {
    places[p] = (ptrdiff_t)(p * outputs * STRIDE);
    for (size_t o = 0; o < outputs; o++, i++) {
      passes[i] = (ck_pass){
          .weights = ownFactors[p][o], .tapOffsets = termOffsets, .taps = KERNEL_COLUMNS, .sums = &sum, .sumCount = 1};
      correlations[i] = (ck_correlation){
          .input = transformed + p * pointStride, .channelStride = STRIDE, .channels = INPUTS, .passes = passes + i,
          .passCount = 1, .phases = 1, .outputs = 1, .output = products + i * STRIDE, .outputOffsets = &start, .rows = 1,
          .scratch = scratch};
    }
  }
  /* Without a clamp rows are finished in registers. */
  const int clamps = outputs > 4;
  const ck_epilogue epilogue = {.activations = slopes, .low = clamps ? -2 : -INFINITY, .high = clamps ? 1.5f : INFINITY,
                                .clamps = clamps};
  const ck_row_filter filter = {
      .input = tall, .channelStride = MOST_POINTS * COLUMNS, .columns = (ptrdiff_t)width, .channels = INPUTS, .parts = 1,
      .points = points, .rowOffsets = rowOffsets, .firstColumn = -1, .reach = KERNEL_COLUMNS - 1, .width = width,
      .horizontalPhases = 1, .piece = 64, .transformed = transformed, .transformedStride = STRIDE,
      .pointStride = (ptrdiff_t)pointStride, .terms = sumsAreShort ? TERMS : 0, .termOffsets = termOffsets,
      .termWeights = factors, .correlations = correlations, .correlationCount = points * outputs, .products = products,
      .productStride = STRIDE, .places = places, .outputs = outputs, .phases = 1, .tileRows = rows, .bias = bias,
      .epilogue = hasEpilogue ? &epilogue : NULL, .output = rowsOut, .outputStride = CK_MOST_ROWS * MOST_WIDTH,
      .outputOffsets = outputOffsets, .checks = checks, .streams = streams};
  for (size_t i = 0; i < sizeof rowsOut / 4; i++) rowsOut[i] = 77;
  size_t wrong = k->filterRows(&filter) != 1;
  for (size_t o = 0; o < MOST_OUTPUTS; o++)
    for (size_t row = 0; row < CK_MOST_ROWS; row++)
      for (size_t x = 0; x < MOST_WIDTH; x++) {
        double expected = 77, bound = 0;
        if (o < outputs && x < width && row < rows && outputOffsets[row] != CK_NOWHERE) {
          expected = bias[o];
          for (size_t term = 0; term < TERMS; term++)
            for (size_t tap = 0; tap < taps; tap++) {
              const size_t column = x + term % KERNEL_COLUMNS - 1; /* wraps before the first */
              if (column >= width) continue;
              const double sample = tall[(term / KERNEL_COLUMNS * MOST_POINTS + row + tap) * COLUMNS + column];
              expected += sample * CK_KERNEL(o, term, tap);
            }
          if (hasEpilogue) expected = applied(&epilogue, o, expected, 0);
          bound = 2e-6 * TERMS * (double)taps; /* of samples and weights below 1 */
        }
        wrong += !(fabs(rowsOut[(o * CK_MOST_ROWS + row) * MOST_WIDTH + x] - expected) <= bound);
      }
#undef CK_KERNEL
  return wrong;
}

int main(void) {
  static const size_t widths[] = {1, 3, 4, 5, 15, 16, 17, 31, 32, 33, 61, 64, 97, 127, 128, 131, 160};
  const ck_kernels *const *tables;
  const size_t count = ck_available(&tables);
  fill(input, sizeof input / 4, 1);
  fill(weights, sizeof weights / 4, 2);
  fill(residual, sizeof residual / 4, 3);
  size_t allWrong = 0;
  for (size_t table = 0; table < count; table++) {
    const ck_convolution_kernels *const k = &tables[table]->convolution;
    size_t cases = 0, wrong = 0;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
      const size_t width = widths[w];
      for (size_t outputs = 1; outputs <= k->outputBlock; outputs++)
        for (size_t phases = 1; phases <= MOST_PHASES; phases++)
          for (int variant = 0; variant < 10; variant++, cases++)
            wrong += check_correlation(k, outputs, phases, width, variant / 5, variant % 5);
      for (size_t lines = 1; lines <= MOST_LINES; lines += 1 + lines / 4, cases++)
        wrong += check_lines(k, lines, width);
      for (size_t lefts = 1; lefts <= 5; lefts++)
        for (size_t rights = 1; rights <= 7; rights++, cases++)
          wrong += check_products(k, lefts, rights, width < 90 ? width : 90);
      for (size_t rows = 1; rows <= CK_DEPTHWISE_ROWS; rows++)
        for (int kind = 0; kind < 3; kind++, cases++)
          wrong += check_depthwise(k, rows, width, (const int[]){0, FEW_HINGES, HINGES}[kind]);
      for (size_t outputs = 1; outputs <= 7; outputs++)
        for (int variant = 0; variant < 4; variant++) {
          const ck_winograd_kernels *const filters = &tables[table]->winograd;
          for (size_t rows = 4; rows <= CK_MOST_ROWS; rows++)
            for (int isShort = 0; isShort < 2; isShort++, cases++)
              wrong += check_filtered_rows(filters, CK_ROW_POINTS, rows, isShort, outputs, width, variant / 2, variant % 2);
          wrong += check_filtered_rows(filters, CK_MOST_ROW_POINTS, 6, 0, outputs, width, variant / 2, variant % 2);
          cases++;
        }
      for (size_t stride = 1; stride <= 5; stride++, cases++) wrong += check_rows(k, stride, width < 38 ? width : 38);
    }
    printf("%s: %zu cases, %zu wrong elements\n", tables[table]->name, cases, wrong);
    allWrong += wrong;
  }
  return allWrong > 0;
}
