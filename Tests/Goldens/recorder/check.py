"""Re-reads a golden file and checks that every case holds the tensors that its attributes promise."""

import json

from . import safetensors


def check(path):
    """Returns the number of cases of the file; raises ValueError if one is not as README.md says."""
    tensors, metadata = safetensors.read(path)
    unclaimed = set(tensors)
    cases = {key.removeprefix("case."): json.loads(text) for key, text in metadata.items() if key.startswith("case.")}
    for case, attributes in cases.items():
        own = {name.removeprefix(f"{case}/"): tensors[name] for name in tensors if name.startswith(f"{case}/")}
        unclaimed.difference_update(f"{case}/{name}" for name in own)
        if attributes["op"] != "initialDistribution":
            _check_case(f"{path.name}: {case}", attributes, own)
    if unclaimed:
        raise ValueError(f"{path.name}: no case claims {sorted(unclaimed)}")
    return len(cases)


def _check_case(case, attributes, tensors):
    shapes = attributes["shapes"]
    generated = set(attributes["seeds"]) - {"cotangent"}
    stored = set(attributes.get("stored", []))
    if generated | stored | {"output"} != set(shapes) or generated & stored:
        raise ValueError(f"{case}: shapes, seeds and stored do not agree")
    for name, tensor in tensors.items():
        is_single = name in stored or name.endswith(".float32") or attributes["exact"]
        if tensor.element_size() != (4 if is_single else 8):
            raise ValueError(f"{case}: {name} is {tensor.dtype}")
        named = name.removesuffix(".float32").removeprefix("gradient.")
        if named in shapes and list(tensor.shape) != shapes[named]:
            raise ValueError(f"{case}: {name} has shape {list(tensor.shape)}, not {shapes[named]}")
    missing = ({"output"} | stored) - set(tensors)
    if missing:
        raise ValueError(f"{case}: {missing} is missing")
