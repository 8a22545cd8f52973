// To ship a network, put its file into Weights/ and name it here twice; Docs/Models.md says where each is from.
#include "CKakudaiAssets.h"

static const uint8_t fast_x2[] = {
#embed "Weights/fast-x2.safetensors"
};

static const uint8_t fast_x3[] = {
#embed "Weights/fast-x3.safetensors"
};

static const uint8_t fast_x4[] = {
#embed "Weights/fast-x4.safetensors"
};

static const uint8_t fastest_x2[] = {
#embed "Weights/fastest-x2.safetensors"
};

static const uint8_t fastest_x3[] = {
#embed "Weights/fastest-x3.safetensors"
};

static const uint8_t fastest_x4[] = {
#embed "Weights/fastest-x4.safetensors"
};

static const uint8_t fine_x2[] = {
#embed "Weights/fine-x2.safetensors"
};

static const uint8_t fine_x3[] = {
#embed "Weights/fine-x3.safetensors"
};

static const uint8_t fine_x4[] = {
#embed "Weights/fine-x4.safetensors"
};

static const ka_weights table[] = {
    {"fast-x2", fast_x2, sizeof fast_x2},
    {"fast-x3", fast_x3, sizeof fast_x3},
    {"fast-x4", fast_x4, sizeof fast_x4},
    {"fastest-x2", fastest_x2, sizeof fastest_x2},
    {"fastest-x3", fastest_x3, sizeof fastest_x3},
    {"fastest-x4", fastest_x4, sizeof fastest_x4},
    {"fine-x2", fine_x2, sizeof fine_x2},
    {"fine-x3", fine_x3, sizeof fine_x3},
    {"fine-x4", fine_x4, sizeof fine_x4},
};
const ka_weights *const ka_shipped_weights = table;
const size_t ka_shipped_weights_count = sizeof table / sizeof *table;
