"""Times our convolutions and those of other libraries in turns, in one run: `python compare.py [WORD] [--threads N]`.

WORD selects layers by name. Outputs are compared before anything is timed. Ours packs its weights in every call, as PyTorch does;
ONNX Runtime, OpenVINO and ncnn did so when they loaded theirs. Writes all times to results.json beside this script.
"""
import argparse
import json
import math
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy
import torch
from safetensors.torch import load_file, save_file

import rivals
from shapes import LAYERS

FOLDER = pathlib.Path(__file__).parent
ROUNDS = 5
# What one library may take of one round.
MILLISECONDS = 60


class Ours:
    def __init__(self, threads):
        program = FOLDER / ".build/release/Times"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask(f"threads {threads}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def load(self, layer, picture, weight, bias):
        """Takes a layer and returns its output."""
        with tempfile.TemporaryDirectory() as folder:
            metadata = {key: str(value) for key, value in vars(layer).items()}
            save_file({"input": picture, "weight": weight, "bias": bias}, f"{folder}/in.safetensors", metadata)
            self.ask(f"load {folder}/in.safetensors")
            self.ask(f"save {folder}/out.safetensors")
            return load_file(f"{folder}/out.safetensors")["output"].numpy()

    def times(self, count):
        return [float(value) for value in self.ask(f"time {count}").split()]


def times(call, count):
    found = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1000)
    return found


def measure(layer, ours, threads):
    """The times in ms of every library that agrees with ours."""
    weight_shape = (
        (layer.outputs, layer.inputs // layer.groups) if layer.operation == "conv2d"
        else (layer.inputs, layer.outputs // layer.groups))
    scale = 1 / math.sqrt(layer.inputs // layer.groups * layer.kernel**2)
    picture = torch.rand(layer.batch, layer.inputs, layer.height, layer.width)
    weight = (torch.rand(*weight_shape, layer.kernel, layer.kernel) - 0.5) * scale
    bias = torch.rand(layer.outputs)
    output = ours.load(layer, picture, weight, bias)
    calls = {"ours": ours.times}
    for name, make in rivals.available().items():
        call = make(layer, picture, weight, bias, threads)
        if call is None:
            continue
        difference = numpy.abs(numpy.asarray(call()) - output).max()
        if not difference < 1e-4:
            print(f"{layer.name}: {name} is left out, as its output differs by {difference}")
            continue
        calls[name] = lambda count, call=call: times(call, count)
    counts = {name: max(1, min(50, int(MILLISECONDS / min(call(2))))) for name, call in calls.items()}
    found = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            found[name] += call(counts[name])
    return found


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values)) if values else math.nan


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(arguments.threads)
    ours = Ours(arguments.threads)
    limit = float(ours.ask("limit")) * arguments.threads
    print(f"{arguments.threads} thread(s), f32; limit of multiply-adds {limit:.0f} GFLOP/s; times in ms (least, median)")
    print(f"{'':28}{'ours':>8}{'':>8}{'GFLOP/s':>9}{'% limit':>8}  {'best rival':<22}{'':>8}{'ratio':>7}{'torch':>8}")
    results = {}
    for layer in [layer for layer in LAYERS if arguments.word in layer.name]:
        found = measure(layer, ours, arguments.threads)
        least = {name: min(values) for name, values in found.items()}
        best = min((name for name in least if name != "ours"), key=least.get)
        speed = layer.operations / least["ours"] / 1e6
        results[layer.name] = {"operation": layer.operation, "operations": layer.operations, "times": found}
        print(
            f"{layer.name:28}{least['ours']:8.3f}{statistics.median(found['ours']):8.3f}{speed:9.1f}"
            f"{100 * speed / limit:8.0f}  {best:<22}{least[best]:8.3f}{least[best] / least['ours']:7.2f}"
            f"{least['torch'] / least['ours']:8.2f}", flush=True)
    for operation in ("convTranspose2d", "conv2d"):
        chosen = [result["times"] for result in results.values() if result["operation"] == operation]
        best = [min(min(v) for n, v in found.items() if n != "ours") / min(found["ours"]) for found in chosen]
        default = [min(found["torch"]) / min(found["ours"]) for found in chosen]
        if chosen:
            print(f"{operation}: geometric mean over {len(chosen)} layers {geometric_mean(best):.2f} times the best "
                  f"rival, {geometric_mean(default):.2f} times torch")
    (FOLDER / "results.json").write_text(json.dumps(
        {"threads": arguments.threads, "limit": limit, "layers": results}, indent=1))


main()
