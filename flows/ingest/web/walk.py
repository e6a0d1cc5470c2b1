"""Sources of the web: walk a listing, fetch the pages that are due, keep every answer as it came.

What is listed becomes an item a release: what the listing says, and the page with its text. An item is a file of the
source like any other, its name the release's address; so what is new, edited or withdrawn is told as of files.
"""

import json
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from flows import guard, store
from flows.ingest.web import items, listings
from flows.ingest.web.client import GONE, Answered, Client, Host
from flows.ingest.web.listings import Entry, Listing
from flows.ingest.web.record import record
from flows.store import Kept, Key, Left, RawShelf, Untaken, Visit
from schemas import __version__
from schemas.counting import noun
from schemas.dataset import Dataset, SourceConfig

AT_ONCE = 8
"""Sources that are asked at the same time, each host still one request after another."""
SENDABLE = "".join(map(chr, range(0x20, 0x7F)))
"""What a header may hold; other letters are sent percent-encoded."""


class Memory(NamedTuple):
    """What earlier runs received."""

    files: Mapping[Key, Kept]
    visits: Mapping[str, Visit]
    left: Mapping[Key, Left]


class Walked(NamedTuple):
    """What a walk of a source found."""

    items: dict[Key, bytes]
    gone: list[Key]
    refused: dict[Key, Untaken]
    visits: dict[str, Visit]
    left: dict[Key, Left]


Item = dict[str, Any]
"""What is kept of a release: its `address`, what is `listed` of it, the page `asked`, and the `page` as visited.

One whose page was there and is gone has none, and as `gone` the digest of the WARC record of the answer that said so.
"""


