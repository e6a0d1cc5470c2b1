"""The download site beside `communique up`: a process of its own, which ends with it."""

import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from flows import server
from flows.config import ConfigError

COMMAND = [sys.executable, "-c", "from flows import cli, server; server.die_with_parent(); cli.main()"]
PORT = 8000
STOP_SECONDS = 3
log = logging.getLogger("communique")


class Site:
    """The site of one data folder; `keep` starts it again where it has ended."""

    def __init__(self, root: Path, port: int | None, names: Sequence[str]) -> None:
        """Start it on `port`, or on 8000, or on one that is free; ConfigError when `port` is not."""
        if port and server.taken(port):
            raise ConfigError(f"somebody listens on 127.0.0.1:{port} already: --site takes another port")
        self.port = server.port_for(port, PORT)
        asked = [part for name in names for part in ("--name", name)]
        self.command = [*COMMAND, "--data", str(root), "serve", "--port", str(self.port), *asked]
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self.command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command

    def keep(self) -> None:
        """Start the site again where it has ended."""
        if self.process.poll() is not None:
            log.warning("the download site ended with %d; it is started again", self.process.returncode)
            self.process = self._start()

    def stop(self) -> None:
        """End the site; a download that goes on is cut off after a moment, and can be resumed."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
