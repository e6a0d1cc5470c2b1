"""What words say: quantities, days and deadlines in English, nothing where they say nothing certain.

A parser returns None rather than a guess. Only text that these functions understand can carry a parsed value; in a
language that they do not read, parsed fields stay null.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

LANGUAGES = ("en",)


class Span(NamedTuple):
    """A stretch of days, both ends included."""

    start: date
    end: date


TEN = 10
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "dozen": None}
UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
UNITS = {word: number for number, word in enumerate(UNIT_WORDS.split())}
TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: 10 * number for number, word in enumerate(TEN_WORDS.split(), 2)}
FRACTIONS = {
    "half a": Decimal("0.5"),
    "half an": Decimal("0.5"),
    "a quarter": Decimal("0.25"),
    "a": Decimal(1),
    "an": Decimal(1),
}

_FIGURES = re.compile(
    r"(?:US|U\.S\.)?[$€£]?\s?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s?(hundred|thousand|million|billion|trillion|dozen)?",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"(half an?|an?|a quarter)(?: of a)? (hundred|thousand|million|billion|trillion|dozen)", re.IGNORECASE
)


def quantity(text: str) -> Decimal | None:
    """Return the number that all of `text` says, as 1500000 for "1.5 million", or None."""
    words = " ".join(text.split())
    figures = _FIGURES.fullmatch(words)
    if figures:
        whole, fraction, scale = figures.groups()
        return Decimal(whole.replace(",", "") + (fraction or "")) * _scale(scale)
    fraction_of = _FRACTION.fullmatch(words)
    if fraction_of:
        return FRACTIONS[fraction_of[1].lower()] * _scale(fraction_of[2])
    return _spelled(words.lower().replace("-", " ").split())


def _scale(word: str | None) -> int:
    if word is None:
        return 1
    power = SCALES[word.lower()]
    return 12 if power is None else 10**power


def _spelled(words: list[str]) -> Decimal | None:
    """Return the number that `words` spell, as two hundred and fifty thousand, or None."""
    total = group = 0
    if not words or words[0] == "and" or words[-1] == "and":
        return None
    for word in words:
        if word in UNITS or word in TENS:
            value = UNITS.get(word, TENS.get(word, 0))
            if group % 10 or (group % 100 and not 0 < value < TEN):
                return None
            group += value
        elif word == "hundred" and 0 < group < TEN:
            group *= 100
        elif word in SCALES and word != "hundred" and group:
            total, group = total + group * _scale(word), 0
        elif word != "and":
            return None
    return Decimal(total + group)


MONTH_WORDS = (
    "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct|"
    "november nov|december dec"
)
MONTHS = {name: number for number, names in enumerate(MONTH_WORDS.split("|"), 1) for name in names.split()}
_MONTH = rf"(?P<{{0}}>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
_TO = r"\s*(?:-|–|—|to|through|until|and)\s*"  # noqa: RUF001 - the dashes that releases have
_D = r"(?P<{0}>\d{{1,2}})(?:st|nd|rd|th)?"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}\b", re.IGNORECASE)


_FORMS = [
    _form(
        rf"{_MONTH.format('m1')}\s+{_D.format('d1')}(?:,?\s+(?P<y1>\d{{4}}))?{_TO}{_MONTH.format('m2')}\s+{_D.format('d2')}(?:,?\s+(?P<y2>\d{{4}}))?"
    ),
    _form(rf"{_MONTH.format('m1')}\s+{_D.format('d1')}{_TO}{_D.format('d2')}(?:,?\s+(?P<y1>\d{{4}}))?"),
    _form(rf"{_MONTH.format('m1')}\s+{_D.format('d1')}(?:,?\s+(?P<y1>\d{{4}}))?"),
    _form(rf"{_D.format('d1')}{_TO}{_D.format('d2')}\s+{_MONTH.format('m1')}(?:,?\s+(?P<y1>\d{{4}}))?"),
    _form(rf"{_D.format('d1')}\s+{_MONTH.format('m1')}(?:,?\s+(?P<y1>\d{{4}}))?"),
    _form(rf"{_MONTH.format('m1')},?\s+(?P<y1>\d{{4}})"),
    _form(r"(?P<iso>\d{4}-\d{2}-\d{2})"),
]


def days(text: str, anchor: date | None) -> Iterator[Span]:
    """Yield the stretches of days that `text` names; a day without a year is the one nearest to `anchor`."""
    taken: list[tuple[int, int]] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            span = _span(match.groupdict(), anchor)
            if span:
                taken.append(match.span())
                yield span


def _span(found: dict[str, str | None], anchor: date | None) -> Span | None:
    try:
        return _iso(found["iso"]) if found.get("iso") else _named(found, anchor)
    except ValueError:
        return None


def _iso(text: str | None) -> Span:
    day = date.fromisoformat(text or "")
    return Span(day, day)


def _named(found: dict[str, str | None], anchor: date | None) -> Span | None:
    month = MONTHS[str(found["m1"]).lower()]
    last_month = MONTHS[str(found.get("m2") or found["m1"]).lower()]
    if not found.get("d1"):
        return month_of(date(int(found["y1"] or 0), month, 1))
    first, last = int(found["d1"] or 0), int(found.get("d2") or found["d1"] or 0)
    last_year = found.get("y2") or found.get("y1")
    if last_year is None:
        start = _nearest(month, first, anchor)
        return _ordered(start, start.replace(month=last_month, day=last)) if start else None
    end = date(int(last_year), last_month, last)
    year = int(found.get("y1") or (end.year - (month > last_month)))
    return _ordered(date(year, month, first), end)


def _ordered(start: date, end: date) -> Span | None:
    return Span(start, end) if start <= end else None


def _nearest(month: int, day: int, anchor: date | None) -> date | None:
    if anchor is None:
        return None
    choices = (date(anchor.year + step, month, day) for step in (-1, 0, 1))
    return min(choices, key=lambda choice: abs(choice - anchor))


def week_of(day: date) -> Span:
    """Return the week of `day`, Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Span(monday, monday + timedelta(days=6))


