"""A mutator over good rows: every rule, in every table and field that it applies to, is told by its id when broken.

Where a rule applies is read from the row models, the Table Schemas and what each field says of its evidence. Each
mutant is one good row with one thing changed, its random choices seeded. A rule must be told for every mutant, under
the field that was changed, and for no good row; so the tables in which it was told are just those where it applies.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, get_args

import pytest

from flows import coverage, structure
from flows.structure import MERGED
from flows.validate import evidence, records, tables
from flows.validate.evidence.facts import KINDS
from flows.validate.evidence.names import REFERRING
from flows.validate.judge import Rows
from schemas.report import Problem, Record
from schemas.rules import RULES
from schemas.tables import FACT_TABLES, TABLES
from schemas.tableschema import table_schema
from tests.conftest import SEED
from tests.strategies import Document, built, good_rows

SEEDED = 20261124
LAYERS = ("record", "evidence", "table")
FACTS = (*FACT_TABLES.values(),)
Values = dict[str, Any]
Field = tuple[str, str | None]
"""A table and one of its fields; none for a rule that is about whole rows."""


class Mutant(NamedTuple):
    """A row of which one field was changed, and the field under which that must be told."""

    record: Record
    told_under: str | None


class World(NamedTuple):
    """What is mutated: the seed, its rows, and where the random choices come from."""

    document: Document
    rows: Rows
    choose: random.Random

    def any(self, table: str, but_null: str | None = None) -> Record:
        """Return some row of `table`, one in which the field `but_null` is filled."""
        return self.choose.choice([row for row in self.rows[table] if not but_null or row.values[but_null] is not None])

    def with_rows(self, table: str, *more: Record, without: Record | None = None) -> Rows:
        """Return the rows with `more` in `table`, and without one of them."""
        kept = [record for record in self.rows[table] if record is not without]
        return self.rows | {table: [*kept, *more]}


@pytest.fixture(scope="module")
def good() -> tuple[Document, Rows]:
    """Return the seed and its rows; no table is empty."""
    document = json.loads(SEED.read_text(encoding="utf-8"))
    rows = good_rows(document)
    unread = coverage.Named("seed", "other.json", None, rule="input.json", why="it cannot be read")
    account = coverage.account([unread], ["seed"], rows["releases"], [])
    rows |= {coverage.TABLE: account}
    assert all(rows.values())
    return document, rows


def changed(record: Record, **values: Any) -> Record:
    """Return a copy of `record` with other `values`."""
    return record._replace(values=record.values | values)


# Where each rule applies.


@cache
def properties(table: str) -> dict[str, Values]:
    """Return the JSON Schema of each field of `table`, null left aside."""
    found = TABLES[table].model_json_schema()["properties"]
    return {
        name: next((one for one in said.get("anyOf", ()) if one["type"] != "null"), said)
        for name, said in found.items()
    }


@cache
def constraints(table: str) -> dict[str, Values]:
    """Return the constraints of each field of `table` in its Table Schema."""
    return {field["name"]: field.get("constraints", {}) for field in table_schema(table)["fields"]}


def fields(which: Callable[[str, str], Any]) -> Iterator[Field]:
    """Yield every field of every table for which `which` holds."""
    return ((table, field) for table, model in TABLES.items() for field in model.model_fields if which(table, field))


def saying(keyword: str) -> Callable[[], Iterator[Field]]:
    """Return the fields whose JSON Schema has `keyword`."""
    return lambda: fields(lambda table, field: keyword in properties(table)[field])


def constrained(keyword: str, beyond: int = 0) -> Callable[[], Iterator[Field]]:
    """Return the fields whose Table Schema has the constraint `keyword`, a number of it greater than `beyond`."""

    def which(table: str, field: str) -> bool:
        limit = constraints(table)[field].get(keyword)
        return limit is not None and (not beyond or limit > beyond)

    return lambda: fields(which)


def answering(*kinds: str, but: Iterable[str] = ()) -> Callable[[], Iterator[Field]]:
    """Return the fields that answer for their words in one of the ways `kinds`, those of some tables aside."""
    return lambda: fields(lambda table, field: KINDS[table].get(field) in kinds and table not in but)


def whole(names: Iterable[str]) -> Callable[[], Iterator[Field]]:
    """Return tables, for a rule that is about rows."""
    return lambda: ((table, None) for table in names)


def required(table: str, field: str) -> bool:
    """Return whether a row must have the field."""
    return TABLES[table].model_fields[field].is_required()


def most(table: str, field: str) -> int | None:
    """Return the greatest whole number that a field takes, by its value or by its digits."""
    limit = properties(table)[field].get("maximum")
    digits = (getattr(part, "max_digits", None) for part in parts(TABLES[table].model_fields[field].annotation))
    return limit if limit is not None else next((10**many - 1 for many in digits if many), None)


def parts(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and all that it is made of."""
    yield annotation
    for inner in (*get_args(annotation), *getattr(annotation, "metadata", ())):
        yield from parts(inner)