def walk(dataset: Dataset, memory: Memory, shelf: RawShelf, day: str) -> Walked:
    """Return what the dataset's sources of the web hold now; what could not be had is told in `refused`."""
    hosts: dict[str, Host] = {}
    walks = [
        Walk(source, _client(dataset, source, hosts), memory, shelf, day, Walked({}, [], {}, {}, {}))
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


def _client(dataset: Dataset, source: SourceConfig, hosts: dict[str, Host]) -> Client:
    told = dataset.dataset.contact or dataset.dataset.homepage or dataset.publisher.name
    agent = f"communique/{__version__} (+{quote(told, safe=SENDABLE)})"
    return Client(source.hosts, agent, source.delay, source.private, hosts)


class Walk(NamedTuple):
    """A walk of one source, under way."""

    source: SourceConfig
    client: Client
    memory: Memory
    shelf: RawShelf
    day: str
    found: Walked

    def young(self, key: Key) -> bool:
        """Return whether what is known of a release is of a day that is looked back at."""
        first = date.fromisoformat(self.memory.files[key].day)
        return date.fromisoformat(self.day) - first <= timedelta(days=self.source.look_back)

    def old(self, key: Key, since: str | None) -> bool:
        """Return whether what is known of a release is neither young nor came `since` a day."""
        return not self.young(key) and (since is None or self.memory.files[key].day < since)


def _walk(walk_of: Walk) -> Walked:
    """Return what one source holds: its listing, then each page that is due; the connections end with it."""
    mine = ((key, kept) for key, kept in walk_of.memory.files.items() if key[0] == walk_of.source.name)
    before = {key: _item(walk_of.shelf, kept) for key, kept in mine}
    with walk_of.client.http:
        return _asked(walk_of, before)


def _asked(walk_of: Walk, before: Mapping[Key, Item]) -> Walked:
    """Return what the source holds now, beside what was known of it before."""
    source, found = walk_of.source, walk_of.found
    entries, whole = _listed(walk_of, before)
    for key, known in before.items():
        if key not in entries and whole and source.mode == "snapshot":
            found.gone.append(key)
        elif key not in entries:
            entries[key] = Entry(key[1], known["listed"], known["asked"])
    for key in sorted(entries, key=lambda key: _turn(walk_of.day, key, before.get(key))):
        entry = entries[key]
        found.items[key] = store.to_json(_taken(walk_of, key, entry, before.get(key)))
    return found


def _turn(day: str, key: Key, known: Item | None) -> tuple[bool, str]:
    """Return when a release has its turn: last those whose page could not be had before, each day in another order.

    So a few pages that always fail, for which a host is asked no more, never keep the others from being asked.
    """
    owed = known is not None and known["asked"] is not None and not known["page"]
    return owed, store.sha256((day + key[1]).encode()) if owed else key[1]


def _item(shelf: RawShelf, kept: Kept) -> Item:
    return dict(json.loads(shelf.load(kept.sha256)))


class Stretch(NamedTuple):
    """What was read of a listing from one place on."""

    entries: dict[Key, Entry]
    asked: int
    whole: bool
    """Whether it was read to its end, and every entry had an address."""
    owed: list[str]
    """Where it goes on to what was never read: answers that could not be had, and those beyond the most of a run."""
    beyond: list[str]
    """Where it goes on to what was read before."""


def _listed(walk_of: Walk, before: Mapping[Key, Item]) -> tuple[dict[Key, Entry], bool]:
    """Return the entries of the source's listing, and whether it was read to its end.

    It is read from its start; then, with half of the most answers of a run, from where earlier runs left it. What is
    still to be read is left to the next run, and told. A listing that names nothing is told, and was not read.
    """
    source, refused = walk_of.source, walk_of.found.refused
    start = listings.start(source)
    left = walk_of.memory.left.get((source.name, start))
    read = _read_on(walk_of, before, [start], source.most - source.most // 2 if left else source.most)
    owed, entries = [url for url in read.owed if url != start or (left and start in left.urls)], read.entries
    if left and not read.whole:
        urls = [url for url in left.urls if url not in read.owed]
        rest = _read_on(walk_of, before, urls, max(1, source.most - read.asked), left.since)
        owed, entries = [*owed, *rest.owed, *rest.beyond], rest.entries | entries
    again = [] if source.mode == "window" else read.beyond  # a window is looked back at as far as a run reads
    owed = list(dict.fromkeys(owed or again))
    if owed:
        walk_of.found.left[source.name, start] = Left(owed, left.since if left else walk_of.day)
    if cut := [url for url in owed if url != start and (source.name, url) not in refused]:
        others = f", and at {len(cut) - 1:,} more {noun(len(cut) - 1, 'address', 'addresses')}" if len(cut) > 1 else ""
        why = f"a run reads {source.most:,} {noun(source.most, 'answer')} of the listing, and it goes on here{others}"
        refused[source.name, cut[0]] = Untaken("input.unfinished", why)
    if read.whole and not entries:
        refused[source.name, start] = Untaken("input.empty", "the source names no release")
    return entries, read.whole and bool(entries)


def _read_on(
    walk_of: Walk, before: Mapping[Key, Item], urls: list[str], most: int, since: str | None = None
) -> Stretch:
    """Return what the listing has from `urls` on, where earlier runs left it `since` a day, or at its start.

    A window is read until an answer has nothing that is new, edited, or young enough to be looked back at; from where
    it was left, until one has nothing that came since. An answer that cannot be had is told, and the others are read.
    """
    source, entries, owed = walk_of.source, dict[Key, Entry](), list[str]()
    queue, met = deque((url, True) for url in urls), {*urls}
    asked, whole = 0, True
    while queue and asked < most:
        url, _ = queue.popleft()
        asked += 1
        try:
            listing = _answer(walk_of, url)
        except guard.BadInput as bad:
            if (entries or since) and _beyond_the_last(source, bad):
                continue
            walk_of.found.refused[source.name, url] = Untaken(bad.rule, bad.message)
            whole = False
            if since is None or not _gone(bad):
                owed.append(url)
            elif url in urls:
                owed.append(listings.start(source))  # the listing has moved: what is owed stands elsewhere in it
            continue
        if listing.lacking:
            whole = False
            walk_of.found.refused[source.name, url] = Untaken("input.format", listing.lacking)
        new = {(source.name, entry.address): entry for entry in listing.entries}
        known = bool(new) and all(key in before and before[key]["listed"] == new[key].listed for key in new)
        again = source.kind in NUMBERED and not new.keys() - entries.keys()  # a server may not know its numbers
        settled = known and source.mode == "window" and all(walk_of.old(key, since) for key in new)
        entries = new | entries
        whole = whole and not settled
        if not again and not settled:
            queue.extend((then, not known) for then in dict.fromkeys(listing.then) if then not in met)
            met |= {*listing.then}
    owed += [url for url, fresh in queue if fresh]
    return Stretch(entries, asked, whole and not queue, owed, [url for url, fresh in queue if not fresh])


def _answer(walk_of: Walk, url: str) -> Listing:
    visit = _visited(walk_of, url)
    return listings.read(walk_of.source, visit.url or url, walk_of.shelf.load(visit.sha256), visit.kind)


NUMBERED = ("wordpress", "doj")
"""Kinds whose answers are numbered."""
BEYOND = b"rest_post_invalid_page_number"
"""What WordPress says of a number beyond the last; others answer with an empty list."""


def _beyond_the_last(source: SourceConfig, bad: guard.BadInput) -> bool:
    """Return whether a server says that its numbered answers have come to their end."""
    return source.kind == "wordpress" and isinstance(bad, Answered) and BEYOND in bad.answer.data


def _visited(walk_of: Walk, url: str) -> Visit:
    """Return what `url` answers, kept with its headers before anything reads it."""
    if url in walk_of.shelf.begun:
        return walk_of.found.visits.setdefault(url, walk_of.shelf.begun[url])
    known = walk_of.found.visits.get(url) or walk_of.memory.visits.get(url)
    answer = walk_of.client.get(url, known)
    if answer is None and known:
        return known
    if answer is None:
        raise guard.BadInput(
            "input.unreached", "the server says that nothing is new to one who knows nothing", value=url
        )
    digest = walk_of.shelf.keep(answer.data)
    walk_of.shelf.record(digest, record(answer))
    visit = Visit(
        digest, answer.header("etag"), answer.header("last-modified"), answer.url, answer.header("content-type")
    )
    walk_of.found.visits[url] = visit
    walk_of.shelf.begin(url, visit)
    return visit


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


def _gone(bad: guard.BadInput) -> bool:
    return isinstance(bad, Answered) and bad.answer.status in GONE


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
        visit = _visited(walk_of, entry.page)
        now, then = item | {"page": {name: getattr(visit, name) for name in KEPT}}, item | {"page": had}
        return then if had and _alike(walk_of, now, then) else now
    except guard.BadInput as bad:
        if isinstance(bad, Answered) and (had or gone) and _gone(bad):
            return item | {"gone": gone or _recorded(walk_of.shelf, bad)}
        walk_of.found.refused[key] = Untaken(bad.rule, bad.message)
    return item | ({"gone": gone} if gone else {"page": had})


def _recorded(shelf: RawShelf, said: Answered) -> str:
    """Return the digest of the WARC record of what withdraws a release, by which it is kept: many have no body."""
    told = record(said.answer)
    digest = store.sha256(told)
    shelf.record(digest, told)
    return digest
