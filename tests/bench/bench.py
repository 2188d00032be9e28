#!/usr/bin/python3 -B
"""Measures vapisync: prints a table, and writes every run as JSON. See docs/performance.md."""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile
import time

import ceilings
from figures import summary
from rows import QUICK, ROWS, Sizes
from stage import Stage


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench/result.json"))
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="every row once, small: shows that the bench works")
    size.add_argument("--full", action="store_true", help="with growth: needs an hour and 40 GB")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="of: " + " ".join(row.name for row in ROWS))
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - {row.name for row in ROWS}
    if unknown:
        parser.error(f"no such row: {' '.join(sorted(unknown))}")
    return arguments


def chosen(arguments):
    if arguments.rows:
        return [row for row in ROWS if row.name in arguments.rows]
    return [row for row in ROWS if arguments.full or arguments.quick or not row.full_only]


def first_line(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.split("\n")[0]


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "kernel": platform.release(),
        "postgres": first_line("/usr/lib/postgresql/15/bin/postgres", "--version"),
        "nginx": first_line("/usr/sbin/nginx", "-v"),
        "files": f"{tempfile.gettempdir()}, " + first_line("stat", "-f", "-c", "%T", tempfile.gettempdir()),
        "commit": first_line("git", "describe", "--always", "--dirty"),
    }


def measure(row, binary, sizes):
    with Stage(binary, sizes) as stage:
        row.prepare(stage)
        runs = []
        for round in range(1, sizes.repeats + 1):
            at_best = ceilings.measure(stage) if row.with_ceilings else {}
            runs.append({**{f"ceiling_{name}": value for name, value in at_best.items()},
                         **row.run(stage, round)})
        return {"what": row.what, "runs": runs, "summary": summary(runs)}


def show(row, result):
    print(f"\n{row.name}: {row.what}")
    for name, of in result["summary"].items():
        median, least, most = (f"{of[part]:,.{2 if of[part] < 100 else 0}f}" for part in ("median", "min", "max"))
        print(f"  {name:<30} {median:>12}   {least:>12} .. {most}")
    sys.stdout.flush()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    sizes = QUICK if arguments.quick else Sizes()
    result = {"machine": machine(), "sizes": dataclasses.asdict(sizes), "rows": {}}
    print(f"{'':<32} {'median':>12}   {'min':>12} .. max, of {sizes.repeats}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    for row in chosen(arguments):
        result["rows"][row.name] = measure(row, arguments.binary, sizes)
        show(row, result["rows"][row.name])
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nevery run: {arguments.out}")


if __name__ == "__main__":
    main()