APPLIES: dict[str, Callable[[], Iterable[Field]]] = {
    "record.unknown-field": whole(TABLES),
    "record.required": lambda: fields(required),
    "record.type": lambda: fields(lambda table, field: "enum" not in properties(table)[field]),
    "record.enum": saying("enum"),
    "record.pattern": saying("pattern"),
    "record.minimum": saying("minimum"),
    "record.maximum": lambda: fields(most),
    "record.min-length": saying("minLength"),
    "record.max-length": saying("maxLength"),
    "record.order": lambda: ((table, end) for table, model in TABLES.items() for _, end in model.ordered),
    "record.somebody": whole(t for t, model in TABLES.items() if {"entity_id", "text"} <= model.model_fields.keys()),
    "record.duplicate": whole(["releases", *FACTS]),
    "record.conflict": lambda: fields(lambda table, field: table in MERGED and field not in TABLES[table].key),
    "record.cycle": lambda: fields(lambda _, field: field == "parent_id"),
    "evidence.missing": whole(FACTS),
    "evidence.offset": whole([*FACTS, "mentions"]),
    "evidence.words": whole([*FACTS, "mentions"]),
    "evidence.field": whole(FACTS),
    "evidence.cover": whole(FACTS),
    "evidence.verbatim": answering("verbatim", "worded", but=["mentions", "spans"]),  # these answer by their place
    "evidence.quantity": answering("parsed:quantity"),
    "evidence.due": answering("parsed:due"),
    "evidence.day": answering("parsed:day"),
    "evidence.named": lambda: ((table, field) for table, named in REFERRING.items() for field in named),
    "evidence.text-changed": whole(["releases"]),
    "table.type": lambda: fields(lambda *_: True),
    "table.constraint.required": constrained("required"),
    "table.constraint.enum": constrained("enum"),
    "table.constraint.pattern": constrained("pattern"),
    "table.constraint.minimum": constrained("minimum"),
    "table.constraint.maximum": constrained("maximum"),
    "table.constraint.minLength": constrained("minLength", beyond=1),  # an empty cell is null, not a short text
    "table.constraint.maxLength": constrained("maxLength"),
    "table.primary-key": whole(TABLES),
    "table.foreign-key": lambda: fields(lambda table, field: field in TABLES[table].references),
}


def test_where_a_rule_applies_is_known_for_every_rule_of_the_three_layers() -> None:
    assert set(APPLIES) == {rule.id for rule in RULES.values() if rule.layer in LAYERS} - {"table.reference"}


def test_every_constraint_of_a_table_schema_has_its_rule() -> None:
    used = {keyword for table in TABLES for said in constraints(table).values() for keyword in said}
    assert {f"table.constraint.{keyword}" for keyword in used} <= set(RULES)


def test_a_rule_applies_nowhere_only_where_no_table_schema_sets_its_limit() -> None:
    nowhere = {rule for rule, where in APPLIES.items() if not list(where())}
    limits = {
        keyword: {said[keyword] for table in TABLES for said in constraints(table).values() if keyword in said}
        for keyword in ("maximum", "minLength")
    }
    assert nowhere == {f"table.constraint.{keyword}" for keyword, found in limits.items() if found <= {1}}


# Wrong values, one for each thing that a field may say of itself.

NO_TYPE = {"integer": "five", "number": "many", "boolean": "perhaps", "date": "6 July 2021", "datetime": "noon"}
TEXTS = ("\x00", "Two Words", "two\nlines", "a|b", "\N{LATIN SMALL LETTER E WITH ACUTE}", "-", "a/b/c", "http:x")


def of_no_type(table: str, field: str, _: random.Random) -> Any:
    """Return a value of another type: a number for a text, words for anything else."""
    kinds = {one["name"]: one["type"] for one in table_schema(table)["fields"]}
    return NO_TYPE.get(kinds[field], 5)


def of_no_form(table: str, field: str, choose: random.Random) -> str:
    """Return a text that does not have the field's form."""
    pattern = properties(table)[field]["pattern"]
    return choose.choice([text for text in TEXTS if not re.search(pattern, text)])


def too_long(table: str, field: str, choose: random.Random) -> str:
    """Return a text longer than the field allows."""
    return "x".ljust(properties(table)[field]["maxLength"] + choose.randint(1, 9), "x")


