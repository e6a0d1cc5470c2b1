"""The Table Schema of a row model, derived from it: Table Schema of Data Package v2, as frictionless 5.21 reads it."""

from functools import cache
from typing import Any

from schemas.tables import TABLES, Row

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
CONSTRAINTS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "enum")
FORMATS = {"date": "date", "date-time": "datetime"}
RAW_TYPES = ("integer", "number", "string")


def table_schema(table: str) -> dict[str, Any]:
    """Return the Table Schema descriptor of `table`: fields, types, constraints, primary and foreign keys."""
    model = TABLES[table]
    schema: dict[str, Any] = {"$schema": PROFILE, "fields": fields(model), "primaryKey": list(model.key)}
    if model.references:
        schema["foreignKeys"] = [_foreign_key(field, *target) for field, target in model.references.items()]
    return schema


def fields(model: type[Row]) -> list[dict[str, Any]]:
    """Return the field descriptors of `model`, in the order of its fields."""
    return [_field(name, prop) for name, prop in _properties(model).items()]


def types(table: str) -> dict[str, str]:
    """Return the Table Schema type of each field of `table`."""
    return {field["name"]: field["type"] for field in fields(TABLES[table])}


def header(table: str) -> list[str]:
    """Return the names of the fields of `table`, in order."""
    return list(TABLES[table].model_fields)


@cache
def _properties(model: type[Row]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each field of `model`, nobody's to change: making it takes 8 ms."""
    found: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    return found


def _field(name: str, prop: dict[str, Any]) -> dict[str, Any]:
    nullable = "anyOf" in prop
    value = next(option for option in prop["anyOf"] if option["type"] != "null") if nullable else prop
    field: dict[str, Any] = {"name": name, "type": _type(value), "description": prop["description"]}
    constraints: dict[str, Any] = {} if nullable else {"required": True}
    constraints |= {rule: value[rule] for rule in CONSTRAINTS if rule in value}
    if constraints:
        field["constraints"] = constraints
    evidence = prop.get("communique:evidence")
    return field | (
        {"communique:evidence": evidence, "communique:derived": evidence in ("coded", "worded")} if evidence else {}
    )


def _type(value: dict[str, Any]) -> str:
    return FORMATS.get(value.get("format", ""), str(value["type"]))


def _foreign_key(field: str, table: str, target: str) -> dict[str, Any]:
    return {"fields": [field], "reference": {"resource": table, "fields": [target]}}
