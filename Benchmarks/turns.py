"""Timing several things in turns, so that what disturbs the machine disturbs all of them."""
import time


def times(call, count):
    """Milliseconds of each of `count` calls."""
    found = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1000)
    return found


def in_turns(calls, rounds, milliseconds):
    """The times of each of `calls`, functions from a number of runs to their times in ms; each takes about `milliseconds` a round."""
    counts = {name: max(1, min(50, int(milliseconds / min(call(2))))) for name, call in calls.items()}
    found = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            found[name] += call(counts[name])
    return found
