"""The seed release: every row and every span of its structure is in the package, nothing more, nothing less."""

import shutil
from collections import Counter
from typing import Any

import pytest

from flows.settings import PROJECT
from schemas.package import Package
from schemas.tables import FACT_TABLES, TABLES
from tests.conftest import SEED
from tests.publishing import published, read_json, table

STRUCTURE = PROJECT.parent / "shared" / "seed" / "structure.json"
RELEASE = "dhs-2021-07-guatemala-seed"
EXPECTED = {
    "releases": 1,
    "revisions": 1,
    "entities": 28,
    "people": 10,
    "organizations": 11,
    "places": 7,
    "mentions": 57,
    "facts": 37,
    "roles": 10,
    "meetings": 9,
    "agreements": 2,
    "commitments": 5,
    "quotes": 1,
    "statements": 10,
    "participants": 59,
    "spans": 48,
    "coverage": 1,
}
"""The rows of each table, counted by hand in the structure of the seed."""

Place = tuple[int, int, str]
"""Where words begin and end in the text, and the words."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    data = tmp_path_factory.mktemp("seed")
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    return published(data)


@pytest.fixture
def body(package: Package) -> str:
    return table(package, "releases")[0]["body"]


def by_key(package: Package, name: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table by the local part of their key."""
    key = TABLES[name].key[0]
    return {row[key].removeprefix(f"{RELEASE}/"): row for row in table(package, name)}


def derived_counts(document: dict[str, Any]) -> dict[str, int]:
    """Return the rows of each table that a document of one release, received once, makes."""
    entities = ("people", "organizations", "places")
    counts = {name: len(document[name]) for name in (*entities, "mentions", *FACT_TABLES.values())}
    facts = [fact for name in FACT_TABLES.values() for fact in document[name]]
    return counts | {
        "releases": 1,
        "revisions": 1,
        "entities": sum(counts[name] for name in entities),
        "facts": len(facts),
        "participants": sum(len(fact.get("participants", ())) for fact in facts),
        "spans": sum(len(fact["spans"]) for fact in facts),
        "coverage": 1,
    }


def test_every_row_of_the_seed_document_is_in_its_table_and_no_other(package: Package, seed: dict[str, Any]) -> None:
    assert derived_counts(seed) == EXPECTED
    assert {name: len(table(package, name)) for name in TABLES} == EXPECTED


def test_the_report_says_that_nothing_was_refused(package: Package) -> None:
    report = read_json(package.folder / "report.json")
    assert report["counts"] == {name: {"in": rows, "out": rows, "refused": 0} for name, rows in EXPECTED.items()}
    assert report["valid"] is True
    assert len((package.folder / "quarantine.csv").read_text(encoding="utf-8").splitlines()) == 1


WORDS = {"spans": ("text", "start", "end"), "mentions": ("name", "start", "end")}
WORDS |= dict.fromkeys(FACT_TABLES.values(), ("evidence", "evidence_start", "evidence_end"))
"""The fields of a table that have words of the text, and where they begin and end."""


@pytest.mark.parametrize("name", WORDS)
def test_the_words_of_every_row_stand_at_its_offsets(package: Package, body: str, name: str) -> None:
    words, start, end = WORDS[name]
    rows = table(package, name)
    assert rows
    assert [row[words] for row in rows] == [body[int(row[start]) : int(row[end])] for row in rows]


def test_the_body_is_the_text_of_the_document_to_the_letter(body: str, seed: dict[str, Any]) -> None:
    assert body == seed["body"]
    assert len(body) == 4175


@pytest.mark.parametrize("field", ["headline", "published_on", "published_at", "source_url"])
def test_what_the_source_does_not_give_is_null(package: Package, field: str) -> None:
    assert table(package, "releases")[0][field] == ""


def test_the_trip_is_the_parent_of_its_seven_meetings_and_of_no_other(package: Package) -> None:
    parents = {key: row["parent_id"] for key, row in by_key(package, "meetings").items()}
    assert parents == {f"m{number}": f"{RELEASE}/m1" for number in range(2, 9)} | {"m1": "", "m9": ""}


def test_the_signing_is_linked_to_the_agreement_that_was_signed(package: Package) -> None:
    links = {key: row["agreement_id"] for key, row in by_key(package, "meetings").items() if row["agreement_id"]}
    assert links == {"m4": f"{RELEASE}/a1"}
    assert by_key(package, "meetings")["m4"]["kind"] == "signing"


def test_facilities_are_places_and_events_take_place_in_them(package: Package) -> None:
    places = by_key(package, "places")
    facilities = {key for key, row in places.items() if row["classification"] == "facility"}
    assert facilities == {"rcrm", "mrc", "refugee-center"}
    meetings = by_key(package, "meetings")
    assert (meetings["m5"]["place_id"], meetings["m6"]["place_id"]) == ("rcrm", "mrc")


