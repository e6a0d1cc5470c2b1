"""Masks of days, times, instants and durations."""

import re
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flows.validate.engine import cells, shapes
from flows.validate.engine.cells import Bad, Column, Read, any_of, casting, either
from flows.validate.engine.masks.asked import Mask, Rules, Screened, fits, outside

YMD = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
DAY = rf"\A{YMD}\z"
CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
TIME = rf"\A{CLOCK}\z"
INSTANT = rf"\A{YMD}T{CLOCK}(?:\.[0-9]{{1,6}})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])\z"
LOCAL = rf"\A{YMD}T{CLOCK}(?:\.[0-9]{{1,6}})?\z"
YEARMONTH = r"\A[0-9]{1,6}-(?:0?[1-9]|1[0-2])\z"
DURATION = (
    r"\AP(?:[0-9]{1,4}Y)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}D)?(?:T(?:[0-9]{1,4}H)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}S)?)?\z"
)
DURATION_PART = r"[0-9][YMDHS]\z"
DAYS, INSTANTS, LOCALS = fits(DAY, shapes.day), fits(INSTANT, shapes.instant), fits(LOCAL, shapes.local)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY, LAST_DAY = date.min.toordinal() - date(1970, 1, 1).toordinal(), date.max.toordinal() - 719163
DIRECTIVES = {
    "Y": "[1-9][0-9]{3}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|1[0-9]|2[0-8])",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}


def of_date(asked: Rules) -> Mask | None:
    """Return the mask of days: those that Arrow casts, or those of a format, within their bounds."""
    if asked.enum is not None or not all(type(bound) is date for bound in asked.bounds.values()):
        return None
    bounds = {name: bound.toordinal() - EPOCH.toordinal() for name, bound in asked.bounds.items()}
    if asked.field.format not in ("default", "%Y-%m-%d"):
        return None if asked.bounds else _by_format(asked.field.format)
    read = casting(pa.date32(), DAYS)

    def screen(column: Column) -> Screened:
        values, bad = read(column)
        return either(bad, outside(values, {"minimum": FIRST_DAY, "maximum": LAST_DAY} | bounds)), values

    return screen


def _by_format(form: str) -> Mask | None:
    """Return the mask of a `strptime` format of common directives; the last days of months are suspect."""
    pattern, letters = "", re.split(r"%(.)", form)
    for place, part in enumerate(letters):
        if place % 2 and part not in DIRECTIVES:
            return None
        pattern += DIRECTIVES[part] if place % 2 else "".join(f"\\x{{{ord(letter):x}}}" for letter in part)
    directives = letters[1::2]
    if len(set(directives)) != len(directives) or any(letter.isspace() or not letter.isascii() for letter in form):
        return None
    return lambda column: (any_of(~cells.matches(column, rf"\A{pattern}\z")), None)


FIRST_INSTANT = (FIRST_DAY + 2) * 86_400_000_000
"""Microseconds of the third day of the first year: no zone leads below it."""


def _instant(moment: datetime) -> int:
    """Return microseconds since 1970, in UTC where the moment says where it is."""
    gone = moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds


def of_datetime(asked: Rules) -> Mask | None:
    """Return the mask of instants and local times: those that Arrow casts, or of a format, within their bounds."""
    if asked.enum is not None or not all(type(bound) is datetime for bound in asked.bounds.values()):
        return None
    if asked.field.format != "default":
        return None if asked.bounds or asked.field.format == "any" else _by_format(asked.field.format)
    aware = [bound.tzinfo is not None for bound in asked.bounds.values()]
    bounds = {name: _instant(bound) for name, bound in asked.bounds.items()}
    bounds["minimum"] = max(bounds.get("minimum", FIRST_INSTANT), FIRST_INSTANT)
    read = Readers(
        casting(pa.timestamp("us", "UTC"), INSTANTS, forbidden=b" "),
        casting(pa.timestamp("us"), LOCALS, forbidden=b" "),
    )

    def screen(column: Column) -> Screened:
        values, bad, zoned = _uniform(column, read) or _mixed(column, read)
        if aware and not (all(aware) if zoned else zoned is False and not any(aware)):
            return cells.flags(column.is_valid(), empty=False), None
        return either(bad, outside(values, bounds)), values

    return screen


FEW = 50
"""One cell in so many may be written in another way than the others."""


class Readers(NamedTuple):
    """What reads instants, and local times."""

    instants: Read
    local: Read


def _uniform(column: Column, read: Readers) -> tuple[Column, Bad, bool | None] | None:
    """Return values where nearly every cell is an instant of whole seconds in UTC, or a local time of them."""
    divided = cells.letters_at(column, len("2020-01-31")) == ord("T")
    for example, of_kind in (("2020-01-31T00:00:00Z", read.instants), ("2020-01-31T00:00:00", read.local)):
        even = (cells.lengths(column) == len(example)) & divided
        odd = any_of(~even & cells.flags(column.is_valid(), empty=False))
        if odd is not None and np.count_nonzero(odd) * FEW > len(odd):
            continue
        values, bad = of_kind(cells.without(column, odd))
        return values, either(odd, bad), of_kind is read.instants
    return None


def _mixed(column: Column, read: Readers) -> tuple[Column, Bad, bool | None]:
    """Return values of instants with and without a zone, and whether all have one, none has, or some have (None)."""
    there = cells.matches(column, INSTANT) & cells.flags(column.is_valid(), empty=False)
    plain = cells.matches(column, LOCAL) & cells.flags(column.is_valid(), empty=False)
    zoned = cells.without(column, ~there)
    instants, wrong = read.instants(zoned)
    local, odd = read.local(cells.without(column, ~plain))
    values = pc.coalesce(instants.view(pa.int64()), local.view(pa.int64()))
    bad = either(either(wrong, odd), any_of(~(there | plain) & cells.flags(column.is_valid(), empty=False)))
    return values, bad, None if plain.any() and there.any() else bool(there.any())


def of_time(asked: Rules) -> Mask | None:
    """Return the mask of times of day."""
    if asked.enum is not None or asked.bounds:
        return None
    if asked.field.format != "default":
        return None if asked.field.format == "any" else _by_format(asked.field.format)

    return lambda column: (any_of(~cells.matches(column, TIME)), None)


def of_yearmonth(asked: Rules) -> Mask | None:
    """Return the mask of months of a year."""
    if asked.enum is not None or asked.bounds:
        return None
    return lambda column: (any_of(~cells.matches(column, YEARMONTH)), None)


def of_duration(asked: Rules) -> Mask | None:
    """Return the mask of durations: at least one part, in their order."""
    if asked.enum is not None:
        return None
    return lambda column: (any_of(~(cells.matches(column, DURATION) & cells.matches(column, DURATION_PART))), None)
