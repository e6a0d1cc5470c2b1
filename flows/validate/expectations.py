"""The suites as data: what `expectations/<table>.json` may say, and what is wrong with one that says anything else.

A dataset may have suites of its own, in the same form, in a folder of the data.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from schemas.report import Severity
from schemas.tables import TABLES
from schemas.tableschema import types

FOLDER = Path(__file__).resolve().parents[2] / "expectations"
SEVERITIES = ("critical", "warning", "info")
SOURCES = "sources"
"""A table of the suites alone: releases by source and month, now and in the version before."""
SOURCE_TYPES = {"source": "string", "month": "string", "before": "integer", "releases": "integer", "kept": "number"}


class SuiteFault(Exception):  # noqa: N818 - the suite's fault
    """A suite is wrong: an unknown type or severity, no id, no reason, or a rule that cannot be asked of its table."""


class Expectation(NamedTuple):
    """An expectation as its file has it."""

    file: Path
    table: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    meta: dict[str, Any]

    @property
    def rule(self) -> str:
        """The rule's stable id."""
        return f"suite.{self.table}.{self.meta['id']}"


def files(folders: Iterable[Path]) -> list[Path]:
    """Return the files of every suite in `folders`; one that is not there has none."""
    return [file for folder in folders for file in sorted(folder.glob("*.json"))]


def hints(folders: Iterable[Path]) -> dict[str, str]:
    """Return how to mend what breaks a rule of the suites in `folders`, by the rule's id; a wrong suite tells none."""
    found: dict[str, str] = {}
    for file in files(folders):
        with suppress(ValueError, KeyError, TypeError):
            metas = [entry["meta"] for entry in json.loads(file.read_text(encoding="utf-8"))["expectations"]]
            found |= {f"suite.{file.stem}.{meta['id']}": meta["hint"] for meta in metas if "hint" in meta}
    return found


def load(folders: Iterable[Path], known: set[str]) -> list[Expectation]:
    """Return the expectations of every suite in `folders`; SuiteFault names the file and the entry that is wrong.

    `known` are the types that Great Expectations has.
    """
    found = [one for file in files(folders) for one in _read(file, known)]
    rules = [one.rule for one in found]
    twice = sorted({rule for rule in rules if rules.count(rule) > 1})
    if twice:
        where = ", ".join(sorted({str(one.file) for one in found if one.rule in twice}))
        raise SuiteFault(f"{where}: rules given twice: {', '.join(twice)}")
    return found


def _read(file: Path, known: set[str]) -> list[Expectation]:
    """Return the expectations of a suite's file."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["expectations"]
    except (ValueError, KeyError, TypeError) as error:
        raise SuiteFault(f"{file}: it is JSON with a list of expectations: {error!r}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SuiteFault(f"{file}: expectations is a list of objects")
    return [_expectation(file, entry, known) for entry in entries]


ENTRY = {"type", "kwargs", "severity", "meta"}
META = {"id", "reason", "hint", "refuses_rows", "needs", "without", "sample"}
COLUMNS = ("column", "column_A", "column_B", "column_list")


def _expectation(file: Path, entry: dict[str, Any], known: set[str]) -> Expectation:
    meta, kwargs = entry.get("meta", {}), entry.get("kwargs", {})
    if not isinstance(meta, dict) or not isinstance(kwargs, dict):
        raise SuiteFault(f"{file}: {entry.get('type')}: meta and kwargs are objects")
    wrong = [
        (file.stem not in (*TABLES, SOURCES), f"there is no table {file.stem!r}"),
        (entry.get("type") not in known, f"Great Expectations has no {entry.get('type')!r}"),
        (entry.get("severity") not in SEVERITIES, f"severity is one of {', '.join(SEVERITIES)}"),
        (not meta.get("id") or not meta.get("reason"), "meta needs id and reason"),
        (set(entry) - ENTRY, f"an entry has no {sorted(set(entry) - ENTRY)}"),
        (set(meta) - META, f"meta has no {sorted(set(meta) - META)}"),
        ("needs" in meta and not meta.get("without"), "meta.needs wants meta.without: what is said when it is skipped"),
        (
            meta.get("refuses_rows") and "_values_" not in str(entry.get("type")),
            "only rules about values refuse rows",
        ),
        (unknown := _unknown_columns(file.stem, kwargs), f"the table has no {unknown}"),
    ]
    for is_wrong, message in wrong:
        if is_wrong:
            raise SuiteFault(f"{file}: {meta.get('id', entry.get('type'))}: {message}")
    return Expectation(file, file.stem, entry["type"], kwargs, entry["severity"], meta)


def _unknown_columns(table: str, kwargs: dict[str, Any]) -> list[str]:
    """Return the columns that an expectation names and its table does not have."""
    known = SOURCE_TYPES if table == SOURCES else types(table) if table in TABLES else {}
    named = [kwargs[name] for name in COLUMNS if name in kwargs]
    columns = [column for one in named for column in (one if isinstance(one, list) else [one])]
    return [column for column in columns if column not in known]
