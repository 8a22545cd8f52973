"""Reads and writes safetensors files: 8-byte little-endian header length, JSON header, raw tensor bytes."""

import json
import math
import struct

import torch

_NAMES = {torch.float32: "F32", torch.float64: "F64"}
_TYPES = {name: dtype for dtype, name in _NAMES.items()}


def write(path, tensors, metadata):
    """Writes `tensors` (name to tensor) and `metadata` (string to string); the same arguments give the same bytes."""
    # Widest type first, so that every tensor starts at a multiple of its element size.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header = {"__metadata__": metadata}
    chunks = []
    offset = 0
    for name, tensor in ordered:
        data = _bytes(tensor)
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for chunk in chunks:
            file.write(chunk)


def read(path):
    """Returns the tensors (name to tensor) and the metadata of a file, and checks that the data has no holes."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    metadata = header.pop("__metadata__")
    tensors = {}
    expected_begin = 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = _TYPES[entry["dtype"]]
        count = math.prod(entry["shape"])
        if begin != expected_begin or end - begin != count * dtype.itemsize:
            raise ValueError(f"{path}: {name}: offsets {begin}..<{end} do not fit {entry}")
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=dtype) if count else torch.empty(0, dtype=dtype)
        tensors[name] = flat.reshape(entry["shape"])
        expected_begin = end
    if expected_begin != len(data):
        raise ValueError(f"{path}: {len(data) - expected_begin} bytes belong to no tensor")
    return tensors, metadata


def _bytes(tensor):
    """The little-endian bytes of a tensor in row-major order."""
    code = "f" if tensor.dtype == torch.float32 else "d"
    if tensor.dtype not in _NAMES:
        raise ValueError(f"no golden holds {tensor.dtype}")
    values = tensor.detach().contiguous().flatten()
    integers = values.view(torch.int32 if code == "f" else torch.int64).tolist()
    return struct.pack(f"<{len(integers)}{'i' if code == 'f' else 'q'}", *integers)
