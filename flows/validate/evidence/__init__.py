"""The evidence gate: every fact stands word by word in its release.

It looks at rows alone, so the same gate judges what a document gave and what a version holds.
"""

from flows.validate.evidence import facts, heads, names
from flows.validate.evidence.gate import Finding, Gate, Rows
from schemas.release import Reading
from schemas.report import Record


def judge(rows: Rows) -> Gate:
    """Return what the gate finds in `rows`, records by table; each finding names the record that it refuses."""
    gate = Gate()
    releases = {record.values["release_id"]: record.values for record in rows["releases"]}
    facts.judge(rows, releases, gate)
    names.judge_mentions(rows["mentions"], releases, gate)
    names.judge_participants(rows, gate)
    names.judge_named(rows, releases, gate)
    heads.judge(rows["releases"], gate)
    return gate


def judge_head(reading: Reading) -> list[Finding]:
    """Return what the gate finds in the release itself of a document, its facts aside."""
    values = reading.release.model_dump(mode="json") | {"release_id": reading.release.id}
    gate = Gate()
    heads.judge([Record("releases", values, reading.place)], gate)
    return gate.findings
