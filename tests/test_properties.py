"""What holds for every document: nothing is lost, a bad row changes no other, order and repetition change nothing."""

from collections.abc import Iterator
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from flows.validate.judge import Rows, Verdict
from schemas.release import PARTS
from schemas.report import Record, Report
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES
from tests.strategies import (
    JUDGED,
    READ,
    Document,
    Draw,
    Spoil,
    Spoiled,
    batches,
    built,
    by_table,
    documents,
    file_of,
    is_fact,
    judged,
    shelves,
    shuffled,
    spoiled,
    spoiled_often,
    values_of,
    with_odd_values,
)

FEW = settings(max_examples=5, phases=[Phase.generate])
"""For what frictionless judges, which takes its time to begin: examples of several documents, none of them shrunk."""
MANY = settings(max_examples=60)
NAMES = "participant_names"
"""A field that is derived from the rows that stand."""
Gone = set[tuple[str, str]]
"""Items by file and pointer."""


@st.composite
def bad_batches(draw: Draw) -> list[Any]:
    """Draw documents of which some have items spoiled, some are none, and one may be there twice."""
    good: list[Document] = draw(batches())
    found: list[Any] = [draw(spoiled_often(document)) for document in good]
    more: list[Any] = draw(st.lists(st.sampled_from([None, [], "no document", {}, {"id": "x"}, good[0]]), max_size=2))
    return found + more


# Nothing is lost.


def items_of(document: Document) -> Iterator[str]:
    """Yield the place of every item in the lists of a document, those inside its facts too."""
    for table in PARTS:
        for number, item in enumerate(document.get(table, ())):
            yield f"/{table}/{number}"
            inner = ("participants", "spans") if is_fact(table) and isinstance(item, dict) else ()
            for name in inner:
                yield from (f"/{table}/{number}/{name}/{at}" for at in range(len(item.get(name, ()))))


def places(found: list[Record]) -> set[tuple[str, str]]:
    """Return file and pointer of each of `found`; the pointer of a whole document is empty."""
    return {(record.source.file, record.source.pointer or "") for record in found}


def kept_back_with(place: tuple[str, str], refused: set[tuple[str, str]]) -> bool:
    """Return whether a place is refused, itself or as a part of a fact or a document that is."""
    file, pointer = place
    steps = pointer.split("/")
    return any((file, "/".join(steps[:length])) in refused for length in range(1, len(steps) + 1))


def told_before(place: tuple[str, str], found: list[Any], verdict: Verdict) -> bool:
    """Return whether the item at a place is an entity that another document tells alike."""
    file, pointer = place
    _, table, number, *_ = pointer.split("/")
    item = found[int(file.removesuffix(".json"))][table][int(number)]
    key = TABLES[table].key[0]
    stands = {record.values[key] for record in verdict.rows[table]}
    gone = {item.record.values.get(key) for item in verdict.refused if item.record.table == table}
    return table in ("people", "organizations", "places") and item["id"] in stands | gone


@FEW
@given(bad_batches())
def test_every_item_that_comes_in_goes_out_or_is_refused(found: list[Any]) -> None:
    verdict = judged(*found)
    standing = places([record for rows in verdict.rows.values() for record in rows])
    refused = places([item.record for item in verdict.refused])
    for number, document in enumerate(found):
        assert (file_of(number), "") in standing | refused
        for pointer in items_of(document) if isinstance(document, dict) else ():
            place = (file_of(number), pointer)
            assert place in standing or kept_back_with(place, refused) or told_before(place, found, verdict)


@FEW
@given(bad_batches())
def test_rows_in_are_rows_out_and_rows_refused_table_by_table(found: list[Any]) -> None:
    came, verdict = built(*found), judged(*found)
    before = {id(item.record): item.record.table for item in came.refused}
    rows_in = [*before.values(), *(record.table for record in came.records)]
    lost = {id(item.record): item.record.table for item in verdict.refused}
    for table, count in verdict.report.counts.items():
        assert (count.in_, count.out) == (rows_in.count(table), len(verdict.rows[table]))
        assert count.refused == [*lost.values()].count(table) == count.in_ - count.out


@FEW
@given(bad_batches())
def test_nothing_that_is_refused_is_in_the_tables(found: list[Any]) -> None:
    verdict = judged(*found)
    standing = {id(record) for rows in verdict.rows.values() for record in rows}
    assert not standing & {id(item.record) for item in verdict.refused}
    assert verdict.report.valid == (not verdict.refused)


@st.composite
def odd_shelves(draw: Draw) -> list[Document]:
    """Draw four documents with odd values in them."""
    return [draw(with_odd_values(document)) for document in draw(shelves())]


@FEW
@given(odd_shelves())
def test_no_value_at_any_place_of_a_document_stops_the_judgment(found: list[Document]) -> None:
    counts = judged(*found).report.counts
    assert counts["releases"].in_ >= len(found)
    assert all(count.in_ == count.out + count.refused for count in counts.values())


# A bad row never changes the good ones.


@st.composite
def bad_documents(draw: Draw) -> Spoiled:
    """Draw a document with one item that cannot be read."""
    spoilt: Spoiled = draw(spoiled(draw(documents()), READ))
    return spoilt


@MANY
@given(bad_documents())
def test_an_item_that_cannot_be_read_leaves_the_same_rows_as_if_it_had_not_been_there(bad: Spoiled) -> None:
    came, without = built(bad.document), built(left_out(bad))
    assert values_of(by_table(came.records)) == values_of(by_table(without.records))
    assert {item.record.source.pointer for item in came.refused} == {bad.pointer}
    assert bad.rule in {item.problem.rule for item in came.refused}


