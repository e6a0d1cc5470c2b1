"""Listen: the site on an address of this machine, until it is stopped."""

import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import uvicorn

from flows.serve.site import site

HOST, PORT = "127.0.0.1", 8000
AT_ONCE = 200
"""Connections that are answered at the same time; more are told to come again."""
GRACE_SECONDS = 2
"""How long a download may go on after the site was told to stop."""


def serve(root: Path, host: str, port: int, names: Iterable[str], ready: Callable[[str], None]) -> None:
    """Serve the packages under `root` until SIGINT or SIGTERM; `ready` is told the address when it listens.

    Port 0 takes any that is free; OSError where the address cannot be had.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=kind, backlog=128) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a small answer waits 40 ms
        shown = f"[{host}]" if kind == socket.AF_INET6 else host
        ready(f"http://{shown}:{listening.getsockname()[1]}/")
        config = uvicorn.Config(
            site(root, [host, *names]),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            limit_concurrency=AT_ONCE,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listening])
