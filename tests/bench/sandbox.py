"""The project's own stand-in for Vapi: it has accounts, and answers as late as it is told."""

import json
import signal
import time
import urllib.request

import processes


class Sandbox:
    def __init__(self, binary, folder):
        self.log = folder / "sandbox.log"
        with open(self.log, "w") as log:
            self.process = processes.start([binary, "sandbox", "--listen", "127.0.0.1:0"], stderr=log)
        self.url = f"http://127.0.0.1:{self._await_port()}"

    def _await_port(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for line in self.log.read_text().splitlines():
                entry = json.loads(line)
                if entry["event"] == "sandbox.ready":
                    return entry["port"]
            time.sleep(0.02)
        raise RuntimeError(f"the sandbox did not start:\n{self.log.read_text()}")

    def answer_after(self, ms):
        faults = [{"match": {"path": "/assistant"}, "delay": {"ms": ms}}] if ms else []
        request = urllib.request.Request(self.url + "/_sandbox/faults", json.dumps(faults).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()

    def cpu_seconds(self):
        return processes.cpu_seconds(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
