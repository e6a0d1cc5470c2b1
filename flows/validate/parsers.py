"""What words say: quantities, days and deadlines in English, nothing where they say nothing certain.

A parser returns None rather than a guess. Only text that these functions understand can carry a parsed value; in a
language that they do not read, parsed fields stay null.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

LANGUAGES = ("en",)


class Span(NamedTuple):
    """A stretch of days, both ends included."""

    start: date
    end: date


TEN, HUNDRED = 10, 100
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
MULTIPLES = SCALES | {"hundred": HUNDRED, "dozen": 12}
UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
UNITS = {word: number for number, word in enumerate(UNIT_WORDS.split())}
TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: 10 * number for number, word in enumerate(TEN_WORDS.split(), 2)}
FRACTIONS = {"half a": Decimal("0.5"), "half an": Decimal("0.5"), "a quarter": Decimal("0.25")}

_MULTIPLE = "|".join(MULTIPLES)
_FIGURES = re.compile(rf"(?:US|U\.S\.)?[$€£]?\s?(\d{{1,3}}(?:,\d{{3}})+|\d+)(\.\d+)?\s?({_MULTIPLE})?", re.IGNORECASE)
_FRACTION = re.compile(rf"(half an?|a quarter)(?: of a)? ({_MULTIPLE})", re.IGNORECASE)
_AND_A_HALF = re.compile(rf"(\w+) and a half ({_MULTIPLE})", re.IGNORECASE)


def quantity(text: str) -> Decimal | None:
    """Return the number that all of `text` says, as 1500000 for "1.5 million", or None."""
    try:
        return _quantity(text)
    except KeyError:  # a letter that only looks like one of a word
        return None


def _multiple(word: str | None) -> int:
    return MULTIPLES[word.lower()] if word else 1


def _quantity(text: str) -> Decimal | None:
    words = " ".join(text.split())
    figures = _FIGURES.fullmatch(words)
    if figures:
        whole, fraction, multiple = figures.groups()
        return Decimal(whole.replace(",", "") + (fraction or "")) * _multiple(multiple)
    fraction_of = _FRACTION.fullmatch(words)
    if fraction_of:
        return FRACTIONS[fraction_of[1].lower()] * MULTIPLES[fraction_of[2].lower()]
    half = _AND_A_HALF.fullmatch(words)
    if half:
        count = quantity(half[1])
        return (count + Decimal("0.5")) * MULTIPLES[half[2].lower()] if count is not None else None
    return _spelled(words.lower().replace("-", " ").split())


def _spelled(words: list[str]) -> Decimal | None:
    """Return the number that `words` spell, as two hundred and fifty thousand, or None.

    Scales come in falling order, and each has a number before it; "a" is one at the beginning only.
    """
    if not words or "and" in (words[0], words[-1]):
        return None
    if words[0] in ("a", "an") and len(words) > 1:
        words = ["one", *words[1:]]
    if words[-1] == "dozen":
        count = _spelled(words[:-1])
        return count * MULTIPLES["dozen"] if count is not None else None
    total, room = 0, 10**15
    group: list[str] = []
    for word in words:
        if word not in SCALES:
            group.append(word)
            continue
        hundreds = _group(group)
        if not hundreds or SCALES[word] >= room:
            return None
        total, room, group = total + hundreds * SCALES[word], SCALES[word], []
    last = _group(group) if group else 0
    return None if last is None or last >= room else Decimal(total + last)


def _group(words: list[str]) -> int | None:
    """Return the number below ten thousand that `words` spell, as fifteen hundred or one hundred and five, or None."""
    words = words[1:] if words[:1] == ["and"] else words
    if "hundred" in words:
        at = words.index("hundred")
        count, rest = _below_hundred(words[:at]), words[at + 1 :]
        more = _below_hundred(rest[1:] if rest[:1] == ["and"] else rest) if rest else 0
        return count * HUNDRED + more if count and more is not None else None
    return _below_hundred(words)


def _below_hundred(words: list[str]) -> int | None:
    match words:
        case [word] if word in UNITS or word in TENS:
            return UNITS.get(word, TENS.get(word))
        case [ten, unit] if ten in TENS and 0 < UNITS.get(unit, 0) < TEN:
            return TENS[ten] + UNITS[unit]
    return None


MONTH_WORDS = (
    "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct|"
    "november nov|december dec"
)
MONTHS = {name: number for number, names in enumerate(MONTH_WORDS.split("|"), 1) for name in names.split()}
_MONTH = rf"(?P<{{0}}>{'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
_TO = r"\s*(?:-|–|—|to|through|until|and)\s*"  # noqa: RUF001 - the dashes that releases have
_D = r"(?P<{0}>\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of)?"
_Y = r"(?:,?\s+(?P<{0}>\d{{4}}))?"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}\b", re.IGNORECASE)


_M1, _M2, _D1, _D2 = (form.format(name) for form, name in ((_MONTH, "m1"), (_MONTH, "m2"), (_D, "d1"), (_D, "d2")))
_Y1, _Y2 = _Y.format("y1"), _Y.format("y2")
_FORMS = [
    _form(rf"{_M1}\s+{_D1}{_Y1}{_TO}{_M2}\s+{_D2}{_Y2}"),
    _form(rf"{_D1}\s+{_M1}{_Y1}{_TO}{_D2}\s+{_M2}{_Y2}"),
    _form(rf"{_M1}\s+{_D1}{_TO}{_D2}{_Y1}"),
    _form(rf"{_M1}\s+{_D1}{_Y1}"),
    _form(rf"{_D1}{_TO}{_D2}\s+{_M1}{_Y1}"),
    _form(rf"{_D1}\s+{_M1}{_Y1}"),
    _form(rf"{_M1}(?:,?\s+(?P<y1>\d{{4}}))?{_TO}{_M2},?\s+(?P<y2>\d{{4}})"),
    _form(rf"{_M1},?\s+(?P<y1>\d{{4}})"),
    _form(r"(?P<iso>\d{4}-\d{2}-\d{2})"),
]
"""The forms of days, longest first: what one has taken, no shorter one reads again."""


def days(text: str, anchor: date | None) -> Iterator[Span]:
    """Yield the stretches of days that `text` names; a day without a year is the one nearest to `anchor`."""
    taken: list[tuple[int, int]] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken) or _is_verb(match):
                continue
            taken.append(match.span())
            span = _span(match.groupdict(), anchor)
            if span:
                yield span


def _is_verb(match: re.Match[str]) -> bool:
    """Return whether the month is a "may" in lower case: a verb."""
    return any(name in ("m1", "m2") and value == "may" for name, value in match.groupdict().items())


def _whole(text: str, anchor: date | None) -> Span | None:
    """Return the stretch of days that all of `text` names, or None."""
    matches = (form.fullmatch(text) for form in _FORMS)
    match = next((found for found in matches if found), None)
    return _span(match.groupdict(), anchor) if match else None


def _span(found: dict[str, str | None], anchor: date | None) -> Span | None:
    try:
        return _iso(found["iso"]) if found.get("iso") else _named(found, anchor)
    except (ValueError, KeyError):  # no such day, or a letter that only looks like one of a month
        return None


def _iso(text: str | None) -> Span:
    day = date.fromisoformat(text or "")
    return Span(day, day)


def _named(found: dict[str, str | None], anchor: date | None) -> Span | None:
    """Return the stretch that months, days and years name; ValueError for a day that is not in the calendar."""
    first = MONTHS[str(found["m1"]).lower()]
    last = MONTHS[str(found.get("m2") or found["m1"]).lower()]
    stated = found.get("y2") or found.get("y1")
    if not found.get("d1"):
        end_year = int(stated or 0)
        start_year = int(found.get("y1") or end_year - (first > last))
        return _ordered(date(start_year, first, 1), month_of(date(end_year, last, 1)).end)
    start_day, end_day = int(found["d1"] or 0), int(found.get("d2") or found["d1"] or 0)
    if stated is None:
        start = _nearest(first, start_day, anchor)
        return _ordered(start, date(start.year + (first > last), last, end_day)) if start else None
    end = date(int(stated), last, end_day)
    start_year = int(found.get("y1") or end.year - (first > last)) if found.get("y2") else end.year - (first > last)
    return _ordered(date(start_year, first, start_day), end)


def _ordered(start: date, end: date) -> Span | None:
    return Span(start, end) if start <= end else None


def _nearest(month: int, day: int, anchor: date | None) -> date | None:
    """Return the day of this month and day that is nearest to `anchor`; 29 February only in a year that has one."""
    if anchor is None:
        return None
    years = (anchor.year + step for step in (-1, 0, 1))
    choices = [date(year, month, day) for year in years if day <= month_of(date(year, month, 1)).end.day]
    return min(choices, key=lambda choice: abs(choice - anchor), default=None)


def week_of(day: date) -> Span:
    """Return the week of `day`, Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Span(monday, monday + timedelta(days=6))


