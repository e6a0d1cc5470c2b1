"""Records by Pydantic: documents into typed parts, rows against their models.

A document is judged piece by piece, so that one bad meeting costs that meeting: first the release itself, then every
item of its lists, then every participant of a fact. What does not fit is refused with its whole value.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from schemas.release import PARTS, Entity, Fact, Part, Participant, Reading, Release
from schemas.report import Problem, Provenance, Record, Refused
from schemas.rules import Fault, faults, problem
from schemas.tables import FACT_TABLES, TABLES, Model

KEYS = {table: TABLES[table].key[0] for table in PARTS}


def read_document(
    source: str, value: Any, place: Provenance, ignore: Iterable[str]
) -> tuple[Reading | None, list[Refused]]:
    """Return the reading of a document, None where the release itself does not fit, and all that was refused."""
    if not isinstance(value, dict):
        record = Record("releases", {"document": value}, place)
        return None, [Refused(record, problem("input.shape", "a release document is a JSON object", record=record))]
    value = _without(value, ignore)
    lists = {name: value[name] for name in PARTS if isinstance(value.get(name), list)}
    release, wrong = _fit(Release, value | {name: [] for name in PARTS if name in lists or name not in value})
    refused: list[Refused] = []
    noted: list[Problem] = []
    release_id = release.id if release else str(value.get("id"))
    parts = [
        part
        for table, items in lists.items()
        for number, item in enumerate(items)
        if (part := _part(table, item, place.at(table, number), release_id, refused, noted))
    ]
    if release is None:
        record = Record("releases", {"release_id": value.get("id")} | value, place)
        return None, [Refused(record, _told(record, fault)) for fault in wrong] + refused
    return Reading(source, release, place, _once(parts, release.id, refused), tuple(noted)), refused


def judge_rows(records: Iterable[Record]) -> Iterator[Refused]:
    """Yield every record that does not keep the contract of its table, once for each rule it breaks."""
    for record in records:
        _, wrong = _fit(TABLES[record.table], record.values)
        for fault in wrong:
            yield Refused(record, _told(record, fault))


TWINS = {"participants": ("fact_id", "role", "entity_id", "text"), "spans": ("fact_id", "field", "start", "end")}
"""What two rows of a table may not have alike, beside their key."""
PARENTS = ("meetings", "organizations", "places")
"""Tables whose rows may have a parent in the same table."""


def judge_sets(rows: Mapping[str, list[Record]]) -> Iterator[Refused]:
    """Yield every record that says again what another of its table says, and every one that is its own ancestor."""
    for table, fields in TWINS.items():
        first: dict[tuple[Any, ...], Record] = {}
        for record in rows[table]:
            twin = first.setdefault(tuple(record.values.get(name) for name in fields), record)
            if twin is not record:
                message = f"{twin.key} says the same"
                yield Refused(record, problem("record.duplicate", message, record=record, field=fields[-1]))
    for table in PARENTS:
        parents = {_key(record): record.values.get("parent_id") for record in rows[table]}
        for record in rows[table]:
            if _key(record) in _ancestors(record.values.get("parent_id"), parents):
                parent = record.values["parent_id"]
                message = f"{_key(record)} is its own ancestor"
                yield Refused(record, problem("record.cycle", message, record=record, field="parent_id", value=parent))


def _key(record: Record) -> str:
    return str(record.values[TABLES[record.table].key[0]])


def _ancestors(parent: str | None, parents: Mapping[str, str | None]) -> set[str]:
    found: set[str] = set()
    while parent is not None and parent not in found:
        found.add(parent)
        parent = parents.get(parent)
    return found


def _part(  # noqa: PLR0913, PLR0917 - the two lists are where what is wrong goes
    table: str, item: Any, place: Provenance, release_id: str, refused: list[Refused], noted: list[Problem]
) -> Part | None:
    """Return `item` as a part of `table`, or None after adding what is wrong with it to `refused`."""
    people = item.get("participants") if isinstance(item, dict) else None
    split = isinstance(people, list) and issubclass(PARTS[table], Fact)
    value, wrong = _fit(PARTS[table], item | {"participants": []} if split else item)
    record = Record(table, _identified(table, item, release_id, place), place)
    if value is None and issubclass(PARTS[table], Entity):
        value, wrong = _entity(table, item, wrong, record, noted)
    if value is None:
        refused += [Refused(record, _told(record, fault)) for fault in wrong]
        return None
    took_part = [
        _participant(one, place.at("participants", number), refused, record.values.get("fact_id"))
        for number, one in enumerate(people if split and people else ())
    ]
    return Part(table, value, place, tuple(part for part in took_part if part))


def _entity(table: str, item: Any, wrong: list[Fault], record: Record, noted: list[Problem]) -> tuple[Any, list[Fault]]:
    """Return an entity without its bad attributes, each a warning, so that no release that names it falls with it."""
    bad = {str(fault.path[0]) for fault in wrong if fault.path}
    if not isinstance(item, dict) or bad & {"id", "name"}:
        return None, wrong
    noted += [_told(record, fault).model_copy(update={"severity": "warning"}) for fault in wrong]
    return _fit(PARTS[table], {name: value for name, value in item.items() if name not in bad})


def _once(parts: list[Part], release_id: str, refused: list[Refused]) -> list[Part]:
    """Return `parts` with each local id of a fact once; the later ones are added to `refused`."""
    first: dict[str, Part] = {}
    kept = []
    for part in parts:
        local = part.value.id if isinstance(part.value, Fact) else None
        if local is None or first.setdefault(local, part) is part:
            kept.append(part)
            continue
        values = part.value.model_dump(mode="json")
        record = Record(part.table, {"fact_id": f"{release_id}/{local}", "release_id": release_id} | values, part.place)
        message = f"the id {local!r} is already that of {first[local].place.pointer}"
        refused.append(Refused(record, problem("record.duplicate", message, record=record, field="id", value=local)))
    return kept


def _participant(item: Any, place: Provenance, refused: list[Refused], fact_id: str | None) -> Part | None:
    value, wrong = _fit(Participant, item)
    if value is not None:
        return Part("participants", value, place)
    record = Record("participants", {"fact_id": fact_id} | (item if isinstance(item, dict) else {"item": item}), place)
    refused += [Refused(record, _told(record, fault)) for fault in wrong]
    return None


def _fit(model: type[Model], value: Any) -> tuple[Any, list[Fault]]:
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, faults(error, model)


def _told(record: Record, fault: Fault) -> Problem:
    """Return the problem that `fault` is in `record`, named by the field it is in."""
    field = ".".join(str(step) for step in fault.path if not isinstance(step, int)) or None
    place = record.source.at(*fault.path) if record.source.pointer is not None or fault.path else record.source
    return problem(fault.rule, fault.message, record=record, field=field, value=fault.value, source=place)


def _identified(table: str, item: Any, release_id: str, place: Provenance) -> dict[str, Any]:
    """Return a refused item as a row with its key, so that its dependants find it.

    A fact that gives no id has none before it can be read; its place in the document stands for it.
    """
    values = dict(item) if isinstance(item, dict) else {"item": item}
    local = values.get("id")
    if table in FACT_TABLES.values():
        return {
            "fact_id": f"{release_id}/{local}" if local else f"{release_id}{place.pointer}",
            "release_id": release_id,
        } | values
    return {"release_id": release_id} | values if table == "mentions" else {KEYS[table]: local} | values


def _without(value: dict[str, Any], ignore: Iterable[str]) -> dict[str, Any]:
    """Return `value` without the fields that the dataset ignores by name, written `field` or `list.field`."""
    for path in ignore:
        name, _, rest = path.partition(".")
        if not rest:
            value = {key: kept for key, kept in value.items() if key != name}
        elif isinstance(value.get(name), dict):
            value = value | {name: _without(value[name], [rest])}
        elif isinstance(value.get(name), list):
            items = [_without(item, [rest]) if isinstance(item, dict) else item for item in value[name]]
            value = value | {name: items}
    return value
