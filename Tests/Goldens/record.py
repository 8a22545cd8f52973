"""Records the golden files of the PyTorch parity tests.

    python record.py                      records every family beside this script
    python record.py --only conv2d pad    records the named families
    python record.py --check              re-reads the files and checks them against the cases they list
    python record.py --compare            records again elsewhere and compares the bytes
"""

import argparse
import os
import tempfile
import warnings
from pathlib import Path

# One instruction set and one order of summation on every x86 machine, so that the files have the same bytes.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"

import torch

from recorder import (
    activations, check, conv2d, conv_transpose2d, elementwise, interpolate, losses, matmul, models, normalization,
    optimizers, padding, pixel_shuffle, pooling, reductions,
)

_FAMILIES = {
    "convTranspose2d": conv_transpose2d.record,
    "conv2d": conv2d.record,
    "interpolate": interpolate.record,
    "pixelShuffle": pixel_shuffle.record,
    "activations": activations.record,
    "elementwise": elementwise.record,
    "reductions": reductions.record,
    "matmul": matmul.record,
    "pad": padding.record,
    "pooling": pooling.record,
    "normalization": normalization.record,
    "losses": losses.record,
    "optimizers": optimizers.record,
    "models": models.record,
}
_VERSION = "2.13"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(_FAMILIES), default=list(_FAMILIES), metavar="FAMILY")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the files lie")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="only re-read and check the files")
    action.add_argument("--compare", action="store_true", help="record again elsewhere and compare the bytes")
    arguments = parser.parse_args()

    if arguments.check:
        for name in arguments.only:
            print(f"{name}: {check.check(arguments.folder / f'{name}.safetensors')} cases hold what they list")
    elif arguments.compare:
        with tempfile.TemporaryDirectory() as folder:
            for path in _record(arguments.only, Path(folder)):
                if path.read_bytes() != (arguments.folder / path.name).read_bytes():
                    raise SystemExit(f"{path.name} differs")
    else:
        for path in _record(arguments.only, arguments.folder):
            check.check(path)


def _record(names, folder):
    """Records the families one after the other and yields the path of each file."""
    if not torch.__version__.startswith(_VERSION + "."):
        raise SystemExit(f"the goldens are those of PyTorch {_VERSION}; this is {torch.__version__}")
    torch.set_num_threads(1)
    # oneDNN returns empty tensors where PyTorch itself refuses, and picks its algorithms by the machine.
    torch.backends.mkldnn.enabled = False
    # PyTorch mentions that `same` padding of even kernels copies the input.
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")
    for name in names:
        path, count = _FAMILIES[name]().write(folder)
        print(f"{name}: {count} cases, {path.stat().st_size} bytes")
        yield path


if __name__ == "__main__":
    main()
