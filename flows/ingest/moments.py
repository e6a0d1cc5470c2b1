"""What a written date says: ISO 8601, the form of mail, English as pages write it, or the form that a map gives.

Nothing is guessed: what may be two days, as 03/04/2026, is none; a zone that is told by a name of no fixed meaning is
no zone, so that its day stands and no instant.
"""

import re
from calendar import day_name, month_name
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import cache

MONTHS, DAYS = list(month_name)[1:], list(day_name)
WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
MONTH, YEAR = r"(?P<month>[a-z]{3,9})\.?", r"(?P<year>\d{4})"
TIME = (
    r"(?:,?(?: at| [-|])? (?P<hour>\d{1,2})(?=:| ?[ap]\.?m)(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?"
    r"(?: ?(?P<half>[ap])\.?m\b\.?)?(?: ?\(?(?:gmt|utc)?(?P<zone>[+-]\d\d:?\d\d|[a-z]{1,5})\)?)?(?: \([\w ]+\))?)?"
)
FORMS = [
    re.compile(WEEKDAY + form + TIME, re.IGNORECASE)
    for form in (
        f"{MONTH} {DAY},? {YEAR}",
        rf"{DAY}\.?[ -](?:of )?{MONTH},?[ -]{YEAR}",
        rf"(?P<one>\d{{1,2}})(?P<mark>[./-])(?P<other>\d{{1,2}})(?P=mark){YEAR}",
        rf"{YEAR}(?P<mark>[./-])(?P<month>\d{{1,2}})(?P=mark){DAY}",
    )
]
"""November 20, 2026 and Nov. 20, 2026; 20 November 2026; 20.11.2026; 2026/11/20; a time after each of them."""
ZONE = "(?:utc?|gmt|z|[ecmp][sd]t)"
MAIL = re.compile(
    rf"(?:[a-z]{{3,9}}, *)?\d{{1,2}}[ -][a-z]{{3}}[ -]\d\d(?:\d\d)? \d{{1,2}}[:.]\d\d(?:[:.]\d\d)?"
    rf"(?: *(?:[+-]\d{{4}}|{ZONE}))?(?: *\(\w+\))?"
    rf"|[a-z]{{3}} [a-z]{{3}} \d{{1,2}} \d{{1,2}}:\d\d:\d\d(?: {ZONE})? \d{{4}}",
    re.IGNORECASE,
)
"""The forms of RFC 5322, RFC 850 and asctime."""
HOURS = {"UT": 0, "UTC": 0, "GMT": 0, "Z": 0}
HOURS |= {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
"""Names of zones that RFC 822 gives a meaning."""
TIMED = re.compile(r"\d:\d|\d ?[ap]\.?m\b|\dT\d", re.IGNORECASE)


class Unknown(tzinfo):
    """A zone that is told by a name of no fixed meaning."""

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        """Return that it is not known."""

    def dst(self, _: datetime | None) -> timedelta | None:
        """Return that it is not known."""

    def tzname(self, _: datetime | None) -> str | None:
        """Return that it has none."""


def read(text: str, form: str | None = None, language: str | None = None) -> datetime | None:
    """Return the moment that a text says, in `form` of strptime with names of a language, where one is given; or None.

    It has a zone where the text tells one; `Unknown` where that may be any.
    """
    plain = " ".join(text.split())
    readers: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, _mail, _written)
    if form:
        translated = _translated(plain, form, language) if language else plain
        readers = (lambda _: datetime.strptime(translated, form),)  # noqa: DTZ007 - the zone of the map is added
    for reader in readers:
        with suppress(ValueError, IndexError, OverflowError):
            return reader(plain)
    return None


def timed(text: str, form: str | None = None) -> bool:
    """Return whether a text states a time beside its day."""
    return any(part in form for part in ("%H", "%I", "%c", "%X")) if form else bool(TIMED.search(text))


def _mail(text: str) -> datetime:
    """Return the moment of a text in the form of mail, years of two digits too; ValueError for any other."""
    if not MAIL.fullmatch(text):
        raise ValueError(text)
    return parsedate_to_datetime(text)


def _written(text: str) -> datetime:
    """Return the moment of a text as pages write it; ValueError where it is none, or may be another."""
    found = next((match for form in FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        raise ValueError(text)
    said = found.groupdict()
    month, day = _ordered(int(said["one"]), int(said["other"])) if "one" in said else (said["month"], int(said["day"]))
    hour = _hour(int(said["hour"]), said["half"]) if said["hour"] else 0
    time = (hour, int(said["minute"] or 0), int(said["second"] or 0))
    moment = datetime(int(said["year"]), _month(str(month)), day, *time)  # noqa: DTZ001 - its zone is added, if it tells one
    return _zoned(moment, said["zone"]) if said["zone"] else moment


def _ordered(one: int, other: int) -> tuple[int, int]:
    """Return month and day of two numbers; ValueError where each may be either."""
    if one != other and max(one, other) <= len(MONTHS):
        raise ValueError(one)
    return min(one, other), max(one, other)


def _month(word: str) -> int:
    """Return the number of a month, by its number or name, or a short form of it; 0 where there is none."""
    named = (number for number, name in enumerate(MONTHS, 1) if name.lower().startswith(word.lower()))
    return int(word) if word.isdigit() else next(named, 0)


def _hour(hour: int, half: str | None) -> int:
    """Return an hour of the day; ValueError for one that its half of the day has not."""
    if not half:
        return hour
    if not 1 <= hour <= len(MONTHS):
        raise ValueError(hour)
    return hour % 12 + (12 if half in "pP" else 0)


def _zoned(moment: datetime, zone: str) -> datetime:
    if zone[0] in "+-":
        return datetime.fromisoformat(f"{moment.isoformat()}{zone}")
    hours = HOURS.get(zone.upper())
    return moment.replace(tzinfo=Unknown() if hours is None else timezone(timedelta(hours=hours)))


def _translated(text: str, form: str, language: str) -> str:
    """Return a text with the names of months and days of a language in English, as long as `form` has them."""
    names = _names(language)

    def english(found: re.Match[str]) -> str:
        name = names.get(found[0].lower(), found[0])  # a dotless i is found as one with a dot
        return name if ("%A" if name in DAYS else "%B") in form else name[:3]

    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", english, text, flags=re.IGNORECASE)


@cache
def _names(language: str) -> dict[str, str]:
    """Return what a language calls the days, in full, and the months, longest first, each with its English name."""
    from babel import Locale, dates  # noqa: PLC0415 - only dates of other languages pay for it

    locale = Locale.parse(language, sep="-")
    found = {name.lower(): DAYS[number] for number, name in dates.get_day_names(locale=locale).items()}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            months = dates.get_month_names(width, context, locale).items()
            found |= {name.lower(): MONTHS[number - 1] for number, name in months}
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))
