"""What a walk of a source knows, what it finds, and a visit to an address, kept before anything reads it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from flows import guard
from flows.ingest.web import record
from flows.ingest.web.client import Client
from flows.ingest.web.listings import count
from flows.store import Kept, Key, Left, RawShelf, Untaken, Visit
from schemas.dataset import SourceConfig


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


def visited(walk_of: Walk, url: str) -> Visit:
    """Return what `url` answers, kept with its headers before anything reads it."""
    if url in walk_of.shelf.begun:
        return walk_of.found.visits.setdefault(url, walk_of.shelf.begun[url])
    earlier = walk_of.shelf.begun_before.get(url)
    known = walk_of.found.visits.get(url) or earlier or walk_of.memory.visits.get(url)
    answer = walk_of.client.get(url, known)
    if answer is None and earlier:
        walk_of.shelf.begin(url, earlier)
        return walk_of.found.visits.setdefault(url, earlier)
    if answer is None and known:
        return known
    if answer is None:
        raise guard.BadInput(
            "input.unreached", "the server says that nothing is new to one who knows nothing", value=url
        )
    digest = walk_of.shelf.keep(answer.data)
    record.keep(walk_of.shelf, digest, answer)
    visit = Visit(
        digest,
        answer.header("etag"),
        answer.header("last-modified"),
        answer.url,
        answer.header("content-type"),
        count(answer.header("x-wp-total")),
    )
    walk_of.found.visits[url] = visit
    walk_of.shelf.begin(url, visit)
    return visit
