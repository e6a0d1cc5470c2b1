"""How to mend an error: what is known of its cell and its table may say more than the rule that it breaks."""

import re
from string import ascii_letters

from flows.validate.engine.examples import literal
from flows.validate.engine.expected import ITEM, like, type_of
from flows.validate.engine.faults import Fault
from flows.validate.engine.results import Result
from schemas.tablerules import LONG, hint_of

OF_DAY = {"yyyy": "%Y", "yy": "%y", "mmmm": "%B", "mmm": "%b", "mm": "%m", "m": "%m", "dd": "%d", "d": "%d"}
"""How other programs write the parts of a day, and how a format does; the longest first."""
OF_TIME = {"hh": "%H", "h": "%H", "mm": "%M", "ss": "%S"}
"""The same of a time."""
FORMS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S", "time": "%H:%M"}
"""A format of each type."""
DIRECTIVE = re.compile("%[A-Za-z]")
UNREAL = {"date": "day", "datetime": "day or time", "time": "time", "yearmonth": "month"}
"""What a cell is not that is written as its field asks, yet is no value of it."""
OF_OBJECTS = ("jsonl", "ndjson")
"""Formats of which a row is an object: a cell too many is the value of a name that is no field."""
BY_PLACE = (
    "put the columns in the order of the schema and see whether one before it is missing or too many, "
    'or write "fieldsMatch": ["equal"] into the schema where the order does not matter.'
)
"""How to mend a header that has the columns in other places; they are matched by position where nothing is said."""


OF_TEXT = ("table.type", "table.categories", "table.constraint.enum", "table.constraint.pattern")
"""Rules that a blank may break that nobody sees."""


def hint(result: Result, one: Fault, rule: str, examples: list[str]) -> str:
    """Return how to mend an error of a rule; `examples` are values that would be right."""
    return (_of_blanks(one.cell) if rule in OF_TEXT else "") + _of_rule(result, one, rule, examples)


def _of_blanks(cell: str) -> str:
    """Return where a cell has blanks around it; nothing where it has none, or nothing else."""
    text = cell.strip()
    ends = [word for word, has in (("begins", cell[:1] != text[:1]), ("ends", cell[-1:] != text[-1:])) if has]
    return f"The cell {' and '.join(ends)} with a blank, which may be all that is wrong. " if text and ends else ""


def _of_rule(result: Result, one: Fault, rule: str, examples: list[str]) -> str:
    moved = one.type in ("extra-label", "incorrect-label") and result.labels.count(one.cell) == 1
    if moved and one.cell in result.fields:
        return f'The field "{one.cell}" is in the schema at position {result.fields.index(one.cell) + 1}: {BY_PLACE}'
    if one.type == "missing-label" and one.field in result.labels:
        return f'The column "{one.field}" is in the header at position {result.labels.index(one.field) + 1}: {BY_PLACE}'
    if rule == LONG and result.format in OF_OBJECTS:
        return "The object has a name that is no field of the schema: mend the name, or add its field to the schema."
    return _of_type(one, examples) if rule == "table.type" else hint_of(rule, one.note)


def _of_type(one: Fault, examples: list[str]) -> str:
    kind, form = type_of(one.note.removeprefix(ITEM))
    if literal(kind, form):
        why = f'the format "{form}" has no directive, such as {FORMS[kind][:2]}, and takes its own letters alone'
        return f'Mend the schema: {why}; write it as "{_directed(kind, form)}".'
    if kind in UNREAL and examples and _shape(one.cell) == _shape(examples[0]):
        return f"There is no such {UNREAL[kind]}: mend the numbers, which are to stand as in {examples[0]}."
    return like(one, examples) if examples else hint_of("table.type", one.note)


def _shape(text: str) -> str:
    return re.sub("[0-9]", "0", text)


def _directed(kind: str, form: str) -> str:
    """Return a format with the directives that its letters stand for; any of its type where that is not seen."""
    hour = form.lower().find("h")
    start = 0 if kind == "time" else len(form) if kind == "date" or hour < 0 else hour
    found = _replaced(form[:start], OF_DAY) + _replaced(form[start:], OF_TIME)
    parts = DIRECTIVE.findall(found)
    unseen = set(DIRECTIVE.sub("", found)) & {*ascii_letters} - {"T", "Z"}
    return FORMS[kind] if unseen or not parts or len({*parts}) < len(parts) else found


def _replaced(form: str, letters: dict[str, str]) -> str:
    return re.sub("|".join(letters), lambda part: letters[part[0].lower()], form, flags=re.IGNORECASE)
