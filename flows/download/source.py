"""Where packages come from: a site or a folder, neither of them trusted.

A source is asked for no more than what was promised, follows no redirect to another host, and takes no answer that is
compressed, longer or shorter than it says, or too slow.
"""

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx

from flows import guard
from schemas import __version__
from schemas.package import FileEntry, printable

BLOCK = 1 << 16
LONGEST_TOLD = 500
"""Most of what a source says about an error that is shown."""
DIRECTLY = ("all://127.0.0.1", "all://localhost", "all://[::1]")
"""This machine, where no proxy of the environment leads."""
REDIRECTS = 5
SLOWEST = 1000
"""Bytes a second that an answer has to come with, once it has had the time of the timeout."""
GONE, NOT_FOUND, NOT_SATISFIABLE, PARTIAL = 410, 404, 416, 206


class Unreachable(Exception):  # noqa: N818 - a state of the source
    """The source does not answer, stopped answering, or says that it cannot now."""


class Absent(Exception):  # noqa: N818 - a state of the source
    """There is no such source, dataset, version or file, or not any more."""


class Untrue(Exception):  # noqa: N818 - a judgment
    """What came is not what was promised."""


class Spoiled(Untrue):
    """A file that came to its end is not what was promised: what lies here of it is of no use."""


class Promised(NamedTuple):
    """A file that a source should have, at `path`, and what it should be."""

    path: str
    entry: FileEntry


class Opened(NamedTuple):
    """The bytes of a file from `start`: as asked, or 0 where the source could not go on from there."""

    start: int
    blocks: Iterator[bytes]


class Source(Protocol):
    """A place that has packages; paths are relative to it, with `/`."""

    address: str

    def read(self, path: str, limit: int) -> bytes:
        """Return a small file whole; Untrue when it has more than `limit` bytes, Absent when it is not there."""

    def open(self, promised: Promised, start: int = 0) -> AbstractContextManager[Opened]:
        """Return the bytes of a file from `start` on; Untrue when it is not as long as promised."""

    def names(self, path: str) -> list[str] | None:
        """Return what lies in a folder; None where the source cannot tell."""


def source(address: str, timeout: float) -> Source:
    """Return the source at an address: a site where it begins with http:// or https://, else a folder."""
    if re.match(r"https?://", address):
        return Site(address, timeout)
    if "://" in address:
        raise Absent(f"{address}: a source is a folder, or a site with http:// or https://")
    if Path(address).is_file():
        raise Absent(f"{address} is a file; what is looked at is the folder that it lies in: {Path(address).parent}")
    if not Path(address).is_dir():
        raise Absent(f"{address}: there is no such folder")
    return Folder(Path(address))


class Folder:
    """Packages in a folder, as `data/packages`."""

    def __init__(self, root: Path) -> None:
        """Keep the folder that no path may lead out of."""
        self.root, self.address = root, str(root)

    def read(self, path: str, limit: int) -> bytes:
        """Return a small file whole."""
        try:
            return guard.read_bytes(self._file(path), limit)
        except guard.BadInput as error:
            raise Untrue(f"{path}: {error}") from None

    @contextmanager
    def open(self, promised: Promised, start: int = 0) -> Iterator[Opened]:
        """Yield the bytes of a file from `start` on; Untrue when its size is another."""
        path, entry = promised
        found = self._file(path)
        if found.stat().st_size != entry.bytes:
            raise Untrue(f"{path}: has {found.stat().st_size:,} bytes, the manifest says {entry.bytes:,}")
        with found.open("rb") as file:
            file.seek(start)
            yield Opened(start, iter(lambda: file.read(BLOCK), b""))

    def names(self, path: str) -> list[str]:
        """Return what lies in a folder."""
        folder = self.root / path
        return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []

    def _file(self, path: str) -> Path:
        """Return where a file lies; Untrue when it is a link, for it may lead anywhere."""
        found = self.root / path
        if found.is_symlink() or (found.exists() and not found.is_file()):
            raise Untrue(f"{path}: is a link or a folder, where a file should be")
        if not found.exists():
            raise Absent(f"{self.address} has no {path}")
        return found


