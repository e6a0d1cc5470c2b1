"""Documents into rows: ids, order, places in an edited text, entities told twice, texts told anew."""

import copy
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import documents, ingest, store, structure
from flows.validate.judge import Rows
from schemas.release import PARTS
from schemas.report import Record
from schemas.tables import FACT_TABLES, TABLES
from tests.publishing import fetch_files
from tests.strategies import DATASET, Document, Item, built, by_table, judged, shuffle, span, values_of

PLACES = ("start", "end", "evidence_start", "evidence_end")
FOLLOWS_THE_TEXT = (*PLACES, "body", "text_sha256", "word_count")
"""What changes in a row when words are added at the top of its text, and nothing else."""


def rows(*given: Document) -> Rows:
    """Return the rows of documents, before judgment."""
    return by_table(built(*given).records)


def keys(found: Rows, table: str) -> list[str]:
    """Return the keys of the rows of `table`, in order."""
    return sorted(record.key for record in found[table])


def spans_of(document: Document) -> list[Item]:
    """Return every mention and every span of a document, to be changed in place."""
    facts = [fact for table in FACT_TABLES.values() for fact in document[table]]
    return [*document["mentions"], *(one for fact in facts for one in fact["spans"])]


def edited(document: Document, at: int, out: str, into: str) -> Document:
    """Return `document` with `into` in the place of the words `out` at `at`; its spans stay where they were."""
    body = document["body"]
    assert body[at:].startswith(out)
    return document | {"body": body[:at] + into + body[at + len(out) :]}


def counted_again(document: Document, at: int, by: int) -> Document:
    """Return `document` with every place from `at` on moved by `by`, as if its spans had been counted again."""
    document = copy.deepcopy(document)
    for one in spans_of(document):
        one["start"] += by * (one["start"] >= at)
        one["end"] += by * (one["end"] > at)
    return document | {"text_sha256": structure.digest(document["body"])}


def small(**more: Any) -> Document:
    """Return a document of one sentence, without a fact."""
    document: Document = {
        "id": "small",
        "issuer": "dhs",
        "language": "en",
        "body": "Ann and Bea met Cleo and the mayor. Ann and Bea met Cleo and the mayor.",
        "source": {"name": "A press office"},
        "people": [{"id": name.lower(), "name": name} for name in ("Ann", "Bea", "Cleo")],
        "organizations": [{"id": "dhs", "name": "Homeland Security"}],
    }
    return document | more


SENTENCE = {"start": 0, "end": 35, "text": "Ann and Bea met Cleo and the mayor."}
AGAIN = {"start": 36, "end": 71, "text": "Ann and Bea met Cleo and the mayor."}


def statement(place: Item, **more: Any) -> Item:
    """Return a statement that says the words at `place`."""
    return {"verb": "meet", "text": place["text"], "spans": [span("evidence", place)]} | more


# Ids.


def test_words_added_at_the_top_change_the_places_of_every_row_and_no_id(seed: Document) -> None:
    added = "For release at noon. "
    later = counted_again(edited(seed, 0, "", added), 0, len(added))
    before, after = rows(seed), rows(later)
    assert all(keys(before, table) == keys(after, table) for table in TABLES if table != "mentions")
    assert values_of(before, *FOLLOWS_THE_TEXT) == values_of(after, *FOLLOWS_THE_TEXT)


def test_places_move_by_the_code_points_added_at_the_top(seed: Document) -> None:
    added = "\N{PASSPORT CONTROL} Cafe\N{COMBINING ACUTE ACCENT} "
    assert len(added) == 8
    later = rows(counted_again(edited(seed, 0, "", added), 0, len(added)))
    assert sorted(record.values["start"] for record in later["mentions"]) == sorted(
        mention["start"] + 8 for mention in seed["mentions"]
    )
    assert not judged(counted_again(edited(seed, 0, "", added), 0, len(added))).refused


def test_a_local_id_is_kept_behind_the_id_of_the_release() -> None:
    found = rows(small(statements=[statement(SENTENCE, id="s1")]))
    assert keys(found, "statements") == keys(found, "facts") == ["small/s1"]


