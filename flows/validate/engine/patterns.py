r"""Patterns of a schema in a linear-time engine: Python's syntax and meaning, RE2's speed.

A pattern is read by Python's own parser and written out again with every class spelled as code points, so that `\d`,
`\w`, `\s` and the last `$` mean what they mean to frictionless. What no linear-time engine can run is refused.
"""

import re
import sys
from array import array
from collections.abc import Callable
from functools import cache, lru_cache
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_REPEATS = 1000
"""The most often that RE2 repeats."""
WORD, DIGIT, SPACE = r"\w", r"\d", r"\s"
OF_CATEGORY = {
    code.CATEGORY_DIGIT: (DIGIT, False),
    code.CATEGORY_NOT_DIGIT: (DIGIT, True),
    code.CATEGORY_SPACE: (SPACE, False),
    code.CATEGORY_NOT_SPACE: (SPACE, True),
    code.CATEGORY_WORD: (WORD, False),
    code.CATEGORY_NOT_WORD: (WORD, True),
}
LAST = sys.maxunicode
SURROGATES = range(0xD800, 0xE000)

Ranges = tuple[tuple[int, int], ...]


class PatternRefused(ValueError):  # noqa: N818 - it is the pattern's fault
    """A pattern that cannot be run in linear time, or cannot be read."""


@lru_cache
def linear(pattern: str, *, whole: bool = True) -> Callable[[str], bool]:
    """Return what says whether a text is matched by `pattern`, from its start on, or anywhere where not `whole`.

    It is run by Rust, as Pydantic runs its own: in a microsecond, in time that grows with the text alone.
    PatternRefused says what cannot be run.
    """
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # noqa: PLC0415 - not for who has no pattern

    try:
        return SchemaValidator(core_schema.str_schema(pattern=translated(pattern, whole=whole))).isinstance_python
    except SchemaError:
        raise PatternRefused(f"the pattern {pattern!r} is too large to be run: use maxLength") from None