def month_of(day: date) -> Span:
    """Return the month of `day`."""
    return Span(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def year_of(day: date) -> Span:
    """Return the year of `day`."""
    return Span(date(day.year, 1, 1), date(day.year, 12, 31))


PERIODS = {"week": week_of, "month": month_of, "year": year_of}
STEPS = {"day": 1, "week": 7}
_END = r"(?P<end>(?:by |at |before )?the end of )?"
_THIS = re.compile(rf"{_END}(?:the )?(?P<which>this|next|the|coming) (?:coming )?(?P<period>week|month|year)")
_WITHIN = re.compile(r"(?:with)?in (?:the next )?(?P<count>[\w -]+?) (?P<unit>day|week|month|year)s?")
_LIMIT = re.compile(
    r"(?P<how>by|before|until|no later than|not later than|on or before|on|in|from) (?P<rest>.+)", re.IGNORECASE
)
_UNTIL_THE_END = re.compile(r"(?:by |at |before |until )?the end of (?P<rest>.+)", re.IGNORECASE)


def due(text: str, anchor: date | None) -> Span | None:
    """Return the days that a deadline such as "this week" names, seen from the day `anchor`, or None.

    "by" a day has the day in it, "before" a day has not; "from" a day is the day itself.
    """
    try:
        return _due(text, anchor)
    except (OverflowError, ValueError):  # beyond the calendar
        return None


def _due(text: str, anchor: date | None) -> Span | None:
    words = " ".join(text.split()).rstrip(".")
    exact = _whole(words, anchor)
    if exact:
        return exact
    limit, end = _LIMIT.fullmatch(words), _UNTIL_THE_END.fullmatch(words)
    if end and (period := _period(end["rest"], anchor)):
        return _ordered(anchor, period.end) if anchor else None
    if limit and (period := _period(limit["rest"], anchor)):
        return _limited(limit["how"].lower(), period, anchor)
    return _relative(words.lower(), anchor) if anchor else None


def _period(text: str, anchor: date | None) -> Span | None:
    """Return the days, the month or the year that all of `text` names, or None."""
    if re.fullmatch(r"\d{4}", text) and int(text):
        return year_of(date(int(text), 1, 1))
    month = MONTHS.get(text.lower())
    if month and anchor and text != "may":
        start = _nearest(month, 1, anchor)
        return month_of(start) if start and month_of(start).end >= anchor else None
    return _whole(text, anchor)


def _limited(how: str, period: Span, anchor: date | None) -> Span | None:
    if how in ("in", "on", "from"):
        return period
    if anchor is None:
        return None
    if how == "before":
        return _ordered(anchor, period.start - timedelta(days=1))
    whole_year = period == year_of(period.start)
    return _ordered(anchor, period.start if whole_year else period.end)


def _relative(words: str, anchor: date) -> Span | None:
    if words in ("today", "tomorrow"):
        day = anchor + timedelta(days=words == "tomorrow")
        return Span(day, day)
    within = _WITHIN.fullmatch(words)
    if within:
        count = Decimal(1) if within["count"] in ("a", "one") else quantity(within["count"])
        if not count or count != int(count) or count > MOST_STEPS:
            return None
        return Span(anchor, _later(anchor, int(count), within["unit"]))
    this = _THIS.fullmatch(words)
    if not this or (this["which"] == "the" and not this["end"]):
        return None
    period = PERIODS[this["period"]](anchor)
    if this["which"] in ("next", "coming"):
        period = PERIODS[this["period"]](period.end + timedelta(days=1))
    return Span(anchor, period.end) if this["end"] else period


MOST_STEPS = 1000
"""Days, weeks, months or years beyond which "within" is no deadline."""


def _later(day: date, count: int, unit: str) -> date:
    """Return the day `count` units after `day`; the last of a month where the month is too short."""
    if unit in STEPS:
        return day + timedelta(days=count * STEPS[unit])
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "year" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    return first.replace(day=min(day.day, month_of(first).end.day))
