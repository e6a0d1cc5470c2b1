"""A listing, answer by answer: how far a run reads it, what it leaves to the next, whether it came to its end."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from flows import guard
from flows.ingest.web import listings
from flows.ingest.web.client import Answered
from flows.ingest.web.listings import Entry, Listing
from flows.ingest.web.visits import Item, Walk, visited
from flows.store import Key, Left, Untaken
from schemas.counting import noun

NUMBERED = ("wordpress", "doj")
"""Kinds whose answers are numbered."""
BEYOND = b"rest_post_invalid_page_number"
"""What WordPress says of a number beyond the last; others answer with an empty list."""


def listed(walk: Walk, before: Mapping[Key, Item]) -> tuple[dict[Key, Entry], bool]:
    """Return the entries of the source's listing, and whether it was read to its end.

    It is read from its start; then, with half of the most answers of a run, from where earlier runs left it. What is
    still to be read is left to the next run, and told. A listing that names nothing is told, and was not read.
    """
    source, start = walk.source, listings.start(walk.source)
    left = walk.memory.left.get((source.name, start))
    read = Stretch(walk, before, [start]).read(source.most - source.most // 2 if left else source.most)
    owed, entries = [url for url in read.owed if url != start or (left and start in left.urls)], read.entries
    if left and not read.whole:
        urls = [url for url in left.urls if url not in read.owed]
        rest = Stretch(walk, before, urls, left.since).read(max(1, source.most - read.asked))
        owed, entries = [*owed, *rest.owed, *rest.beyond], rest.entries | entries
    again = [] if source.mode == "window" else read.beyond  # a window is looked back at as far as a run reads
    _leave(walk, start, list(dict.fromkeys(owed or again)), left.since if left else walk.day)
    if read.whole and not entries:
        walk.found.refused[source.name, start] = Untaken("input.empty", "the source names no release")
    lacks = _lacks(
        walk, start, read.total, len(entries if source.mode == "snapshot" else entries.keys() | before.keys())
    )
    return entries, read.whole and bool(entries) and not lacks


def _lacks(walk: Walk, start: str, total: int | None, named: int) -> bool:
    """Return whether a source names fewer releases than it says that it has, and tell it.

    What is named counts that is not forgotten, all but in a snapshot. Nothing is told where something else is told of
    the listing, as that it goes on, or where only a part of it is wanted.
    """
    source, refused = walk.source, walk.found.refused
    if total is None or total <= named or source.only or any(key[0] == source.name for key in refused):
        return False
    why = f"the source says that it has {total:,} {noun(total, 'release')}, and names {named:,}"
    refused[source.name, start] = Untaken("input.total", why)
    return True


def _leave(walk: Walk, start: str, owed: list[str], since: str) -> None:
    """Leave what is still to be read to the next run, and tell where it goes on, if that was not told."""
    source, refused = walk.source, walk.found.refused
    if owed:
        walk.found.left[source.name, start] = Left(owed, since)
    if cut := [url for url in owed if url != start and (source.name, url) not in refused]:
        others = f", and at {len(cut) - 1:,} more {noun(len(cut) - 1, 'address', 'addresses')}" if len(cut) > 1 else ""
        why = f"a run reads {source.most:,} {noun(source.most, 'answer')} of the listing, and it goes on here{others}"
        refused[source.name, cut[0]] = Untaken("input.unfinished", why)


@dataclass
class Stretch:
    """What is read of a listing from some addresses on: its start, or where earlier runs left it."""

    walk: Walk
    before: Mapping[Key, Item]
    urls: list[str]
    since: str | None = None
    """Day on which earlier runs left it here."""
    entries: dict[Key, Entry] = field(default_factory=dict)
    asked: int = 0
    whole: bool = True
    """Whether it was read to its end, and every entry had an address."""
    total: int | None = None
    """How many releases its last answer says that there are."""
    owed: list[str] = field(default_factory=list)
    """Where it goes on to what was never read: answers that could not be had, and those beyond the most of a run."""
    beyond: list[str] = field(default_factory=list)
    """Where it goes on to what was read before."""

    def read(self, most: int) -> "Stretch":
        """Return it, read as far as `most` answers; one that cannot be had is told, and the others are read."""
        queue, met = deque((url, True) for url in self.urls), {*self.urls}
        while queue and self.asked < most:
            url, _ = queue.popleft()
            self.asked += 1
            try:
                then, new = self._taken(url, _answer(self.walk, url))
            except guard.BadInput as bad:
                self._fail(url, bad)
                continue
            queue.extend((address, new) for address in dict.fromkeys(then) if address not in met)
            met |= {*then}
        self.owed += [url for url, new in queue if new]
        self.beyond += [url for url, new in queue if not new]
        self.whole = self.whole and not queue
        return self

    def _taken(self, url: str, listing: Listing) -> tuple[list[str], bool]:
        """Return where the listing has to be read on, and whether this answer of it has something new.

        A window is read until an answer has nothing that is new, edited, or young enough to be looked back at; from
        where it was left, until one has nothing that came since.
        """
        source, before = self.walk.source, self.before
        self.total = self.total if listing.total is None else listing.total
        if listing.lacking:
            self.whole = False
            self.walk.found.refused[source.name, url] = Untaken("input.format", listing.lacking)
        named = {(source.name, entry.address): entry for entry in listing.entries}
        known = bool(named) and all(key in before and before[key]["listed"] == named[key].listed for key in named)
        again = source.kind in NUMBERED and not named.keys() - self.entries.keys()  # it may not know its numbers
        settled = known and source.mode == "window" and all(self.walk.old(key, self.since) for key in named)
        self.entries = named | self.entries
        self.whole = self.whole and not settled
        return ([] if again or settled else listing.then), not known

    def _fail(self, url: str, bad: guard.BadInput) -> None:
        """Tell of an answer that cannot be had, and owe it, unless it lies beyond the last.

        Where one that was left is gone, the listing has moved, and is owed from its start.
        """
        source = self.walk.source
        if (self.entries or self.since) and _beyond_the_last(source.kind, bad):
            return
        self.walk.found.refused[source.name, url] = Untaken(bad.rule, bad.message)
        self.whole = False
        if self.since is None or not (isinstance(bad, Answered) and bad.gone):
            self.owed.append(url)
        elif url in self.urls:
            self.owed.append(listings.start(source))


def _answer(walk: Walk, url: str) -> Listing:
    visit = visited(walk, url)
    listing = listings.read(walk.source, visit.url or url, walk.shelf.load(visit.sha256), visit.kind)
    return listing if visit.total is None else listing._replace(total=visit.total)


def _beyond_the_last(kind: str, bad: guard.BadInput) -> bool:
    """Return whether a server says that its numbered answers have come to their end."""
    return kind == "wordpress" and isinstance(bad, Answered) and BEYOND in bad.answer.data