def test_the_programme_is_an_organization_of_that_classification_and_a_part_of_its_owner(package: Package) -> None:
    programmes = [row for row in table(package, "organizations") if row["classification"] == "programme"]
    assert [(row["organization_id"], row["parent_id"]) for row in programmes] == [("atsg", "cbp")]


def test_the_quotation_is_its_two_parts_joined_by_one_blank(package: Package) -> None:
    spans = [row for row in table(package, "spans") if row["fact_id"] == f"{RELEASE}/q1" and row["field"] == "text"]
    assert [row["part"] for row in spans] == ["1", "2"]
    assert by_key(package, "quotes")["q1"]["text"] == " ".join(row["text"] for row in spans)


@pytest.mark.parametrize("name", FACT_TABLES.values())
def test_every_fact_says_that_the_steward_structured_it(package: Package, name: str) -> None:
    assert {row["origin"] for row in table(package, name)} == {"steward"}


# Against the structure as it was checked by hand, where it lies beside the checkout.


@pytest.fixture(scope="module")
def structure() -> dict[str, Any]:
    if not STRUCTURE.is_file():
        pytest.skip("the structure checked by hand does not lie beside the checkout")
    found: dict[str, Any] = read_json(STRUCTURE)
    return found


def places_in(value: Any) -> list[Place]:
    """Return every stretch of text that a JSON value has in it, however deep."""
    if isinstance(value, list):
        return [place for item in value for place in places_in(item)]
    if not isinstance(value, dict):
        return []
    own = [(value["start"], value["end"], value["text"])] if {"start", "end", "text"} <= set(value) else []
    return own + places_in(list(value.values()))


def slug(name: str | None) -> str:
    return (name or "").replace("_", "-")


def test_the_spans_and_mentions_are_the_105_spans_of_the_structure(package: Package, structure: dict[str, Any]) -> None:
    wanted = places_in(structure)
    assert len(wanted) == structure["span_count"] == 105
    found = [(int(row["start"]), int(row["end"]), row["text"]) for row in table(package, "spans")]
    found += [(int(row["start"]), int(row["end"]), row["name"]) for row in table(package, "mentions")]
    assert Counter(found) == Counter(wanted)


def test_the_body_is_the_text_that_the_structure_was_made_for(
    package: Package, body: str, structure: dict[str, Any]
) -> None:
    assert table(package, "releases")[0]["text_sha256"] == structure["text_sha256"]
    assert body == (STRUCTURE.parent / structure["file"]).read_bytes().decode()


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        ("people", ("people",)),
        ("organizations", ("organisations", "programmes")),
        ("places", ("places", "facilities")),
        ("meetings", ("meetings",)),
        ("agreements", ("agreements",)),
        ("commitments", ("commitments",)),
        ("quotes", ("quotes",)),
    ],
)
def test_what_has_an_id_in_the_structure_has_it_in_the_table(
    package: Package, structure: dict[str, Any], name: str, lists: tuple[str, ...]
) -> None:
    assert set(by_key(package, name)) == {slug(item["id"]) for items in lists for item in structure[items]}


def test_the_mentions_name_whom_the_structure_says(package: Package, structure: dict[str, Any]) -> None:
    lists = ("people", "organisations", "places", "facilities", "programmes")
    entities = [item for items in lists for item in structure[items]]
    wanted = {(place[0], slug(item["id"])) for item in entities for place in places_in(item["mentions"])}
    assert {(int(row["start"]), row["entity_id"]) for row in table(package, "mentions")} == wanted


def test_the_meetings_have_the_kind_days_place_and_company_of_the_structure(
    package: Package, structure: dict[str, Any]
) -> None:
    company: dict[str, set[str]] = {}
    for row in table(package, "participants"):
        if row["role"] == "attendee":
            company.setdefault(row["fact_id"].removeprefix(f"{RELEASE}/"), set()).add(row["entity_id"])
    found = {
        key: (row["kind"], row["status"], row["start_on"], row["end_on"], row["place_id"], company[key])
        for key, row in by_key(package, "meetings").items()
    }
    assert found == {
        item["id"]: (
            item["kind"],
            item["status"].split()[0],
            item["date_start"] or "",
            item["date_end"] or "",
            slug(item.get("facility") or item["place"]),
            {slug(one) for one in item["participants"]},
        )
        for item in structure["meetings"]
    }


def test_the_roles_have_the_title_organization_and_country_of_the_structure(
    package: Package, structure: dict[str, Any]
) -> None:
    wanted = {
        (person["id"], role["title"], slug(role["organisation"]), (role["country"] or "").upper())
        for person in structure["people"]
        for role in person["roles"]
    }
    fields = ("person_id", "title", "organization_id", "country_code")
    assert {tuple(row[field] for field in fields) for row in table(package, "roles")} == wanted
