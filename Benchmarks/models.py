"""Times whole networks, ours through `Plan` and other libraries' in turns: `python models.py [WORD] [--threads N]`.

Results are compared before anything is timed; the memory is what a process of its own needs more at its peak for the network
and one picture than before. Writes all times to models.json beside this script.
"""
import argparse
import json
import multiprocessing
import statistics
import types
import warnings

import torch

import networks
from compare import FOLDER, Ours, geometric_mean, worst_difference
from turns import in_turns, times

ROUNDS = 8
# What one library may take of one round.
MILLISECONDS = 300


def make(name):
    """A network with weights that keep the size of what flows through it, and its input."""
    torch.manual_seed(1)
    shape, layers = networks.ALL[name]
    model = networks.Torch(layers).eval().requires_grad_(False)
    for part in model.parts.values():
        if hasattr(part, "in_channels"):
            fan_in = part.in_channels * part.kernel_size[0] ** 2 / part.stride[0] ** (
                2 if isinstance(part, torch.nn.ConvTranspose2d) else 0)
            part.weight.normal_(0, (1.5 / fan_in) ** 0.5)
    return model, torch.rand(shape)


def tensors(model, x):
    found = {"input": x}
    for index, part in model.parts.items():
        found |= {f"{index}.{key}": value.contiguous() for key, value in part.state_dict().items()}
    return found


def _peak_megabytes():
    """The most this process has held; what the system counts for a child begins with its parent's."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def _peak(name, rival, threads, queue):
    """Says by how many MB one run raises the peak memory of this process."""
    torch.set_num_threads(threads)
    model, x = make(name)
    __import__("torch" if rival.startswith("torch") else rival)
    before = _peak_megabytes()
    with torch.no_grad():
        networks.RIVALS[rival](model, x, threads)()
    queue.put(_peak_megabytes() - before)


def memory(name, rival, threads):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_peak, args=(name, rival, threads, queue))
    process.start()
    process.join()
    return queue.get() if process.exitcode == 0 else float("nan")


def our_memory(case, model, x, threads):
    ours = Ours(threads)
    before = float(ours.ask("memory"))
    ours.load(case, tensors(model, x))
    return float(ours.ask("memory")) - before


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-memory", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(arguments.threads)
    ours = Ours(arguments.threads)
    print(f"{arguments.threads} thread(s), f32; times in ms (least, median), peak memory in MB")
    print(f"{'':20}{'ours':>9}{'':>9}{'MB':>7}  {'best rival':<22}{'':>9}{'MB':>7}{'ratio':>7}{'torch':>9}")
    results = {}
    for name in [name for name in networks.ALL if arguments.word in name]:
        model, x = make(name)
        case = types.SimpleNamespace(layers="\n".join(networks.ALL[name][1]))
        expected = ours.load(case, tensors(model, x))
        calls = {"ours": ours.times}
        for rival, start in networks.RIVALS.items():
            try:
                call = start(model, x, arguments.threads)
                difference = worst_difference([*call()], expected)
            except Exception as error:
                print(f"{name}: {rival} is left out: {error}")
                continue
            if not difference < 1e-3:
                print(f"{name}: {rival} is left out, as its results differ by {difference}")
                continue
            calls[rival] = lambda count, call=call: times(call, count)
        found = in_turns(calls, ROUNDS, MILLISECONDS)
        least = {rival: min(values) for rival, values in found.items()}
        best = min((rival for rival in least if rival != "ours"), key=least.get)
        megabytes = {} if arguments.no_memory else {
            "ours": our_memory(case, model, x, arguments.threads), best: memory(name, best, arguments.threads)}
        results[name] = {"times": found, "memory": megabytes}
        print(
            f"{name:20}{least['ours']:9.2f}{statistics.median(found['ours']):9.2f}{megabytes.get('ours', 0):7.0f}"
            f"  {best:<22}{least[best]:9.2f}{megabytes.get(best, 0):7.0f}{least[best] / least['ours']:7.2f}"
            f"{least['torch'] / least['ours']:9.2f}", flush=True)
    ratios = [min(min(v) for r, v in result["times"].items() if r != "ours") / min(result["times"]["ours"])
              for result in results.values()]
    print(f"geometric mean over {len(ratios)} {geometric_mean(ratios):.2f} times the best rival")
    (FOLDER / "models.json").write_text(json.dumps({"threads": arguments.threads, "networks": results}, indent=1))


if __name__ == "__main__":
    main()