def month_of(day: date) -> Span:
    """Return the month of `day`."""
    following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return Span(day.replace(day=1), following - timedelta(days=1))


def year_of(day: date) -> Span:
    """Return the year of `day`."""
    return Span(date(day.year, 1, 1), date(day.year, 12, 31))


PERIODS = {"week": week_of, "month": month_of, "year": year_of}
STEPS = {"day": 1, "week": 7}
_THIS = re.compile(
    r"(?P<end>(?:by |at |before )?the end of )?(?:the )?(?P<which>this|next|the|coming) (?:coming )?"
    r"(?P<period>week|month|year)"
)
_WITHIN = re.compile(r"(?:with)?in (?:the next )?(?P<count>\w+) (?P<unit>day|week)s?")
_YEAR = re.compile(r"(?P<how>in|by|before|by the end of|(?:at |before )?the end of) (?P<year>\d{4})")
_BY = re.compile(r"(?:by|before|until|no later than) (?P<rest>.+)")


def due(text: str, anchor: date | None) -> Span | None:
    """Return the days that a deadline such as "this week" names, seen from the day `anchor`, or None."""
    words = " ".join(text.lower().split()).rstrip(".")
    exact = list(days(words, anchor))
    by = _BY.fullmatch(words)
    if len(exact) == 1:
        return _ordered(anchor, exact[0].end) if by and anchor else exact[0]
    year = _YEAR.fullmatch(words)
    if year:
        return _in_year(year["how"], date(int(year["year"]), 1, 1), anchor)
    return _relative(words, anchor) if anchor else None


def _in_year(how: str, year: date, anchor: date | None) -> Span | None:
    if how == "in":
        return year_of(year)
    end = year_of(year).end if "end" in how else year
    return _ordered(anchor, end) if anchor else None


def _relative(words: str, anchor: date) -> Span | None:
    if words in ("today", "tomorrow"):
        day = anchor + timedelta(days=words == "tomorrow")
        return Span(day, day)
    within = _WITHIN.fullmatch(words)
    if within:
        count = quantity(within["count"])
        return Span(anchor, anchor + timedelta(days=int(count) * STEPS[within["unit"]])) if count else None
    this = _THIS.fullmatch(words)
    if not this or (this["which"] == "the" and not this["end"]):
        return None
    period = PERIODS[this["period"]](anchor)
    if this["which"] in ("next", "coming"):
        period = PERIODS[this["period"]](period.end + timedelta(days=1))
    return Span(anchor, period.end) if this["end"] else period
