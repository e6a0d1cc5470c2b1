"""The files that follow from the models: JSON Schema, Table Schemas, the data dictionary. Written, and kept true."""

import json
from pathlib import Path
from typing import Any

from flows.settings import PROJECT
from schemas.release import Release
from schemas.tables import TABLES
from schemas.tableschema import table_schema

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def files() -> dict[Path, str]:
    """Return every generated file and its text."""
    made = {PROJECT / "schemas" / "release.jsonschema.json": _json(release_schema())}
    made |= {PROJECT / "schemas" / f"{table}.tableschema.json": _json(table_schema(table)) for table in TABLES}
    if (PROJECT / "docs").is_dir():
        made[PROJECT / "docs" / "data-dictionary.md"] = dictionary()
    return made


def stale() -> list[Path]:
    """Return the generated files that are missing or are not what the models say."""
    return [path for path, text in files().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def write() -> None:
    """Write every generated file."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


def release_schema() -> dict[str, Any]:
    """Return the JSON Schema of a release document."""
    return {"$schema": JSON_SCHEMA} | Release.model_json_schema()


def dictionary() -> str:
    """Return the data dictionary as Markdown: every table, every field, from the models."""
    parts = ["# Data dictionary", "", "Made from `schemas/tables.py` by `communique schema`; do not edit.", ""]
    for table, model in TABLES.items():
        schema = table_schema(table)
        parts += [
            f"## {table}",
            "",
            (model.__doc__ or "").strip(),
            "",
            f"Key: {', '.join(f'`{name}`' for name in model.key)}.",
            "",
        ]
        parts += ["| field | type | required | evidence | what it is |", "| --- | --- | --- | --- | --- |"]
        parts += [_line(field, model.references) for field in schema["fields"]] + [""]
    return "\n".join(parts)


def _line(field: dict[str, Any], references: dict[str, tuple[str, str]]) -> str:
    constraints = field.get("constraints", {})
    target = references.get(field["name"])
    more = [field["description"]]
    more += [f"A row of `{target[0]}`."] if target else []
    more += (
        ["One of: " + ", ".join(f"`{value}`" for value in constraints["enum"]) + "."] if "enum" in constraints else []
    )
    cells = (
        f"`{field['name']}`",
        field["type"],
        "yes" if constraints.get("required") else "",
        field.get("communique:evidence", ""),
        " ".join(more),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
