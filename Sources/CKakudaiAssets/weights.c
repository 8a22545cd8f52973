// To ship a network, put its file into Weights/ and name it here twice; Docs/Models.md says where each is from.
#include "CKakudaiAssets.h"

static const uint8_t fast_x2[] = {
#embed "Weights/fast-x2.safetensors"
};

static const ka_weights table[] = {
    {"fast-x2", fast_x2, sizeof fast_x2},
};
const ka_weights *const ka_shipped_weights = table;
const size_t ka_shipped_weights_count = sizeof table / sizeof *table;
