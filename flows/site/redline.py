"""What an edit did to a text: words that stayed, went and came, so that either text can be read from it."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Literal, NamedTuple

Change = Literal["same", "gone", "new"]
LONGEST = 4000
"""Words, or lines, of a changed stretch that are compared one by one; a longer one is shown as replaced whole."""
MOST_PAIRS = 200_000
"""Pairs of one word in both texts of such a stretch; one with more, of words said over and over, is replaced too."""
WORDS = re.compile(r"\s+|\d+(?:[.,:]\d+)+|\w+|[^\w\s]")
"""Words, a number among them with its commas and stops, and what stands between them."""


class Piece(NamedTuple):
    """A stretch of one or both texts."""

    change: Change
    text: str


def redline(old: str, new: str) -> list[Piece]:
    """Return what stayed, went and came: without the new pieces it is `old`, without those gone it is `new`."""
    return list(_joined(_by_lines(old, new)))


def _by_lines(old: str, new: str) -> Iterator[Piece]:
    for alike, gone, came in _compared(old.splitlines(keepends=True), new.splitlines(keepends=True)):
        if alike:
            yield Piece("same", gone)
        else:
            yield from _by_words(gone, came)


def _by_words(old: str, new: str) -> Iterator[Piece]:
    for alike, gone, came in _compared(WORDS.findall(old), WORDS.findall(new)):
        yield from [Piece("same", gone)] if alike else [Piece("gone", gone), Piece("new", came)]


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[bool, str, str]]:
    """Yield both texts by stretches, and whether they are alike in it: how both begin first, how they end last."""
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    yield True, "".join(before[:head]), "".join(after[:head])
    if _too_much(old, new):
        yield False, "".join(old), "".join(new)
    else:
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield tag == "equal", "".join(old[a:b]), "".join(new[c:d])
    yield True, "".join(before[len(before) - tail :]), "".join(after[len(after) - tail :])


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many parts at the beginning of both are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _too_much(before: Sequence[str], after: Sequence[str]) -> bool:
    there = Counter(after)
    pairs = sum(count * there[part] for part, count in Counter(before).items())
    return max(len(before), len(after)) > LONGEST or pairs > MOST_PAIRS


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


def short(piece: Piece, kept: int) -> Piece:
    """Return a piece; of a long stretch that stayed, about `kept` letters at each end, cut between words."""
    if piece.change != "same" or len(piece.text) <= 2 * kept + 40:
        return piece
    return Piece("same", f"{piece.text[:kept].rpartition(' ')[0]} […] {piece.text[-kept:].partition(' ')[2]}")
