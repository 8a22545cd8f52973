"""Times the algorithms that our convolutions choose from, in turns: `python candidates.py [WORD] [--threads N]`.

Prints the choice beside the candidates, and ends with those that are more than 15 % slower than the best.
"""
import argparse

import torch

from ours import Ours
from shapes import GRADIENTS, LAYERS
from turns import in_turns

ALGORITHMS = ("direct", "directChannels", "winograd", "winogradRows", "winogradChannels", "winogradSmallTiles",
              "overlapAdd")
ROUNDS = 5
# What one candidate may take of one round.
MILLISECONDS = 40


def measure(case, processes):
    """The least time of each process in ms."""
    tensors = case.tensors()
    for process in processes.values():
        process.load(case, tensors)
    found = in_turns({name: process.times for name, process in processes.items()}, ROUNDS, MILLISECONDS)
    return {name: min(values) for name, values in found.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    processes = {"choice": Ours(arguments.threads)}
    processes |= {name: Ours(arguments.threads, KAKUDAI_CONVOLUTION=name) for name in ALGORITHMS}
    print(f"{'':32}" + "".join(f"{name:>20}" for name in processes) + "   times in ms; choice / best")
    slow = []
    for case in [case for case in LAYERS + GRADIENTS if arguments.word in case.name]:
        found = measure(case, processes)
        ratio = found["choice"] / min(found[name] for name in ALGORITHMS)
        print(f"{case.name:32}" + "".join(f"{value:20.3f}" for value in found.values()) + f"{ratio:10.2f}", flush=True)
        if ratio > 1.15:
            slow.append(f"{case.name} ({ratio:.2f})")
    print("more than 15 % slower than the best: " + (", ".join(slow) or "none"))


main()
