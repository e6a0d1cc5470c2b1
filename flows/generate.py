"""The files that follow from models and rules: schemas, the data dictionary, the checks. Written, and kept true."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from flows.settings import PROJECT
from schemas.release import Release
from schemas.report import Layer, Severity
from schemas.rules import RULES, Rule
from schemas.samples import AS_OF, MAX_AGE, SAMPLES, UNSTATED, Change, File, Put, Sample
from schemas.tablerules import CAUSES, TABLE_RULES, TableRule
from schemas.tables import TABLES
from schemas.tableschema import table_schema

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
SUITES = PROJECT / "expectations"


def files() -> dict[Path, str]:
    """Return every generated file and its text."""
    made = {PROJECT / "schemas" / "release.jsonschema.json": _json(release_schema())}
    made |= {PROJECT / "schemas" / f"{table}.tableschema.json": _json(table_schema(table)) for table in TABLES}
    if (PROJECT / "docs").is_dir():
        made[PROJECT / "docs" / "data-dictionary.md"] = dictionary()
    if (PROJECT / "docs").is_dir():
        made |= {PROJECT / "docs" / "rules" / name: text for name, text in rule_pages().items()}
    if (PROJECT / "docs").is_dir() and SUITES.is_dir():
        made[PROJECT / "docs" / "checks.md"] = checks()
    return made


def stale() -> list[Path]:
    """Return the generated files that are missing or are not what the models say."""
    return [path for path, text in files().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]


def write() -> None:
    """Write every generated file."""
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
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
    return _row(*cells)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


class Entry(NamedTuple):
    """A rule of the register, what it asks of Great Expectations where it is a suite's, and what breaks it."""

    rule: Rule
    asks: str
    sample: Sample | None


def register() -> list[Entry]:
    """Return every rule of every layer: those of `schemas.rules`, then those of the suites."""
    stated = [Entry(rule, "", SAMPLES.get(rule.id)) for rule in RULES.values()]
    return stated + [
        _suite_rule(file.stem, entry)
        for file in sorted(SUITES.glob("*.json"))
        for entry in json.loads(file.read_text(encoding="utf-8"))["expectations"]
    ]


def _suite_rule(table: str, entry: dict[str, Any]) -> Entry:
    meta = entry["meta"]
    severity: Severity = "error" if meta.get("refuses_rows") else entry["severity"]
    rule = Rule(f"suite.{table}.{meta['id']}", severity, meta["reason"], meta.get("hint", ""))
    asks = f"`{entry['type']}`" + (f", needs `{meta['needs']}`" if "needs" in meta else "")
    return Entry(rule, asks, Sample.model_validate(meta["sample"]) if "sample" in meta else None)


LAYERS: dict[Layer, str] = {
    "input": "Can it be read? What cannot is refused as it is, and what lies beside it is read. In the report these "
    "rules are counted together, as `input.document`.",
    "record": "Does it fit its model? Judged by Pydantic, piece by piece: a bad meeting costs that meeting. In the "
    "report these rules are counted by table, as `record.meetings`.",
    "evidence": "Does the release say so, word by word?",
    "table": "Does each table keep its Table Schema, and do the keys hold across all tables? Judged by Frictionless; "
    "what a record may not be is refused before, so that here only keys are met in a run. In the report these rules "
    "are counted by table, as `table.meetings`.",
    "suite": "Is the whole plausible? Judged by Great Expectations. These rules are data: "
    "[expectations](../expectations/README.md) says how to add one.",
    "quarantine": "What happens to what was refused?",
}
"""What each layer asks, in the order in which they are asked."""

CHECKS = f"""# Checks

Made from `schemas/rules.py`, `schemas/rules.samples.json` and `expectations/` by `communique schema`; do not edit.

Every rule, with a sample that breaks it. A rule that is `critical` holds the version until a steward decides, an
`error` refuses the row, and `warning` and `info` are published with what they are about.

A sample is a change of something good: a file beside [the sample release](../schemas/release.sample.json), a change of
that document, told by JSON Pointer, in which lists count from 0, or a change of the rows that it gives. The day of the
run is {AS_OF}, the newest release may be {MAX_AGE} days old, and the version before has the same rows. A test breaks
every rule by its sample and looks that this rule is told, and no other than those named.
"""


def checks() -> str:
    """Return the register as Markdown: layer by layer every rule, why it exists, how to mend, what breaks it."""
    entries = register()
    parts = [CHECKS]
    for layer, asks in LAYERS.items():
        of_layer = [entry for entry in entries if entry.rule.layer == layer]
        parts += [f"## {layer}\n", f"{asks}\n"]
        parts += _suites(of_layer) if layer == "suite" else _rules(of_layer)
    return "\n".join(parts)


def _rules(entries: Iterable[Entry]) -> list[str]:
    lines = ["| rule | severity | why | to mend | what breaks it |", "| --- | --- | --- | --- | --- |"]
    for rule, _, sample in entries:
        lines.append(_row(f"`{rule.id}`", rule.severity, rule.reason, rule.hint, _told(rule.id, sample)))
    return [*lines, ""]


