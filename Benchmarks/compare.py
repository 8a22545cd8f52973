"""Times our convolutions and those of other libraries in turns, in one run: `python compare.py [WORD] [--threads N]`.

WORD selects by name. Results are compared before anything is timed. Writes all times to results.json beside this script.
"""
import argparse
import json
import math
import pathlib
import statistics

import numpy
import torch

import rivals
from ours import Ours
from shapes import ALL
from turns import in_turns, times

FOLDER = pathlib.Path(__file__).parent
ROUNDS = 5
# What one library may take of one round.
MILLISECONDS = 60


def worst_difference(arrays, expected):
    """The largest difference between the elements of two lists of arrays, relative to the largest element of each."""
    return max(
        float(numpy.abs(numpy.asarray(array) - right).max() / numpy.abs(right).max())
        for array, right in zip(arrays, expected, strict=True))


def measure(case, ours, threads):
    """The times in ms of every library that agrees with ours."""
    tensors = case.tensors()
    results = ours.load(case, tensors)
    calls = {"ours": ours.times}
    for name, make in rivals.of(case).items():
        call = make(case, tensors, threads)
        if call is None:
            continue
        difference = worst_difference(call(), results)
        if not difference < getattr(case, "tolerance", 1e-4):
            print(f"{case.name}: {name} is left out, as its results differ by {difference}")
            continue
        calls[name] = lambda count, call=call: times(call, count)
    return in_turns(calls, ROUNDS, MILLISECONDS)


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
    results, table = {}, None
    for case in [case for case in ALL if arguments.word in case.name]:
        if case.table != table:
            table = case.table
            print(f"\n{table:30}{'ours':>8}{'':>8}{case.unit:>9}{'% limit':>8}  {'best rival':<22}{'':>8}{'ratio':>7}"
                  f"{'torch':>8}")
        found = measure(case, ours, arguments.threads)
        if "torch" not in found:
            print(f"{case.name}: left out, as there is no PyTorch to compare with")
            continue
        least = {name: min(values) for name, values in found.items()}
        best = min((name for name in least if name != "ours"), key=least.get)
        speed = case.work / least["ours"] / 1e6
        share = f"{100 * speed / limit:8.0f}" if case.unit == "GFLOP/s" else " " * 8
        results[case.name] = {"table": table, "unit": case.unit, "work": case.work, "times": found}
        print(
            f"{case.name:30}{least['ours']:8.3f}{statistics.median(found['ours']):8.3f}{speed:9.1f}{share}"
            f"  {best:<22}{least[best]:8.3f}{least[best] / least['ours']:7.2f}{least['torch'] / least['ours']:8.2f}",
            flush=True)
    print()
    for table in dict.fromkeys(result["table"] for result in results.values()):
        chosen = [result["times"] for result in results.values() if result["table"] == table]
        best = [min(min(v) for n, v in found.items() if n != "ours") / min(found["ours"]) for found in chosen]
        default = [min(found["torch"]) / min(found["ours"]) for found in chosen]
        print(f"{table}: geometric mean over {len(chosen)} {geometric_mean(best):.2f} times the best rival, "
              f"{geometric_mean(default):.2f} times torch")
    (FOLDER / "results.json").write_text(json.dumps(
        {"threads": arguments.threads, "limit": limit, "cases": results}, indent=1))


if __name__ == "__main__":
    main()
