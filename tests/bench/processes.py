"""Starts processes, and reads from /proc what they use."""

import os
import subprocess

TICK = 1 / os.sysconf("SC_CLK_TCK")


def start(command, **options):
    """It is told to end as soon as we are gone, however that comes."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], **options)


def _stat(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()


def cpu_seconds(pid):
    """User and system time of all threads."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) * TICK


def family_cpu_seconds(parent, without=()):
    """A server's: its own, that of children that ended, and that of living ones but for `without`."""
    fields = _stat(parent)
    total = sum(int(field) for field in fields[11:15]) * TICK
    for pid in _children(parent):
        if pid not in without:
            try:
                total += cpu_seconds(pid)
            except FileNotFoundError:
                pass  # it ended meanwhile
    return total


def _children(parent):
    with open(f"/proc/{parent}/task/{parent}/children") as file:
        return [int(pid) for pid in file.read().split()]


def _status(path, name):
    with open(path) as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise KeyError(name)


def rss_max_bytes(pid):
    return _status(f"/proc/{pid}/status", "VmHWM") * 1024


def wakeups(pid):
    """How often any of its threads went to sleep of its own accord, and so was woken again."""
    tasks = os.listdir(f"/proc/{pid}/task")
    return sum(_status(f"/proc/{pid}/task/{task}/status", "voluntary_ctxt_switches") for task in tasks)
