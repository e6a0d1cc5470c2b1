"""What an edit did to a text: words that stayed, went and came, so that either text can be read from it."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

Change = Literal["same", "gone", "new"]
LONGEST = 4000
"""Words of a changed stretch that are compared one by one; a longer one is shown as replaced whole."""
WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Piece(NamedTuple):
    """A stretch of one or both texts."""

    change: Change
    text: str


def redline(old: str, new: str) -> list[Piece]:
    """Return what stayed, went and came: without the new pieces it is `old`, without those gone it is `new`."""
    return list(_joined(_by_lines(old, new)))


def _by_lines(old: str, new: str) -> Iterator[Piece]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(before[a:b]))
        else:
            yield from _by_words("".join(before[a:b]), "".join(after[c:d]))


def _by_words(old: str, new: str) -> Iterator[Piece]:
    before, after = WORDS.findall(old), WORDS.findall(new)
    if max(len(before), len(after)) > LONGEST:
        yield from (Piece("gone", old), Piece("new", new))
        return
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(before[a:b]))
        else:
            yield from (Piece("gone", "".join(before[a:b])), Piece("new", "".join(after[c:d])))


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield pieces, those that are alike in one; an empty one is none."""
    last: Piece | None = None
    for one in pieces:
        if last and last.change == one.change:
            last = Piece(last.change, last.text + one.text)
        elif one.text:
            if last:
                yield last
            last = one
    if last:
        yield last
