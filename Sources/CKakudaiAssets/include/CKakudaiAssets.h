// Files that are part of the program: the weights of the networks it ships with.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  // As the model is called, with its scale: "fast-x2".
  const char *name;
  // A safetensors file, whole.
  const uint8_t *bytes;
  size_t count;
} ka_weights;

extern const ka_weights *const ka_shipped_weights;
extern const size_t ka_shipped_weights_count;
