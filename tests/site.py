"""A real web server on the loopback for tests of sources: it says what a test lays out."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Reply:
    """What the server says of an address."""

    data: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    tagged: bool = True
    """Whether it has an ETag, and answers 304 to who knows it."""
    cut: int = 0
    """Bytes that are promised and not sent."""
    slow: str = ""
    """What comes a letter at a time, without end: headers or body."""


@dataclass
class Site:
    """A web site under a test's hand."""

    address: str = ""
    replies: dict[str, Reply | Callable[[dict[str, str]], Reply]] = field(default_factory=dict)
    """By path, with its query where one is laid out with it."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """What was asked, in order: path with query, and headers by lower-case name."""
    bodies: list[str] = field(default_factory=list)
    """Paths that were answered with a body."""

    def lay(self, path: str, data: bytes | str, kind: str = "text/html; charset=utf-8", **more: Any) -> None:
        """Lay `data` under a path."""
        self.replies[path] = Reply(data.encode() if isinstance(data, str) else data, kind, **more)

    def paths(self) -> list[str]:
        """Return the paths that were asked, robots.txt aside."""
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def forget(self) -> None:
        """Forget what was asked."""
        self.asked.clear()
        self.bodies.clear()


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve `site` on the loopback until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append((self.path, headers))
            reply = site.replies.get(self.path) or site.replies.get(urlsplit(self.path).path) or Reply(status=404)
            answer(self, reply(headers) if callable(reply) else reply, headers)

        def log_message(self, *_: Any) -> None: ...

    def answer(to: BaseHTTPRequestHandler, reply: Reply, headers: dict[str, str]) -> None:
        if reply.slow:
            drip(to, reply.slow)
            return
        tag = f'"{hashlib.sha256(reply.data).hexdigest()[:16]}"'
        same = reply.tagged and reply.status == 200 and headers.get("if-none-match") == tag
        data = b"" if same else reply.data
        to.send_response(304 if same else reply.status)
        to.send_header("Content-Type", reply.kind)
        to.send_header("Content-Length", str(len(data) + reply.cut))
        if reply.tagged:
            to.send_header("ETag", tag)
        for name, value in reply.headers.items():
            to.send_header(name, value)
        to.end_headers()
        with suppress(OSError):  # who asks may hang up
            to.wfile.write(data)
        if data:
            site.bodies.append(to.path)
        if reply.cut:
            to.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def zipped(data: bytes) -> Reply:
    """Return a reply that is sent gzipped."""
    return Reply(gzip.compress(data, mtime=0), headers={"Content-Encoding": "gzip"})


def drip(to: BaseHTTPRequestHandler, part: str) -> None:
    """Send an answer whose headers or body come a letter at a time, until who asks hangs up."""
    end = "\r\n\r\n" if part == "body" else ""
    with suppress(OSError):
        to.wfile.write(f"HTTP/1.1 200 OK\r\nX-Slow: yes{end}".encode())
        for _ in range(600):
            to.wfile.write(b"x")
            time.sleep(0.05)
    to.close_connection = True