def test_without_a_local_id_the_words_make_one_of_twelve_digits() -> None:
    (key,) = keys(rows(small(statements=[statement(SENTENCE)])), "statements")
    assert re.fullmatch(r"small/[0-9a-f]{12}", key)


def test_an_id_from_words_heeds_neither_capitals_nor_marks_nor_blanks() -> None:
    plain, other = (
        keys(rows(small(statements=[statement(SENTENCE, verb=verb)])), "statements") for verb in ("meet", "  Meet! ")
    )
    assert plain == other


def test_an_id_from_words_heeds_every_word_that_tells_two_facts_apart() -> None:
    others = {
        key
        for verb in ("meet", "greet")
        for place in (SENTENCE, {"start": 0, "end": 11, "text": "Ann and Bea"})
        for key in keys(rows(small(statements=[statement(place, verb=verb)])), "statements")
    }
    assert len(others) == 4


def test_facts_of_the_same_words_have_ids_by_their_place_in_the_text() -> None:
    one, two = statement(SENTENCE), statement(AGAIN)
    alone = rows(small(statements=[one]))["statements"]
    both = rows(small(statements=[two, one]))["statements"]
    ids = {record.values["evidence_start"]: record.key for record in both}
    assert len(set(ids.values())) == 2
    assert ids[0] == alone[0].key


def test_a_fact_of_other_words_changes_no_id_beside_it(seed: Document) -> None:
    more = statement({"start": 0, "end": 10, "text": "WASHINGTON"})
    before, after = rows(seed), rows(seed | {"statements": [more, *seed["statements"]]})
    assert len(after["facts"]) == len(before["facts"]) + 1
    assert set(keys(before, "facts")) < set(keys(after, "facts"))


def test_the_same_words_in_another_release_are_another_fact() -> None:
    one, two = small(statements=[statement(SENTENCE)]), small(id="other", statements=[statement(SENTENCE)])
    assert len({record.key.rpartition("/")[2] for record in rows(one, two)["statements"]}) == 1
    assert len(set(keys(rows(one, two), "statements"))) == 2


def test_links_between_facts_are_written_with_the_release_in_front(seed: Document) -> None:
    links = {record.key: record.values for record in rows(seed)["meetings"]}
    signing = links[f"{seed['id']}/m4"]
    assert (signing["parent_id"], signing["agreement_id"]) == (f"{seed['id']}/m1", f"{seed['id']}/a1")


# Order.


@pytest.mark.parametrize("order", range(5))
def test_rows_are_the_same_whatever_the_order_of_every_list_and_object(seed: Document, order: int) -> None:
    turned = shuffle(seed, random.Random(order))  # noqa: S311 - the same order on every run
    assert json.dumps(turned) != json.dumps(seed)
    assert values_of(rows(turned)) == values_of(rows(seed))


def test_two_spans_at_one_place_that_say_different_words_are_in_an_order_of_their_own(seed: Document) -> None:
    fact = seed["commitments"][0]
    twin = fact["spans"][0] | {"text": fact["spans"][0]["text"].upper()}
    orders = [[twin, *fact["spans"]], [*fact["spans"], twin]]
    one, other = (values_of(rows(seed | {"commitments": [fact | {"spans": spans}]})) for spans in orders)
    assert one == other


def test_rows_are_the_same_whatever_the_order_of_the_files(seed: Document) -> None:
    one, two = seed, small(statements=[statement(SENTENCE)]) | {"organizations": seed["organizations"][:1]}
    assert values_of(rows(one, two)) == values_of(rows(two, one))


def test_parts_of_a_field_are_numbered_by_their_place_in_the_text() -> None:
    words = [("Cleo", 16), ("Ann", 0), ("Bea", 8)]
    spans = [span("text", {"start": at, "end": at + len(word), "text": word}) for word, at in words]
    found = rows(small(quotes=[{"text": "Ann Bea Cleo", "spans": spans}]))["spans"]
    assert [(record.values["part"], record.values["text"]) for record in found] == [(1, "Ann"), (2, "Bea"), (3, "Cleo")]


