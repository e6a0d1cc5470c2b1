"""Sources of the web: walk a listing, fetch the pages that are due, keep every answer as it came.

What is listed becomes an item a release: what the listing says, and the page with its text. An item is a file of the
source like any other, its name the release's address; so what is new, edited or withdrawn is told as of files.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import SplitResult, quote, urlsplit

from flows import guard, store
from flows.ingest.web import items, listings, reading, record
from flows.ingest.web.client import Answered, Client, Host
from flows.ingest.web.listings import Entry
from flows.ingest.web.visits import Item, Memory, Walk, Walked, visited
from flows.store import Kept, Key, RawShelf, Untaken
from schemas import __version__
from schemas.dataset import Dataset, SourceConfig

AT_ONCE = 8
"""Sources that are asked at the same time, each host still one request after another."""
SENDABLE = "".join(map(chr, range(0x20, 0x7F)))
"""What a header may hold; other letters are sent percent-encoded."""


def walk(dataset: Dataset, memory: Memory, shelf: RawShelf, day: str) -> Walked:
    """Return what the dataset's sources of the web hold now; what could not be had is told in `refused`."""
    hosts: dict[str, Host] = {}
    walks = [
        Walk(source, _client(dataset, source, hosts, shelf), memory, shelf, day, Walked({}, [], {}, {}, {}))
        for source in dataset.sources
        if source.of_web
    ]
    walked = Walked({}, [], {}, {}, {})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(_walk, walks):
            walked.items.update(found.items)
            walked.gone.extend(found.gone)
            walked.refused.update(found.refused)
            walked.visits.update(found.visits)
            walked.left.update(found.left)
    return walked


def _client(dataset: Dataset, source: SourceConfig, hosts: dict[str, Host], shelf: RawShelf) -> Client:
    told = dataset.dataset.contact or dataset.dataset.homepage or dataset.publisher.name
    agent = f"communique/{__version__} (+{quote(told, safe=SENDABLE)})"
    kept = partial(record.keep_redirect, shelf), partial(record.keep_rules, shelf)
    return Client(source.hosts, agent, source.delay, source.private, hosts, *kept)


def _walk(walk_of: Walk) -> Walked:
    """Return what one source holds: its listing, then each page that is due; the connections end with it."""
    mine = ((key, kept) for key, kept in walk_of.memory.files.items() if key[0] == walk_of.source.name)
    before = {key: _item(walk_of.shelf, kept) for key, kept in mine}
    with walk_of.client.http:
        return _asked(walk_of, before)


def _asked(walk_of: Walk, before: Mapping[Key, Item]) -> Walked:
    """Return what the source holds now, beside what was known of it before."""
    source, found = walk_of.source, walk_of.found
    entries, whole = reading.listed(walk_of, before)
    for key, known in before.items():
        if key not in entries and whole and source.mode == "snapshot":
            found.gone.append(key)
        elif key not in entries:
            entries[key] = Entry(key[1], known["listed"], known["asked"])
    taken: dict[Key, Item] = {}
    for key in sorted(entries, key=lambda key: _turn(walk_of.day, key, before.get(key))):
        taken[key] = _taken(walk_of, key, entries[key], before.get(key))
    for key, end in _led_together(taken).items():
        found.refused[key] = Untaken("input.redirect", f"the address leads to {end}, as another does that is listed")
        then = before.get(key)
        taken[key] |= {"page": then["page"] if then and _end(then) != end else None}
    found.items.update((key, store.to_json(item)) for key, item in taken.items())
    return found


def _led_together(taken: Mapping[Key, Item]) -> dict[Key, str]:
    """Return the items that are led to one page with others, which no listing names, and where that is.

    It is no release's own: a page to log in, or to say that something is wrong.
    """
    ends = {key: end for key, item in taken.items() if (end := _end(item))}
    led = Counter(ends.values())
    named = {address for _, address in taken}
    return {key: end for key, end in ends.items() if led[end] > 1 and end not in named}


