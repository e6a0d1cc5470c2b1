"""What a candidate changes against a published version, and the version number that this makes.

major: a table or field goes or is retyped, a key changes, an enum or a bound narrows. minor: tables, fields, enum
values or rows are added, or rows removed. patch: values or facts about the dataset alone.
"""

from typing import Any

from schemas.package import Level

Keys = dict[str, set[tuple[str, ...]]]
"""The keys of every table's rows."""
Schemas = dict[str, dict[str, Any]]
"""The Table Schema of every table."""

LOWER_BOUNDS = ("minimum", "minLength")
UPPER_BOUNDS = ("maximum", "maxLength")


def level(before: Schemas, after: Schemas, keys_before: Keys, keys_after: Keys) -> Level:
    """Return how much a candidate changes: by its schemas first, then by the keys of its rows."""
    if set(before) - set(after) or any(_breaks(before[table], after[table]) for table in before):
        return "major"
    if set(after) - set(before) or any(_adds(before[table], after[table]) for table in before):
        return "minor"
    return "minor" if keys_before != keys_after else "patch"


def _fields(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in schema["fields"]}


def _breaks(before: dict[str, Any], after: dict[str, Any]) -> bool:
    old, new = _fields(before), _fields(after)
    if before["primaryKey"] != after["primaryKey"] or before.get("foreignKeys", []) != after.get("foreignKeys", []):
        return True
    return any(name not in new or _narrows(old[name], new[name]) for name in old)


def _narrows(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Return whether a value that `old` allowed may be one that `new` does not."""
    was, now = old.get("constraints", {}), new.get("constraints", {})
    return (
        old["type"] != new["type"]
        or was.get("pattern") != now.get("pattern")
        or (now.get("required", False) and not was.get("required", False))
        or ("enum" in now and ("enum" not in was or bool(set(was["enum"]) - set(now["enum"]))))
        or any(bound in now and (bound not in was or now[bound] > was[bound]) for bound in LOWER_BOUNDS)
        or any(bound in now and (bound not in was or now[bound] < was[bound]) for bound in UPPER_BOUNDS)
    )


def _adds(before: dict[str, Any], after: dict[str, Any]) -> bool:
    old, new = _fields(before), _fields(after)
    return any(name not in old or _allowed(old[name]) != _allowed(new[name]) for name in new)


def _allowed(field: dict[str, Any]) -> dict[str, Any]:
    constraints: dict[str, Any] = field.get("constraints", {})
    return constraints
