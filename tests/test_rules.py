"""The register of rules: each rule is told for its sample, and the layers that state the same rule agree on every row.

The samples are data: `schemas/rules.samples.json` and `meta.sample` of each rule of a suite. The rows of the second
half are mutated by what the committed Table Schemas state, their random choices seeded.
"""

import ast
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from flows import coverage, documents, generate, ingest, profile, store
from flows.coverage import Named
from flows.documents import Built
from flows.generate import Entry
from flows.settings import PROJECT
from flows.validate import judge, records, suites, tables
from flows.validate.judge import Asked, Rows, Verdict
from flows.validate.suites import Expectation
from schemas.dataset import Dataset, SourceConfig
from schemas.mapping import Mapping as SourceMap
from schemas.report import Layer, Problem, Provenance, Record
from schemas.rules import PYDANTIC_RULES, RULES
from schemas.samples import AS_OF, DOCUMENT, MAX_AGE, SAMPLES, UNSTATED, Change, File, Put, Sample
from schemas.tables import TABLES
from schemas.tableschema import CONSTRAINTS

REGISTER: dict[str, Entry] = {entry.rule.id: entry for entry in generate.register()}
SUITES: dict[str, Expectation] = {one.rule: one for one in suites.load()}
PLACE = Provenance(file="releases/sample.json")
DATASET = Dataset.model_validate(
    {
        "name": "samples",
        "dataset": {"title": "Samples", "description": "The sample release and what is changed in it."},
        "publisher": {"name": "nobody"},
        "licences": [{"name": "CC0-1.0"}],
        "sources": [{"name": "samples", "path": "releases"}],
        "freshness": {"max_age": MAX_AGE},
    }
)


# The register is whole.


def test_every_rule_of_the_code_and_of_the_suites_is_in_the_register_once() -> None:
    assert list(REGISTER) == [entry.rule.id for entry in generate.register()]
    assert set(REGISTER) == set(RULES) | set(SUITES)
    assert {entry.rule.layer for entry in REGISTER.values()} == set(get_args(Layer))


@pytest.mark.parametrize("rule", SUITES)
def test_a_rule_of_a_suite_is_in_the_register_as_the_report_tells_it(rule: str) -> None:
    asked, entry = SUITES[rule], REGISTER[rule]
    assert entry.rule.reason == asked.meta["reason"]
    assert entry.rule.severity == ("error" if asked.meta.get("refuses_rows") else asked.severity)
    assert f"`{asked.type}`" in entry.asks
    assert ("needs" in asked.meta) == ("needs" in entry.asks)


def test_every_rule_has_a_reason_a_hint_and_a_sample_but_those_that_nothing_breaks() -> None:
    assert [rule for rule, entry in REGISTER.items() if not entry.rule.reason or not entry.rule.hint] == []
    assert [rule for rule, entry in REGISTER.items() if entry.sample is None] == list(UNSTATED)
    assert set(SAMPLES) == set(RULES) - set(UNSTATED)


def test_a_rule_that_nothing_breaks_is_one_that_no_table_schema_states() -> None:
    stated = {
        keyword: {field["constraints"][keyword] for _, field in stated_fields() if keyword in field["constraints"]}
        for keyword in (rule.rpartition(".")[2] for rule in UNSTATED if rule.startswith("table.constraint."))
    }
    assert stated == {"maximum": set(), "minLength": {1}}
    assert not any("missingValues" in schema for schema in schemas().values())


