"""Tables to measure with: twelve mixed columns, no two rows alike, a share of the rows bad."""

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

STATES = ["active", "closed", "pending", "held"]
PARENTS = 50_000
WORST = [
    "x1",
    "99999999",
    "bad",
    "gone",
    "2021-13-01",
    "2020-01-01 10:00",
    "no uri",
    "1;5",
    "abc",
    "maybe",
    "",
    "not-mail",
]
"""What a bad cell of each column is."""
SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "parent_id", "type": "integer", "constraints": {"required": True, "minimum": 1}},
        {"name": "code", "type": "string", "constraints": {"required": True, "pattern": "[A-Z]{2}-[0-9]{6}"}},
        {"name": "status", "type": "string", "constraints": {"enum": STATES}},
        {"name": "day", "type": "date", "constraints": {"minimum": "1980-01-01"}},
        {"name": "seen_at", "type": "datetime"},
        {"name": "url", "type": "string", "format": "uri"},
        {"name": "amount", "type": "number", "constraints": {"minimum": 0}},
        {"name": "share", "type": "number"},
        {"name": "flag", "type": "boolean"},
        {"name": "name", "type": "string", "constraints": {"required": True, "minLength": 1, "maxLength": 60}},
        {"name": "email", "type": "string", "format": "email"},
    ],
    "primaryKey": ["id"],
    "foreignKeys": [{"fields": ["parent_id"], "reference": {"resource": "parents", "fields": ["id"]}}],
}
PARENT_SCHEMA: dict[str, Any] = {"fields": [{"name": "id", "type": "integer"}], "primaryKey": ["id"]}
NAMES = [field["name"] for field in SCHEMA["fields"]]


def write(folder: Path, rows: int, bad: float) -> Path:
    """Write a Data Package of a table of `rows` and its parents into `folder`; return its description."""
    import json  # noqa: PLC0415 - beside what it writes

    folder.mkdir(parents=True, exist_ok=True)
    random = Random(rows)
    parents = "id\n" + "\n".join(map(str, range(1, PARENTS + 1))) + "\n"
    (folder / "parents.csv").write_text(parents, encoding="utf-8")
    with (folder / "rows.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(NAMES) + "\n")
        file.writelines(",".join(_row(random, number, bad)) + "\n" for number in range(1, rows + 1))
    resources = [
        {"name": name, "path": f"{name}.csv", "schema": schema, "encoding": "utf-8", "dialect": {"delimiter": ","}}
        for name, schema in (("parents", PARENT_SCHEMA), ("rows", SCHEMA))
    ]
    (folder / "datapackage.json").write_text(json.dumps({"resources": resources}), encoding="utf-8")
    return folder / "datapackage.json"


def _row(random: Random, number: int, bad: float) -> list[str]:
    day = date(1990, 1, 1) + timedelta(days=random.randrange(12_000))
    clock = f"{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}"
    row = [
        str(number),
        str(random.randrange(1, PARENTS + 1)),
        f"{chr(65 + random.randrange(26))}{chr(65 + random.randrange(26))}-{random.randrange(10**6):06}",
        STATES[random.randrange(4)],
        str(day),
        f"20{random.randrange(10, 27)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T{clock}Z",
        f"https://example.org/r/{random.randrange(10**9)}?p={number}",
        f"{random.randrange(10**7) / 100:.2f}",
        f"{random.random():.6f}",
        ("true", "false")[random.randrange(2)],
        f"Name {random.randrange(10**7)} of {number}",
        f"u{number}@mail{random.randrange(1000)}.example.org",
    ]
    if bad and random.random() < bad:
        place = random.randrange(len(row) + 1)
        row[place % len(row)] = str(max(number - 7, 1)) if place == len(row) else WORST[place]
    return row
