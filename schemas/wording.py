"""What is told of a value that does not fit a model: our words for Pydantic's, and the name that was meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

from schemas.values import FORMS

MESSAGES = {
    "missing": "it is not given",
    "string_type": "a text was expected, in quotes",
    "int_type": "a whole number was expected",
    "int_parsing": "a whole number was expected",
    "int_from_float": "a whole number was expected",
    "bool_type": "true or false was expected",
    "bool_parsing": "true or false was expected",
    "list_type": "a list was expected: [ … ]",
    "tuple_type": "a list was expected: [ … ]",
    "dict_type": "an object was expected, with names and values",
    "model_type": "an object was expected, with names and values",
    "literal_error": "one of these was expected: {expected}",
    "enum": "one of these was expected: {expected}",
    "string_pattern_mismatch": "it does not have the form {pattern}",
    "string_too_short": "the text is empty",
    "greater_than": "more than {gt} was expected",
    "greater_than_equal": "{ge} or more was expected",
    "less_than": "less than {lt} was expected",
    "less_than_equal": "{le} or less was expected",
    "string_too_long": "{max_length} characters are the most",
    "decimal_max_digits": "{max_digits} digits are the most",
    "decimal_max_places": "{decimal_places} digits after the point are the most",
    "decimal_whole_digits": "{whole_digits} digits before the point are the most",
    "decimal_parsing": "a number was expected",
    "decimal_type": "a number was expected",
}
"""What is told for an error type of Pydantic, with what it knows; any other is told in Pydantic's words."""


def wording(detail: Any, model: type[BaseModel]) -> str:
    """Return what is wrong with a value, by a detail of the `ValidationError` of `model`."""
    if detail["type"] == "extra_forbidden":
        return _unknown(detail["loc"], model)
    if detail["type"] in MESSAGES:
        known = detail.get("ctx") or {}
        if known.get("pattern") in FORMS:
            return FORMS[known["pattern"]]
        whole = {name: int(value) for name, value in known.items() if isinstance(value, float) and value.is_integer()}
        return MESSAGES[detail["type"]].format(**known | whole)
    return str(detail["msg"]).removeprefix("Value error, ")


def _unknown(path: tuple[str | int, ...], model: type[BaseModel]) -> str:
    """Return that there is no such name, with the nearest one that there is."""
    names = _names(model, path[:-1])
    near = get_close_matches(str(path[-1]), names, n=1)
    return "there is no such name here" + (f"; {near[0]} is the nearest" if near else "")


def _names(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """Return the names that the part of `model` at `path` has, as they are written; none where it is no model."""
    for step in path:
        field = next((one for name, one in model.model_fields.items() if step in (name, one.alias)), None)
        inner = _model_in(field.annotation) if field else None
        if isinstance(step, str) and inner is None:
            return []
        model = inner or model
    return [one.alias or name for name, one in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the first model that `annotation` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_in(one))), None)
