"""The samples: for every rule what breaks it, as data.

Those of the rules in `schemas.rules` stand in `rules.samples.json`, those of the suites beside each rule, as
`meta.sample`. Every sample is a change of something good: of the document in `release.sample.json`, of the rows that
it gives, or of the source that it lies in.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from schemas.mapping import Mapping
from schemas.tables import Model, cell, maybe
from schemas.values import Line

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER / "release.sample.json"
"""A release in which nothing is wrong, with a fact of every kind."""
AS_OF = date(2026, 3, 12)
"""The day of the run in which the samples are judged, two days after the document was published."""
MAX_AGE = 30
"""Days that the newest release may be old in that run."""


class File(Model):
    """A file of the source: its text, its bytes, or where it links to."""

    name: Line = cell("What it is called.")
    text: str | None = maybe("Its text.")
    times: int = cell("How often the text is repeated.", default=1)
    hex: str | None = maybe("Its bytes, in hexadecimal.")
    link: Line | None = maybe("Where it links to, seen from the folder that it lies in.")


class Put(Model):
    """A change of the document: a value put at a place, or nothing left there."""

    at: Line = cell("JSON Pointer of the place, RFC 6901.")
    value: Any = cell("The value.", default=None)
    times: int = cell("How often the value, a text, is repeated.", default=1)
    left_out: bool = cell("Whether the place is left out instead.", default=False)


class Change(Model):
    """A change of rows: other cells in some, some once more with other cells, or some removed."""

    table: Line = cell("Their table.")
    where: dict[str, Any] = cell("Cells by which they are known; every row of the table without any.", default={})
    how: Literal["change", "add", "remove"] = cell("What is done.", default="change")
    cells: dict[str, Any] = cell("The other cells.", default={})
    times: int = cell("How often each of these cells, a text, is repeated.", default=1)


class Sample(Model):
    """What breaks a rule: files, changes of the document, or changes of rows."""

    files: list[File] = cell("Files that lie beside the document.", default=[])
    map: Mapping | None = maybe("The map of another source, which the files lie in.")
    document: list[Put] = cell("Changes of the document.", default=[])
    comes: Literal["instead", "beside", "after"] = cell(
        "Whether the changed document stands in place of the good one, beside it, or in its place on the next day.",
        default="instead",
    )
    rows: list[Change] = cell("Changes of the rows that the document gives.", default=[])
    before: list[Change] = cell("Changes of the same rows, as the version before has them.", default=[])
    also: list[Line] = cell("Other rules that this cannot help but break, dependants aside.", default=[])


SAMPLES = TypeAdapter(dict[str, Sample]).validate_json((FOLDER / "rules.samples.json").read_bytes())
"""By id, the sample of every rule in `RULES` that can be broken."""

OF_THE_WEB = "Only what a server answers breaks it, and no file can: test_web_hostile.py has the servers."
UNSTATED = {
    "input.address": OF_THE_WEB,
    "input.unreached": OF_THE_WEB,
    "input.unfinished": OF_THE_WEB,
    "input.total": OF_THE_WEB,
    "input.robots": OF_THE_WEB,
    "input.xml": OF_THE_WEB,
    "input.format": OF_THE_WEB,
    "input.redirect": OF_THE_WEB,
    "input.page": OF_THE_WEB,
    "input.described": "Only a dataset's file breaks it, and no document can: test_faces.py has one.",
    "input.taken-down": "Only a document after a takedown breaks it: test_steward.py has one.",
    "table.constraint.maximum": "No table states a greatest value.",
    "table.constraint.minLength": "No table asks for more than one character, and an empty cell is null.",
    "table.reference": "No row is known of which the two say different things.",
}
"""Rules without a sample: nothing breaks them as the tables are, and why."""
