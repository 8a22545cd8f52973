/* The kernels of ck_pointwise.h: plain loops, which the compiler turns into vectors of the instruction set at hand. */

/* e^x = 2^n * e^r. */
typedef struct ck_reduced_exponential {
  float excess; /* e^r - 1, where |r| <= log(2) / 2 */
  int exponent; /* n */
} ck_reduced_exponential;

/* Of normal numbers. */
CK_INLINE float ck_power_of_two(int exponent) {
  const int bits = (exponent + 127) << 23;
  float power;
  memcpy(&power, &bits, 4);
  return power;
}

/* Without branches, so that loops over it become vectors; NaN stays, and x is -104 ... 89. */
CK_INLINE ck_reduced_exponential ck_reduce_exponential(float x) {
  /* Adding this rounds to an integer, which then stands in the lowest bits. */
  const float rounding = 12582912, shifted = x * 1.44269504f + rounding;
  int bits;
  memcpy(&bits, &shifted, 4);
  const float count = shifted - rounding;
  const float r = (x - count * 0.693359375f) + count * 2.12194440e-4f;
  const float tail = 0.5f + r * (0.166665428f + r * (0.0416662814f + r * (0.00836661061f + r * 0.00139464969f)));
  return (ck_reduced_exponential){r + r * r * tail, bits - 0x4B400000};
}

/* e^x within 2 units in the last place. */
CK_INLINE float ck_exponential(float x) {
  const float above = x < -104 ? -104 : x;
  const ck_reduced_exponential e = ck_reduce_exponential(above > 89 ? 89 : above);
  /* 2^n itself may be outside of the range of normal numbers. */
  const int half = e.exponent >> 1;
  return (1 + e.excess) * ck_power_of_two(half) * ck_power_of_two(e.exponent - half);
}

/* 1 / (1 + e^-x), with no overflow on the way to small values. */
CK_INLINE float ck_logistic(float x) {
  const float power = ck_exponential(-fabsf(x));
  return (x < 0 ? power : 1) / (1 + power);
}

/* By e^-2|x| - 1, which does not cancel where x is small, and is -1 from 20 on. */
CK_INLINE float ck_tanh(float x) {
  const float negative = -2 * fabsf(x);
  const ck_reduced_exponential e = ck_reduce_exponential(negative < -20 ? -20 : negative);
  const float power = ck_power_of_two(e.exponent), difference = power * e.excess + (power - 1);
  return copysignf(-difference / (2 + difference), x);
}

/* powf, but for the exponents that PyTorch treats apart, whose signs at -0 and values at -infinity differ. */
CK_INLINE float ck_power(float x, float exponent) {
  if (exponent == 0.5f) return __builtin_elementwise_sqrt(x);
  if (exponent == -0.5f) return 1 / __builtin_elementwise_sqrt(x);
  return powf(x, exponent);
}

/* In this order NaN stays NaN, and `most` wins where the bounds cross. */
CK_INLINE float ck_clamped(float x, float least, float most) {
  const float raised = x < least ? least : x;
  return raised > most ? most : raised;
}

/* The normal distribution function; erfc does not cancel in the negative tail. */
CK_INLINE double ck_distribution(float x) { return 0.5 * erfc(-(double)x * 0.7071067811865476); }

/* (1 + tanh u) / 2 = 1 / (1 + e^-2u), which does not cancel, where u = sqrt(2 / pi) * (x + 0.044715 * x^3). */
CK_INLINE double ck_gate(double x) {
  const double power = exp(-2 * 0.7978845608028654 * fabs(x + 0.044715 * x * x * x));
  return x < 0 ? power / (1 + power) : 1 / (1 + power);
}

CK_INLINE double ck_gate_slope(double x) {
  return ck_gate(x) + x * ck_gate(x) * ck_gate(-x) * (2 * 0.7978845608028654 * (1 + 3 * 0.044715 * x * x));
}

