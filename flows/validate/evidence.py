"""The evidence gate: every fact stands word by word in its release.

Each rule is a function of one fact and its words that yields what is wrong; it looks at rows alone, so the same gate
judges what a document gave and what a version holds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from flows.validate import parsers
from flows.validate.parsers import Span
from schemas.release import Reading
from schemas.report import Problem, Record, quoted
from schemas.rules import problem
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES
from schemas.values import LIST_MARK, plain

Rows = dict[str, list[Record]]
Finding = tuple[Record, Problem]

DATELINE_WITHIN = 200
"""Characters from the top of a body in which its dateline stands."""
NEAR = 200
"""Characters around a span in which its words are looked for where they do not stand at their place."""
REPORTED_WITHIN = timedelta(days=31)
"""How far from its publication a release may report, where its text states no day."""
DAY_FIELDS = {"meetings": ("start_on", "end_on"), "agreements": ("signed_start", "signed_end")}

KINDS: dict[str, dict[str, str]] = {
    table: {
        name: str(extra["communique:evidence"])
        for name, field in model.model_fields.items()
        if isinstance(extra := field.json_schema_extra, dict) and "communique:evidence" in extra
    }
    for table, model in TABLES.items()
}
"""How each field of each table answers for its words."""


class Stated(NamedTuple):
    """A fact, the spans behind its fields, and the release that states it."""

    fact: Record
    spans: list[Record]
    release: dict[str, Any]

    @property
    def body(self) -> str:
        """The text that the offsets count in."""
        return str(self.release["body"])

    def behind(self, field: str) -> list[dict[str, Any]]:
        """Return the spans behind `field`, in the order of the text."""
        return sorted((span.values for span in self.spans if span.values["field"] == field), key=lambda s: s["part"])


class Gate:
    """The findings of the gate and how many values each rule looked at."""

    def __init__(self) -> None:
        """Begin with nothing looked at."""
        self.looked_at: Counter[str] = Counter()
        self.findings: list[Finding] = []


def judge(rows: Rows) -> Gate:
    """Return what the gate finds in `rows`, records by table; each finding names the record that it refuses."""
    gate = Gate()
    releases = {record.values["release_id"]: record.values for record in rows["releases"]}
    spans = _grouped(rows["spans"])
    for table in FACT_TABLES.values():
        for fact in rows[table]:
            release = releases.get(fact.values["release_id"])
            if release is not None:
                _judge_fact(Stated(fact, spans.get(fact.values["fact_id"], []), release), gate)
    _judge_mentions(rows["mentions"], releases, gate)
    _judge_participants(rows, gate)
    _judge_named(rows, releases, gate)
    _judge_releases(rows["releases"], gate)
    return gate


def _grouped(spans: list[Record]) -> dict[str, list[Record]]:
    grouped: dict[str, list[Record]] = {}
    for span in spans:
        grouped.setdefault(span.values["fact_id"], []).append(span)
    return grouped


def _judge_fact(stated: Stated, gate: Gate) -> None:
    for rule, ask in FACT_RULES.items():
        for field, value, message in ask(stated, gate.looked_at):
            gate.findings.append((stated.fact, problem(rule, message, record=stated.fact, field=field, value=value)))


Wrong = tuple[str, Any, str]
"""A field, its value, and what is wrong with it."""


def _missing(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    looked_at["evidence.missing"] += 1
    if not stated.spans:
        yield "evidence", None, "no span states this fact"


def _offset(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    length = len(stated.body)
    fact = stated.fact.values
    places = [(span.values["field"], span.values["start"], span.values["end"]) for span in stated.spans]
    for field, start, end in [*places, ("evidence", fact["evidence_start"], fact["evidence_end"])]:
        looked_at["evidence.offset"] += 1
        if not 0 <= start < end <= length:
            yield field, f"{start}-{end}", f"characters {start} to {end} are not in a text of {length}"


def _words(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    given = [
        (span.values["field"], span.values["start"], span.values["end"], span.values["text"]) for span in stated.spans
    ]
    for field, start, end, text in [
        *given,
        ("evidence", fact["evidence_start"], fact["evidence_end"], fact["evidence"]),
    ]:
        looked_at["evidence.words"] += 1
        there = stated.body[start:end]
        if there != text and 0 <= start < end <= len(stated.body):
            yield field, text, _elsewhere(stated.body, start, end, text)


def _field(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    for span in stated.spans:
        looked_at["evidence.field"] += 1
        field = span.values["field"]
        if field in ("fact_id", "release_id") or stated.fact.values.get(field) is None:
            yield field, span.values["text"], f"{stated.fact.table} rows have no {field!r}, or it is empty"


def _cover(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    for span in stated.spans:
        looked_at["evidence.cover"] += 1
        if not fact["evidence_start"] <= span.values["start"] <= span.values["end"] <= fact["evidence_end"]:
            yield span.values["field"], span.values["text"], "these words lie outside the evidence"


def _verbatim(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    """Say what is not word for word: a field against its span, or in the evidence where it has no span of its own."""
    for field, kind in KINDS[stated.fact.table].items():
        value, spans = stated.fact.values.get(field), stated.behind(field)
        if value is None or kind not in ("verbatim", "worded"):
            continue
        looked_at["evidence.verbatim"] += 1
        said = " ".join(span["text"] for span in spans)
        if spans and value != said:
            yield field, value, f"its span says {quoted(said, value)}"
        if not spans and kind == "verbatim" and value not in stated.fact.values["evidence"]:
            yield field, value, f"the evidence does not say so: {quoted(stated.fact.values['evidence'])}"


def _quantity(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    if stated.fact.table != "commitments" or (fact["quantity"] is None and fact["quantity_text"] is None):
        return
    looked_at["evidence.quantity"] += 1
    said = parsers.quantity(fact["quantity_text"]) if fact["quantity_text"] and _reads(stated) else None
    if (None if fact["quantity"] is None else Decimal(fact["quantity"])) != said:
        what = "no number" if said is None else plain(said)
        yield "quantity", fact["quantity"], f"{_or_none(fact['quantity_text'])} says {what}"


def _due(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    fact = stated.fact.values
    if stated.fact.table != "commitments" or not any(fact[field] for field in ("due_text", "due_start", "due_end")):
        return
    looked_at["evidence.due"] += 1
    said = parsers.due(fact["due_text"], anchor(stated.release)) if fact["due_text"] and _reads(stated) else None
    told = f"{_or_none(fact['due_text'])} says {f'{said.start} to {said.end}' if said else 'no day'}"
    for field, day in (("due_start", said and said.start), ("due_end", said and said.end)):
        if fact[field] != (str(day) if day else None):
            yield field, fact[field], told


def _day(stated: Stated, looked_at: Counter[str]) -> Iterator[Wrong]:
    """Say which days neither the fact's words state nor the release reports."""
    first, last = DAY_FIELDS.get(stated.fact.table, ("", ""))
    start, end = _as_day(stated.fact.values.get(first)), _as_day(stated.fact.values.get(last))
    if start is None and end is None:
        return
    looked_at["evidence.day"] += 1
    own = [span["text"] for field in (first, last) for span in stated.behind(field)]
    stated_days = [
        span for text in own or [stated.fact.values["evidence"]] for span in parsers.days(text, anchor(stated.release))
    ]
    reported = [] if own else [_reported(stated.release)]
    if not any(_within(start, end, span) for span in [*stated_days, *reported]):
        yield first, f"{start} to {end}", "neither the words of the fact nor the days of the release say so"


