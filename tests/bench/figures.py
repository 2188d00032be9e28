"""Runs become one figure each."""

import math
import statistics


def percentiles(values):
    """p50, p95 and p99 by nearest rank."""
    ordered = sorted(values)
    return {f"p{share}": ordered[math.ceil(share * len(ordered) / 100) - 1] for share in (50, 95, 99)}


def summary(runs):
    """Median, minimum and maximum of each figure that every run has."""
    names = [name for name in runs[0] if all(isinstance(run.get(name), (int, float)) for run in runs)]
    return {name: {"median": statistics.median(run[name] for run in runs),
                   "min": min(run[name] for run in runs),
                   "max": max(run[name] for run in runs)} for name in names}
