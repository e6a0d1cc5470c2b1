"""Whom and what a text names: mentions, participants, and all that facts refer to."""

from typing import Any

from flows.validate.evidence.gate import Gate, Rows, misplaced, outside
from schemas.report import Record, quoted
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES
from schemas.values import LIST_MARK

NAMED = tuple(ENTITY_TABLES.values())
REFERRING = {
    table: [
        field
        for field, (target, _) in TABLES[table].references.items()
        if target in ("entities", *NAMED) and field != "organization_id"
    ]
    for table in (*FACT_TABLES.values(), "participants")
}
"""The fields of facts that refer to a person, an organization or a place, but for whose a role is: a title tells it."""


def judge_mentions(mentions: list[Record], releases: dict[str, dict[str, Any]], gate: Gate) -> None:
    """Find the mentions whose name does not stand at their place."""
    for record in mentions:
        release = releases.get(record.values["release_id"])
        if release is None:
            continue
        gate.looked_at.update(("evidence.offset", "evidence.words"))
        start, end, name = record.values["start"], record.values["end"], record.values["name"]
        if message := outside(release["body"], start, end):
            gate.find("evidence.offset", record, "start", f"{start}-{end}", message)
        elif message := misplaced(release["body"], start, end, name):
            gate.find("evidence.words", record, "name", name, message)


def judge_participants(rows: Rows, gate: Gate) -> None:
    """Find the participants whose words do not stand in the evidence of their fact."""
    facts = (fact.values for table in FACT_TABLES.values() for fact in rows[table])
    evidence = {fact["fact_id"]: fact["evidence"] for fact in facts}
    for record in rows["participants"]:
        text, stated = record.values.get("text"), evidence.get(record.values["fact_id"])
        if text is None or stated is None:
            continue
        gate.looked_at["evidence.verbatim"] += 1
        if text not in stated:
            gate.find("evidence.verbatim", record, "text", text, f"the evidence does not say so: {quoted(stated)}")


def judge_named(rows: Rows, releases: dict[str, dict[str, Any]], gate: Gate) -> None:
    """Find whom a fact refers to and its release does not name: by a mention, by a name in its text, as its issuer."""
    names = {record.values[TABLES[table].key[0]]: _known_as(record) for table in NAMED for record in rows[table]}
    mentioned = {(record.values["release_id"], record.values["entity_id"]) for record in rows["mentions"]}
    home = {record.values["fact_id"]: releases.get(record.values["release_id"]) for record in rows["facts"]}
    referring = ((record, field) for table, fields in REFERRING.items() for record in rows[table] for field in fields)
    for record, field in referring:
        entity, release = record.values.get(field), home.get(record.values["fact_id"])
        if entity not in names or release is None:
            continue
        gate.looked_at["evidence.named"] += 1
        own = entity == release["issuer_id"] or (release["release_id"], entity) in mentioned
        if not own and not any(name in release["body"] for name in names[entity]):
            message = f"the release has none of its names: {', '.join(map(quoted, names[entity]))}"
            gate.find("evidence.named", record, field, entity, message)


def _known_as(record: Record) -> list[str]:
    """Return the names of an entity; of a person the last word of the name too, as texts have those named before."""
    name, others = record.values["name"], record.values["other_names"]
    last = [name.rsplit(maxsplit=1)[-1]] if record.table == "people" else []
    return list(dict.fromkeys([name, *(others.split(LIST_MARK) if others else ()), *last]))
