"""Times our convolutions and PyTorch's in turns: `python compare.py [WORD]`, WORD selecting shapes by name.

Outputs are compared before anything is timed. Prints the median of both, and how many times faster ours is.
"""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from safetensors.torch import load_file, save_file

# name, operation, in, out, kernel, stride, padding, output padding, groups, height and width
SHAPES = [
    ("article 3-32 k4 s2 256", "convTranspose2d", 3, 32, 4, 2, 1, 0, 1, 256),
    ("article 32-3 k4 s2 256", "convTranspose2d", 32, 3, 4, 2, 1, 0, 1, 256),
    ("fsrcnn 56-1 k9 s2 128", "convTranspose2d", 56, 1, 9, 2, 4, 1, 1, 128),
    ("dcgan 256-128 k4 s2 16", "convTranspose2d", 256, 128, 4, 2, 1, 0, 1, 16),
    ("style 128-64 k3 s2 64", "convTranspose2d", 128, 64, 3, 2, 1, 1, 1, 64),
    ("depthwise 64 k4 s2 128", "convTranspose2d", 64, 64, 4, 2, 1, 0, 64, 128),
    ("conv 64-64 k3 128", "conv2d", 64, 64, 3, 1, 1, 0, 1, 128),
    ("conv 3-64 k5 256", "conv2d", 3, 64, 5, 1, 2, 0, 1, 256),
]
ROUNDS, RUNS = 5, 6


class Ours:
    def __init__(self):
        program = pathlib.Path(__file__).parent / ".build/release/Times"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


def layer(operation, inputs, outputs, kernel, stride, padding, output_padding, groups):
    if operation == "conv2d":
        return torch.nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups)
    return torch.nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, output_padding, groups)


def timed(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


@torch.no_grad()
def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    ours = Ours()
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    print(f"one thread, medians in ms; PyTorch {torch.__version__}\n{'':26}{'ours':>9}{'PyTorch':>9}{'ratio':>8}")
    for name, operation, *sizes, side in [shape for shape in SHAPES if word in shape[0]]:
        module = layer(operation, *sizes)
        picture = torch.rand(1, sizes[0], side, side)
        with tempfile.TemporaryDirectory() as folder:
            tensors = {"input": picture, "weight": module.weight.detach(), "bias": module.bias.detach()}
            keys = ("stride", "padding", "output_padding", "groups")
            metadata = {key: str(value) for key, value in zip(keys, sizes[3:])} | {"operation": operation}
            save_file(tensors, f"{folder}/in.safetensors", metadata)
            ours.ask("threads 1")
            ours.ask(f"load {folder}/in.safetensors")
            ours.ask(f"save {folder}/out.safetensors")
            difference = (load_file(f"{folder}/out.safetensors")["output"] - module(picture)).abs().max().item()
        if difference > 1e-4:
            sys.exit(f"{name}: outputs differ by {difference}")
        times, theirs = [], []
        for _ in range(ROUNDS):
            times += [float(value) for value in ours.ask(f"time {RUNS}").split()]
            theirs += [timed(lambda: module(picture)) for _ in range(RUNS)]
        mine, other = statistics.median(times), statistics.median(theirs)
        print(f"{name:26}{mine:9.2f}{other:9.2f}{other / mine:7.1f}×", flush=True)


main()
