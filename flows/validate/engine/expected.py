"""What was expected in the place of an error, in plain words."""

import re
from ast import literal_eval

from flows.validate.engine.examples import PLAINLY, Examples, literal
from flows.validate.engine.faults import Fault

TYPE = re.compile(r'^type is "(\w+)/?(.*)"$', re.DOTALL)
"""A type that a note asks for, and its format."""
CONSTRAINT = re.compile(r'constraint "(\w+)" is (?:broken: (.*)|"(.*)")', re.DOTALL)
EARLIER = re.compile(r"the same as in the row at position (\d+)")
LOOKUP = re.compile(r'not found in the lookup table "([^"]*)" as "([^"]*)"$')
LIST = "expected item type is "
"""What a note begins with that is about a list of another type's values."""
ITEM = "array item "
"""What a note begins with that is about an item of a list."""
FEW = 12
"""Values of a list that are told."""
KINDS = {
    "array": "a JSON list",
    "boolean": "true or false",
    "date": "a day",
    "datetime": "a day with its time",
    "duration": "a length of time",
    "geojson": "a shape in GeoJSON",
    "geojson/topojson": "a shape in TopoJSON",
    "geopoint": "a longitude and a latitude",
    "integer": "a whole number",
    "list": "a list",
    "number": "a number",
    "object": "a JSON object",
    "string": "a text",
    "string/binary": "Base64",
    "string/email": "an address of mail",
    "string/uri": "an address of the web",
    "string/uuid": "a UUID",
    "time": "a time of day",
    "year": "a year",
    "yearmonth": "a month of a year",
}
"""What a value of a type is, or of a format of it."""
WORDS = {
    "required": "a value",
    "pattern": "the form {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "a length of at least {}",
    "maxLength": "a length of at most {}",
    "jsonSchema": "JSON as its schema says: {}",
}
OF_TYPE = {
    "blank-row": "a row with a value",
    "extra-cell": "no cell here",
    "missing-cell": "a cell here",
    "primary-key": "a key",
}


def examples_of(one: Fault, known: Examples | None) -> list[str]:
    """Return values that would be right in the place of an error, of those that are known of its field."""
    if known is None:
        return []
    return known.item if one.note.startswith(ITEM) else known.own


def expected(one: Fault, examples: list[str]) -> str:
    """Return what was expected, with an example of it; nothing where the message alone says it."""
    if one.note.startswith(ITEM):
        return f"in each item of the list, {expected(one._replace(note=one.note.removeprefix(ITEM)), examples)}"
    if one.type == "type-error":
        return _kind(one.note, examples)
    earlier = EARLIER.search(one.note)
    if earlier:
        return f"other than in row {earlier[1]}"
    lookup = LOOKUP.search(one.note) if one.type == "foreign-key" else None
    if lookup:
        return f"a row of {lookup[1] or 'this table'} with this {lookup[2]}"
    found = CONSTRAINT.search(one.note)
    if one.type != "constraint-error" or not found:
        return OF_TYPE.get(one.type, "")
    rule, stated = found[1], found[2] or found[3]
    return f"one of {_listed(stated)}" if rule == "enum" else WORDS.get(rule, f"{rule} {{}}").format(stated)


def like(one: Fault, examples: list[str]) -> str:
    """Return how to write a cell, or each item of it."""
    what = "each item" if one.note.startswith(ITEM) else "it"
    kind, _ = type_of(one.note.removeprefix(ITEM))
    return f"Write {what} as {' or '.join(examples)}." if kind == "boolean" else f"Write {what} like {examples[0]}."


def says_more(hint: str, told: str) -> bool:
    """Return whether how to mend a cell says more than what was expected there, which is `told`."""
    words = hint.removeprefix("Write it ").removeprefix("Write each item ").removeprefix("as ")
    return words.removesuffix(".") not in told


def type_of(note: str) -> tuple[str, str]:
    """Return the type that a note asks for, and its format."""
    found = TYPE.search(note)
    return (found[1], found[2]) if found else ("list" if note.startswith(LIST) else note, "")


def _kind(note: str, examples: list[str]) -> str:
    kind, form = type_of(note)
    if kind == "boolean" and examples:
        return " or ".join(examples)
    words = KINDS.get(f"{kind}/{form}", KINDS.get(kind, kind))
    if examples:
        return f"{words}, like {examples[0]}"
    told = form in (*PLAINLY, "") or kind == "string" or literal(kind, form)
    return words if told else f"{words}, in the form {form}"


def _listed(stated: str) -> str:
    try:
        values = [str(value) for value in literal_eval(stated)]
    except (ValueError, SyntaxError, TypeError):
        return stated
    return ", ".join(values[:FEW]) + (f" and {len(values) - FEW} more" if len(values) > FEW else "")
