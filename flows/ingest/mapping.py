"""A source's own fields as those of a release: what `[sources.map]` says, done to one document after another.

Every field of a document is taken, ignored by name, or reported. A value that cannot be read is left as the source has
it, for the release's own contract to refuse with its reason.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from flows.ingest import moments
from schemas.counting import noun
from schemas.mapping import Mapping, Take

LONGEST_ID = 120
"""Characters of a slug at most; a longer one is cut, and a digest of the whole put after it."""
DIGEST = 8
"""Digits of that digest."""
FAR_FUTURE = 1 << 40
"""Seconds since 1970 beyond which a number is no instant."""
EMPTY: tuple[Any, ...] = (None, "", [], {})
"""What tells nothing."""
UNTAKEN = "[sources.map] neither takes nor ignores it"
Steps = tuple[str, ...]


class LeftOut(NamedTuple):
    """Something of a document that its release does not have: a field of the source, and why."""

    field: str
    why: str


def mapped(value: dict[str, Any], mapping: Mapping, name: str) -> tuple[dict[str, Any], list[LeftOut]]:
    """Return a document of a source as that of a release, and what of it was left out with no one's word.

    `name` is that of the source, where the map gives none.
    """
    release: dict[str, Any] = {}
    for target, take in mapping.fields.items():
        found = _taken(value, take, release)
        if found is not None:
            _put(release, target, found)
    release.setdefault("source", {}).setdefault("name", name)
    left_out = [_too_early(target, take, release) for target, take in mapping.fields.items() if take.not_before]
    untaken = sorted(set(_untaken(value, _named(mapping.named))))
    return release, [*filter(None, left_out), *(LeftOut(field, UNTAKEN) for field in untaken)]


def counted(found: Counter[LeftOut]) -> Iterator[tuple[LeftOut, str]]:
    """Yield each thing that was left out once, with a sentence that says how often."""
    for one, times in sorted(found.items()):
        yield one, f"{one.why}, in {times:,} {noun(times, 'document')}"


def _taken(value: dict[str, Any], take: Take, release: dict[str, Any]) -> Any:
    """Return what `take` makes of a document; None where it has nothing of the sort."""
    found = at(value, steps_of(take.from_)) if take.from_ else None
    if found in EMPTY:
        return take.value
    if take.split and isinstance(found, str):
        words = [word.strip() for word in found.split(take.split) if word.strip()]
        found = words if take.as_ == "list" else words[0] if words else None
    return found if found is None else CONVERTERS[take.as_](found, take, release)


def _put(release: dict[str, Any], target: str, found: Any) -> None:
    outer, _, inner = target.partition(".")
    if inner:
        release.setdefault(outer, {})[inner] = found
    else:
        release[target] = [*release[target], *found] if isinstance(release.get(target), list) else found


@cache
def steps_of(path: str) -> Steps:
    """Return the steps of a path, names with dots between; none of an empty one, which leads to the whole."""
    return tuple(path.split(".")) if path else ()


def at(value: Any, steps: Steps) -> Any:
    """Return what lies at `steps` in a value; `*` is each item of a list, a number one of them."""
    for number, step in enumerate(steps):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step == "*":
            return [found for item in value if (found := at(item, steps[number + 1 :])) is not None]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


class Named(NamedTuple):
    """What a map names below a place of a document: whether the place itself, and what lies further down."""

    whole: bool
    below: dict[str, "Named"]


@cache
def _named(paths: frozenset[str]) -> Named:
    """Return the paths of a map as one tree."""
    below: dict[str, set[str]] = {}
    for path in paths - {""}:
        step, _, rest = path.partition(".")
        below.setdefault(step, set()).add(rest)
    return Named("" in paths, {step: _named(frozenset(rest)) for step, rest in below.items()})


NOTHING = Named(whole=False, below={})


def _untaken(value: Any, named: Named, above: str = "") -> Iterator[str]:
    """Yield the fields that have a value which the map neither takes nor ignores; an item of a list is `*`."""
    for name, inner in value.items() if isinstance(value, dict) else ((str(at), item) for at, item in enumerate(value)):
        known = named.below.get(name) or (named.below.get("*", NOTHING) if isinstance(value, list) else NOTHING)
        if known.whole or inner in EMPTY:
            continue
        here = f"{above}{name if isinstance(value, dict) else '*'}"
        if known.below and isinstance(inner, dict | list):
            yield from _untaken(inner, known, f"{here}.")
        else:
            yield here


def _too_early(target: str, take: Take, release: dict[str, Any]) -> LeftOut | None:
    """Take out a value that lies before the field that it may not, or without it; return that it was, or None."""
    lacking = target in release and take.not_before not in release
    mine, other = (_read(release.get(name), take) for name in (target, str(take.not_before)))
    if not lacking and (mine is None or other is None or not _before(mine, other)):
        return None
    release.pop(target)
    why = f"stands without {take.not_before}" if lacking else f"lies before {take.not_before}"
    return LeftOut(take.from_ or target, f"{target} {why} and is left out")


def _before(mine: datetime, other: datetime) -> bool:
    """Return whether one moment lies before another; of two of which one has no zone nobody knows."""
    return (mine.utcoffset() is None) == (other.utcoffset() is None) and mine < other


def _instant(value: Any, take: Take, _: dict[str, Any]) -> Any:
    found = _read(value, take)
    if found is None or found.utcoffset() is None:
        return value
    return found.isoformat(timespec="microseconds" if found.microsecond else "seconds")


def _moment(value: Any, take: Take, _: dict[str, Any]) -> Any:
    """Return an instant; nothing where the source states a day alone, or a time that may be anywhere's."""
    found = _read(value, take)
    if found is None or found.utcoffset() is None:
        return None
    return _instant(value, take, _) if isinstance(value, int) or moments.timed(value, take.format) else None