/* FUNCTION(name, value at x, gradient at x where the value is y and the cotangent c), the last two as float. */
#define CK_FUNCTIONS(FUNCTION) \
  FUNCTION(CK_LOGARITHM, logf(x), c / x) \
  FUNCTION(CK_SQUARE_ROOT, __builtin_elementwise_sqrt(x), c / (2 * y)) \
  FUNCTION(CK_MAGNITUDE, fabsf(x), x > 0 ? c : x < 0 ? -c : 0) \
  FUNCTION(CK_CLAMP, ck_clamped(x, p, q), x >= p && x <= q ? c : 0) \
  FUNCTION(CK_LEAKY_RELU, x > 0 ? x : x * p, x > 0 ? c : c * p) \
  FUNCTION(CK_RELU, x <= 0 ? 0 : x, x <= 0 ? 0 : c) \
  FUNCTION(CK_SOFTPLUS, (x > 0 ? x : 0) + log1pf(ck_exponential(-fabsf(x))), c * ck_logistic(x)) \
  FUNCTION(CK_GELU, (float)(x * ck_distribution(x)), \
           (float)(c * (ck_distribution(x) + x * (0.3989422804014327 * exp(-0.5 * (double)x * (double)x))))) \
  FUNCTION(CK_GELU_BY_TANH, (float)(x * ck_gate(x)), (float)(c * ck_gate_slope(x)))

/* Likewise, those that are long chains of operations of vectors. */
#define CK_CHAINS(FUNCTION) \
  FUNCTION(CK_EXPONENTIAL, ck_exponential(x), c * y) \
  FUNCTION(CK_LOGISTIC, ck_logistic(x), c * (y * ck_logistic(-x))) \
  FUNCTION(CK_SILU, x * ck_logistic(x), c * (ck_logistic(x) * (1 + x * ck_logistic(-x)))) \
  FUNCTION(CK_TANH, ck_tanh(x), c * (4 * ck_logistic(2 * x) * ck_logistic(-2 * x))) /* 1 - tanh^2 would cancel */

/* Floats whose chains are taken in turns, as a processor does not see far enough ahead to begin the next by itself. */
#define CK_CHAINED (4 * CK_LANES)

/* The values of one chain, where `count` is a multiple of CK_CHAINED. */
static void ck_apply_chain(ck_function f, const float *source, float *y, size_t count) {
  __builtin_assume(count % CK_CHAINED == 0);
  switch (f) {
#define CK_CASE(name, value, gradient) \
  case name: \
    _Pragma("clang loop vectorize(enable) interleave_count(4)") for (size_t i = 0; i < count; i++) { \
      const float x = source[i]; \
      y[i] = value; \
    } \
    break;
    CK_CHAINS(CK_CASE)
#undef CK_CASE
  default: break;
  }
}

static void ck_apply_chains(ck_function f, const float *source, float *y, size_t count) {
  const size_t whole = count / CK_CHAINED * CK_CHAINED, left = count - whole;
  ck_apply_chain(f, source, y, whole);
  if (left == 0) return;
  float values[CK_CHAINED] = {}, results[CK_CHAINED];
  memcpy(values, source + whole, left * 4);
  ck_apply_chain(f, values, results, CK_CHAINED);
  memcpy(y + whole, results, left * 4);
}

static void ck_apply(ck_function f, float p, float q, const float *source, float *y, size_t count) {
  switch (f) {
#define CK_CASE(name, value, gradient) \
  case name: \
    for (size_t i = 0; i < count; i++) { \
      const float x = source[i]; \
      y[i] = value; \
    } \
    break;
    CK_FUNCTIONS(CK_CASE)
#undef CK_CASE
#define CK_CASE(name, value, gradient) case name:
    CK_CHAINS(CK_CASE)
#undef CK_CASE
    ck_apply_chains(f, source, y, count);
    break;
  case CK_POWER:
    if (p == 2)
      for (size_t i = 0; i < count; i++) y[i] = source[i] * source[i];
    else
      for (size_t i = 0; i < count; i++) y[i] = ck_power(source[i], p);
  }
}

static void ck_apply_gradient(ck_function f, float p, float q, const float *inputs, const float *outputs,
                              const float *cotangents, float *result, size_t count) {
  switch (f) {
#define CK_CASE(name, value, gradient) \
  case name: \
    for (size_t i = 0; i < count; i++) { \
      const float x = inputs[i], y = outputs[i], c = cotangents[i]; \
      (void)x, (void)y; \
      result[i] = gradient; \
    } \
    break;
    CK_FUNCTIONS(CK_CASE)
    CK_CHAINS(CK_CASE)
#undef CK_CASE
  case CK_POWER:
    if (p == 0)
      for (size_t i = 0; i < count; i++) result[i] = 0;
    else if (p == 2)
      for (size_t i = 0; i < count; i++) result[i] = cotangents[i] * (2 * inputs[i]);
    else
      for (size_t i = 0; i < count; i++) result[i] = cotangents[i] * (p * ck_power(inputs[i], p - 1));
  }
}

