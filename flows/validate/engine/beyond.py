"""Beyond the reference: Data Package v2 as the standard says it, where frictionless 5.21 is silent, refuses or dies.

A description is rewritten into one that frictionless takes; what it cannot say is asked beside its own reading code.
None of this is done under `--reference`.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from flows.validate.engine import json_schemas, reference
from flows.validate.engine.faults import Fault

V2 = "https://datapackage.org/profiles/2.0/"
SEVERITY, MESSAGE = "communique:severity", "communique:message"
SEVERITIES = ("error", "warning")

Ask = Callable[[Any], str | None]
"""Says what is wrong with a value."""


@dataclass
class Extras:
    """What is asked of a table beyond the reference."""

    asks: dict[str, dict[str, Ask]] = field(default_factory=dict)
    """By field and rule, what else is asked of its values."""
    groups: dict[str, str] = field(default_factory=dict)
    """By field of whole numbers, the letter that groups its digits."""
    keys: list[list[str]] = field(default_factory=list)
    """Keys that have to be met once, beside the primary key."""
    categories: set[str] = field(default_factory=set)
    """Fields whose list of values is their categories."""
    read: list[str] = field(default_factory=list)
    """What else is read as the standard has it."""
    refused: list[Fault] = field(default_factory=list)
    """What cannot be asked."""
    severities: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)

    def asked(self) -> list[str]:
        """Return what was asked, as a person reads it."""
        found = [f"uniqueKeys of {', '.join(key)}" for key in self.keys]
        found += [f"categories of {name}" for name in sorted(self.categories)]
        found += [f"{rule} of {name}" for name, asks in self.asks.items() for rule in asks]
        return found + [f"groupChar of {name}" for name in self.groups] + self.read

    def rule(self, one: Fault) -> str | None:
        """Return the rule behind an error that frictionless would not have found; None for one that it would."""
        if one.type in ("unique-key", "cell-error", "constraint-refused"):
            return f"table.{one.type}"
        if one.type == "field-error" and one in self.refused:
            return "table.field"
        if one.type == "constraint-error":
            name = one.note.split('"')[1] if '"' in one.note else ""
            if name == "categories" or (name == "enum" and one.field in self.categories):
                return "table.categories"
            if name in self.asks.get(one.field, {}):
                return f"table.constraint.{name}"
        return None


def rewritten(descriptor: dict[str, Any], profile: str | None = None) -> tuple[dict[str, Any], Extras]:
    """Return a resource as frictionless takes it, and what else is asked of it."""
    extras = Extras()
    schema = descriptor.get("schema")
    if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
        return descriptor, extras
    descriptor = deepcopy(descriptor)
    schema = descriptor["schema"]
    if profile is None:
        descriptor.setdefault("$schema", f"{V2}dataresource.json")
    for one in schema["fields"]:
        if isinstance(one, dict):
            _field(one, extras)
    if isinstance(schema.get("fieldsMatch"), list) and len(schema["fieldsMatch"]) == 1:
        schema["fieldsMatch"] = schema["fieldsMatch"][0]
    _unique_keys(schema.pop("uniqueKeys", None), extras)
    _null_sequence(descriptor, schema, extras)
    return descriptor, extras


def _unique_keys(stated: Any, extras: Extras) -> None:
    for key in stated if isinstance(stated, list) else [[stated]] if stated else []:
        names = [key] if isinstance(key, str) else key
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            extras.keys.append(names)
        else:
            extras.refused.append(Fault("constraint-refused", f"uniqueKeys: {key!r} is no list of names of fields"))


def _null_sequence(descriptor: dict[str, Any], schema: dict[str, Any], extras: Extras) -> None:
    dialect = descriptor.get("dialect")
    csv = dialect.get("csv", dialect) if isinstance(dialect, dict) else {}
    sequence = csv.get("nullSequence") if isinstance(csv, dict) else None
    if isinstance(sequence, str):
        extras.read.append(f"nullSequence {sequence!r}")
        schema.setdefault("missingValues", [""])
        for one in (schema, *schema["fields"]):
            if isinstance(one, dict) and isinstance(one.get("missingValues"), list):
                one["missingValues"] += _entry(sequence, one["missingValues"])


def _entry(sequence: str, stated: list[Any]) -> list[Any]:
    """Return what is added to the missing values that are `stated`, texts or objects, for `sequence` to be one."""
    objects = [one for one in stated if isinstance(one, dict)]
    known = sequence in [one.get("value") for one in objects] + stated
    return [] if known else [{"value": sequence}] if objects else [sequence]


def _field(one: dict[str, Any], extras: Extras) -> None:
    """Rewrite a field, and note what frictionless cannot be asked."""
    name = str(one.get("name", ""))
    if "type" not in one:
        one["type"] = "any"
        extras.read.append(f"{name}, without a type, as any")
    _of_a_steward(one, name, extras)
    constraints = one.get("constraints")
    constraints = constraints if isinstance(constraints, dict) else {}
    if one["type"] == "integer" and one.get("groupChar"):
        group = extras.groups[name] = str(one["groupChar"])
        bounds = {rule: constraints[rule] for rule in BOUNDS if isinstance(constraints.get(rule), str)}
        constraints |= {rule: bound.replace(group, "") for rule, bound in bounds.items()}
    if "categories" in one and one["type"] in ("string", "integer"):
        _categories(one, name, constraints, extras)
    if one["type"] == "list" and "enum" in constraints:
        _ask(name, "enum", partial(_listed, one), constraints.pop("enum"), extras)
    for rule, make in ASKS.get(str(one["type"]), {}).items():
        if rule in constraints:
            _ask(name, rule, make, constraints.pop(rule), extras)
    if constraints:
        one["constraints"] = constraints


def _categories(one: dict[str, Any], name: str, constraints: dict[str, Any], extras: Extras) -> None:
    """Have the values of a field be among its categories; note where these are none that it could have."""
    stated = one["categories"]
    if isinstance(stated, list):
        stated = [entry.get("value", entry) if isinstance(entry, dict) else entry for entry in stated]
    try:
        values = reference.values(one, stated, extras.groups.get(name))
    except Exception as error:  # noqa: BLE001 - whatever frictionless dies of
        extras.refused.append(Fault("field-error", f'field "{name}": categories: {error}', name))
        return
    if "enum" in constraints:
        extras.asks.setdefault(name, {})["categories"] = _among("categories", stated, values)
    else:
        constraints["enum"] = stated
        extras.categories.add(name)


def _of_a_steward(one: dict[str, Any], name: str, extras: Extras) -> None:
    """Note how bad an error of a field is, and what to tell of it."""
    if one.get(SEVERITY) in SEVERITIES:
        extras.severities[name] = one[SEVERITY]
    elif SEVERITY in one:
        note = f'field "{name}": {SEVERITY} {one[SEVERITY]!r} is none of {", ".join(SEVERITIES)}'
        extras.refused.append(Fault("field-error", note, name))
    if isinstance(one.get(MESSAGE), str):
        extras.messages[name] = one[MESSAGE]
    elif MESSAGE in one:
        extras.refused.append(Fault("field-error", f'field "{name}": {MESSAGE} {one[MESSAGE]!r} is no text', name))


def _ask(name: str, rule: str, make: Callable[[Any], Ask], stated: Any, extras: Extras) -> None:
    try:
        extras.asks.setdefault(name, {})[rule] = make(stated)
    except Exception as error:  # noqa: BLE001 - whatever the libraries die of
        why = getattr(error, "message", str(error))
        extras.refused.append(Fault("constraint-refused", f'field "{name}", constraint "{rule}": {why}', name))


def _duration(name: str, within: Callable[[Any, Any], bool]) -> Callable[[Any], Ask]:
    def make(stated: Any) -> Ask:
        from isodate import parse_duration  # type: ignore[import-untyped] # noqa: PLC0415 - only a duration with bounds pays

        bound = _seconds(parse_duration(str(stated)))
        return lambda value: None if within(_seconds(value), bound) else f'constraint "{name}" is "{stated}"'

    return make


def _seconds(value: Any) -> Decimal:
    """Return how long a duration is, a year of 365.2425 days and a month a twelfth of it."""
    days = Decimal("365.2425") * (Decimal(getattr(value, "years", 0)) + Decimal(getattr(value, "months", 0)) / 12)
    span = getattr(value, "tdelta", value)
    whole = Decimal(span.days) * 86_400 + Decimal(span.seconds) + Decimal(span.microseconds) / 1_000_000
    return days * 86_400 + whole


def _listed(one: dict[str, Any], stated: Any) -> Ask:
    return _among("enum", stated, reference.values(one, stated))


def _among(rule: str, stated: Any, values: list[Any]) -> Ask:
    allowed = set(map(hashable, values))
    return lambda value: None if hashable(value) in allowed else f'constraint "{rule}" is "{stated}"'


BOUNDS: dict[str, Callable[[Any], Ask]] = {
    "minimum": _duration("minimum", lambda value, bound: value >= bound),
    "maximum": _duration("maximum", lambda value, bound: value <= bound),
    "exclusiveMinimum": _duration("exclusiveMinimum", lambda value, bound: value > bound),
    "exclusiveMaximum": _duration("exclusiveMaximum", lambda value, bound: value < bound),
}
ASKS: dict[str, dict[str, Callable[[Any], Ask]]] = {
    "array": {"jsonSchema": json_schemas.asking},
    "duration": BOUNDS,
    "geojson": {"jsonSchema": json_schemas.asking},
    "object": {"jsonSchema": json_schemas.asking},
}
"""By type, the constraints that the standard has and frictionless refuses; the `enum` of a list is asked beside."""


def reading(name: str, read: Callable[[Any], Any], extras: Extras) -> Callable[[Any], Any]:
    """Return what reads a cell as `read` does, asks what else is asked, and tells what frictionless dies of."""
    asks = extras.asks.get(name, {})

    def read_and_ask(cell: Any) -> tuple[Any, dict[str, str] | None]:
        try:
            value, notes = read(cell)
            if value is None or notes:
                return value, notes
            told = {rule: note for rule, ask in asks.items() if (note := ask(value))}
        except Exception as error:  # noqa: BLE001 - whatever frictionless or a question dies of
            return None, {"cell": f"it cannot be judged: {error or type(error).__name__}"}
        return value, told or None

    return read_and_ask


def hashable(value: Any) -> Any:
    """Return `value`, or what stands for it where Python has no hash for it: equal where Python holds values equal."""
    return value if _has_hash(value) else tuple(_parts(value))


def _has_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _parts(value: Any) -> Iterator[Any]:
    """Yield what a value is made of: each list and object by its kind and its size or names, then what is in it."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            names = sorted(one)
            yield dict, *names
            left += [one[name] for name in names]
        elif isinstance(one, list | tuple):
            yield type(one), len(one)
            left += one
        else:
            yield one if _has_hash(one) else object()  # a signaling NaN, which is equal to nothing
