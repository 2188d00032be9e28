"""A place to measure in: a database, a sink and a key, in a folder that is gone afterwards."""

import contextlib
import os
import pathlib
import shutil
import tempfile

from daemon import Daemon
from database import Database
from sink import Sink


class Stage(contextlib.ExitStack):
    def __init__(self, binary, sizes):
        super().__init__()
        self.binary = binary
        self.sizes = sizes

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def _build(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vapisync-bench."))
        self.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)  # Postgres and nginx may run as users of their own
        self.platform_key = self.folder / "platform.key"
        with open(os.open(self.platform_key, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("bench-platform-key\n")
        self.sink = Sink(self.folder / "sink")
        self.callback(self.sink.stop)
        self.database = Database(self.folder / "postgres", self.binary)
        self.callback(self.database.stop)
        self.database.execute(pathlib.Path(__file__).with_name("documents.sql").read_text())

    def daemon(self, settings=None, vapi=None):
        return Daemon(self, settings, vapi)

    def save_all(self, agents, round):
        self.database.execute("CALL bench.save_all(%s, %s)", [agents, round])

    def create_all(self, agents):
        """Every agent gets its object in the sink, so that what follows are updates."""
        self.save_all(agents, 0)
        with self.daemon():
            self.database.await_converged()