def positions(participants: list[Item], mentions: list[Item]) -> dict[str, tuple[str, int]]:
    """Return the role and position of each who takes part in a statement of the sentence."""
    document = small(statements=[statement(SENTENCE, participants=participants)], mentions=mentions)
    found = [record.values for record in rows(document)["participants"]]
    return {row["entity_id"] or row["text"]: (row["role"], row["position"]) for row in found}


MENTIONS = [
    {"entity_id": name.lower(), "start": at, "end": at + len(name), "name": name}
    for name, at in (("Ann", 0), ("Bea", 8), ("Cleo", 16))
]


def test_those_who_take_part_are_numbered_in_the_order_in_which_the_evidence_names_them() -> None:
    taking_part = [{"role": "attendee", "text": "the mayor"}]
    taking_part += [{"role": "attendee", "entity_id": one} for one in ("cleo", "bea", "ann")]
    assert positions(taking_part, MENTIONS) == {
        "ann": ("attendee", 1),
        "bea": ("attendee", 2),
        "cleo": ("attendee", 3),
        "the mayor": ("attendee", 4),
    }


def test_each_role_is_numbered_by_itself() -> None:
    taking_part = [
        {"role": "guest", "entity_id": "cleo"},
        {"role": "host", "entity_id": "bea"},
        {"role": "host", "entity_id": "ann"},
    ]
    assert positions(taking_part, MENTIONS) == {"ann": ("host", 1), "bea": ("host", 2), "cleo": ("guest", 1)}


def test_one_whom_the_evidence_does_not_name_comes_after_those_whom_it_names() -> None:
    document = small(
        statements=[statement(SENTENCE, participants=[{"role": "host", "entity_id": one} for one in PARTY])]
    )
    document["people"][0]["name"] = "Zoe"
    found = {row["entity_id"]: row["position"] for row in (record.values for record in rows(document)["participants"])}
    assert found == {"bea": 1, "cleo": 2, "ann": 3}


def test_a_mention_that_is_wrong_moves_nobody() -> None:
    taking_part = [{"role": "host", "entity_id": one} for one in PARTY]
    wrong = {"entity_id": "ann", "start": 36, "end": 39, "name": "Ann"}
    assert positions(taking_part, [wrong, *MENTIONS[1:]]) == positions(taking_part, MENTIONS)


PARTY = ("ann", "bea", "cleo")


def test_the_evidence_is_the_stretch_from_the_first_to_the_last_span_that_states_the_fact() -> None:
    first, last = {"start": 8, "end": 11, "text": "Bea"}, {"start": 16, "end": 20, "text": "Cleo"}
    spans = [span("evidence", last), span("evidence", first), span("text", SENTENCE)]
    (found,) = rows(small(statements=[statement(SENTENCE, spans=spans)]))["statements"]
    assert (found.values["evidence_start"], found.values["evidence_end"]) == (8, 20)
    assert found.values["evidence"] == "Bea met Cleo"


def test_a_list_becomes_a_cell_in_an_order_of_its_own_and_an_empty_one_is_null() -> None:
    told: dict[str, Any] = {"kind": "call", "status": "happened", "spans": [span("evidence", SENTENCE)]}
    meetings = [told | {"id": "m1", "topics": ["trade", "borders", "trade"]}, told | {"id": "m2", "topics": []}]
    found = {record.key: record.values["topics"] for record in rows(small(meetings=meetings))["meetings"]}
    assert found == {"small/m1": "borders|trade", "small/m2": None}


# A text that was edited after its spans were counted.


def stands(found: Rows) -> set[str]:
    """Return the facts and mentions that stand."""
    return {record.key for table in (*FACT_TABLES.values(), "mentions") for record in found[table]}


