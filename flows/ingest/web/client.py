"""Ask the web politely and safely: named hosts, public addresses, robots.txt, pauses, limits, retries.

Each request, each redirect and each address in numbers goes through the guard. Requests to one host wait for each
other and keep its delay; those to different hosts do not.
"""

import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock, Timer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from protego import Protego

from flows import guard
from flows.store import Visit

MOST_SECONDS = 60.0
"""Longest that an answer may take from the request to its last byte."""
MOST_REDIRECTS = 5
TRIES = 4
MOST_FAILED = 3
"""Requests in a row that fail to their end before a host is asked no more in a run."""
FIRST_PAUSE = 0.5
"""Seconds before a request is tried again; doubled each time."""
LONGEST_PAUSE = 30.0
"""Most seconds that a server may make a run wait by `Retry-After`; longer, and the next run asks again."""
BUSY = (429, 500, 502, 503, 504)
MOVED = (301, 302, 303, 307, 308)
GONE = (404, 410)
BROKEN = 500
"""The least of what a server says that is not well."""
OK = 200
SAME = 304


class Answer(NamedTuple):
    """What a server said."""

    url: str
    """The address that answered, after redirects."""
    status: int
    headers: list[tuple[str, str]]
    received: bytes
    """The body as it came."""
    data: bytes
    """The body unpacked."""

    def header(self, name: str) -> str | None:
        """Return the value of a header, None where it is not given."""
        return next((value for given, value in self.headers if given.lower() == name), None)


class Answered(guard.BadInput):
    """The server answers, but with no bytes of what was asked."""

    def __init__(self, answer: Answer) -> None:
        """Keep what was said."""
        super().__init__("input.unreached", f"the server answers {answer.status}", value=answer.url)
        self.answer = answer
        self.gone = answer.status in GONE


class Later(guard.BadInput):
    """The server says that it is busy for longer than a run waits."""


@dataclass
class Host:
    """A host, while it is asked."""

    lock: Lock = field(default_factory=Lock)
    asked: float = 0.0
    """When it was last asked, by the clock that only goes forward."""
    robots: Protego | None = None
    failed: int = 0
    """Requests in a row that it did not answer."""
    closed: guard.BadInput | None = None
    """Why it is asked no more in this run."""


