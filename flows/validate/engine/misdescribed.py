"""What is wrong with descriptions: each resource and each field asked for itself, and told by its name."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flows.validate.engine import beyond, reference
from flows.validate.engine.faults import Fault
from flows.validate.engine.results import Result

OF_SCHEMA = {"schema-error", "field-error"}
"""Faults of a schema, which are told of its own file where it has one."""
UNKNOWN_TYPE = "field type "
"""How the note of a type that is not known begins."""


def told(entry: dict[str, Any], base: str, place: str, schema: str, package: dict[str, Any] | None) -> Result | None:
    """Return what is wrong with the description of a resource at `place`; None where it can be read.

    `schema` is the file that its schema has of its own, if it has one; `package` describes what it is a part of.
    """
    found = _faults(entry, base, package)
    if not found or package is None or (schema and _of_schema(found)):
        return _told(found, place, schema) if found else None
    name = str(entry.get("name", "nameless"))
    named = f'resource "{name}": '
    return Result(
        name, place, first=[one._replace(note=f"{'' if one.type == 'error' else named}{one.note}") for one in found]
    )


def said(error: Any, place: str, schema: str = "") -> Result:
    """Return what frictionless says of the description at `place`."""
    return _told([reference.fault(one) for one in error.to_errors()], place, schema)


def _told(found: list[Fault], place: str, schema: str) -> Result:
    where = schema if schema and _of_schema(found) else place
    return Result(Path(where).name, where, first=found)


def _of_schema(found: list[Fault]) -> bool:
    return {one.type for one in found} <= OF_SCHEMA


def _faults(entry: dict[str, Any], base: str, package: dict[str, Any] | None) -> list[Fault]:
    """Return what is wrong with a resource; of its fields, with each."""
    profile = {name: package[name] for name in ("$schema",) if name in package} if package else {}
    entry, _ = beyond.rewritten(entry, profile.get("$schema"))

    def asked(entry: dict[str, Any]) -> list[Fault]:
        try:
            if package is None:
                reference.described_resource(entry, base)
            else:
                reference.described_package(profile | {"resources": [entry]}, base)
        except reference.FrictionlessException as error:
            return [reference.fault(one) for one in error.to_errors()]
        return []

    found = asked(entry)
    if {one.type for one in found} != {"field-error"} or not isinstance(entry["schema"], dict):
        return found
    fields = enumerate(entry["schema"]["fields"], start=1)
    alone = [_of_field(one, number, asked(entry | {"schema": {"fields": [one]}})) for number, one in fields]
    return [one for some in alone for one in some] or found


def _of_field(one: dict[str, Any], number: int, said: list[Fault]) -> list[Fault]:
    """Return what is said of a field with its name, or its position, and with the type that may be meant."""
    name = one["name"] if isinstance(one.get("name"), str) else ""
    named = f'field "{name}"' if name else f'field at position "{number}"'
    meant = get_close_matches(str(one.get("type")).lower(), reference.TYPES, n=1)
    like = f'; did you mean "{meant[0]}"?' if meant else ""
    return [
        each._replace(field=name, note=f"{named}: {each.note}{like if each.note.startswith(UNKNOWN_TYPE) else ''}")
        for each in said
    ]


def without_keys(entry: dict[str, Any], tables: set[str]) -> tuple[dict[str, Any], list[Fault]]:
    """Return a resource without its foreign keys to `tables`, which are wrong, and what is told of these."""
    schema = entry["schema"] if isinstance(entry.get("schema"), dict) else {}
    keys = schema.get("foreignKeys") or []
    lost = [key for key in keys if key.get("reference", {}).get("resource") in tables]
    if not lost:
        return entry, []
    faults = [Fault("constraint-refused", _lost(key["reference"]["resource"]), _names(key)) for key in lost]
    return entry | {"schema": schema | {"foreignKeys": [key for key in keys if key not in lost]}}, faults


def _lost(table: str) -> str:
    return f'foreignKeys: no key can be looked up in the resource "{table}", for its description is wrong'


def _names(key: dict[str, Any]) -> str:
    fields = key.get("fields", [])
    return fields if isinstance(fields, str) else ", ".join(fields)
