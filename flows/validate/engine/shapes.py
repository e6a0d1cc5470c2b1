"""Cells that are proven without a regular expression: by bytes at known places, some times faster.

Each function says which cells are proven to match a pattern. Others may match it too: the pattern is asked about them.
"""

from collections.abc import Callable, Iterable
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.validate.engine import cells
from flows.validate.engine.cells import Column

Flags = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Sure = Callable[[Column], Flags]
"""Says which cells are proven."""
Range = tuple[int, int]
WORD = 8
"""Bytes that are taken from a cell at once."""
MOST_LETTERS = 64
"""A text of more letters is left to its pattern."""
HIGH = 0x80
"""The bit of a byte that no letter of ASCII has."""
SCHEMES = (b"https://", b"http://w")
DIGIT, LOWER = (48, 57), (97, 122)
TLD = range(2, 5)
"""How many letters the last part of a domain has, where its bytes are looked at."""


def matches(column: Column, pattern: str, sure: Sure | None) -> Flags:
    """Return which cells match `pattern`, as `cells.matches` does: it is asked about those that are not `sure`."""
    if sure is None:
        return cells.matches(column, pattern)
    found = sure(column)
    if column.null_count:
        found |= cells.flags(column.is_null(), empty=True)
    left = np.flatnonzero(~found)
    if len(left) * 2 > len(found):
        return cells.matches(column, pattern)
    if len(left):
        found[left] = cells.matches(column.take(cells.integers(left)), pattern)
    return found


class _Text(NamedTuple):
    """The bytes of all cells, some more after the last, and where each cell begins and ends."""

    data: Bytes
    begins: NDArray[np.intp]
    ends: NDArray[np.intp]

    def words(self, places: NDArray[Any]) -> NDArray[np.uint64]:
        """Return the eight bytes from each place on, as one number."""
        every = np.ndarray(len(self.data) - WORD + 1, "<u8", self.data, strides=(1,))
        found: NDArray[np.uint64] = every[places]
        return found


def _text(column: Column) -> _Text:
    sizes, data = cells.lengths(column), cells.text(column)
    ends = np.cumsum(sizes, dtype=np.intp)
    return _Text(np.frombuffer(bytes(data) + bytes(MOST_LETTERS + WORD), np.uint8), ends - sizes, ends)


def fixed(pattern: str) -> Sure | None:
    """Return what proves a text of as many letters as `pattern` asks for, each in its range of ASCII.

    None for a pattern that asks for anything else.
    """
    shape = _shape(_bare(list(parser.parse(pattern))))
    if not shape or len(shape) > MOST_LETTERS:
        return None
    eights = [_bounds(shape[start : start + WORD]) for start in range(0, len(shape), WORD)]

    def sure(column: Column) -> Flags:
        text = _text(column)
        found: Flags = text.ends - text.begins == len(shape)
        for number, (asked, above, below) in enumerate(eights):
            letters = text.words(text.begins + number * WORD)
            found &= (letters + above) & ~(letters + below) & ~letters & asked == asked
        return found

    return sure


def _bounds(shape: list[Range]) -> list[np.uint64]:
    """Return what tells of up to eight letters at once whether each is in its range.

    The first has the high bit of each byte that is looked at. The second, added to a letter, sets that bit if it is not
    below its range, the third if it is above. No sum of a letter of ASCII runs over into the next byte.
    """
    of_letters = [(HIGH, HIGH - first, HIGH - 1 - last) for first, last in shape]
    return [np.uint64(int.from_bytes(bytes(one), "little")) for one in zip(*of_letters, strict=True)]


def _bare(items: list[Any]) -> list[Any]:
    """Return the items of a pattern without its anchors at the start and at the end."""
    items = items[1:] if items[:1] == [(code.AT, code.AT_BEGINNING)] else items
    return items[:-1] if items[-1:] == [(code.AT, code.AT_END)] else items