def _suites(entries: list[Entry]) -> list[str]:
    lines = []
    for table in dict.fromkeys(entry.rule.id.split(".")[1] for entry in entries):
        lines += [f"### {table}\n", "| rule | severity | why | to mend | asks | what breaks it |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        for rule, asks, sample in entries:
            if rule.id.split(".")[1] == table:
                lines.append(_row(f"`{rule.id}`", rule.severity, rule.reason, rule.hint, asks, _told(rule.id, sample)))
        lines.append("")
    return lines


RULE_PAGES = """# Rules of tables

Made from `schemas/tablerules.py` by `communique schema`; do not edit.

What `communique validate` says of any table, and what Frictionless calls it. Each page has the smallest file that
breaks the rule, or says why there is none; a test looks that it breaks this rule and no other. The rules that
Frictionless does not ask, though the standard has them, or that it dies of, are marked; `--reference` leaves them out.

| rule | Frictionless's name | what it asks |
| --- | --- | --- |
"""


def rule_pages() -> dict[str, str]:
    """Return a page for each rule of tables, by name of the file, and the page that lists them."""
    listed = (_row(f"[`{one.id}`]({one.id}.md)", _error(one), one.reason) for one in TABLE_RULES.values())
    pages = {f"{one.id}.md": _rule_page(one) for one in TABLE_RULES.values()}
    return pages | {"README.md": RULE_PAGES + "\n".join(listed) + "\n"}


def _rule_page(one: TableRule) -> str:
    called = "Beyond Frictionless: off with `--reference`." if one.beyond else f"Frictionless calls it {_error(one)}."
    return (
        f"# {one.id}\n\n{one.reason} {one.words}\n\n{_mending(one)}\n\n{one.unbroken or called}\n"
        f"{'' if one.unbroken else _smallest(one)}"
    )


def _smallest(one: TableRule) -> str:
    """Return the smallest file that breaks a rule, and its description."""
    data = one.data.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    shown = f"```text\n{data.rstrip()}\n```" if data else "An empty file."
    judged_by, described = "Judged by this Table Schema", one.schema
    if one.more:
        judged_by, described = "As this resource describes it", {"path": "table.csv", **one.more, "schema": one.schema}
    if one.whole:
        table = {"name": "table", "path": "table.csv", "schema": one.schema}
        judged_by, described = "As this Data Package describes it", {**one.whole, "resources": [table]}
    return (
        f"\n## The smallest file that breaks it\n\n{shown}\n\n{judged_by}:\n\n"
        f"```json\n{json.dumps(described, ensure_ascii=False, indent=2)}\n```\n"
    )


def _mending(one: TableRule) -> str:
    """Return how to mend what breaks a rule: a list where that depends on the cause."""
    hints = dict.fromkeys([one.hint, *CAUSES.get(one.id, {}).values()])
    if len(hints) == 1:
        return f"To mend it: {one.hint}"
    return "To mend it, as the message tells the cause:\n\n" + "\n".join(f"- {hint}" for hint in hints)


def _error(one: TableRule) -> str:
    return "beyond Frictionless" if one.beyond or not one.error else f"`{one.error}`"


def _told(rule: str, sample: Sample | None) -> str:
    """Return a sample in words."""
    if sample is None:
        return UNSTATED.get(rule, "")
    mapped = sample.map.model_dump(mode="json", by_alias=True, exclude_defaults=True)["fields"] if sample.map else None
    said = [f"a source with the map {_value(mapped)}"] if mapped else []
    said += [_file(one) for one in sample.files]
    said += [COMES[sample.comes] + ", ".join(_put(one) for one in sample.document)] if sample.document else []
    said += [_change(one) for one in sample.rows]
    said += [f"in the version before, {_change(one)}" for one in sample.before]
    also = ", ".join(f"`{one}`" for one in sample.also)
    return "; ".join(said) + (f" (breaks {also} too)" if also else "")


COMES = {"instead": "", "beside": "a second release, with ", "after": "on the next day, "}


def _file(file: File) -> str:
    if file.link:
        return f"`{file.name}`, a link to `{file.link}`"
    if file.hex:
        return f"`{file.name}` of the bytes `{repr(bytes.fromhex(file.hex))[2:-1]}`"
    lines = " and ".join(f"`{line}`" for line in (file.text or "").splitlines())
    return f"`{file.name}` with {lines}{_often(file.times)}" if lines else f"`{file.name}`, empty"


def _put(put: Put) -> str:
    return f"`{put.at}` left out" if put.left_out else f"`{put.at}`: {_value(put.value, put.times)}"


def _change(change: Change) -> str:
    """Return a change of rows in words, as the row of `mentions` with `entity_id` "ines-vale": ..."""
    which = " and ".join(f"`{name}` {_value(value)}" for name, value in change.where.items())
    table = f"`{change.table}`"
    rows = f"the row of {table} with {which}" if which else f"every row of {table}"
    cells = ", ".join(f"`{name}` {_value(value, change.times)}" for name, value in change.cells.items())
    return {
        "change": f"in {rows}, {cells}",
        "add": f"{rows} once more" + (f", with {cells}" if cells else ""),
        "remove": f"without {rows}" if which else f"no row of {table}",
    }[change.how]


def _value(value: Any, times: int = 1) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`{_often(times)}"


def _often(times: int) -> str:
    return f" {times:,} times" if times > 1 else ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