def _end(item: Item) -> str | None:
    """Return where the page of an item was found, where that is another address than the one that was asked."""
    end = listings.canonical(item["page"]["url"] or item["asked"]) if item["page"] else None
    return None if item["asked"] is None or end == listings.canonical(item["asked"]) else end


def _turn(day: str, key: Key, known: Item | None) -> tuple[bool, str]:
    """Return when a release has its turn: last those whose page could not be had before, each day in another order.

    So a few pages that always fail, for which a host is asked no more, never keep the others from being asked.
    """
    owed = known is not None and known["asked"] is not None and not known["page"]
    return owed, store.sha256((day + key[1]).encode()) if owed else key[1]


def _item(shelf: RawShelf, kept: Kept) -> Item:
    return dict(json.loads(shelf.load(kept.sha256)))


KEPT = ("sha256", "kind", "url")
"""What an item keeps of a visit; what the address is asked by next time is not its own."""


def _alike(walk_of: Walk, now: Item, then: Item) -> bool:
    """Return whether a page says what it said before: it may differ in a number for the session, or in its menu."""
    if now["page"]["sha256"] == then["page"]["sha256"]:
        return all(now["page"][name] == then["page"][name] for name in KEPT)
    try:
        said, before = (items.read(walk_of.source, store.to_json(one), walk_of.shelf.load) for one in (now, then))
    except guard.BadInput:
        return False
    return said == before


def _taken(walk_of: Walk, key: Key, entry: Entry, before: Item | None) -> Item:
    """Return what is known of a release now, its page fetched where that is due.

    Due is a page that was never had, whose entry changed, or that came or went so lately that it is looked back at. One
    that was had and is gone withdraws its release, which is no trouble to be told of.
    """
    item: Item = {"address": entry.address, "listed": entry.listed, "asked": entry.page, "page": None}
    if entry.page is None:
        return item
    last = before if before and before["asked"] == entry.page else {}
    had, gone = last.get("page"), last.get("gone")
    if before and (had or gone) and before["listed"] == entry.listed and not walk_of.young(key):
        return before
    try:
        visit = visited(walk_of, entry.page)
        _look_where(entry.page, visit.url or entry.page)
        now, then = item | {"page": {name: getattr(visit, name) for name in KEPT}}, item | {"page": had}
        return then if had and _alike(walk_of, now, then) else now
    except guard.BadInput as bad:
        if isinstance(bad, Answered) and bad.gone and (had or gone):
            return item | {"gone": gone or _recorded(walk_of.shelf, bad)}
        walk_of.found.refused[key] = Untaken(bad.rule, bad.message)
    return item | ({"gone": gone} if gone else {"page": had})


LOGIN = re.compile(r"(?:^|/)(?:wp-)?(?:log[-_]?[io]n|sign[-_]?in|sso|auth)(?:\.\w+)?(?:/|$)", re.IGNORECASE)
"""A part of a host's name or of a path that is of pages to log in, as in `sso.example.org` and `/user/login`."""


def _look_where(asked: str, led: str) -> None:
    """Raise BadInput when the address of a release leads to a page to log in, or to the home page."""
    there, here = (urlsplit(listings.canonical(one)) for one in (led, asked))
    home = not there.path and not there.query and there != here
    if home or (_login(there) and not _login(here)):
        what = "the home page" if home else "a page to log in"
        raise guard.BadInput("input.redirect", f"the address leads to {led}, {what}", value=asked)


def _login(parts: SplitResult) -> bool:
    return LOGIN.search(f"{parts.netloc.replace('.', '/')}{parts.path}") is not None


def _recorded(shelf: RawShelf, said: Answered) -> str:
    """Return the digest of the WARC record of what withdraws a release, by which it is kept: many have no body."""
    told = record.record(said.answer)
    digest = store.sha256(told)
    shelf.record(digest, told)
    return digest
