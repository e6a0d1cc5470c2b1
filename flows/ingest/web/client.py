"""Ask the web politely and safely: named hosts, public addresses, robots.txt, pauses, limits, retries.

Each request, each redirect and each address in numbers goes through the guard. Requests to one host wait for each
other and keep its delay; those to different hosts do not.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx
from protego import Protego

from flows import guard
from flows.store import Visit

MOST_BYTES = 32 << 20
"""Largest answer, as received and unpacked: 32 MiB."""
MOST_SECONDS = 60.0
"""Longest that an answer may take from the request to its last byte."""
MOST_REDIRECTS = 5
TRIES = 4
FIRST_PAUSE = 0.5
"""Seconds before a request is tried again; doubled each time."""
LONGEST_PAUSE = 30.0
"""Most seconds that a server may make a run wait by `Retry-After`; longer, and the next run asks again."""
BUSY = (429, 500, 502, 503, 504)
MOVED = (301, 302, 303, 307, 308)
GONE = (404, 410)
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
        """Keep the status."""
        super().__init__("input.unreached", f"the server answers {answer.status}", value=answer.url)
        self.status = answer.status


@dataclass
class Host:
    """A host, while it is asked."""

    lock: Lock = field(default_factory=Lock)
    asked: float = 0.0
    """When it was last asked, by the clock that only goes forward."""
    robots: Protego | None = None


@dataclass
class Client:
    """Asks for addresses on behalf of one source."""

    hosts: Collection[str]
    agent: str
    delay: float = 1.0
    private: bool = False
    known: dict[str, Host] = field(default_factory=dict)
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
            url = urljoin(url, answer.header("location") or "")
        raise guard.BadInput("input.unreached", f"more than {MOST_REDIRECTS} redirects follow each other", value=url)

    def _asked(self, url: str, conditions: dict[str, str]) -> Answer:
        """Return one answer of the host of `url`, when its turn has come and its robots.txt agrees."""
        parts = urlsplit(url)
        host = self.known.setdefault(parts.netloc, Host())
        with host.lock:
            if host.robots is None:
                host.robots = self._robots(host, f"{parts.scheme}://{parts.netloc}/robots.txt")
            if not host.robots.can_fetch(url, self.agent):
                raise guard.BadInput("input.robots", "the site's robots.txt asks not to fetch this", value=url)
            return self._tried(host, url, conditions)

    def _robots(self, host: Host, url: str) -> Protego:
        """Return a site's rules: all is allowed where it has none, nothing where it cannot say (RFC 9309)."""
        try:
            answer = self._followed(url, {}, lambda there, asked: self._tried(host, there, asked))
        except guard.BadInput as bad:
            if bad.rule != "input.unreached":
                raise
            return Protego.parse("User-agent: *\nDisallow: /")
        return Protego.parse(answer.data.decode("utf-8", "replace") if answer.status == OK else "")

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
                break
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
        where = httpx.URL(url)
        number = guard.resolved(url, private=self.private)
        headers = {"Host": where.netloc.decode(), "User-Agent": self.agent, "Accept-Encoding": "gzip"} | conditions
        extensions = {"sni_hostname": where.host}
        ends = time.monotonic() + MOST_SECONDS
        with self.http.stream("GET", where.copy_with(host=number), headers=headers, extensions=extensions) as response:
            received = b"".join(_limited(response.iter_raw, ends))
            told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw]
        data = guard.inflate(received, response.headers.get("content-encoding", "").lower(), MOST_BYTES)
        return Answer(url, response.status_code, told, received, data)


def _conditions(visit: Visit) -> dict[str, str]:
    """Return the headers that ask whether there is something new since `visit`."""
    asked = {"If-None-Match": visit.etag, "If-Modified-Since": visit.modified}
    return {name: value for name, value in asked.items() if value}


def _limited(chunks: Callable[[int], Iterator[bytes]], ends: float) -> list[bytes]:
    """Return the chunks of an answer; BadInput when it grows too large or takes too long."""
    found, size = [], 0
    for chunk in chunks(1 << 16):
        size += len(chunk)
        if size > MOST_BYTES:
            raise guard.BadInput("input.size", f"the answer is larger than {MOST_BYTES:,} bytes")
        if time.monotonic() > ends:
            raise guard.BadInput("input.unreached", f"the answer takes longer than {MOST_SECONDS:.0f} s")
        found.append(chunk)
    return found


def _judged(answer: Answer) -> Answer | None:
    if answer.status not in (OK, SAME):
        raise Answered(answer)
    return answer if answer.status == OK else None


def _seconds(told: str | None) -> float | None:
    """Return how long a `Retry-After` asks to wait, given in seconds or as a moment."""
    if told is None:
        return None
    if told.strip().isdigit():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return None