@pytest.mark.parametrize(
    "added", ["For release at noon. ", "In Guatemala, Secretary Mayorkas: ", "\N{PASSPORT CONTROL} "]
)
def test_after_an_edit_at_the_top_spans_are_found_by_their_words(seed: Document, added: str) -> None:
    found, expected = (
        judged(edited(seed, 0, "", added)),
        judged(counted_again(edited(seed, 0, "", added), 0, len(added))),
    )
    assert values_of(found.rows) == values_of(expected.rows)
    assert not found.refused


def test_an_edited_text_is_told_as_a_warning_with_its_release(seed: Document) -> None:
    (found,) = judged(edited(seed, 0, "", "Today. ")).report.problems
    assert (found.rule, found.severity, found.table, found.key, found.field) == (
        "evidence.text-changed",
        "warning",
        "releases",
        seed["id"],
        "text_sha256",
    )


@pytest.mark.parametrize("names_its_text", [True, False])
def test_without_the_digest_of_an_older_text_no_span_is_looked_for(seed: Document, *, names_its_text: bool) -> None:
    later = edited(seed, 0, "", "Today. ")
    verdict = judged(later | {"text_sha256": structure.digest(later["body"]) if names_its_text else None})
    assert stands(verdict.rows) == set()
    told = {item.problem.rule for item in verdict.refused if item.record.table == "mentions"}
    assert told == {"evidence.words"}


WORDS_OF_SOME = ["doses of the Moderna", "praised", "refugee center", "signed the Biometric"]


@pytest.mark.parametrize("words", WORDS_OF_SOME)
@pytest.mark.parametrize("into", ["", "something rather longer than it was before"])
def test_only_the_facts_whose_own_words_went_are_refused(seed: Document, words: str, into: str) -> None:
    assert seed["body"].count(words) == 1
    at = seed["body"].index(words)
    verdict = judged(edited(seed, at, words, into))
    lost = {pointer for pointer, places in pointers(seed).items() if touches(places, at, at + len(words))}
    own = [item for item in verdict.refused if item.problem.rule != "quarantine.dependant"]
    assert lost
    assert {item.record.source.pointer for item in own} == lost
    assert {item.problem.layer for item in own} == {"evidence"}


def pointers(document: Document) -> dict[str, list[Item]]:
    """Return the places behind each mention and each fact, by its place in the document."""
    mentions = {f"/mentions/{number}": [one] for number, one in enumerate(document["mentions"])}
    facts = {
        f"/{table}/{number}": fact["spans"]
        for table in FACT_TABLES.values()
        for number, fact in enumerate(document[table])
    }
    return mentions | facts


def touches(places: list[Item], start: int, end: int) -> bool:
    """Return whether the words from `start` to `end` are a part of one of `places`."""
    return any(place["start"] < end and start < place["end"] for place in places)


def test_line_ends_of_two_characters_count_as_one(seed: Document) -> None:
    assert "\n" in seed["body"]
    windows = seed | {"body": seed["body"].replace("\n", "\r\n")}
    assert values_of(rows(windows)) == values_of(rows(seed))


# Entities told twice.


def test_an_entity_that_two_releases_tell_alike_is_one_row(seed: Document) -> None:
    other = small(people=seed["people"], organizations=seed["organizations"], places=seed["places"])
    alone, both = built(seed), built(seed, other)
    assert not both.refused
    for table in ("entities", "people", "organizations", "places"):
        assert values_of(by_table(both.records))[table] == values_of(by_table(alone.records))[table]


def test_other_names_are_alike_in_any_order() -> None:
    ann = {"id": "ann", "name": "Ann"}
    one = small(people=[ann | {"other_names": ["Annie", "Anna"]}])
    two = small(id="two", people=[ann | {"other_names": ["Anna", "Annie", "Anna"]}])
    (person,) = rows(one, two)["people"]
    assert person.values["other_names"] == "Anna|Annie"


CONFLICTS = [
    ("people", {"name": "Anne"}, {("people", "name")}),
    ("organizations", {"name": "Home Service"}, {("organizations", "name")}),
]


