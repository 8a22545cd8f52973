"""Converts the state dict of a PyTorch file from before the zip format (a row of pickles, then the storages) to safetensors.

    python3 convert-legacy-checkpoint.py IN.pth OUT.safetensors

Needs the standard library alone; of the pickles only an ordered dictionary of tensors is accepted.
"""

import collections
import json
import pickle
import struct
import sys

DTYPES = {"FloatStorage": ("F32", 4)}


class Unpickler(pickle.Unpickler):
    """Tensors become (storage key, offset, size), storages their key."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda key, offset, size, stride, gradient, hooks: (key, offset, size)
        if module == "torch" and name in DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not expected in a state dict")

    def persistent_load(self, identifier):
        kind, storage, key, location, count, view = identifier
        assert kind == "storage" and storage in DTYPES and view is None
        return key


def main(source, target):
    with open(source, "rb") as file:
        assert pickle.load(file) == 0x1950A86A20F9469CFC6C and pickle.load(file) == 1001
        assert pickle.load(file)["little_endian"]
        tensors = Unpickler(file).load()
        storages = {}
        for key in pickle.load(file):
            (count,) = struct.unpack("<q", file.read(8))
            storages[key] = file.read(4 * count)
    header, data = {}, b""
    for name, (key, offset, size) in tensors.items():
        count = 1
        for extent in size:
            count *= extent
        piece = storages[key][4 * offset : 4 * (offset + count)]
        header[name] = {"dtype": "F32", "shape": list(size), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main(*sys.argv[1:])
