"""The daemon under measurement: a process of its own, with default engine settings."""

import json
import signal
import time

import processes

# The account's own limits off: the sink has none.
UNLIMITED = {"vapi.rate_per_second": 0, "vapi.in_flight": 10000}


class Daemon:
    """`with Daemon(...)`: started at the beginning, told to end and awaited at the end."""

    def __init__(self, stage, settings=None, vapi=None):
        settings = {
            "database.url": stage.database.url,
            "vapi.base_url": vapi or stage.sink.url,
            "vapi.platform_key_file": stage.platform_key,
            "vapi.platform_orgs": "all",
            "http.listen": "127.0.0.1:0",
            "log.format": "json",
            **(UNLIMITED if settings is None else settings),
        }
        self.arguments = [stage.binary, "serve"]
        for key, value in settings.items():
            self.arguments += ["--set", f"{key}={value}"]
        self.log = stage.folder / "daemon.log"

    def __enter__(self):
        self.started = time.time()
        with open(self.log, "w") as log:
            self.process = processes.start(self.arguments, stderr=log)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        if code != 0:
            raise RuntimeError(f"the daemon ended with {code}:\n{self.log.read_text()[-2000:]}")

    def cpu_seconds(self):
        return processes.cpu_seconds(self.process.pid)

    def rss_max_bytes(self):
        return processes.rss_max_bytes(self.process.pid)

    def wakeups(self):
        return processes.wakeups(self.process.pid)

    def complaints(self):
        """Lines that an operator would have to look at: a measurement with any is none."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["level"] in ("warning", "error")]