FACT_RULES: dict[str, Callable[[Stated, Counter[str]], Iterator[Wrong]]] = {
    "evidence.missing": _missing,
    "evidence.offset": _offset,
    "evidence.words": _words,
    "evidence.field": _field,
    "evidence.cover": _cover,
    "evidence.verbatim": _verbatim,
    "evidence.quantity": _quantity,
    "evidence.due": _due,
    "evidence.day": _day,
}
"""What is asked of each fact."""


def anchor(release: dict[str, Any]) -> date | None:
    """Return the day that "this week" is seen from: publication, else the last day that the release reports."""
    return _as_day(release["published_on"]) or _as_day(release["event_end"]) or _as_day(release["event_start"])


def _judge_mentions(mentions: list[Record], releases: dict[str, dict[str, Any]], gate: Gate) -> None:
    for record in mentions:
        release = releases.get(record.values["release_id"])
        if release is None:
            continue
        gate.looked_at.update(("evidence.offset", "evidence.words"))
        start, end, name, body = record.values["start"], record.values["end"], record.values["name"], release["body"]
        if not 0 <= start < end <= len(body):
            message = f"characters {start} to {end} are not in a text of {len(body)}"
            gate.findings.append(
                (record, problem("evidence.offset", message, record=record, field="start", value=f"{start}-{end}"))
            )
        elif body[start:end] != name:
            message = _elsewhere(body, start, end, name)
            gate.findings.append((record, problem("evidence.words", message, record=record, field="name", value=name)))


