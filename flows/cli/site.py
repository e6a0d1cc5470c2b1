"""The download site beside `communique up`: a process of its own, which ends with it."""

import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from flows import server

COMMAND = [sys.executable, "-c", "from flows import cli, server; server.die_with_parent(); cli.main()"]
PORT, WHAT = 8000, "the download site"
STOP_SECONDS = 3
log = logging.getLogger("communique")


class Site:
    """The site of one data folder; `keep` starts it again where it has ended."""

    def __init__(self, root: Path, port: int | None, names: Sequence[str]) -> None:
        """Start it on `port`, or on 8000, or on one that is free; PortTaken when `port` is not."""
        if port:
            server.check_port(port, "--site")
        asked = [part for name in names for part in ("--name", name)]
        self.asked, self.command = port, [*COMMAND, "--data", str(root), "serve", *asked]
        self.port = server.port_for(port, PORT, WHAT)
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [*self.command, "--port", str(self.port)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command

    def keep(self) -> None:
        """Start the site again where it has ended."""
        if self.process.poll() is not None:
            log.warning("the download site ended with %d; it is started again", self.process.returncode)
            if server.taken(self.port):
                self.port = server.port_for(self.asked, PORT, WHAT)
            self.process = self._start()

    def ask_to_stop(self) -> None:
        """Tell the site to end, which takes a moment where a download goes on."""
        self.process.terminate()

    def stop(self) -> None:
        """End the site; a download that goes on is cut off after a moment, and can be resumed."""
        self.ask_to_stop()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