def left_out(bad: Spoiled) -> Document:
    """Return the document without the item that is spoiled."""
    items = [item for number, item in enumerate(bad.document[bad.table]) if number != bad.number]
    return bad.document | {bad.table: items}


Shelf = tuple[list[Document], list[Spoiled]]


@st.composite
def spoiled_shelves(draw: Draw, kinds: dict[str, Spoil]) -> Shelf:
    """Draw four documents, and the same with one item of each spoiled in one of the ways of `kinds`."""
    shelf: list[Document] = draw(shelves())
    return shelf, [draw(spoiled(document, kinds)) for document in shelf]


def told(verdict: Verdict) -> set[tuple[str, str, str]]:
    """Return file, pointer and rule of all that is refused."""
    return {(item.record.source.file, item.record.source.pointer or "", item.problem.rule) for item in verdict.refused}


def expected(bad: list[Spoiled]) -> set[tuple[str, str, str]]:
    """Return file, pointer and rule of the items that are spoiled."""
    return {(file_of(number), one.pointer, one.rule) for number, one in enumerate(bad)}


@FEW
@given(spoiled_shelves(READ))
def test_what_stands_beside_items_that_cannot_be_read_stands_without_them_too(drawn: Shelf) -> None:
    _, bad = drawn
    verdict = judged(*(one.document for one in bad))
    assert values_of(verdict.rows) == values_of(judged(*map(left_out, bad)).rows)
    assert expected(bad) <= told(verdict)


@FEW
@given(spoiled_shelves(JUDGED))
def test_a_refused_row_takes_its_dependants_and_changes_no_other(drawn: Shelf) -> None:
    shelf, bad = drawn
    good, verdict = judged(*shelf).rows, judged(*(one.document for one in bad))
    gone = {(file_of(number), one.pointer) for number, one in enumerate(bad)}
    assert values_of(verdict.rows, NAMES) == values_of(less(good, gone), NAMES)
    assert expected(bad) <= told(verdict)


def less(rows: Rows, gone: Gone) -> Rows:
    """Return good rows without those of the items that are gone, and without all that refer to a row that is."""
    left = {table: [row for row in found if not comes_from(row, gone)] for table, found in rows.items()}
    while True:
        there = {(table, row.values[TABLES[table].key[0]]) for table, found in left.items() for row in found}
        next_left = {table: [row for row in found if not orphaned(row, there)] for table, found in left.items()}
        if next_left == left:
            return left
        left = next_left


def comes_from(row: Record, gone: Gone) -> bool:
    """Return whether a row was made from an item that is gone, or from a part of it."""
    return kept_back_with((row.source.file, row.source.pointer or ""), gone)


def orphaned(row: Record, there: set[tuple[str, Any]]) -> bool:
    """Return whether a row refers to one that is not there, or stands in a registry for one that is not."""
    references = TABLES[row.table].references.items()
    lost = any(row.values[f] is not None and (table, row.values[f]) not in there for f, (table, _) in references)
    home = HOMES[row.values["type"]] if row.table in ("facts", "entities") else None
    return lost or (home is not None and (home, row.values[TABLES[row.table].key[0]]) not in there)


HOMES = FACT_TABLES | ENTITY_TABLES


@FEW
@given(batches())
def test_documents_that_are_refused_leave_the_rows_of_the_others_as_they_were(good: list[Document]) -> None:
    first = good[0]
    bad: list[Any] = [
        None,
        5,
        [],
        {},
        {"id": "bad"},
        first | {"id": "worse", "issuer": 5},
        first | {"headline": "told again"},
    ]
    verdict = judged(*good, *bad)
    assert values_of(verdict.rows) == values_of(judged(*good).rows)
    files = {item.record.source.file for item in verdict.refused}
    assert files == {file_of(len(good) + number) for number in range(len(bad))}


# Order and repetition.


@st.composite
def turned(draw: Draw) -> tuple[Document, Document]:
    """Draw a document and the same in another order."""
    document = draw(documents())
    return document, draw(shuffled(document))


@MANY
@given(turned())
def test_the_order_of_every_list_and_object_changes_no_row(drawn: tuple[Document, Document]) -> None:
    document, other = drawn
    assert values_of(by_table(built(document).records)) == values_of(by_table(built(other).records))


@st.composite
def turned_shelves(draw: Draw) -> tuple[list[Document], list[Document]]:
    """Draw four documents and the same in another order."""
    shelf: list[Document] = draw(shelves())
    return shelf, [draw(shuffled(document)) for document in shelf]


@FEW
@given(turned_shelves())
def test_documents_that_are_right_are_published_whole_in_any_order(
    drawn: tuple[list[Document], list[Document]],
) -> None:
    there, other = (judged(*shelf) for shelf in drawn)
    assert {found.severity for found in there.report.problems} <= {"warning"}  # words at random may look spoilt
    items = {table: sum(len(document[table]) for document in drawn[0]) for table in PARTS}
    assert {table: there.report.counts[table].out for table in PARTS} == items
    assert values_of(there.rows) == values_of(other.rows)
    assert placeless(there.report) == placeless(other.report)


def placeless(report: Report) -> tuple[Report, list[str]]:
    """Return a report without its problems, and these without the place in the file, which the order of lists moves."""
    problems = (found.model_copy(update={"source": None}).model_dump_json() for found in report.problems)
    return report.model_copy(update={"problems": []}), sorted(problems)


@FEW
@given(bad_batches())
def test_judging_twice_gives_the_same_report_and_the_same_rows(found: list[Any]) -> None:
    first, second = judged(*found), judged(*found)
    assert first.report.model_dump_json() == second.report.model_dump_json()
    assert first.rows == second.rows