def test_every_rule_stands_on_the_page_of_checks_once_as_it_is_and_with_what_breaks_it() -> None:
    page = (PROJECT / "docs" / "checks.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in page.splitlines() if line[:3] == "| `"
    ]
    rules = [entry.rule for entry in REGISTER.values()]
    assert sorted(row[:4] for row in rows) == sorted(
        [f"`{rule.id}`", rule.severity, rule.reason, rule.hint] for rule in rules
    )
    assert [row for row in rows if not row[-1]] == []


# Ids that the code can tell.

LAYERS = "|".join(get_args(Layer))
NO_RULES = {"input.document", "quarantine.csv", "table.csv", "table.html", "table.js", "suite.releases.freshness"}
"""A check that counts the rules of its layer together, four files, and a rule of a suite, which people are told of."""


def texts_of(path: Path) -> Iterator[str]:
    """Yield every text that a module holds, those of the register itself aside."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        named = {name.id for name in ast.walk(statement) if isinstance(name, ast.Name)}
        if named & {"_rules", "UNSTATED"} and isinstance(statement, ast.Assign):
            continue
        yield from (n.value for n in ast.walk(statement) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_every_id_that_the_code_can_tell_is_a_rule_and_every_rule_can_be_told() -> None:
    modules = [path for folder in ("flows", "schemas") for path in (PROJECT / folder).rglob("*.py")]
    engine = PROJECT / "flows" / "validate" / "engine"  # it tells the rules of any table, in `schemas.tablerules`
    modules = [path for path in modules if engine not in path.parents and path.name != "tablerules.py"]
    found = {text for path in modules for text in texts_of(path) if re.fullmatch(rf"({LAYERS})\.[\w.-]*", text)}
    begun = {text for text in found if text.endswith(".")}
    assert begun == {"suite.", "table.constraint."}
    constraints = {f"table.constraint.{keyword}" for keyword in ("required", *CONSTRAINTS)}
    assert (found - begun - NO_RULES) | constraints == set(RULES)


def test_every_rule_that_pydantic_can_tell_is_a_rule() -> None:
    assert {*PYDANTIC_RULES.values(), "record.type"} <= set(RULES)


def test_every_constraint_of_a_table_schema_has_a_rule() -> None:
    used = {keyword for _, field in stated_fields() for keyword in field["constraints"]}
    assert {f"table.constraint.{keyword}" for keyword in used} <= set(RULES)


# Samples, put into effect.


def sample_document() -> dict[str, Any]:
    """Return the sample release."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return document


def changed_document(changes: list[Put]) -> dict[str, Any]:
    """Return the sample release with `changes`."""
    document = sample_document()
    for one in changes:
        *steps, last = one.at.split("/")[1:]
        holder: Any = document
        for step in steps:
            holder = holder[int(step) if isinstance(holder, list) else step]
        key: Any = int(last) if isinstance(holder, list) else last
        if one.left_out:
            del holder[key]
        else:
            holder[key] = repeated(one.value, one.times)
    return document


def repeated(value: Any, times: int) -> Any:
    """Return a text `times` times, any other value as it is."""
    return value * times if isinstance(value, str) else value


def changed_rows(rows: Rows, changes: list[Change]) -> Rows:
    """Return `rows` with `changes`; each must meet a row."""
    for one in changes:
        here = rows[one.table]
        met = [row for row in here if all(row.values[name] == value for name, value in one.where.items())]
        assert met
        cells = {name: repeated(value, one.times) for name, value in one.cells.items()}
        after = {id(row): row._replace(values=row.values | cells) for row in met}
        if one.how == "add":
            rows = rows | {one.table: [*here, *after.values()]}
        elif one.how == "remove":
            rows = rows | {one.table: [row for row in here if id(row) not in after]}
        else:
            rows = rows | {one.table: [after.get(id(row), row) for row in here]}
    return rows


def lay(folder: Path, file: File) -> None:
    """Write a file of a sample into `folder`."""
    path = folder / file.name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if file.link:
        path.symlink_to(file.link)
    else:
        path.write_bytes(bytes.fromhex(file.hex) if file.hex else (file.text or "").encode() * file.times)


def received(folder: Path, *days: list[File], map_: SourceMap | None = None) -> Built:
    """Return what the files that lie in a source give, day by day to that of the samples; `map_` is of a second one."""
    mapped = [SourceConfig(name="mapped", path="mapped", map=map_)] if map_ else []
    dataset = DATASET.model_copy(update={"sources": [*DATASET.sources, *mapped]})
    data, raw = folder / "data", folder / "raw"
    (data / "releases").mkdir(parents=True)
    for number, files in enumerate(days, 1):
        for file in files:
            lay(data / "releases", file)
        found = {key: path for source in dataset.sources for key, path in ingest.files_of(source, data).items()}
        ingest.fetch(dataset, found, data, raw, str(AS_OF - timedelta(days=len(days) - number)), {})
    journal = store.read_journal(raw, DATASET.name)
    return documents.structured(dataset, journal, lambda digest: store.load(raw, digest))


def judged(built: Built) -> Verdict:
    """Return the verdict on what was received, the suites aside."""
    return judge.judge(built.records, built.refused, built.noted, DATASET.gate.max_refused_share, None)


def in_file(document: dict[str, Any], name: str = "sample.json") -> File:
    """Return the file that holds a document."""
    return File(name=name, text=json.dumps(document, ensure_ascii=False))


def days_of(sample: Sample) -> list[list[File]]:
    """Return the files of a sample, day by day."""
    good = in_file(sample_document())
    if sample.files:
        return [[good, *sample.files]]
    changed = changed_document(sample.document)
    return {
        "instead": [[in_file(changed)]],
        "beside": [[good, in_file(changed, "beside.json")]],
        "after": [[good], [in_file(changed)]],
    }[sample.comes]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Return the rows of the sample release."""
    verdict = judged(received(tmp_path_factory.mktemp("good"), [in_file(sample_document())]))
    assert verdict.report.problems == []
    return verdict.rows | {"coverage": coverage.account([NAMED], [], verdict.rows["releases"], [])}


NAMED = Named("samples", "https://education.example/2026/lost", "2026-03-01", None, "input.unreached", "answers 403")
"""A release that is missing, so that the account has a row of either sort."""


@pytest.fixture
def rows(good: Rows) -> Rows:
    """Return the rows of the sample release, the test's own: a judgment names participants in them."""
    return deepcopy(good)


def told(problems: list[Problem], layer: Layer) -> dict[str, set[str]]:
    """Return every rule of `problems` and the severities that it was told with; dependants only of their own layer."""
    found: dict[str, set[str]] = {}
    for one in problems:
        if one.rule != "quarantine.dependant" or layer == "quarantine":
            found.setdefault(one.rule, set()).add(one.severity)
    return found


def expected(entry: Entry) -> dict[str, set[str]]:
    """Return what must be told for the sample of a rule: the rule, those that it names beside, and nothing else."""
    assert entry.sample is not None
    return {rule: {REGISTER[rule].rule.severity} for rule in (entry.rule.id, *entry.sample.also)}


# Every rule is told for its sample.


def test_the_sample_release_has_a_row_in_every_table(good: Rows) -> None:
    assert set(good) == set(TABLES)
    assert all(good.values())


BY_FILES = [rule for rule, sample in SAMPLES.items() if sample.files]
BY_DOCUMENT = [rule for rule, sample in SAMPLES.items() if sample.document]
BY_ROWS = [rule for rule, sample in SAMPLES.items() if sample.rows and not rule.startswith("table.")]
BY_TABLES = [rule for rule, sample in SAMPLES.items() if sample.rows and rule.startswith("table.")]


def test_the_samples_of_a_layer_have_one_form() -> None:
    assert sorted([*BY_FILES, *BY_DOCUMENT, *BY_ROWS, *BY_TABLES]) == sorted(SAMPLES)
    assert {RULES[rule].layer for rule in BY_FILES} == {"input"}
    assert {RULES[rule].layer for rule in BY_DOCUMENT} == {"input", "record", "evidence", "quarantine"}
    # a fact of a document has a span, or the record is refused: only a row can lack them
    assert BY_ROWS == ["evidence.missing"]


@pytest.mark.parametrize("rule", BY_FILES)
def test_a_rule_is_told_for_its_file_and_no_other_rule_beside_it(rule: str, good: Rows, tmp_path: Path) -> None:
    entry = REGISTER[rule]
    built = received(tmp_path, *days_of(SAMPLES[rule]), map_=SAMPLES[rule].map)
    assert told([item.problem for item in built.refused] + built.noted, entry.rule.layer) == expected(entry)
    whole = sum(len(rows) for table, rows in good.items() if table != "coverage")
    assert len(built.records) == whole  # the release beside it is read whole


@pytest.mark.parametrize("rule", BY_DOCUMENT)
def test_a_rule_is_told_for_its_document_and_no_other_rule_beside_it(rule: str, tmp_path: Path) -> None:
    entry = REGISTER[rule]
    verdict = judged(received(tmp_path, *days_of(SAMPLES[rule])))
    assert told(verdict.report.problems, entry.rule.layer) == expected(entry)


@pytest.mark.parametrize("rule", BY_ROWS)
def test_a_rule_is_told_for_its_rows_and_no_other_rule_beside_it(rule: str, rows: Rows) -> None:
    entry = REGISTER[rule]
    came = [record for found in changed_rows(rows, SAMPLES[rule].rows).values() for record in found]
    verdict = judge.judge(came, [], [], DATASET.gate.max_refused_share, None)
    assert told(verdict.report.problems, entry.rule.layer) == expected(entry)


@pytest.mark.parametrize("rule", BY_TABLES)
def test_a_rule_is_told_for_its_table_and_no_other_rule_of_the_layer_beside_it(rule: str, good: Rows) -> None:
    entry = REGISTER[rule]
    problems = [problem for _, problem in tables.judge(changed_rows(good, SAMPLES[rule].rows)).findings]
    assert told(problems, entry.rule.layer) == expected(entry)


def asked_of(rows: Rows, before: Rows, expectations: list[Expectation]) -> Asked:
    """Return what `expectations` say of `rows`, `before` being the rows of the version before."""
    source_of = {PLACE.file: DATASET.sources[0].name}
    values = suites.parameters(DATASET, AS_OF, profile.measure(before, source_of), source_of)
    return suites.judge(rows, expectations, values)


def test_the_sample_release_keeps_every_rule_of_the_suites(good: Rows) -> None:
    found = asked_of(good, good, list(SUITES.values()))
    assert (found.findings, found.problems) == ([], [])
    assert [check.id for check in found.checks] == sorted(SUITES)
    skipped = [check.id for check in found.checks if check.outcome != "passed"]
    assert skipped == ["suite.commitments.concrete-has-a-thing"]  # asked only where there is no quantity


@pytest.mark.parametrize("rule", SUITES)
def test_a_rule_of_a_suite_is_told_for_its_sample_and_no_other_rule_beside_it(rule: str, good: Rows) -> None:
    entry = REGISTER[rule]
    assert entry.sample is not None
    assert not entry.sample.files
    assert not entry.sample.document
    touched = {one.table for one in (*entry.sample.rows, *entry.sample.before)}
    touched |= {suites.SOURCES} if "releases" in touched else set()
    # the rows of other tables are those of the sample release, of which the test above asks every rule
    asked = [one for one in SUITES.values() if one.table in touched]
    assert SUITES[rule] in asked
    found = asked_of(changed_rows(good, entry.sample.rows), changed_rows(good, entry.sample.before), asked)
    problems = [problem for _, problem in found.findings] + found.problems
    assert told(problems, "suite") == expected(entry)
    failed = {check.id for check in found.checks if check.outcome == "failed"}
    assert failed == set(expected(entry))


# Where two layers state the same rule, they agree on every row.

SAME = {
    "record.type": "type",
    "record.required": "required",
    "record.enum": "enum",
    "record.pattern": "pattern",
    "record.minimum": "minimum",
    "record.maximum": "maximum",
    "record.min-length": "minLength",
    "record.max-length": "maxLength",
}
"""The rules of a record that a Table Schema can state too, by its word for them."""
OF_RECORDS_ALONE = {
    "record.unknown-field",  # a table has its columns and no other
    "record.order",  # a Table Schema has no word for two fields of a row
    "record.somebody",  # as above
    "record.duplicate",  # of two rows; the keys are the tables'
    "record.cycle",  # as above
    "record.conflict",  # of two releases
}
OF_TABLES_ALONE = {"table.reference", "table.primary-key", "table.foreign-key"}  # a record is judged by itself
UNREACHED = {"minLength"}
"""Constraints that no cell can break: an empty text is an empty cell, so null; see DIFFERENCES."""

Values = dict[str, Any]
Pair = tuple[str, str, str]
"""A table, its field, and the type or constraint that its Table Schema states of the field."""
ABSENT = object()
"""Stands for a field that is not there at all."""


@cache
def schemas() -> dict[str, Values]:
    """Return the committed Table Schemas by table."""
    found = {}
    for table in TABLES:
        path = PROJECT / "schemas" / f"{table}.tableschema.json"
        found[table] = json.loads(path.read_text(encoding="utf-8"))
    return found


def stated_fields() -> Iterator[tuple[str, Values]]:
    """Yield every field of every table as its Table Schema has it, each with its constraints, none or some."""
    for table, schema in schemas().items():
        for field in schema["fields"]:
            yield table, {"constraints": {}} | field


STATED: dict[Pair, Values] = {
    (table, field["name"], keyword): field
    for table, field in stated_fields()
    for keyword in ("type", *field["constraints"])
}
PAIRS = sorted(pair for pair in STATED if pair[2] not in UNREACHED)
"""Every pair of layers is compared on each of these."""

NO_TYPE: dict[str, list[Any]] = {
    "string": [5, 1.5, True, ["a"], {"a": 1}],
    "integer": ["five", 1.5, True, [5]],
    "number": ["many", True, [5]],
    "boolean": ["perhaps", 2, 0.5],
    "date": ["9 March 2026", "2026-02-30", "2026-03-09T00:00:00Z", 20260309],
    "datetime": ["noon", "2026-03-09", "2026-13-01T00:00:00Z", 5],
}
TROUBLE = (*"A1é-_/|: \t\x00", "\n.", "\r.", "\N{PASSPORT CONTROL}", "e\N{COMBINING ACUTE ACCENT}")
"""What is put into a text to see whether its pattern takes it; a line end not as the last, see DIFFERENCES."""


def of_no_type(field: Values, *_: Any) -> list[Any]:
    """Return values of other types."""
    return NO_TYPE[field["type"]]


def nothing(*_: Any) -> list[Any]:
    """Return null, and no value at all."""
    return [None, ABSENT]


def of_no_list(field: Values, _: Any, choose: random.Random) -> list[Any]:
    """Return all values of a list, and some that are no more than like one."""
    one = choose.choice(field["constraints"]["enum"])
    return [*field["constraints"]["enum"], one.upper(), f"{one} ", one[1:], "nonsense"]


def troubled(_: Values, value: str, choose: random.Random) -> list[Any]:
    """Return a text with something put into it, or at an end of it, and parts of it."""
    places = [(choose.randint(0, len(value)), mark) for mark in TROUBLE]
    inside = [value[:place] + mark + value[place:] for place, mark in places]
    cut = choose.randint(1, len(value))
    return [value, *inside, *(mark + value for mark in TROUBLE), *(value + mark for mark in TROUBLE), value[:cut]]


def around_the_least(field: Values, _: Any, choose: random.Random) -> list[Any]:
    """Return numbers at, above and below the least."""
    least = field["constraints"]["minimum"]
    return [least, least + choose.randint(1, 9), least - 1, least - choose.randint(2, 9)]


def around_the_longest(field: Values, value: str, choose: random.Random) -> list[Any]:
    """Return texts as long as may be, and longer."""
    most = field["constraints"]["maxLength"]
    return [value.ljust(length, "a") for length in (most - 1, most, most + 1, most + choose.randint(2, 99))]


MUTANTS: dict[str, Callable[[Values, Any, random.Random], list[Any]]] = {
    "type": of_no_type,
    "required": nothing,
    "enum": of_no_list,
    "pattern": troubled,
    "minimum": around_the_least,
    "maxLength": around_the_longest,
}
"""How a value is mutated for a type or constraint: values that break it, and such that just do not."""


class Mutant(NamedTuple):
    """A row in which one value was changed, the value, and what either layer tells of it: words for its rules."""

    record: Record
    value: Any
    by_records: set[str]
    by_tables: set[str]


def mutated(rows: Rows, pair: Pair) -> list[tuple[Record, Any]]:
    """Return the mutants of a row for `pair`, each with its value."""
    table, name, keyword = pair
    choose = random.Random(" ".join(pair))  # noqa: S311 - the same mutants on every run
    filled = [row for row in rows[table] if row.values[name] is not None]
    row = choose.choice(filled or rows[table])
    # "a" has the form of every field that the sample release leaves empty
    values = MUTANTS[keyword](STATED[pair], row.values[name] if filled else "a", choose)
    return [(with_value(row, name, value), value) for value in values]


def with_value(row: Record, name: str, value: Any) -> Record:
    """Return a row with another value in a field, or without the field."""
    values = {field: cell for field, cell in row.values.items() if field != name}
    return row._replace(values=values if value is ABSENT else values | {name: value})


def words_of_records(row: Record) -> set[str]:
    """Return what the row model tells of a row, in the words of a Table Schema."""
    return {SAME[found.problem.rule] for found in records.judge_rows([row]) if found.problem.rule in SAME}


def words_of_tables(rows: Rows, mutants: list[Record]) -> dict[int, set[str]]:
    """Return by identity what frictionless tells of each of `mutants`, all of them added to `rows` at once."""
    added = {table: [*found, *(row for row in mutants if row.table == table)] for table, found in rows.items()}
    words: dict[int, set[str]] = {id(row): set() for row in mutants}
    for record, problem in tables.judge(added).findings:
        if problem.rule not in OF_TABLES_ALONE:
            words[id(record)].add(problem.rule.rpartition(".")[2])
    return words


@pytest.fixture(scope="module")
def mutants(good: Rows) -> Mapping[Pair, list[Mutant]]:
    """Return the mutants of every pair, and what both layers tell of each."""
    made = {pair: mutated(good, pair) for pair in PAIRS}
    by_tables = words_of_tables(good, [row for found in made.values() for row, _ in found])
    return {
        pair: [Mutant(row, value, words_of_records(row), by_tables[id(row)]) for row, value in found]
        for pair, found in made.items()
    }


def test_a_rule_of_records_or_tables_is_stated_by_both_or_told_to_be_of_one_alone() -> None:
    of = {layer: {rule for rule in RULES if RULES[rule].layer == layer} for layer in ("record", "table")}
    assert of["record"] == set(SAME) | OF_RECORDS_ALONE
    both = {"table.type", *(f"table.constraint.{word}" for word in SAME.values() if word != "type")}
    assert of["table"] == both | OF_TABLES_ALONE


@pytest.mark.parametrize("pair", PAIRS, ids=".".join)
def test_pydantic_and_table_schema_say_the_same_of_every_mutant(
    mutants: Mapping[Pair, list[Mutant]], pair: Pair
) -> None:
    found = mutants[pair]
    assert [(one.value, one.by_records) for one in found] == [(one.value, one.by_tables) for one in found]
    assert {pair[2]} in [one.by_records for one in found]
    assert all(one.by_records <= {pair[2]} for one in found)


def test_every_type_and_constraint_that_a_table_schema_states_is_told_by_both_layers(
    mutants: Mapping[Pair, list[Mutant]],
) -> None:
    by_records = {(*pair[:2], word) for pair, found in mutants.items() for one in found for word in one.by_records}
    by_tables = {(*pair[:2], word) for pair, found in mutants.items() for one in found for word in one.by_tables}
    assert by_records == by_tables == set(PAIRS)
    assert {pair[0] for pair in PAIRS} == set(TABLES)
    assert {pair[2] for pair in PAIRS} == set(MUTANTS)


def test_mutants_that_keep_the_rule_are_among_those_of_every_constraint_that_can_be_kept(
    mutants: Mapping[Pair, list[Mutant]],
) -> None:
    kept = {pair for pair, found in mutants.items() if any(not one.by_tables for one in found)}
    assert {pair for pair in PAIRS if pair[2] not in ("type", "required")} <= kept


def pydantic_states(table: str) -> Iterator[tuple[str, str]]:
    """Yield every constraint that the row model of `table` sets: its field, and Pydantic's word for it."""
    words = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern", "max_digits")
    for name, field in TABLES[table].model_fields.items():
        for part in (*field.metadata, *parts(field.annotation)):
            yield from ((name, word) for word in (*words, "decimal_places") if getattr(part, word, None) is not None)


def parts(annotation: Any) -> Iterator[Any]:
    """Yield all that an annotation is made of."""
    for inner in (*get_args(annotation), *getattr(annotation, "metadata", ())):
        yield inner
        yield from parts(inner)


PYDANTIC_WORDS = {
    "minimum": "ge",
    "maximum": "le",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
}


def test_the_row_models_set_no_constraint_that_the_table_schemas_leave_out_but_the_digits_of_a_quantity() -> None:
    stated = {(t, name, PYDANTIC_WORDS[word]) for t, name, word in STATED if word in PYDANTIC_WORDS}
    by_models = {(table, *found) for table in TABLES for found in pydantic_states(table)}
    # Table Schema has no word for digits, so a quantity of too many is stopped by its record alone; see DIFFERENCES
    assert by_models - stated == {("commitments", "quantity", word) for word in ("max_digits", "decimal_places")}
    assert stated <= by_models


# Where a value can reach one layer only, or their readers differ, it is known how.


class Difference(NamedTuple):
    """A value that the two layers judge in two ways: what each tells, and why that is so."""

    table: str
    field: str
    value: Any
    by_records: set[str]
    by_tables: set[str]


GOOD: set[str] = set()
DIFFERENCES = {
    # A cell has no empty text: CSV writes null as the empty cell, and frictionless reads it so. Records forbid it.
    "an empty text where null may be": Difference("releases", "headline", "", {"minLength"}, GOOD),
    "an empty text where a value must be": Difference("releases", "body", "", {"minLength"}, {"required"}),
    "an empty text with a form": Difference("releases", "language", "", {"pattern"}, {"required"}),
    "an empty text of a list": Difference("meetings", "status", "", {"enum"}, {"required"}),
    # `$` is the end in Pydantic's patterns; in Python's, which frictionless uses, a line end may follow it.
    "a line end after a slug": Difference("releases", "kind", "press-release\n", {"pattern"}, GOOD),
    "a line end after a line": Difference("releases", "headline", "A letter\n", {"pattern"}, GOOD),
    # Python counts the separators U+001C to U+001F as white space, Pydantic's patterns do not.
    "a separator in an address": Difference("releases", "source_url", "https://a.b/\x1c", GOOD, {"pattern"}),
    # Table Schema has no word for digits.
    "a quantity of 19 digits": Difference("commitments", "quantity", 10**18, {"maximum"}, GOOD),
    "sixteen digits of a quantity": Difference("commitments", "quantity", "1234567.890123456", {"maximum"}, GOOD),
    "ten places of a quantity": Difference("commitments", "quantity", "0.1234567891", {"maximum"}, GOOD),
    # A text that a cell may have for a number or a boolean; a record has them as such, and CSV is written from records.
    "a quantity as text, below zero": Difference("commitments", "quantity", "-1", {"type"}, {"minimum"}),
    "a quantity as text, with a mark": Difference("commitments", "quantity", "1_200", {"type"}, GOOD),
    "a quantity as text, not finite": Difference("commitments", "quantity", "Infinity", {"type"}, GOOD),
    "a whole number as text": Difference("releases", "word_count", "106", {"type"}, GOOD),
    "a whole number with a point": Difference("releases", "word_count", 106.0, {"type"}, GOOD),
    "a boolean as text": Difference("releases", "newer_refused", "true", {"type"}, GOOD),
    # frictionless reads days with strptime, which needs no leading zero.
    "a day without its zeros": Difference("releases", "published_on", "2026-3-9", {"type"}, GOOD),
    # Table Schema takes an instant without offset, and none without seconds; rows have `Z` and seconds, always.
    "an instant without offset": Difference("releases", "published_at", "2026-03-10T09:00:00", {"type"}, GOOD),
    "an instant without seconds": Difference("releases", "published_at", "2026-03-10T09:00Z", GOOD, {"type"}),
    # Half of a surrogate pair is no text that a file in UTF-8 can have: `input.surrogate` refuses it before.
    "half of a pair": Difference("releases", "headline", "\ud83d", {"type"}, GOOD),
}


@pytest.fixture(scope="module")
def differing(good: Rows) -> Mapping[str, Mutant]:
    """Return a row for each known difference, and what both layers tell of it."""
    made = {name: with_value(good[known.table][0], known.field, known.value) for name, known in DIFFERENCES.items()}
    by_tables = words_of_tables(good, [*made.values()])
    return {
        name: Mutant(row, DIFFERENCES[name].value, words_of_records(row), by_tables[id(row)])
        for name, row in made.items()
    }


@pytest.mark.parametrize("name", DIFFERENCES)
def test_where_the_layers_are_known_to_differ_they_differ_just_so(differing: Mapping[str, Mutant], name: str) -> None:
    known, found = DIFFERENCES[name], differing[name]
    assert (found.by_records, found.by_tables) == (known.by_records, known.by_tables)
    assert known.by_records != known.by_tables


# Great Expectations, where a suite states the same rule.

EXPECTS: dict[tuple[str, str], str] = {
    ("expect_column_values_to_be_between", "min_value"): "minimum",
    ("expect_column_values_to_be_between", "max_value"): "maximum",
    ("expect_column_value_lengths_to_be_between", "min_value"): "minLength",
    ("expect_column_value_lengths_to_be_between", "max_value"): "maxLength",
    ("expect_column_values_to_match_regex", "regex"): "pattern",
    ("expect_column_values_to_be_in_set", "value_set"): "enum",
}
"""What an argument of an expectation is called in a Table Schema."""


def stated_again(asked: Expectation) -> Iterator[Pair]:
    """Yield what a rule of a suite states that a Table Schema states too, with the same bound, of every row."""
    name = asked.kwargs.get("column", "")
    if "mostly" in asked.kwargs or "row_condition" in asked.kwargs:
        return
    if asked.type == "expect_column_values_to_not_be_null" and (asked.table, name, "required") in STATED:
        yield asked.table, name, "required"
    for argument, bound in asked.kwargs.items():
        pair = (asked.table, name, EXPECTS.get((asked.type, argument), ""))
        if pair in STATED and STATED[pair]["constraints"][pair[2]] == bound:
            yield pair


IN_SUITES = [(rule, pair) for rule, asked in SUITES.items() for pair in stated_again(asked)]


def test_what_a_suite_states_that_a_table_schema_states_too_is_the_least_quantity() -> None:
    assert IN_SUITES == [("suite.commitments.quantity-in-range", ("commitments", "quantity", "minimum"))]


@pytest.mark.parametrize(("rule", "pair"), IN_SUITES, ids=[rule for rule, _ in IN_SUITES])
def test_great_expectations_says_the_same_of_every_mutant(
    good: Rows, mutants: Mapping[Pair, list[Mutant]], rule: str, pair: Pair
) -> None:
    refusing = SUITES[rule]._replace(meta=SUITES[rule].meta | {"refuses_rows": True})  # so that it names the rows
    changed = good | {pair[0]: [one.record for one in mutants[pair]]}
    found = {id(record) for record, _ in asked_of(changed, good, [refusing]).findings}
    by_suite = [{pair[2]} if id(one.record) in found else GOOD for one in mutants[pair]]
    assert by_suite == [one.by_records for one in mutants[pair]]
    assert by_suite == [one.by_tables for one in mutants[pair]]
    assert {pair[2]} in by_suite
    assert GOOD in by_suite


def test_no_key_of_a_table_is_stated_by_a_suite_again() -> None:
    keys = {(table, *schema["primaryKey"]) for table, schema in schemas().items()}
    unique = {
        (asked.table, *asked.kwargs.get("column_list", [asked.kwargs.get("column")]))
        for asked in SUITES.values()
        if asked.type.endswith("_to_be_unique")
    }
    assert unique
    assert keys.isdisjoint(unique)
