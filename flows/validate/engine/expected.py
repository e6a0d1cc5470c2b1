"""What was expected in the place of an error, in plain words."""

import re
from ast import literal_eval

from flows.validate.engine.faults import Fault

CONSTRAINT = re.compile(r'constraint "(\w+)" is (?:broken: (.*)|"(.*)")', re.DOTALL)
EARLIER = re.compile(r"the same as in the row at position (\d+)")
LOOKUP = re.compile(r'not found in the lookup table "([^"]*)" as "([^"]*)"$')
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
    "geopoint": "a longitude and a latitude",
    "integer": "a whole number",
    "list": "a list",
    "number": "a number",
    "object": "a JSON object",
    "string": "a text",
    "time": "a time of day",
    "year": "a year",
    "yearmonth": "a month of a year",
}
EXAMPLES = {
    "array": "[1, 2]",
    "boolean": "true or false",
    "date": "2021-07-06",
    "datetime": "2021-07-06T14:30:00Z",
    "duration": "P1DT2H",
    "geopoint": "-90.5,14.6",
    "integer": "42",
    "number": "3.14",
    "object": '{"a": 1}',
    "time": "14:30:00",
    "year": "2021",
    "yearmonth": "2021-07",
}
"""A value of each type."""
FORMS = {"email": "an address of mail", "uri": "an address of the web", "uuid": "a UUID", "binary": "Base64"}
"""What a text of a format is."""
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


def expected(one: Fault) -> str:
    """Return what was expected; nothing where the message alone says it."""
    if one.note.startswith(ITEM):
        return f"in each item of the list, {expected(one._replace(note=one.note.removeprefix(ITEM)))}"
    if one.type == "type-error":
        return _kind(one.note)
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


def like(one: Fault, kind: str) -> str:
    """Return how to write a cell of a type, or each item of it; nothing where no example would tell."""
    if one.note.startswith(ITEM):
        kind, _ = _type(one.note.removeprefix(ITEM))
        return f"Write each item like {EXAMPLES[kind]}." if kind in EXAMPLES else ""
    return f"Write it like {EXAMPLES[kind]}." if kind in EXAMPLES else ""


def _type(note: str) -> tuple[str, str]:
    """Return the type that a note asks for, and its format."""
    kind, _, form = note.removeprefix('type is "').removesuffix('"').partition("/")
    return kind, form


def _kind(note: str) -> str:
    kind, form = _type(note)
    if kind == "string":
        return FORMS.get(form, KINDS["string"])
    if form not in ("default", "any", ""):
        return f"{KINDS.get(kind, kind)}, as {form}"
    return KINDS.get(kind, kind) + (f", like {EXAMPLES[kind]}" if kind in EXAMPLES else "")


def _listed(stated: str) -> str:
    try:
        values = [str(value) for value in literal_eval(stated)]
    except (ValueError, SyntaxError, TypeError):
        return stated
    return ", ".join(values[:FEW]) + (f" and {len(values) - FEW} more" if len(values) > FEW else "")