def _day(value: Any, take: Take, _: dict[str, Any]) -> Any:
    """Return the day as the source states it, whatever day that is in UTC."""
    found = _read(value, take)
    return found.date().isoformat() if found else value


def _read(value: Any, take: Take) -> datetime | None:
    """Return the moment that a value is, in the zone of the map where it tells none; None where it is not readable."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < FAR_FUTURE:
        with suppress(ValueError, OverflowError):  # a year that no calendar has
            return datetime.fromtimestamp(value, ZoneInfo(take.zone) if take.zone else UTC)
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"[0-9]{9,11}", value):
        return _read(int(value), take)
    found = moments.read(value, take.format, take.language)
    return found.replace(tzinfo=ZoneInfo(take.zone)) if found and take.zone and found.tzinfo is None else found


@lru_cache
def slug(text: str) -> str:
    """Return words as a slug, without what is no letter or digit.

    One that is long, or of a text with letters that ASCII has nothing for, ends in a digest of the whole.
    """
    plain = unicodedata.normalize("NFKD", text)
    words = plain.encode("ascii", "ignore").decode().lower().replace("'", "")
    whole = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
    lost = not plain.isascii() and any(map(_dropped, plain))
    if len(whole) <= LONGEST_ID and not lost:
        return whole
    digest = hashlib.sha256((text if lost else whole).encode(errors="surrogatepass")).hexdigest()[:DIGEST]
    most = LONGEST_ID - DIGEST - 1
    return f"{whole if len(whole) <= most else whole[:most].rpartition('-')[0]}-{digest}".strip("-")


def _dropped(character: str) -> bool:
    """Return whether a character is lost that tells words apart: a letter, a digit, or a byte that is none of UTF-8."""
    return not character.isascii() and unicodedata.category(character) in DROPPED


DROPPED = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Cs")


def _slug(value: Any, take: Take, _: dict[str, Any]) -> Any:
    return _prefixed(value, take) if isinstance(value, str) else value


def _prefixed(text: str, take: Take) -> str:
    """Return words as a slug that begins as the map says; an empty one stays so."""
    return slug(f"{take.prefix}-{text}" if take.prefix and slug(text) else text)


def _address(value: Any, take: Take, _: dict[str, Any]) -> Any:
    """Return the last parts of an address as a slug, with what it asks for after a question mark."""
    if not isinstance(value, str):
        return value
    try:
        whole = urlsplit(value)
    except ValueError:
        return value
    path, query = (unquote(part, errors="surrogateescape") for part in (whole.path, whole.query))
    parts = [part for part in path.split("/") if part]
    return _prefixed("-".join([*parts[-take.parts :], *filter(None, [query])]), take) or value


def _url(value: Any, _: Take, __: dict[str, Any]) -> Any:
    """Return an address of the web; nothing of a name that is none, as a URN."""
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else None


def _issuer(value: Any, _: Take, release: dict[str, Any]) -> Any:
    """Return the id of the organization that a value names, after describing it among those of the release."""
    if not isinstance(value, str):
        return value
    _put(release, "organizations", [])
    release["organizations"].append({"id": slug(value), "name": value})
    return slug(value)


def _list(value: Any, _: Take, __: dict[str, Any]) -> Any:
    return value if isinstance(value, list) else [value]


CONVERTERS: dict[str, Callable[[Any, Take, dict[str, Any]], Any]] = {
    "as it is": lambda value, _take, _release: value,
    "instant": _instant,
    "moment": _moment,
    "day": _day,
    "slug": _slug,
    "address": _address,
    "url": _url,
    "issuer": _issuer,
    "list": _list,
}
"""How a value is read, by the name that a map has for it."""
