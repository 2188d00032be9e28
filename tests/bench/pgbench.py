"""pgbench with a script of our own."""

import re
import subprocess
import tempfile


def run(url, script, clients, seconds=None, transactions=None, rate=None):
    """Transactions a second, without the time that connecting takes."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        length = ["-T", str(seconds)] if seconds else ["-t", str(transactions)]
        pace = ["-R", str(rate)] if rate else []
        ran = subprocess.run(
            ["/usr/lib/postgresql/15/bin/pgbench", "-n", "-c", str(clients), "-j", "2", *length, *pace, "-f", file.name, url],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        raise RuntimeError(f"pgbench failed: {ran.stderr[-2000:]}")
    return float(re.search(r"^tps = ([0-9.]+)", ran.stdout, re.MULTILINE).group(1))