static void ck_combine(ck_pairing f, const float *left, size_t leftStep, const float *right, size_t rightStep,
                       float *result, size_t count) {
#define CK_LOOP(operator, a, b) \
  for (size_t i = 0; i < count; i++) result[i] = a operator b;
#define CK_CASE(name, operator) \
  case name: \
    if (leftStep && rightStep) CK_LOOP(operator, left[i], right[i]) \
    else if (leftStep) CK_LOOP(operator, left[i], second) \
    else if (rightStep) CK_LOOP(operator, first, right[i]) \
    else CK_LOOP(operator, first, second) \
    break;
  const float first = *left, second = *right;
  switch (f) { CK_CASE(CK_ADD, +) CK_CASE(CK_SUBTRACT, -) CK_CASE(CK_MULTIPLY, *) CK_CASE(CK_DIVIDE, /) }
#undef CK_CASE
#undef CK_LOOP
}

static void ck_approach(float *target, const float *source, float share, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] += share * (source[i] - target[i]);
}

static void ck_adam_step(const ck_adam *adam, float *parameter, const float *gradient, float *mean, float *square,
                         size_t count) {
  const ck_adam a = *adam;
  for (size_t i = 0; i < count; i++) {
    const float slope = gradient[i] + a.added * parameter[i];
    const float m = mean[i] + (1 - a.momentum) * (slope - mean[i]);
    const float s = a.squareMomentum * square[i] + (1 - a.squareMomentum) * slope * slope;
    mean[i] = m;
    square[i] = s;
    parameter[i] = a.kept * parameter[i] - a.stepSize * m / (__builtin_elementwise_sqrt(s) / a.squareScale + a.epsilon);
  }
}

/* Half as many doubles as a vector has floats. */
typedef double ck_doubles __attribute__((ext_vector_type(CK_LANES / 2)));

CK_INLINE ck_doubles ck_low(ck_vector value) { return __builtin_convertvector(value.lo, ck_doubles); }
CK_INLINE ck_doubles ck_high(ck_vector value) { return __builtin_convertvector(value.hi, ck_doubles); }

/* A vector from memory, or zeros past its first `count` lanes. */
CK_INLINE ck_vector ck_load_at_most(const float *source, size_t count) {
  return count == CK_LANES ? ck_load(source) : ck_masked(ck_load(source), ck_first_lanes(count));
}

CK_INLINE double ck_lane_sum(ck_doubles lanes) {
  double total = 0;
  for (int lane = 0; lane < CK_LANES / 2; lane++) total += lanes[lane];
  return total;
}

/* Calls ADD(sums, offset, lanes) for whole vectors and for what is left, sums in turns, which hides the latency of the
 * additions; `total` is their sum. */
#define CK_SUM(count, ADD) \
  ck_doubles sums[4] = {0, 0, 0, 0}; \
  size_t i = 0; \
  for (; i + 2 * CK_LANES <= count; i += 2 * CK_LANES) { \
    ADD(sums, i, CK_LANES); \
    ADD(sums + 2, i + CK_LANES, CK_LANES); \
  } \
  if (i + CK_LANES <= count) { \
    ADD(sums, i, CK_LANES); \
    i += CK_LANES; \
  } \
  if (i < count) ADD(sums + 2, i, count - i); \
  double total = ck_lane_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));

static double ck_sum(const float *x, size_t count) {
#define CK_ADD_SOME(sums, i, lanes) \
  { \
    const ck_vector term = ck_load_at_most(x + (i), lanes); \
    (sums)[0] += ck_low(term); \
    (sums)[1] += ck_high(term); \
  }
  CK_SUM(count, CK_ADD_SOME)
  return total;
#undef CK_ADD_SOME
}

static double ck_sum_of_products(const float *x, double xCentre, const float *y, double yCentre, size_t count) {
  const size_t whole = count / CK_LANES * CK_LANES;
  double rest = 0;
  for (size_t i = whole; i < count; i++) rest += (x[i] - xCentre) * (y[i] - yCentre);
#define CK_ADD_SOME(sums, i, lanes) \
  { \
    const ck_vector left = ck_load(x + (i)), right = ck_load(y + (i)); \
    (sums)[0] += (ck_low(left) - xCentre) * (ck_low(right) - yCentre); \
    (sums)[1] += (ck_high(left) - xCentre) * (ck_high(right) - yCentre); \
  }
  CK_SUM(whole, CK_ADD_SOME)
  return total + rest;
#undef CK_ADD_SOME
}