@dataclass
class Client:
    """Asks for addresses on behalf of one source."""

    hosts: Collection[str]
    agent: str
    delay: float = 1.0
    private: bool = False
    known: dict[str, Host] = field(default_factory=dict)
    redirected: Callable[[Answer], None] = lambda _answer: None
    """Is told of each redirect."""
    ruled: Callable[[Answer], None] = lambda _answer: None
    """Is told of each robots.txt."""
    lines: list[Any] = field(default_factory=list)
    """The connections that are open, for one that takes too long is ended from outside."""
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(
            timeout=httpx.Timeout(15, read=MOST_SECONDS), trust_env=False, follow_redirects=False
        )
    )

    def get(self, url: str, visit: Visit | None = None) -> Answer | None:
        """Return what `url` answers, None when it is as it was at `visit`; BadInput with the reason."""
        return _judged(self._followed(url, _conditions(visit) if visit else {}, self._asked))

    def _followed(self, url: str, conditions: dict[str, str], ask: Callable[[str, dict[str, str]], Answer]) -> Answer:
        """Return the answer at the end of the redirects from `url`, each looked at by the guard."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = ask(guard.allowed(url, self.hosts), conditions)
            if answer.status not in MOVED:
                return answer
            self.redirected(answer)
            url = guard.joined(url, answer.header("location") or "")
        raise guard.BadInput("input.unreached", f"more than {MOST_REDIRECTS} redirects follow each other", value=url)

    def _asked(self, url: str, conditions: dict[str, str]) -> Answer:
        """Return one answer of the host of `url`, when its turn has come and its robots.txt agrees."""
        parts = urlsplit(url)
        host = self.known.setdefault(parts.netloc, Host())
        with host.lock:
            robots = self._robots(host, f"{parts.scheme}://{parts.netloc}/robots.txt")
            if not robots.can_fetch(url, self.agent):
                raise guard.BadInput("input.robots", "the site's robots.txt asks not to fetch this", value=url)
            return self._counted(host, url, conditions)

    def _robots(self, host: Host, url: str) -> Protego:
        """Return a site's rules, asked once; all is allowed where it has none. A host that cannot say is closed.

        That a host is not asked whose robots.txt cannot be had is RFC 9309, 2.3.1.4.
        """
        if host.closed:
            raise guard.BadInput(host.closed.rule, host.closed.message, value=url)
        if host.robots is None:
            try:
                host.robots = self._rules(host, url)
            except guard.BadInput as bad:
                host.closed = guard.BadInput(bad.rule, f"its robots.txt cannot be had: {bad.message}", value=url)
                raise host.closed from None
        return host.robots

    def _rules(self, host: Host, url: str) -> Protego:
        answer = self._followed(url, {}, lambda there, asked: self._tried(host, there, asked))
        if answer.status >= BROKEN:
            raise Answered(answer)
        if answer.status != OK:
            return Protego.parse("")
        self.ruled(answer)
        return Protego.parse(answer.data.decode("utf-8", "replace"))

    def _counted(self, host: Host, url: str, conditions: dict[str, str]) -> Answer:
        """Return an answer; a host that fails time after time, or says that it is busy for long, is closed."""
        try:
            answer = self._tried(host, url, conditions)
        except guard.BadInput as bad:
            host.failed += bad.rule == "input.unreached"
            if host.failed >= MOST_FAILED or isinstance(bad, Later):
                why = f"its host is asked no more in this run: {bad.message}"
                host.closed = guard.BadInput("input.unreached", why, value=url)
            raise
        host.failed = 0
        return answer

    def _tried(self, host: Host, url: str, conditions: dict[str, str]) -> Answer:
        """Return an answer that is no passing trouble, asking again with growing pauses; BadInput when it stays."""
        pause, said = FIRST_PAUSE, ""
        for _ in range(TRIES):
            self._wait(host)
            try:
                answer = self._once(url, conditions)
            except (httpx.HTTPError, OSError) as error:
                said, wanted = f"the answer cannot be had: {error or type(error).__name__}", None
            else:
                if answer.status not in BUSY:
                    return answer
                said, wanted = f"the server answers {answer.status}", _seconds(answer.header("retry-after"))
            if wanted is not None and wanted > LONGEST_PAUSE:
                raise Later("input.unreached", f"{said} and asks to wait for {wanted:,.0f} s", value=url)
            host.asked = time.monotonic() + max(pause, wanted or 0) - self._delay(host)
            pause *= 2
        raise guard.BadInput("input.unreached", said, value=url)

    def _delay(self, host: Host) -> float:
        asked = host.robots.crawl_delay(self.agent) if host.robots else None
        return max(self.delay, min(float(asked or 0), LONGEST_PAUSE))

    def _wait(self, host: Host) -> None:
        """Wait until the host may be asked again."""
        time.sleep(max(0.0, host.asked + self._delay(host) - time.monotonic()))
        host.asked = time.monotonic()

    def _once(self, url: str, conditions: dict[str, str]) -> Answer:
        """Return what the server says, from the very address in numbers that the guard has looked at."""
        where = _parsed(url)
        number = guard.resolved(url, private=self.private)
        headers = {"Host": where.netloc.decode(), "User-Agent": self.agent, "Accept-Encoding": "gzip"} | conditions
        more = {"sni_hostname": where.host, "trace": self._watch}
        with (
            self._in_time(url),
            self.http.stream("GET", where.copy_with(host=number), headers=headers, extensions=more) as response,
        ):
            received = b"".join(_limited(response.iter_raw()))
            told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        data = _unpacked(response.status_code, received, response.headers.get("content-encoding", "").lower())
        return Answer(url, response.status_code, told, received, data)

    def _watch(self, event: str, told: dict[str, Any]) -> None:
        """Remember a connection when it is made, and forget those that were closed."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            still = [line for line in self.lines if line.get_extra_info("socket").fileno() >= 0]
            self.lines = [*still, told["return_value"]]

    @contextmanager
    def _in_time(self, url: str) -> Iterator[None]:
        """End the block after MOST_SECONDS wherever it waits, as for a server that speaks a letter at a time."""
        ends = time.monotonic() + MOST_SECONDS
        alarm = Timer(MOST_SECONDS, self._hang_up)
        alarm.start()
        try:
            yield
        except (httpx.HTTPError, OSError):
            if time.monotonic() < ends:
                raise
        finally:
            alarm.cancel()
        if time.monotonic() >= ends:  # a body of no stated length looks whole where it is cut
            raise guard.BadInput("input.unreached", f"the answer takes longer than {MOST_SECONDS:.0f} s", value=url)

    def _hang_up(self) -> None:
        for line in self.lines:
            with suppress(OSError):
                socket.socket.shutdown(line.get_extra_info("socket"), socket.SHUT_RDWR)
        self.lines.clear()


def _parsed(url: str) -> httpx.URL:
    """Return an address for the client; BadInput for one that cannot be sent."""
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise guard.BadInput("input.address", f"this is no address: {error}", value=url[:200]) from None


def _conditions(visit: Visit) -> dict[str, str]:
    """Return the headers that ask whether there is something new since `visit`."""
    asked = {"If-None-Match": visit.etag, "If-Modified-Since": visit.modified}
    return {name: value for name, value in asked.items() if value and value.isascii()}


def _limited(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks of an answer; BadInput when it grows too large."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > guard.MAX_ANSWER:
            raise guard.BadInput("input.size", f"the answer is larger than {guard.MAX_ANSWER:,} bytes")
        yield chunk


def _unpacked(status: int, received: bytes, encoding: str) -> bytes:
    """Return the body as it was before the server encoded it; nothing of one that says no more than its status."""
    try:
        return guard.inflate(received, encoding, guard.MAX_ANSWER)
    except guard.BadInput:
        if status == OK:
            raise
        return b""


def _judged(answer: Answer) -> Answer | None:
    if answer.status not in (OK, SAME):
        raise Answered(answer)
    return answer if answer.status == OK else None


def _seconds(told: str | None) -> float | None:
    """Return how long a `Retry-After` asks to wait, given in seconds or as a moment."""
    if told is None:
        return None
    try:
        return float(told) if told.isdecimal() else max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