def too_short(table: str, field: str, _: random.Random) -> str:
    """Return a text shorter than the field allows."""
    return "".ljust(properties(table)[field]["minLength"] - 1, "x")


def too_small(table: str, field: str, choose: random.Random) -> int:
    """Return a number below the least."""
    return int(properties(table)[field]["minimum"]) - choose.randint(1, 9)


def too_great(table: str, field: str, choose: random.Random) -> int:
    """Return a number above the greatest."""
    return (most(table, field) or 0) + choose.randint(1, 9)


def of_no_list(*_: Any) -> str:
    """Return a value that is in no list."""
    return "nonsense"


def nothing(*_: Any) -> None:
    """Return null."""


def nobody(table: str, field: str, choose: random.Random) -> str:
    """Return a reference to what is not there, in the form of the field; no two are the same."""
    name = f"nobody-{choose.getrandbits(64)}"
    return f"no/{name}" if "/" in properties(table)[field]["pattern"] else name


WRONG: dict[str, Callable[[str, str, random.Random], Any]] = {
    "record.type": of_no_type,
    "record.enum": of_no_list,
    "record.pattern": of_no_form,
    "record.minimum": too_small,
    "record.maximum": too_great,
    "record.min-length": too_short,
    "record.max-length": too_long,
    "table.type": of_no_type,
    "table.constraint.required": nothing,
    "table.constraint.enum": of_no_list,
    "table.constraint.pattern": of_no_form,
    "table.constraint.minimum": too_small,
    "table.constraint.maximum": too_great,
    "table.constraint.minLength": too_short,
    "table.constraint.maxLength": too_long,
    "table.foreign-key": nobody,
}


# Mutants of records: a row by itself.


def absent(world: World, table: str, field: str) -> Mutant:
    """Return a row without a field, or with null in it where null is not one of a list."""
    record = world.any(table)
    if "enum" not in properties(table)[field] and world.choose.random() < 0.5:
        return Mutant(changed(record, **{field: None}), field)
    return Mutant(record._replace(values={n: v for n, v in record.values.items() if n != field}), field)


def backwards(world: World, table: str, end: str) -> Mutant:
    """Return a row that ends before it begins, or ends without having begun."""
    start = next(one for one, other in TABLES[table].ordered if other == end)
    form = properties(table)[end].get("format", "number")
    first, last = {
        "number": (5, 4),
        "date": ("2021-07-06", "2021-07-05"),
        "date-time": ("2021-07-06T12:00:00Z", "2021-07-06T12:00:00+00:01"),
    }[form]
    if not required(table, start) and world.choose.random() < 0.5:
        first = None
    return Mutant(changed(world.any(table), **{start: first, end: last}), end)


def everybody(world: World, table: str, _: str | None) -> Mutant:
    """Return one who takes part as nobody, or as an entity and as words."""
    both = world.choose.choice([None, "mayorkas"])
    return Mutant(changed(world.any(table), entity_id=both, text=both), "entity_id")


def unheard_of(world: World, table: str, _: str | None) -> Mutant:
    """Return a row with a field that no model has."""
    return Mutant(changed(world.any(table), nonsense=1), "nonsense")


def with_wrong_value(rule: str) -> Callable[[World, str, Any], Mutant]:
    """Return the way to make a row with a wrong value in a field."""
    return lambda world, table, field: Mutant(
        changed(world.any(table), **{field: WRONG[rule](table, field, world.choose)}), field
    )


RECORDS: dict[str, Callable[[World, str, Any], Mutant]] = {
    "record.unknown-field": unheard_of,
    "record.required": absent,
    "record.order": backwards,
    "record.somebody": everybody,
} | {rule: with_wrong_value(rule) for rule in WRONG if rule.startswith("record.")}

Told = tuple[str, str | None, list[Problem]]
"""The table of a mutant, the field under which it must be told, and what was told of it."""


def told_of_records(rule: str, world: World, table: str, field: str | None) -> Told:
    """Return what the records say of a mutant among the good rows."""
    mutant = RECORDS[rule](world, table, field)
    came = [record for found in world.with_rows(table, mutant.record).values() for record in found]
    found = list(records.judge_rows(came))
    assert all(item.record is mutant.record for item in found)
    return table, mutant.told_under, [item.problem for item in found]


# Mutants of documents: an id given twice, an entity told otherwise, a text that was edited.