def _shape(items: Iterable[Any]) -> list[Range] | None:
    """Return the range of each letter, one after the other; None where a pattern is not made of such."""
    found: list[Range] = []
    for kind, value in items:
        letters = _letters(kind, value)
        if not letters or max(last for _, last in letters) >= HIGH:
            return None
        found += letters
    return found


def _letters(kind: Any, value: Any) -> list[Range] | None:
    if kind is code.LITERAL:
        return [(int(value), int(value))]
    if kind is code.IN and len(value) == 1:
        return _class(*value[0])
    if kind is code.SUBPATTERN and not value[1] and not value[2]:
        return _shape(value[3])
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT) and value[0] == value[1] <= MOST_LETTERS:
        return (_shape(value[2]) or []) * int(value[0])
    return None


def _class(kind: Any, value: Any) -> list[Range] | None:
    r"""Return the range that a class stands for; of `\d`, the part in ASCII."""
    if kind is code.RANGE:
        return [(int(value[0]), int(value[1]))]
    return [DIGIT] if value is code.CATEGORY_DIGIT else None


def _among(letters: Bytes, ranges: Iterable[Range]) -> Flags:
    found = np.zeros(len(letters), bool)
    for first, last in ranges:
        found |= letters - np.uint8(first) <= last - first
    return found


def uri(column: Column) -> Flags:
    """Return which cells begin with a scheme of the web and a letter or digit of ASCII."""
    text = _text(column)
    begin = text.words(text.begins)
    found: Flags = begin == int.from_bytes(SCHEMES[0], "little")
    found &= _among(text.data[text.begins + len(SCHEMES[0])], (LOWER, DIGIT))
    found |= begin == int.from_bytes(SCHEMES[1], "little")
    return found & (text.ends - text.begins > len(SCHEMES[0]))


def email(column: Column) -> Flags:
    """Return which cells are addresses of small letters, digits and single `.`, `-`, `_` or `+` between them.

    The part behind the one `@` has none but `.` and `-`, and ends in a few letters.
    """
    text = _text(column)
    word = _among(text.data, (LOWER, DIGIT))
    at = text.data == ord("@")
    mark = at | (text.data == ord(".")) | (text.data == ord("-"))
    local = (text.data == ord("_")) | (text.data == ord("+"))
    wrong = ~(word | mark | local)
    wrong[1:] |= ~word[1:] & ~word[:-1]
    found = word[text.begins] & word[text.ends - 1] & (text.ends - text.begins >= WORD)
    found[_cells_of(text, np.flatnonzero(wrong[: -MOST_LETTERS - WORD]))] = False
    host = _one_each(text, np.flatnonzero(at))
    late = np.flatnonzero(local)
    cell = _cells_of(text, late)
    found[cell[late > host[cell]]] = False
    return found & (host >= 0) & (_last_dot(text) > host)


def _cells_of(text: _Text, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the cells that the bytes at `places` are of."""
    return np.searchsorted(text.ends, places, side="right")


def _one_each(text: _Text, places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, of each cell, the one of `places` that is in it; -1 where none is, or some are."""
    if len(places) == len(text.ends) and bool(((places >= text.begins) & (places < text.ends)).all()):
        return places
    found = np.full(len(text.ends), -1)
    cell = _cells_of(text, places)
    found[cell] = places
    found[np.bincount(cell, minlength=len(found)) > 1] = -1
    return found


def _last_dot(text: _Text) -> NDArray[np.intp]:
    """Return where the last dot of each cell is, if nothing but a few small letters is behind it; else -1."""
    letters = text.words(np.maximum(text.ends - WORD, 0)).view(np.uint8)
    found = np.full(len(text.ends), -1)
    small = np.ones(len(found), bool)
    for behind in range(1, max(TLD) + 2):
        letter = letters[WORD - behind :: WORD]
        if behind - 1 in TLD:
            found = np.where(small & (letter == ord(".")), text.ends - behind, found)
        small &= _among(letter, (LOWER,))
    return found