class Site:
    """Packages on a site."""

    def __init__(self, address: str, timeout: float) -> None:
        """Keep the address that every path is relative to."""
        try:
            self._base = httpx.URL(address.rstrip("/") + "/")
        except httpx.InvalidURL as error:
            raise Absent(f"{address}: {error}") from None
        self.address = str(self._base.copy_with(userinfo=b""))  # what is shown has no password
        self.timeout = timeout
        headers = {"accept-encoding": "identity", "user-agent": f"communique/{__version__}"}
        self._client = httpx.Client(headers=headers, timeout=timeout, mounts=dict.fromkeys(DIRECTLY))

    def read(self, path: str, limit: int) -> bytes:
        """Return a small file whole."""
        with self._answer(path, {}) as answer:
            found = b""
            for block in self._blocks(answer):
                found += block
                if len(found) > limit:
                    raise Untrue(f"{path}: has more than {limit:,} bytes")
            return found

    @contextmanager
    def open(self, promised: Promised, start: int = 0) -> Iterator[Opened]:
        """Yield the bytes of a file from `start` on, or from 0 where the site cannot go on."""
        path, entry = promised
        asked = {"range": f"bytes={start}-"} if start else {}
        with self._answer(path, asked) as answer:
            begun = start if answer.status_code == PARTIAL else 0
            told = answer.headers.get("content-range", "")
            if answer.status_code == PARTIAL and told != f"bytes {start}-{entry.bytes - 1}/{entry.bytes}":
                raise Untrue(
                    f"{path}: answers with {told or 'no range'!r}, bytes {start}- of {entry.bytes} were asked for"
                )
            length = answer.headers.get("content-length")
            if length is not None and length != str(entry.bytes - begun):
                raise Untrue(f"{path}: comes with {length} bytes, the manifest says {entry.bytes - begun}")
            yield Opened(begun, self._blocks(answer))

    def names(self, _: str) -> None:
        """Return that a site does not tell what lies there."""
        return

    @contextmanager
    def _answer(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Yield a good answer, after redirects on the same host."""
        url = self._base.join(path)
        try:
            for _ in range(REDIRECTS):
                with self._client.stream("GET", url, headers=headers) as answer:
                    if not answer.has_redirect_location:
                        self._check(path, answer)
                        yield answer
                        return
                    url = self._followed(path, url, answer)
        except httpx.TransportError as error:
            raise Unreachable(f"{self.address}{path} cannot be reached: {str(error) or type(error).__name__}") from None
        raise Untrue(f"{path}: is redirected more than {REDIRECTS} times")

    def _followed(self, path: str, url: httpx.URL, answer: httpx.Response) -> httpx.URL:
        """Return where a redirect leads; Untrue when that is another host."""
        try:
            to = url.join(answer.headers["location"])
        except httpx.InvalidURL:
            raise Untrue(f"{path}: is redirected to what is no address") from None
        if (to.scheme, to.host, to.port) != (url.scheme, url.host, url.port):
            raise Untrue(f"{path}: is redirected to {to.scheme}://{to.host}, another host")
        return to

    def _check(self, path: str, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (NOT_FOUND, GONE):
            said = f": {self._said(answer)}" if status == GONE else ""
            raise Absent(f"{self.address} has no {path}{said}")
        if status == NOT_SATISFIABLE:
            raise Untrue(f"{path}: the site has less of it than was downloaded before")
        if not answer.is_success:
            raise Unreachable(f"{self.address}{path}: answers {status}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise Untrue(f"{path}: comes compressed, which was not asked for")

    def _said(self, answer: httpx.Response) -> str:
        """Return the beginning of what a site says in plain text, without what could steer a terminal."""
        if not answer.headers.get("content-type", "").startswith("text/plain"):
            return "it is gone"
        return printable(next(self._blocks(answer), b"")[:LONGEST_TOLD].decode(errors="replace")).strip()

    def _blocks(self, answer: httpx.Response) -> Iterator[bytes]:
        """Yield the bytes of an answer; Unreachable when they come too slowly."""
        began, count = time.monotonic(), 0
        for block in answer.iter_raw():
            count += len(block)
            taken = time.monotonic() - began
            if taken > self.timeout and count < SLOWEST * taken:
                raise Unreachable(f"{self.address}: sent {count:,} bytes in {taken:.0f} seconds, which is too slow")
            yield block
