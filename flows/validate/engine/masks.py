"""A mask for each type: which cells of a column are proven good.

A mask may suspect a good cell, never pass a bad one: each proves a part of what frictionless takes, the part that
files are full of. A field that has no mask here is read by frictionless, each distinct value once.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from flows.validate.engine import cells, shapes
from flows.validate.engine.cells import Bad, Column, any_of, cast, either
from flows.validate.engine.patterns import PatternRefused, translated

Screened = tuple[Bad, Column | None]
"""Which cells are suspect, and the values of the others where they are numbers of some kind."""
Mask = Callable[[Column], Screened]
Bounds = dict[str, Any]
"""Bounds by name, as frictionless reads them."""

INTEGER = r"\A-?[0-9]{1,18}\z"
NUMBER = r"\A[+-]?(?:[0-9]{1,300}(?:\.[0-9]*)?|\.[0-9]{1,300})(?:[eE][+-]?[0-9]{1,3})?\z"
YMD = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
DAY = rf"\A{YMD}\z"
CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
TIME = rf"\A{CLOCK}\z"
INSTANT = rf"\A{YMD}T{CLOCK}(?:\.[0-9]{{1,6}})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])\z"
LOCAL = rf"\A{YMD}T{CLOCK}(?:\.[0-9]{{1,6}})?\z"
INSTANT_LETTERS = b"0123456789-:.TZ+"
URI = r"\A[a-zA-Z][a-zA-Z0-9+.-]*://?[^/?#\[\]\s]"
EMAIL = (
    r"\A[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@"
    r"(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,20}\z"
)
EMAIL_BYTES = 63
UUID = r"\A[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\z"
BASE64 = r"\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\z"
YEARMONTH = r"\A[0-9]{1,6}-(?:0?[1-9]|1[0-2])\z"
DURATION = (
    r"\AP(?:[0-9]{1,4}Y)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}D)?(?:T(?:[0-9]{1,4}H)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}S)?)?\z"
)
DURATION_PART = r"[0-9][YMDHS]\z"
GEOPOINT = r"\A-?(?:[0-9]{1,2}|1[0-7][0-9])(?:\.[0-9]{1,20})?, ?-?[0-8]?[0-9](?:\.[0-9]{1,20})?\z"
FIRST_DAY, LAST_DAY = date.min.toordinal() - date(1970, 1, 1).toordinal(), date.max.toordinal() - 719163
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXACT_BYTES = 15
"""A decimal of so many letters, without an exponent, is told from every other by the nearest float."""
DIRECTIVES = {
    "Y": "[1-9][0-9]{3}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|1[0-9]|2[0-8])",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
}
BOUND_NAMES = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


class Rules(NamedTuple):
    """What a field asks of its cells, read once."""

    field: Any
    bounds: Bounds
    enum: list[Any] | None
    required: bool
    pattern: str | None
    shortest: int | None
    longest: int | None


def rules(field: Any) -> Rules:
    """Return what `field` asks; its bounds and list as values."""
    stated = {name: value for name, value in field.constraints.items() if name in field.supported_constraints}
    read = field.create_value_reader()
    enum = stated.get("enum")
    return Rules(
        field,
        {name: read(stated[name]) for name in BOUND_NAMES if stated.get(name) is not None},
        None if enum is None else [read(value) for value in enum],
        bool(stated.get("required")),
        stated.get("pattern"),
        stated.get("minLength"),
        stated.get("maxLength"),
    )


def mask(field: Any) -> Mask | None:
    """Return the mask of `field`, or None where frictionless has to read its cells."""
    make = MASKS.get(field.type)
    try:
        asked = rules(field)
        screen = make(asked) if make else None
    except (PatternRefused, ArithmeticError, TypeError, ValueError):
        return None
    if screen is None:
        return None
    return _required(screen) if asked.required else screen


def _required(screen: Mask) -> Mask:
    def with_nulls(column: Column) -> Screened:
        bad, values = screen(column)
        return either(bad, cells.nulls(column)), values

    return with_nulls


def _integer(asked: Rules) -> Mask | None:
    if not asked.field.bare_number or not all(map(_small, asked.bounds.values())):
        return None
    enum = _int_enum(asked.enum)
    if asked.enum is not None and enum is None:
        return None

    def screen(column: Column) -> Screened:
        values, bad = cast(column, pa.int64(), INTEGERS, b"0123456789-", b"xX")
        bad = either(bad, _outside(values, asked.bounds))
        return (bad if enum is None else either(bad, any_of(~cells.among(values, enum)))), values

    return screen


def _int_enum(values: list[Any] | None) -> Any:
    if values is None or not all(map(_small, values)):
        return None
    return cells.integers(np.array(values, np.int64))


def _small(value: Any) -> bool:
    return type(value) is int and abs(value) < 1 << 62


def _outside(values: Column, bounds: Bounds) -> Bad:
    """Return which values, as whole numbers, are not within the bounds; null is."""
    if not bounds:
        return None
    least, greatest = cells.extremes(values)
    if least is None or (_within(least, bounds) and _within(greatest, bounds)):
        return None
    found = np.zeros(len(values), bool)
    numbers = cells.numbers(values)
    for name, bound in bounds.items():
        found |= ~COMPARE[name](numbers, bound)
    return any_of(found & cells.flags(values.is_valid(), empty=False))


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": lambda values, bound: values >= bound,
    "maximum": lambda values, bound: values <= bound,
    "exclusiveMinimum": lambda values, bound: values > bound,
    "exclusiveMaximum": lambda values, bound: values < bound,
}


def _within(value: Any, bounds: Bounds) -> bool:
    return all(COMPARE[name](value, bound) for name, bound in bounds.items())


def _number(asked: Rules) -> Mask | None:
    field = asked.field
    if not field.bare_number or asked.enum is not None or not all(map(_finite, asked.bounds.values())):
        return None
    limits = {name: float(bound) for name, bound in asked.bounds.items()}
    exact = all(len(str(bound)) <= EXACT_BYTES and "E" not in str(bound).upper() for bound in asked.bounds.values())
    plain = not {"group_char", "decimal_char"} & set(field.list_defined())

    def screen(column: Column) -> Screened:
        written, bad = (column, None) if plain else _plain_number(column, field)
        values, wrong = cast(written, pa.float64(), NUMBERS, b"0123456789-.", b"nNiIeE")
        return either(either(bad, wrong), _beyond(values, limits, written if exact else None)), values

    return screen


def _finite(bound: Any) -> bool:
    return isinstance(bound, int | float | Decimal) and Decimal(bound).is_finite()


def _plain_number(column: Column, field: Any) -> tuple[Column, Bad]:
    """Return the cells with a dot for their decimal character and without their group character."""
    if field.group_char:
        column = pc.replace_substring(column, field.group_char, "")
    bad = None
    if field.decimal_char != ".":
        bad = any_of(cells.flags(pc.match_substring(column, "."), empty=False))
        column = pc.replace_substring(column, field.decimal_char, ".")
    return column, bad


def _beyond(values: Column, limits: dict[str, float], written: Column | None) -> Bad:
    """Return which floats may lie outside the limits: rounding keeps order, so one strictly within is within.

    One equal to a limit is within where both are short enough for a float to tell them apart.
    """
    if not limits:
        return None
    least, greatest = cells.extremes(values)
    ends = () if least is None else (least, greatest)
    if all(COMPARE[STRICT[name]](end, limit) for end in ends for name, limit in limits.items()):
        return None
    found = np.zeros(len(values), bool)
    numbers = cells.numbers(values)
    short = np.zeros(len(values), bool) if written is None else _short(written)
    for name, limit in limits.items():
        good = COMPARE[STRICT[name]](numbers, limit)
        if name not in STRICT.values():
            good |= (numbers == limit) & short
        found |= ~good
    return any_of(found & cells.flags(values.is_valid(), empty=False))


STRICT = {name: "exclusiveM" + name.lower().removeprefix("exclusive")[1:] for name in BOUND_NAMES}


def _short(column: Column) -> NDArray[np.bool_]:
    exponents = cells.holds(column, b"eE")
    return np.zeros(len(column), bool) if exponents else cells.lengths(column) <= EXACT_BYTES


def _boolean(asked: Rules) -> Mask | None:
    values = {**dict.fromkeys(asked.field.true_values, True), **dict.fromkeys(asked.field.false_values, False)}
    good = [text for text, value in values.items() if asked.enum is None or value in asked.enum]
    allowed = cells.texts(good)
    return lambda column: (any_of(~cells.among(column, allowed)), None)


def _string(asked: Rules) -> Mask | None:
    prove = FORMATS.get(asked.field.format, lambda _: None)
    enum = None if asked.enum is None else cells.texts([one for one in asked.enum if isinstance(one, str)])
    if asked.field.format == "wkt":
        return None
    follow = None if asked.pattern is None else _shaped(translated(asked.pattern), shapes.fixed(asked.pattern))

    def screen(column: Column) -> Screened:
        bad = either(prove(column), _length(column, asked.shortest, asked.longest))
        if follow is not None:
            bad = either(bad, follow(column))
        return (bad if enum is None else either(bad, any_of(~cells.among(column, enum)))), None

    return screen


def _length(column: Column, shortest: int | None, longest: int | None) -> Bad:
    """Return which texts have too few or too many letters: bytes decide where they can."""
    if shortest is None and longest is None:
        return None
    sizes = cells.lengths(column)
    bad = np.zeros(len(sizes), bool)
    if longest is not None:
        bad |= sizes > longest
    if shortest is not None:
        bad |= sizes < 4 * shortest if shortest > 1 else sizes < shortest
    if not bad.any():
        return None
    letters = cells.numbers(pc.utf8_length(column))
    bad = letters < (shortest or 0)
    if longest is not None:
        bad |= letters > longest
    return any_of(bad & cells.flags(column.is_valid(), empty=False))


def _fits(pattern: str, sure: shapes.Sure | None = None) -> cells.Fits:
    return lambda column: shapes.matches(column, pattern, sure)


INTEGERS, NUMBERS, YEARS = _fits(INTEGER), _fits(NUMBER), _fits(r"\A[0-9]{4}\z")
DAYS, INSTANTS, LOCALS = _fits(DAY, shapes.day), _fits(INSTANT, shapes.instant), _fits(LOCAL, shapes.local)


def _shaped(pattern: str, sure: shapes.Sure | None = None) -> Callable[[Column], Bad]:
    return lambda column: any_of(~shapes.matches(column, pattern, sure))


def _email(column: Column) -> Bad:
    return either(any_of(cells.lengths(column) > EMAIL_BYTES), any_of(~cells.matches(column, EMAIL)))


FORMATS: dict[str, Callable[[Column], Bad]] = {
    "uri": _shaped(URI, shapes.uri),
    "email": _email,
    "uuid": _shaped(UUID),
    "binary": _shaped(BASE64),
}


def _any(asked: Rules) -> Mask | None:
    if asked.enum is None:
        return lambda _: (None, None)
    enum = cells.texts([one for one in asked.enum if isinstance(one, str)])
    return lambda column: (any_of(~cells.among(column, enum)), None)


def _list(asked: Rules) -> Mask | None:
    field = asked.field
    if field.item_type != "string" or asked.shortest is not None or asked.longest is not None or not field.delimiter:
        return None
    return lambda _: (None, None)


def _date(asked: Rules) -> Mask | None:
    if asked.enum is not None or not all(type(bound) is date for bound in asked.bounds.values()):
        return None
    bounds = {name: bound.toordinal() - EPOCH.toordinal() for name, bound in asked.bounds.items()}
    if asked.field.format not in ("default", "%Y-%m-%d"):
        return None if asked.bounds else _by_format(asked.field.format)

    def screen(column: Column) -> Screened:
        values, bad = cast(column, pa.date32(), DAYS, b"0123456789-")
        return either(bad, _outside(values, {"minimum": FIRST_DAY, "maximum": LAST_DAY} | bounds)), values

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


def _datetime(asked: Rules) -> Mask | None:
    if asked.enum is not None or not all(type(bound) is datetime for bound in asked.bounds.values()):
        return None
    if asked.field.format != "default":
        return None if asked.bounds or asked.field.format == "any" else _by_format(asked.field.format)
    aware = [bound.tzinfo is not None for bound in asked.bounds.values()]
    bounds = {name: _instant(bound) for name, bound in asked.bounds.items()}
    bounds["minimum"] = max(bounds.get("minimum", FIRST_INSTANT), FIRST_INSTANT)

    def screen(column: Column) -> Screened:
        sizes = cells.lengths(column)
        found = _uniform(column, sizes)
        values, bad, zoned = found or _mixed(column)
        if aware and not (all(aware) if zoned else zoned is False and not any(aware)):
            return cells.flags(column.is_valid(), empty=False), None
        return either(bad, _outside(values, bounds)), values

    return screen


FIRST_INSTANT = (FIRST_DAY + 2) * 86_400_000_000
"""Microseconds of the third day of the first year: no zone leads below it."""


def _instant(moment: datetime) -> int:
    """Return microseconds since 1970, in UTC where the moment says where it is."""
    gone = moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds


def _uniform(column: Column, sizes: NDArray[np.int32]) -> tuple[Column, Bad, bool | None] | None:
    """Return values where nearly every cell is an instant of whole seconds in UTC, or a local time of them."""
    for size, kind, fits in ((20, pa.timestamp("us", "UTC"), INSTANTS), (19, pa.timestamp("us"), LOCALS)):
        even = (sizes == size) & (cells.letters_at(column, len("2020-01-31")) == ord("T"))
        odd = any_of(~even & cells.flags(column.is_valid(), empty=False))
        if odd is not None and np.count_nonzero(odd) * FEW > len(odd):
            continue
        values, bad = cast(cells.without(column, odd), kind, fits, INSTANT_LETTERS)
        return values, either(odd, bad), fits is INSTANTS
    return None


FEW = 50
"""One cell in so many may be written in another way than the others."""


def _mixed(column: Column) -> tuple[Column, Bad, bool | None]:
    """Return values of instants with and without a zone, and whether all have one, none has, or some have (None)."""
    there = cells.matches(column, INSTANT) & cells.flags(column.is_valid(), empty=False)
    plain = cells.matches(column, LOCAL) & cells.flags(column.is_valid(), empty=False)
    zoned = cells.without(column, ~there)
    instants, wrong = cast(zoned, pa.timestamp("us", "UTC"), INSTANTS, INSTANT_LETTERS)
    local, odd = cast(cells.without(column, ~plain), pa.timestamp("us"), LOCALS, INSTANT_LETTERS)
    values = pc.coalesce(instants.view(pa.int64()), local.view(pa.int64()))
    bad = either(either(wrong, odd), any_of(~(there | plain) & cells.flags(column.is_valid(), empty=False)))
    return values, bad, None if plain.any() and there.any() else bool(there.any())


def _time(asked: Rules) -> Mask | None:
    if asked.enum is not None or asked.bounds:
        return None
    if asked.field.format != "default":
        return None if asked.field.format == "any" else _by_format(asked.field.format)

    return lambda column: (any_of(~cells.matches(column, TIME)), None)


def _year(asked: Rules) -> Mask | None:
    if not all(map(_small, asked.bounds.values())):
        return None
    enum = _int_enum(asked.enum)
    if asked.enum is not None and enum is None:
        return None

    def screen(column: Column) -> Screened:
        bad = any_of((cells.lengths(column) != len("2020")) & cells.flags(column.is_valid(), empty=False))
        values, wrong = cast(cells.without(column, bad), pa.int64(), YEARS, b"0123456789", b"xX-")
        bad = either(either(bad, wrong), _outside(values, asked.bounds))
        return (bad if enum is None else either(bad, any_of(~cells.among(values, enum)))), values

    return screen


def _yearmonth(asked: Rules) -> Mask | None:
    if asked.enum is not None or asked.bounds:
        return None
    return lambda column: (any_of(~cells.matches(column, YEARMONTH)), None)


def _duration(asked: Rules) -> Mask | None:
    if asked.enum is not None:
        return None
    return lambda column: (any_of(~(cells.matches(column, DURATION) & cells.matches(column, DURATION_PART))), None)


def _geopoint(asked: Rules) -> Mask | None:
    if asked.enum is not None or asked.field.format != "default":
        return None
    return lambda column: (any_of(~cells.matches(column, GEOPOINT)), None)


MASKS: dict[str, Callable[[Rules], Mask | None]] = {
    "any": _any,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "geopoint": _geopoint,
    "integer": _integer,
    "list": _list,
    "number": _number,
    "string": _string,
    "time": _time,
    "year": _year,
    "yearmonth": _yearmonth,
}