def _judge_participants(rows: Rows, gate: Gate) -> None:
    evidence = {
        fact.values["fact_id"]: fact.values["evidence"] for table in FACT_TABLES.values() for fact in rows[table]
    }
    for record in rows["participants"]:
        text, stated = record.values.get("text"), evidence.get(record.values["fact_id"])
        if text is None or stated is None:
            continue
        gate.looked_at["evidence.verbatim"] += 1
        if text not in stated:
            message = f"the evidence does not say so: {quoted(stated)}"
            gate.findings.append(
                (record, problem("evidence.verbatim", message, record=record, field="text", value=text))
            )


def _judge_named(rows: Rows, releases: dict[str, dict[str, Any]], gate: Gate) -> None:
    """Find whom a fact refers to and its release does not name: by a mention, by a name in its text, as its issuer."""
    names = {record.values[TABLES[table].key[0]]: _known_as(record) for table in NAMED for record in rows[table]}
    mentioned = {(record.values["release_id"], record.values["entity_id"]) for record in rows["mentions"]}
    home = {record.values["fact_id"]: record.values["release_id"] for record in rows["facts"]}
    for table, fields in REFERRING.items():
        for record, field in ((record, field) for record in rows[table] for field in fields):
            entity, release_id = record.values.get(field), home.get(record.values["fact_id"])
            if entity not in names or release_id not in releases:
                continue
            gate.looked_at["evidence.named"] += 1
            body, issuer = releases[release_id]["body"], releases[release_id]["issuer_id"]
            own = entity == issuer or (release_id, entity) in mentioned
            if not own and not any(name in body for name in names[entity]):
                message = f"the release has none of its names: {', '.join(map(quoted, names[entity]))}"
                gate.findings.append(
                    (record, problem("evidence.named", message, record=record, field=field, value=entity))
                )


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


def _known_as(record: Record) -> list[str]:
    """Return the names of an entity; of a person the last word of the name too, as texts have those named before."""
    name, others = record.values["name"], record.values["other_names"]
    last = [name.rsplit(maxsplit=1)[-1]] if record.table == "people" else []
    return list(dict.fromkeys([name, *(others.split(LIST_MARK) if others else ()), *last]))


def judge_head(reading: Reading) -> list[Finding]:
    """Return what the gate finds in the release itself of a document, its facts aside."""
    values = reading.release.model_dump(mode="json") | {"release_id": reading.release.id}
    gate = Gate()
    _judge_releases([Record("releases", values, reading.place)], gate)
    return gate.findings


def _judge_releases(releases: list[Record], gate: Gate) -> None:
    for record in releases:
        release = record.values
        if release["dateline"] is not None:
            gate.looked_at["evidence.verbatim"] += 1
            if release["dateline"] not in release["body"][:DATELINE_WITHIN]:
                message = f"the text opens with {quoted(release['body'])}"
                gate.findings.append(
                    (
                        record,
                        problem(
                            "evidence.verbatim", message, record=record, field="dateline", value=release["dateline"]
                        ),
                    )
                )
        if release["event_start"] is not None:
            gate.looked_at["evidence.day"] += 1
            if not _reports(release):
                message = "the text does not state these days"
                value = f"{release['event_start']} to {release['event_end']}"
                gate.findings.append(
                    (record, problem("evidence.day", message, record=record, field="event_start", value=value))
                )


def _reports(release: dict[str, Any]) -> bool:
    """Return whether the text states the days that the release is said to report, or they lie near its publication."""
    reported, published = _reported(release), _as_day(release["published_on"])
    if reported and any(
        _within(reported.start, reported.end, span)
        for span in parsers.days(release["body"], published or reported.start)
    ):
        return True
    return bool(reported and published and max(abs(day - published) for day in reported) <= REPORTED_WITHIN)


def _reported(release: dict[str, Any]) -> Span | None:
    start, end = _as_day(release["event_start"]), _as_day(release["event_end"])
    return Span(start, end or start) if start else None


def _within(start: date | None, end: date | None, span: Span | None) -> bool:
    first, last = start or end, end or start
    return bool(span and first and last and span.start <= first and last <= span.end)


def _reads(stated: Stated) -> bool:
    return str(stated.release["language"]).split("-")[0] in parsers.LANGUAGES


def _as_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _elsewhere(body: str, start: int, end: int, words: str) -> str:
    """Return what stands at a place instead of its words, and where they stand, if that is near."""
    at = body.find(words, max(0, start - NEAR), end + NEAR)
    found = f"; these words stand at {at} to {at + len(words)}" if at >= 0 else ""
    return f"at {start} to {end} the text says {quoted(body[start:end], words)}{found}"


def _or_none(text: str | None) -> str:
    return repr(text) if text else "no text"
