"""The text of a release with its facts in it: overlapping spans become segments, each marked by all that cover it.

Nothing is added to the words and nothing is taken away: the text of the page is the body, letter by letter.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markupsafe import Markup, escape

LANES = 4
"""Underlines below one another; a fact that overlaps more than so many shares the last one."""
LIT = 120
"""Facts of a page that are lit together with their row; the style sheet has a rule for each."""
UNSEEN = re.compile(
    "[\x01-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Letters that nobody sees, or that turn a line around. Joiners and single marks of direction are writing."""


class Evidence(NamedTuple):
    """The words of a fact in a text."""

    start: int
    end: int
    number: int
    """Place of the fact on the page, from 1."""
    kind: str
    anchor: str
    words: Sequence[tuple[int, int, str]]
    """Where the words of single fields stand, and which."""


class Mention(NamedTuple):
    """A name in a text, and where the page of the one who is named lies."""

    start: int
    end: int
    href: str


class Line(NamedTuple):
    """A line of the text, and the facts whose words begin in it."""

    html: Markup
    numbers: list[int]


def safe(text: str) -> Markup:
    """Return `text` for a page; a letter that nobody sees is held where it stands, and named by the style sheet."""
    told = str(escape(text))
    return Markup(UNSEEN.sub(_held, told) if UNSEEN.search(told) else told)  # noqa: S704 - escaped above


def visible(text: str) -> str:
    """Return `text` with a name in the place of every letter that nobody sees: for titles and cells."""
    if text.isprintable():  # as none of these letters is; that is asked faster
        return text
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def _held(found: re.Match[str]) -> str:
    letter = "&#13;" if found[0] == "\r" else found[0]
    return f'<span class="unseen" data-name="U+{ord(found[0]):04X}">{letter}</span>'


def lines(body: str, facts: Sequence[Evidence], mentions: Sequence[Mention] = ()) -> list[Line]:
    """Return the lines of `body` with every fact and name marked."""
    facts = [_trimmed(body, fact) for fact in facts]
    lanes, at = _lanes(facts), 0
    found = []
    for text, plain in zip(body.split("\n"), str(safe(body)).split("\n"), strict=True):
        end = at + len(text)
        here = [fact for fact in facts if fact.start < end + 1 and fact.end > at]
        named = [one for one in mentions if at <= one.start < one.end <= end]
        begun = [fact.number for fact in here if at <= fact.start <= end]
        html = "".join(_line(body, at, end, here, named, lanes)) if here or named else plain
        found.append(Line(Markup(html), begun))  # noqa: S704 - made of escaped parts
        at = end + 1
    return found


def _trimmed(body: str, fact: Evidence) -> Evidence:
    """Return `fact` without the ends of lines around its words; one that has no other words is left as it is."""
    start, end = fact.start, fact.end
    while start < end and body[start] == "\n":
        start += 1
    while start < end and body[end - 1] == "\n":
        end -= 1
    return fact._replace(start=start, end=end) if start < end else fact


def _lanes(facts: Sequence[Evidence]) -> dict[int, int]:
    """Return by number the underline of each fact: those that overlap lie below one another, the longest lowest."""
    free, lanes = [0] * LANES, {}
    for fact in sorted(facts, key=lambda fact: (fact.start, -fact.end)):
        lane = next((lane for lane, end in enumerate(free) if end <= fact.start), LANES - 1)
        free[lane] = max(free[lane], fact.end)
        lanes[fact.number] = lane
    return lanes


def _line(  # noqa: PLR0913, PLR0917 - a stretch of the body, and what marks it
    body: str, at: int, end: int, facts: list[Evidence], mentions: list[Mention], lanes: dict[int, int]
) -> Iterator[str]:
    """Yield the parts of the line from `at` to `end`."""
    cuts = {at, end, *(place for fact in facts for place in (fact.start, fact.end) if at < place < end)}
    cuts |= {place for one in mentions for place in (one.start, one.end) if not _covered(one, facts)}
    places = sorted(cuts)
    for start, stop in pairwise(places):
        over = [fact for fact in facts if fact.start <= start and stop <= fact.end]
        yield from (_here(fact) for fact in facts if fact.start == start)
        yield _marked(body, start, stop, over, lanes) if over else _plain(body, start, stop, mentions)
        yield from (_sign(fact) for fact in facts if fact.end == stop)


def _covered(mention: Mention, facts: Iterable[Evidence]) -> bool:
    return any(fact.start < mention.end and mention.start < fact.end for fact in facts)


def _plain(body: str, start: int, stop: int, mentions: Iterable[Mention]) -> str:
    """Return a stretch that no fact covers; a name in it leads to who is named."""
    href = next((one.href for one in mentions if (one.start, one.end) == (start, stop)), None)
    words = safe(body[start:stop])
    return f'<a class="name" href="{escape(href)}">{words}</a>' if href else words


def _here(fact: Evidence) -> str:
    """Return the place that a row leads to: where the words of its fact begin."""
    return f'<span class="at{_lit(fact)}" id="{escape(fact.anchor)}-text"></span>'


def _sign(fact: Evidence) -> str:
    """Return the sign after the words of a fact, which leads to its row; it adds no letter to the text."""
    about = f'aria-label="{fact.kind} {fact.number}" data-n="{fact.number}"'
    return f'<a class="sign {fact.kind}{_lit(fact)}" href="#{escape(fact.anchor)}" {about}></a>'


def _marked(body: str, start: int, stop: int, over: list[Evidence], lanes: dict[int, int]) -> str:
    """Return a stretch that facts cover: it leads to the row of the closest one, and is underlined for all."""
    closest = min(over, key=lambda fact: (fact.end - fact.start, fact.number))
    kinds = "".join(f" u{lanes[fact.number]}-{fact.kind}" for fact in over)
    lit = "".join(map(_lit, over))
    words = "".join(_words(body, start, stop, [one for fact in over for one in fact.words]))
    # its sign is in the order of the keyboard; the words themselves are for the pointer
    return f'<a class="fact {closest.kind}{kinds}{lit}" href="#{escape(closest.anchor)}" tabindex="-1">{words}</a>'


def _words(body: str, start: int, stop: int, fields: list[tuple[int, int, str]]) -> Iterator[str]:
    """Yield a stretch of evidence; the words of single fields stand out."""
    inside = [(max(first, start), min(last, stop)) for first, last, _ in fields if first < stop and start < last]
    cuts = sorted({start, stop, *(place for pair in inside for place in pair)})
    for first, last in pairwise(cuts):
        words = safe(body[first:last])
        yield f"<b>{words}</b>" if any(a <= first and last <= b for a, b in inside) else words


def _lit(fact: Evidence) -> str:
    return f" n{fact.number}" if fact.number <= LIT else ""
