"""Values between their written form and Python's types, by the type of their field."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

FROM_TEXT: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda value: value in (True, 1, "true"),
    "string": str,
    "integer": int,
    "number": lambda value: Decimal(str(value)),
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
"""How a value of each type is read from its written form."""


def typed(value: Any, kind: str) -> Any:
    """Return `value`, as a row has it, in the Python type of a field of type `kind`."""
    return None if value is None else FROM_TEXT[kind](value)


def written(value: Any) -> str:
    """Return `value` as a cell has it: null is empty, booleans are true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