def told_twice(world: World, table: str, _: str | None) -> Told:
    """Return what is said of an id that is given twice."""
    if table == "releases":
        other = {"body": f"{world.document['body']} And more."}
        found = built(world.document, world.document | other).refused
    else:
        items = world.document[table]
        twin = world.choose.choice(items) | {"id": "twin"}
        found = built(world.document | {table: [*items, twin, twin | {"note": "another"}]}).refused
    return table, "id", [item.problem for item in found]


def told_otherwise(world: World, table: str, field: str) -> Told:
    """Return what is said of an entity whose `field` is another in a second release."""
    told = world.any(table)
    first = changed(told, **{field: "one thing"})
    others = [record for record in world.rows[table] if record is not told]
    kept, refused = structure.merge([first, *others, changed(first, **{field: "something else"})])
    assert sorted(record.key for record in kept if record.table == table) == sorted(
        map(attrgetter("key"), world.rows[table])
    )
    assert first in kept
    return table, field, [item.problem for item in refused]


def told_of_a_cycle(world: World, table: str, field: str) -> Told:
    """Return what is said of a row that is its own parent."""
    record = world.any(table)
    mutant = changed(record, **{field: record.values[TABLES[table].key[0]]})
    rows = world.rows | {table: [mutant if one is record else one for one in world.rows[table]]}
    return table, field, [item.problem for item in records.judge_sets(rows)]


def told_of_an_edit(world: World, table: str, _: str | None) -> Told:
    """Return what is said of a document whose text is another than the one in which its spans were counted."""
    noted = built(world.document | {"body": f"{world.document['body']} And more."}).noted
    return table, "text_sha256", noted


DOCUMENTS: dict[str, Callable[[World, str, Any], Told]] = {
    "record.duplicate": told_twice,
    "record.conflict": told_otherwise,
    "record.cycle": told_of_a_cycle,
    "evidence.text-changed": told_of_an_edit,
}


# Mutants of evidence: a fact, or the words behind it.


class Changed(NamedTuple):
    """Rows of which one is a mutant, the row that is told of, and the field under which it is."""

    rows: Rows
    key: str
    told_under: str


def other_span(world: World, fact: Record, **values: Any) -> Changed:
    """Return the rows with other `values` in some span of `fact`."""
    span = world.choose.choice([one for one in world.rows["spans"] if one.values["fact_id"] == fact.key])
    mutant = changed(span, **{name: value(span) for name, value in values.items()})
    return Changed(world.with_rows("spans", mutant, without=span), fact.key, mutant.values["field"])


def other_mention(world: World, told_under: str, **values: Any) -> Changed:
    """Return the rows with other `values` in some mention."""
    mention = world.any("mentions")
    mutant = changed(mention, **values)
    return Changed(world.with_rows("mentions", mutant, without=mention), mutant.key, told_under)


def other_fact(world: World, fact: Record, told_under: str, **values: Any) -> Changed:
    """Return the rows with other `values` in `fact`, or in any row that answers for words."""
    return Changed(world.with_rows(fact.table, changed(fact, **values), without=fact), fact.key, told_under)


def bare(world: World, table: str, _: str | None) -> Changed:
    """Return the rows with a fact that no span states."""
    fact = world.any(table)
    spans = [span for span in world.rows["spans"] if span.values["fact_id"] != fact.key]
    return Changed(world.rows | {"spans": spans}, fact.key, "evidence")


def beyond(world: World, table: str, _: str | None) -> Changed:
    """Return the rows with words that end after the text does."""
    end = len(structure.text_of(world.document["body"])) + world.choose.randint(1, 9)
    if table == "mentions":
        return other_mention(world, "start", end=end)
    return other_span(world, world.any(table), end=lambda _: end)


def other_words(world: World, table: str, _: str | None) -> Changed:
    """Return the rows with words that are not those of the text."""
    if table == "mentions":
        return other_mention(world, "name", name="nothing said")
    return other_span(world, world.any(table), text=lambda span: span.values["text"].swapcase())


def behind_nothing(world: World, table: str, _: str | None) -> Changed:
    """Return the rows with words behind a field that the fact does not have, or does not fill."""
    fact = world.any(table)
    null = [name for name, value in fact.values.items() if value is None]
    return other_span(world, fact, field=lambda _: world.choose.choice([*null, "nonsense"]))


def uncovered(world: World, table: str, _: str | None) -> Changed:
    """Return the rows with a fact whose evidence ends one letter before the last of its spans does."""
    fact = world.any(table)
    start, end = fact.values["evidence_start"], fact.values["evidence_end"]
    last = next(s for s in world.rows["spans"] if s.values["fact_id"] == fact.key and s.values["end"] == end)
    values = {"evidence_end": end - 1, "evidence": world.document["body"][start : end - 1]}
    return other_fact(world, fact, last.values["field"], **values)