def translated(pattern: str, *, whole: bool = True) -> str:
    """Return `^pattern$`, or `pattern` where not `whole`, as RE2 has it, to be searched for.

    PatternRefused says what cannot be run.
    """
    try:
        tree = parser.parse(f"^{pattern}$" if whole else pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternRefused(f"the pattern {pattern!r} cannot be read: {_own(pattern) or error}") from None
    flags = tree.state.flags & ~re.UNICODE
    if flags:
        raise PatternRefused(f"the pattern {pattern!r} sets flags, which are not run here: spell the letters out")
    if _times(tree) > MOST_REPEATS:
        raise PatternRefused(f"the pattern {pattern!r} repeats more than {MOST_REPEATS} times in all: use maxLength")
    found = _branches([list(tree)], pattern, last=True)
    return rf"\A(?:{found})" if whole else f"(?:{found})"


def _own(pattern: str) -> Exception | None:
    """Return what is wrong with a pattern as it is written, without the `^` and `$` that are put around it."""
    try:
        parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return error
    return None


def _times(items: Any) -> int:
    """Return how often the most repeated part of a pattern may stand there, one repeat in another counted together."""
    found = [1]
    for kind, value in items:
        if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
            most = value[0] if value[1] is code.MAXREPEAT else value[1]
            found.append(max(int(most), 1) * _times(value[2]))
        elif kind is code.SUBPATTERN:
            found.append(_times(value[3]))
        elif kind is code.BRANCH:
            found += map(_times, value[1])
    return max(found)


def _branches(branches: list[list[Any]], pattern: str, *, last: bool) -> str:
    return "|".join(_sequence(branch, pattern, last=last) for branch in branches)


def _sequence(items: list[Any], pattern: str, *, last: bool) -> str:
    """Return the items one after the other; only in the last place `$` may stand before a final line break."""
    while len(items) > 1 and items[-1] == items[-2] == (code.AT, code.AT_END):
        items = items[:-1]
    parts = []
    for number, item in enumerate(items):
        ends = last and number == len(items) - 1
        before_end = last and items[number + 1 :] == [(code.AT, code.AT_END)]
        if before_end and item[0] in (code.SUBPATTERN, code.BRANCH):
            _no_end_inside(item, pattern)
        parts.append(_item(item, pattern, last=ends))
    return "".join(parts)


def _no_end_inside(item: Any, pattern: str) -> None:
    if "AT_END" in repr(item):
        raise PatternRefused(f"the pattern {pattern!r} has `$` in a place that cannot be run here: leave it out")


def _item(item: tuple[Any, Any], pattern: str, *, last: bool) -> str:  # noqa: PLR0911 - one a kind of item
    kind, value = item
    if kind is code.LITERAL:
        return _char(value)
    if kind is code.NOT_LITERAL:
        return _class(_inverted(((value, value),)))
    if kind is code.ANY:
        return r"[^\n]"
    if kind is code.IN:
        return _class(_ranges(value))
    if kind is code.AT:
        return _anchor(value, pattern, last=last)
    if kind is code.BRANCH:
        return f"(?:{_branches([list(one) for one in value[1]], pattern, last=last)})"
    if kind is code.SUBPATTERN and not value[1] and not value[2]:
        return f"(?:{_sequence(list(value[3]), pattern, last=last)})"
    if kind in (code.MAX_REPEAT, code.MIN_REPEAT):
        least, most, body = value
        return _repeat(least, most, body, pattern)
    names = {code.ASSERT: "looks ahead or behind", code.ASSERT_NOT: "looks ahead or behind"}
    names |= {code.GROUPREF: "refers back to a group"}
    raise PatternRefused(f"the pattern {pattern!r} {names.get(kind, 'cannot be run in linear time')}: rewrite it")


def _repeat(least: int, most: Any, body: Any, pattern: str) -> str:
    if "AT_" in repr(list(body)):
        raise PatternRefused(f"the pattern {pattern!r} repeats an anchor: leave it out")
    if least > MOST_REPEATS or (most is not code.MAXREPEAT and most > MOST_REPEATS):
        raise PatternRefused(
            f"the pattern {pattern!r} repeats more than {MOST_REPEATS} times: use minLength, maxLength"
        )
    upper = "" if most is code.MAXREPEAT else str(int(most))
    return f"(?:{_sequence(list(body), pattern, last=False)}){{{least},{upper}}}"


def _anchor(value: Any, pattern: str, *, last: bool) -> str:
    if value in (code.AT_BEGINNING, code.AT_BEGINNING_STRING):
        return r"\A"
    if value is code.AT_END and last:
        return r"\n?\z"
    if value is code.AT_END_STRING:
        return r"\z"
    raise PatternRefused(f"the pattern {pattern!r} has an anchor in a place that cannot be run here: rewrite it")


def _ranges(items: list[Any]) -> Ranges:
    found: list[tuple[int, int]] = []
    negated = False
    for kind, value in items:
        if kind is code.NEGATE:
            negated = True
        elif kind is code.LITERAL:
            found.append((value, value))
        elif kind is code.RANGE:
            found.append(value)
        else:
            name, inverse = OF_CATEGORY[value]
            found.extend(_inverted(_category(name)) if inverse else _category(name))
    return _inverted(tuple(found)) if negated else tuple(found)


@cache
def _category(name: str) -> Ranges:
    """Return the code points of a class as Python sees it, as ranges."""
    points = array("I", range(LAST + 1))  # four bytes each; numpy would be paid for by a small table
    every = points.tobytes().decode(f"utf-32-{sys.byteorder[0]}e", "surrogatepass")  # a place in it is a code point
    return tuple((run.start(), run.end() - 1) for run in re.finditer(f"{name}+", every))


def _inverted(ranges: Ranges) -> Ranges:
    found, place = [], 0
    for first, last in sorted(ranges):
        if first > place:
            found.append((place, first - 1))
        place = max(place, last + 1)
    return (*found, (place, LAST)) if place <= LAST else tuple(found)


def _class(ranges: Ranges) -> str:
    text = "".join(_char(first) + (f"-{_char(last)}" if last > first else "") for first, last in _whole(ranges))
    return f"[{text}]" if text else r"[^\x00-\x{10FFFF}]"


def _whole(ranges: Ranges) -> Ranges:
    """Return the ranges without surrogates, which no text has."""
    found = []
    for first, last in ranges:
        found.append((first, min(last, SURROGATES[0] - 1)))
        found.append((max(first, SURROGATES[-1] + 1), last))
    return tuple((first, last) for first, last in found if first <= last)


def _char(point: int) -> str:
    letter = chr(point)
    return letter if letter.isascii() and letter.isalnum() else f"\\x{{{point:X}}}"
