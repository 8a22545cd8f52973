/* Arithmetic on arrays, element by element, and sums over them. Arrays that are written may be one of those that are read,
 * but not overlap them otherwise. */
#ifndef CK_POINTWISE_H
#define CK_POINTWISE_H

#include <stddef.h>

/* Functions of one number x, with up to two parameters p and q. */
typedef enum ck_function {
  CK_EXPONENTIAL,
  CK_LOGARITHM,
  CK_SQUARE_ROOT,
  CK_MAGNITUDE,
  CK_POWER,                /* to the exponent p */
  CK_CLAMP,                /* to p...q */
  CK_LEAKY_RELU,           /* p * x where x is not positive */
  CK_RELU,
  CK_LOGISTIC,
  CK_SILU,                 /* x * logistic(x) */
  CK_SOFTPLUS,             /* log(1 + e^x) */
  CK_TANH,
  CK_GELU,                 /* x * (normal distribution function of x) */
  CK_GELU_BY_TANH          /* its usual approximation */
} ck_function;

/* Functions of two numbers. */
typedef enum ck_pairing { CK_ADD, CK_SUBTRACT, CK_MULTIPLY, CK_DIVIDE } ck_pairing;

/* One step of Adam: slope = gradient + added * parameter; mean += (1 - momentum) * (slope - mean);
 * square = squareMomentum * square + (1 - squareMomentum) * slope^2;
 * parameter = kept * parameter - stepSize * mean / (sqrt(square) / squareScale + epsilon). */
typedef struct ck_adam {
  float momentum, squareMomentum, added, kept, stepSize, squareScale, epsilon;
} ck_adam;

typedef struct ck_pointwise_kernels {
  /* y[i] = f(x[i]) */
  void (*apply)(ck_function f, float p, float q, const float *x, float *y, size_t count);
  /* result[i] = f'(x[i]) * cotangent[i], where y[i] is the value of f */
  void (*applyGradient)(ck_function f, float p, float q, const float *x, const float *y, const float *cotangent,
                        float *result, size_t count);
  /* result[i] = f(left[i * leftStep], right[i * rightStep]); steps are 0 or 1. */
  void (*combine)(ck_pairing f, const float *left, size_t leftStep, const float *right, size_t rightStep, float *result,
                  size_t count);
  /* gradient[i] = cotangent[i] where x[i] is positive, slope * cotangent[i] elsewhere; returns the sum of x[i] * cotangent[i]
   * over these other i. */
  double (*preluGradient)(const float *x, const float *cotangent, float slope, float *gradient, size_t count);
  /* result[i] = the activation of x[i], which stands as in ck_epilogue. */
  void (*piecewise)(const float *activation, int hinges, const float *x, float *result, size_t count);
  /* gradient[i] = its derivative there times cotangent[i]; sums are by the slope, then by the height and the place of each
   * hinge, as if the offset were minus the sum of height * place. */
  void (*piecewiseGradient)(const float *activation, int hinges, const float *x, const float *cotangent, float *gradient,
                            double *sums, size_t count);
  /* target[i] += share * (source[i] - target[i]) */
  void (*approach)(float *target, const float *source, float share, size_t count);
  void (*adam)(const ck_adam *adam, float *parameter, const float *gradient, float *mean, float *square, size_t count);
  /* Sums are in double, in an order that depends on `count` only. */
  double (*sum)(const float *x, size_t count);
  /* The sum of (x[i] - xCentre) * (y[i] - yCentre). */
  double (*sumOfProducts)(const float *x, double xCentre, const float *y, double yCentre, size_t count);
  /* sums[i] += x[i] */
  void (*addToSums)(const float *x, double *sums, size_t count);
  /* result[i] = scale * x[i] + shift, in double */
  void (*scale)(const float *x, double scale, double shift, float *result, size_t count);
  /* result[i] = xScale * x[i] + yScale * y[i] + shift, in double */
  void (*mix)(const float *x, double xScale, const float *y, double yScale, double shift, float *result, size_t count);
} ck_pointwise_kernels;

#endif