def not_verbatim(world: World, table: str, field: str) -> Changed:
    """Return the rows with other words in a field that is verbatim, or in a worded one that has a span."""
    spanned = {span.values["fact_id"] for span in world.rows["spans"] if span.values["field"] == field}
    choices = [row for row in world.rows[table] if KINDS[table][field] == "verbatim" or row.key in spanned]
    return other_fact(world, world.choose.choice(choices), field, **{field: "nothing said"})


def miscounted(world: World, table: str, field: str) -> Changed:
    """Return the rows with another number than the words say, or none."""
    return other_fact(world, world.any(table, field), field, **{field: world.choose.choice(["7", None])})


def misdated(world: World, table: str, field: str) -> Changed:
    """Return the rows with another day than the words say; a stretch of days is told under its first."""
    start = next((one for one, end in TABLES[table].ordered if field in (one, end)), field)
    under = field if field.startswith("due_") else start
    record = world.any(table, field)
    away = timedelta(days=world.choose.randint(300, 900) * (-1 if field == start else 1))
    day = date.fromisoformat(record.values[field]) + away
    return other_fact(world, record, under, **{field: str(day)})


def unnamed(world: World, table: str, field: str) -> Changed:
    """Return the rows with a fact that refers to a person whom no text names."""
    record = world.any(table, field)
    stranger = changed(world.any("people"), person_id="nobody", name="Nobody Here", other_names=None)
    found = other_fact(world, record, field, **{field: "nobody"})
    return found._replace(rows=found.rows | {"people": [*found.rows["people"], stranger]})


EVIDENCE: dict[str, Callable[[World, str, Any], Changed]] = {
    "evidence.missing": bare,
    "evidence.offset": beyond,
    "evidence.words": other_words,
    "evidence.field": behind_nothing,
    "evidence.cover": uncovered,
    "evidence.verbatim": not_verbatim,
    "evidence.quantity": miscounted,
    "evidence.due": misdated,
    "evidence.day": misdated,
    "evidence.named": unnamed,
}


def told_by_the_gate(rule: str, world: World, table: str, field: str | None) -> Told:
    """Return what the gate says of a mutant among the good rows."""
    rows, key, told_under = EVIDENCE[rule](world, table, field)
    found = [(record, problem) for record, problem in evidence.judge(rows).findings if problem.rule == rule]
    assert all(record.key == key for record, _ in found)
    return table, told_under, [problem for _, problem in found]


# Mutants of tables: all at once, for frictionless takes its time to begin.


def told_by_tables(rule: str, world: World, where: list[Field]) -> Iterator[tuple[Field, Told]]:
    """Yield what frictionless says of each mutant, straight from the rows."""
    rows = {table: [*found] for table, found in world.rows.items()}
    mutants: dict[int, Field] = {}
    for table, field in where:
        wrong = {field: WRONG[rule](table, field, world.choose)} if field else {}
        mutant = changed(world.any(table), **wrong)
        rows[table].append(mutant)
        mutants[id(mutant)] = (table, field)
    told: dict[Field, list[Problem]] = {one: [] for one in where}
    for record, problem in tables.judge(rows).findings:
        told[mutants[id(record)]].append(problem)
    yield from (((table, field), (table, field or key_of(table), told[table, field])) for table, field in where)


def key_of(table: str) -> str:
    """Return the fields of the primary key as a problem names them."""
    return ", ".join(TABLES[table].key)


def told_everywhere(rule: str, world: World, where: list[Field]) -> Iterator[tuple[Field, Told]]:
    """Yield each place where `rule` applies and what is told of a mutant there."""
    if rule.startswith("table."):
        yield from told_by_tables(rule, world, where)
        return
    for table, field in where:
        if rule in RECORDS:
            yield (table, field), told_of_records(rule, world, table, field)
        elif rule in DOCUMENTS:
            yield (table, field), DOCUMENTS[rule](world, table, field)
        else:
            yield (table, field), told_by_the_gate(rule, world, table, field)


@pytest.mark.parametrize("rule", APPLIES)
def test_a_rule_is_told_in_every_table_and_field_where_it_applies(good: tuple[Document, Rows], rule: str) -> None:
    where = list(APPLIES[rule]())
    world = World(*good, random.Random(f"{SEEDED} {rule}"))  # noqa: S311 - the same mutants on every run
    told = {
        place
        for place, (table, told_under, problems) in told_everywhere(rule, world, where)
        if {(one.rule, one.table, one.field) for one in problems if one.rule == rule} == {(rule, table, told_under)}
    }
    assert told == set(where)
    assert len(where) == len(set(where))