@pytest.mark.parametrize(("table", "otherwise", "told"), CONFLICTS)
def test_an_entity_told_otherwise_is_refused_by_the_field_and_the_first_telling_stands(
    table: str, otherwise: Item, told: set[tuple[str, str]]
) -> None:
    first = small()
    second = small(id="tells-otherwise", **{table: [first[table][0] | otherwise, *first[table][1:]]})
    verdict = judged(first, second)
    found = {(item.problem.rule, item.record.table, item.problem.field) for item in verdict.refused}
    assert found == {("record.conflict", *one) for one in told}
    assert all("0.json" in item.problem.message for item in verdict.refused)
    for name in ("entities", "people", "organizations"):
        assert values_of(verdict.rows)[name] == values_of(rows(first))[name]


def test_what_refers_to_an_entity_told_otherwise_stands_for_the_first_telling_does() -> None:
    facts = {"statements": [statement(SENTENCE, participants=[{"role": "guest", "entity_id": "ann"}])]}
    second = small(id="tells-otherwise", **facts) | {"mentions": MENTIONS}
    second["people"][0]["name"] = "Anne"
    verdict = judged(small(), second)
    assert {item.record.table for item in verdict.refused} == {"people"}
    assert [record.values["participant_names"] for record in verdict.rows["statements"]] == ["Ann"]


def test_what_most_releases_say_of_an_entity_stands_wherever_the_other_one_is() -> None:
    wrong = small(id="a-first")
    wrong["people"][0]["name"] = "Anne"
    verdict = judged(wrong, small(id="b"), small(id="c"))
    (refused,) = {(item.record.source.file, item.problem.field, item.problem.value) for item in verdict.refused}
    assert refused == ("0.json", "name", "Anne")
    assert {record.values["name"] for record in verdict.rows["people"] if record.key == "ann"} == {"Ann"}


def test_what_one_release_leaves_open_another_may_tell() -> None:
    more = {"other_names": ["Annie"], "note": "a mayor"}
    second = small(id="tells-more")
    second["people"][0] |= more
    verdict = judged(small(), second)
    assert verdict.refused == []
    (ann,) = (record.values for record in verdict.rows["people"] if record.key == "ann")
    assert (ann["other_names"], ann["note"]) == ("Annie", "a mayor")


def test_an_id_that_is_a_person_and_a_place_is_told_as_the_first_alone() -> None:
    verdict = judged(small(), small(id="tells-otherwise", places=[{"id": "ann", "name": "Ann"}]))
    told = {(item.problem.rule, item.record.table, item.problem.field) for item in verdict.refused}
    assert told == {("record.conflict", "places", "place_id")}
    assert "ann" not in {record.key for record in verdict.rows["places"]}


# A release told more than once.

Receive = Callable[..., Rows]


@pytest.fixture
def receive(tmp_path: Path) -> Receive:
    """Return a function that puts documents in a source in the place of all before, fetches, and returns the rows."""
    root, raw = tmp_path / "data", tmp_path / "raw"
    root.mkdir()

    def on(day: str, *given: Document) -> Rows:
        for file in root.iterdir():
            file.unlink()
        for document in given:
            (root / f"{document['id']}.json").write_text(json.dumps(document), encoding="utf-8")
        fetch_files(ingest.files_of(DATASET.sources[0], root), root, raw, DATASET.name, day, {})
        journal = store.read_journal(raw, DATASET.name)
        found = documents.structured(DATASET, journal, lambda digest: store.blob(raw, digest).read_bytes())
        assert not found.refused
        return by_table(found.records)

    return on


def revisions(found: Rows, release_id: str = "small") -> list[tuple[int, str, str, str]]:
    """Return number, day, change and text of each revision of a release."""
    told = [record.values for record in found["revisions"] if record.values["release_id"] == release_id]
    return [(row["revision"], row["seen_on"], row["change"], row["body"]) for row in told]


def release(found: Rows, release_id: str = "small") -> dict[str, Any]:
    """Return the row of a release."""
    return next(record.values for record in found["releases"] if record.key == release_id)


A, B = "Ann met Bea.", "Ann met Bea twice."


