"""What a steward decides: corrections of a source, waivers of a rule, approvals, takedowns; all are published."""

from operator import not_
from typing import Any, Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from schemas.tables import Model, cell, maybe
from schemas.values import Day, Line, Sha256, Slug, Text

WAIVABLE = ("evidence", "suite")
"""Layers whose rules can be waived: a row that breaks its table's contract cannot be written."""


class Waiver(Model):
    """A row that may break a rule until a day."""

    rule: Line = cell("Id of the rule, of the evidence or the suite layer.")
    table: Slug = cell("Table of the row.")
    key: Line = cell("Key of the row, as the report shows it.")
    until: Day = cell("Last day on which it holds.")
    reason: Text = cell("Why.")
    by: Line = cell("Who decided.")

    @field_validator("rule")
    @classmethod
    def _may_be_waived(cls, rule: str) -> str:
        if rule.partition(".")[0] not in WAIVABLE:
            raise PydanticCustomError("waiver", "only rules of the evidence and the suites can be waived")
        return rule


class Correction(Model):
    """A known error of a source, mended until the source is."""

    release: Slug = cell("Id of the release.")
    pointer: Line = cell("JSON Pointer of the value in its document; an item of a list by number or by its id.")
    expect: Any = cell("What the source says; when it says anything else, the correction is out of date.", default=None)
    value: Any = cell("What it should say.", default=None)
    reason: Text = cell("Why.")
    by: Line = cell("Who decided.")


class Ruling(Model):
    """A decision on a run, a version or a release, as the dataset's journal keeps it."""

    kind: Literal["approve", "reject", "takedown"] = cell("What was decided.")
    day: Day = cell("When, in UTC.")
    by: Line = cell("Who decided.")
    reason: Text = cell("Why.")
    run_id: Line | None = maybe("The run whose candidate it is about.")
    content: Sha256 | None = maybe("Digest of that candidate's content.")
    base: Line | None = maybe("Version that the candidate was judged against; null for the first.")
    release: Slug | None = maybe("The release that is taken down.")
    version: Line | None = maybe("The version that is taken down.")
    addresses: list[str] = cell(
        "Addresses of the release alone: what comes with one of them is left out.", default=[], exclude_if=not_
    )
    texts: list[Sha256] = cell(
        "SHA-256 of each text of the release alone: what comes with one of them is left out.",
        default=[],
        exclude_if=not_,
    )


class Decisions(Model):
    """What stewards decided about a version."""

    corrections: list[Correction] = cell("Corrections that were made.", default=[])
    waivers: list[Waiver] = cell("Waivers that let a row pass.", default=[])
    approval: Ruling | None = maybe("Who let the version out of the hold, and why.")
    takedowns: list[Ruling] = cell("Releases that are left out.", default=[])