CK_INLINE void ck_add_products(ck_doubles *sums, ck_vector x, ck_vector y) {
  sums[0] += ck_low(x) * ck_low(y);
  sums[1] += ck_high(x) * ck_high(y);
}

/* Writes the gradients of some elements and adds their terms of the slope's. */
CK_INLINE void ck_prelu_gradients(ck_doubles *sums, const float *x, const float *cotangent, float slope, float *gradient,
                                  size_t lanes) {
  const ck_vector value = ck_load_at_most(x, lanes), change = ck_load_at_most(cotangent, lanes);
  const ck_integers others = ~(value > 0);
  const ck_vector result = others ? change * slope : change;
  memcpy(gradient, &result, lanes * 4);
  ck_add_products(sums, ck_masked(value, others), ck_masked(change, others));
}

static double ck_prelu_gradient(const float *x, const float *cotangent, float slope, float *gradient, size_t count) {
#define CK_ADD_SOME(sums, i, lanes) ck_prelu_gradients(sums, x + (i), cotangent + (i), slope, gradient + (i), lanes)
  CK_SUM(count, CK_ADD_SOME)
  return total;
#undef CK_ADD_SOME
}

static void ck_piecewise(const float *activation, int hinges, const float *x, float *result, size_t count) {
  for (size_t i = 0; i < count; i += CK_LANES) {
    const size_t lanes = count - i < CK_LANES ? count - i : CK_LANES;
    const ck_vector values = ck_activated(activation, hinges, ck_load_at_most(x + i, lanes));
    memcpy(result + i, &values, lanes * 4);
  }
}

static void ck_piecewise_gradient(const float *activation, int hinges, const float *x, const float *cotangent,
                                  float *gradient, double *sums, size_t count) {
  /* Of the slope, then of the height and the place of each hinge. */
  ck_doubles terms[1 + 2 * CK_MOST_HINGES][2];
  memset(terms, 0, sizeof terms);
  for (size_t i = 0; i < count; i += CK_LANES) {
    const size_t lanes = count - i < CK_LANES ? count - i : CK_LANES;
    const ck_vector value = ck_load_at_most(x + i, lanes), change = ck_load_at_most(cotangent + i, lanes);
    const ck_integers others = ~(value > 0);
    ck_vector result = others ? change * activation[0] : change;
    ck_add_products(terms[0], ck_masked(value, others), ck_masked(change, others));
    for (int h = 1; h <= hinges; h++) {
      const float place = activation[2 * h], height = activation[2 * h + 1];
      const ck_vector beyond = ck_masked(change, value > place);
      ck_add_products(terms[2 * h - 1], value - place, beyond);
      terms[2 * h][0] -= height * ck_low(beyond);
      terms[2 * h][1] -= height * ck_high(beyond);
      result += height * beyond;
    }
    memcpy(gradient + i, &result, lanes * 4);
  }
  for (int i = 0; i < 1 + 2 * hinges; i++) sums[i] = ck_lane_sum(terms[i][0] + terms[i][1]);
}

static void ck_add_to_sums(const float *x, double *sums, size_t count) {
  for (size_t i = 0; i < count; i++) sums[i] += x[i];
}

static void ck_scale(const float *x, double scale, double shift, float *result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = (float)(x[i] * scale + shift);
}

static void ck_mix(const float *x, double xScale, const float *y, double yScale, double shift, float *result, size_t count) {
  for (size_t i = 0; i < count; i++) result[i] = (float)(x[i] * xScale + y[i] * yScale + shift);
}

#define CK_POINTWISE \
  { \
    .apply = ck_apply, .applyGradient = ck_apply_gradient, .combine = ck_combine, .preluGradient = ck_prelu_gradient, \
    .piecewise = ck_piecewise, .piecewiseGradient = ck_piecewise_gradient, .approach = ck_approach, .adam = ck_adam_step, \
    .sum = ck_sum, .sumOfProducts = ck_sum_of_products, .addToSums = ck_add_to_sums, .scale = ck_scale, .mix = ck_mix \
  }