def test_a_release_begins_with_its_first_text(receive: Receive) -> None:
    found = receive("2026-01-01", small(body=A))
    assert revisions(found) == [(1, "2026-01-01", "first", A)]
    assert (release(found)["status"], release(found)["revision"]) == ("current", 1)


def test_each_edit_is_a_revision_with_the_day_on_which_it_was_first_seen(receive: Receive) -> None:
    for day, body in (("2026-01-01", A), ("2026-01-02", A), ("2026-01-03", B), ("2026-01-04", B)):
        found = receive(day, small(body=body))
    assert revisions(found) == [(1, "2026-01-01", "first", A), (2, "2026-01-03", "edited", B)]
    assert (release(found)["status"], release(found)["revision"], release(found)["body"]) == ("edited", 2, B)


def test_a_text_that_comes_back_is_an_edit_of_its_own(receive: Receive) -> None:
    for day, body in (("2026-01-01", A), ("2026-01-02", B), ("2026-01-03", A)):
        found = receive(day, small(body=body))
    assert [change for _, _, change, _ in revisions(found)] == ["first", "edited", "edited"]
    assert (release(found)["revision"], release(found)["body"]) == (3, A)


def test_a_change_of_all_but_the_text_is_no_revision(receive: Receive) -> None:
    receive("2026-01-01", small(body=A))
    found = receive("2026-01-02", small(body=A, headline="News"))
    assert revisions(found) == [(1, "2026-01-01", "first", A)]
    assert release(found)["headline"] == "News"


def test_other_line_ends_are_the_same_text(receive: Receive) -> None:
    receive("2026-01-01", small(body="Ann.\nBea."))
    assert len(revisions(receive("2026-01-02", small(body="Ann.\r\nBea.")))) == 1


def test_each_text_has_its_digest(receive: Receive) -> None:
    receive("2026-01-01", small(body=A))
    found = receive("2026-01-02", small(body=B))
    assert [record.values["text_sha256"] for record in found["revisions"]] == [structure.digest(A), structure.digest(B)]
    assert release(found)["text_sha256"] == structure.digest(B)


def test_a_release_that_is_gone_is_withdrawn_with_its_last_text(receive: Receive) -> None:
    receive("2026-01-01", small(body=A), small(id="other"))
    found = receive("2026-01-02", small(id="other"))
    assert revisions(found) == [(1, "2026-01-01", "first", A), (2, "2026-01-02", "withdrawn", A)]
    assert (release(found)["status"], release(found)["body"]) == ("withdrawn", A)
    assert release(found, "other")["status"] == "current"


def test_a_release_that_is_back_is_restored(receive: Receive) -> None:
    receive("2026-01-01", small(body=A), small(id="other"))
    receive("2026-01-02", small(id="other"))
    found = receive("2026-01-03", small(body=A), small(id="other"))
    assert [(day, change) for _, day, change, _ in revisions(found)] == [
        ("2026-01-01", "first"),
        ("2026-01-02", "withdrawn"),
        ("2026-01-03", "restored"),
    ]
    assert release(found)["status"] == "current"


def test_an_edit_of_one_release_leaves_the_rows_of_another_as_they_were(receive: Receive) -> None:
    other = small(id="other", statements=[statement(SENTENCE)])
    before = receive("2026-01-01", small(body=A), other)
    after = receive("2026-01-02", small(body=B), other)
    assert of_release(before, "other") == of_release(after, "other")
    assert of_release(before, "small") != of_release(after, "small")


def of_release(found: Rows, release_id: str) -> list[str]:
    """Return the rows that are a part of a release, as text."""

    def belongs(record: Record) -> bool:
        return str(record.values.get("release_id") or record.values.get("fact_id")).split("/")[0] == release_id

    return [json.dumps(record.values, default=str) for table in found.values() for record in table if belongs(record)]


def test_every_list_of_a_document_is_a_table_or_tells_of_one(seed: Document) -> None:
    counted = {table: len(found) for table, found in rows(seed).items()}
    assert {table: len(seed.get(table, ())) for table in PARTS} == {table: counted[table] for table in PARTS}
