/* What this processor can do at most. */
#ifndef LIMITS_OF_THIS_PROCESSOR_H
#define LIMITS_OF_THIS_PROCESSOR_H

/* Runs `count` fused multiply-adds of the widest vectors there are, 24 at a time independent of each other, and returns the
 * number of floating-point operations. `sink` keeps the compiler from leaving them out. */
double multiply_adds(long count, float *sink);

#endif
