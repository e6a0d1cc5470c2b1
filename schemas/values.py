"""The scalar types that every model is made of, each with its one written form.

A value has the same form everywhere: in a release document, in a row, in CSV. Days are ISO 8601 strings, instants
are UTC with `Z`, quantities are plain decimals, lists in a cell are joined by `|`.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
FACT_ID = r"^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$"
FORMS = {
    SLUG: "small letters, digits and single hyphens were expected, as in ministry-of-housing",
    FACT_ID: "the id of a release, a slash and an id were expected, as in housing-2024/c1",
}
"""What a person is told in place of a pattern."""
DIGITS = 15
"""Most digits of a quantity, zeros at its ends aside."""
LIST_MARK = "|"
"""What stands between the items of a list in a cell."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})")
_DECIMAL = re.compile(r"\d+(\.\d+)?")


def _day(value: Any) -> date:
    """Return the day that `value` writes as `YYYY-MM-DD`."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("date_type", "a day is written YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_type", "this day is not in the calendar") from None


def _instant(value: Any) -> datetime:
    """Return, in UTC, the instant that `value` writes in ISO 8601 with its offset."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise PydanticCustomError("datetime_type", "an instant is written YYYY-MM-DDThh:mm:ss with its offset or Z")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_type", "this instant is not in the calendar") from None


def _decimal(value: Any) -> Decimal:
    """Return the exact decimal that `value` is or writes in plain digits."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise PydanticCustomError("decimal_type", "a quantity is written in plain digits, as 1500000 or 2.5")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PydanticCustomError("decimal_type", "a quantity is a number")
    try:
        return Decimal(str(value))
    except InvalidOperation:  # pragma: no cover - the patterns above leave nothing for it
        raise PydanticCustomError("decimal_type", "a quantity is a number") from None


def _kept(number: Decimal) -> Decimal:
    """Return `number` where every format keeps it: SQLite and JSON have doubles, which keep fifteen digits."""
    if len(number.normalize().as_tuple().digits) > DIGITS:
        raise PydanticCustomError("decimal_max_digits", "{max_digits} digits are the most", {"max_digits": DIGITS})
    return number


def plain(number: Decimal) -> str:
    """Return `number` in plain digits: no exponent, no trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def zulu(instant: datetime) -> str:
    """Return `instant` in UTC, written with `Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=120)]
FactId = Annotated[str, StringConstraints(pattern=FACT_ID, max_length=240)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]
"""Words as the source has them: never empty, no NUL."""
Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\r\n]*$")]
"""Words on one line."""
Item = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\r\n|]*$")]
"""One item of a list: words on one line, without the mark that joins lists."""
Joined = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00\r\n|]+(\|[^\x00\r\n|]+)*$")]
"""A list in a cell, its items joined by `|`."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""BCP 47."""
Month = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])|undated)$")]
"""A month as YYYY-MM, or that nothing states it."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s|]+$", max_length=2000)]
Offset = Annotated[int, Field(ge=0)]
"""A place in a body, counted in Unicode code points from 0."""
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_instant), PlainSerializer(zulu, return_type=str, when_used="json")]
Quantity = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=0, max_digits=27, decimal_places=9),
    AfterValidator(_kept),
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
