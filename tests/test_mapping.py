"""A source's own fields become those of a release, by a map in the dataset's file."""

import gzip
import json
import random
import re
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flows import config
from flows.ingest.mapping import mapped, slug
from flows.settings import PROJECT
from schemas.mapping import Mapping
from schemas.report import Report
from schemas.values import SLUG
from tests import publishing
from tests.test_docs import blocks

PAGE, SOURCES = PROJECT / "docs" / "corpus.md", PROJECT / "docs" / "sources.md"
DAY = date(2026, 11, 24)
TEXT = next(block.text for block in blocks(PAGE) if block.language == "toml")
LINE: dict[str, Any] = json.loads(next(block.text for block in blocks(PAGE) if block.language == "json"))


def taken(value: dict[str, Any], **told: Any) -> tuple[dict[str, Any], list[str]]:
    """Return a document by a map, and the fields that were left out."""
    release, untaken = mapped(value, Mapping.model_validate(told), "press-room")
    return release, [one.field for one in untaken]


def test_the_line_on_the_page_of_corpora_becomes_a_release_by_the_map_on_it() -> None:
    release, untaken = taken(LINE, **tomllib.loads(TEXT)["sources"][0]["map"])
    assert untaken == []
    assert release == {
        "id": "2022-03-01-a-statement",
        "headline": "A Statement",
        "kind": "statements-releases",
        "published_on": "2022-03-01",
        "published_at": "2022-03-01T09:30:00-05:00",
        "issuer": "the-white-house",
        "organizations": [{"id": "the-white-house", "name": "The White House"}],
        "language": "en",
        "body": "Today, …",
        "source": {"name": "The White House", "url": LINE["uri"]},
    }


@pytest.mark.parametrize(
    ("take", "value", "found"),
    [
        ({"as": "instant"}, "Tue, 01 Mar 2022 09:30:00 -0500", "2022-03-01T09:30:00-05:00"),
        ({"as": "instant"}, 1646145000, "2022-03-01T14:30:00+00:00"),
        ({"as": "instant", "zone": "America/Guatemala"}, "2022-03-01T09:30:00", "2022-03-01T09:30:00-06:00"),
        ({"as": "instant"}, "2022-03-01T09:30:00", "2022-03-01T09:30:00"),
        ({"as": "instant"}, "some day in March", "some day in March"),
        ({"as": "day"}, "2022-03-01 23:30:00-05:00", "2022-03-01"),
        ({"as": "day", "format": "%d %B %Y"}, "1 March 2022", "2022-03-01"),
        ({"as": "day"}, "31 March", "31 March"),
        ({"as": "instant", "zone": "America/New_York"}, "November 20, 2026 5:00 PM", "2026-11-20T17:00:00-05:00"),
        ({"as": "instant", "zone": "America/New_York"}, "Nov. 20, 2026 at 12:05 a.m.", "2026-11-20T00:05:00-05:00"),
        ({"as": "instant"}, "Friday, 20 November 2026, 17:00:30 GMT", "2026-11-20T17:00:30+00:00"),
        ({"as": "instant"}, "20-Nov-2026 5 PM (EST)", "2026-11-20T17:00:00-05:00"),
        ({"as": "instant"}, "November 20, 2026 5:00 PM +02:00", "2026-11-20T17:00:00+02:00"),
        ({"as": "instant"}, "Fri, 20 Nov 26 17:00:00 GMT", "2026-11-20T17:00:00+00:00"),
        ({"as": "instant"}, "Friday, 20-Nov-26 17:00:00 GMT", "2026-11-20T17:00:00+00:00"),
        ({"as": "instant"}, "Fri Nov 20 17:00:00 EST 2026", "2026-11-20T17:00:00-05:00"),
        ({"as": "instant"}, "Fri Nov 20 2026 17:00:00 GMT+0200 (Some Time)", "2026-11-20T17:00:00+02:00"),
        ({"as": "instant", "zone": "Europe/Paris"}, "Nov 20, 2026 5:00 PM ET", "Nov 20, 2026 5:00 PM ET"),
        ({"as": "instant", "zone": "UTC"}, "November 20, 2026 17:00 PM", "November 20, 2026 17:00 PM"),
        ({"as": "moment", "zone": "Europe/Paris"}, "November 20, 2026", None),
        ({"as": "moment", "zone": "Europe/Paris", "format": "%d.%m.%Y"}, "20.11.2026", None),
        ({"as": "moment", "zone": "UTC", "format": "%d.%m.%Y %H.%M"}, "20.11.2026 17.05", "2026-11-20T17:05:00+00:00"),
        ({"as": "day"}, "November 20, 2026", "2026-11-20"),
        ({"as": "day"}, "Nov. 20th, 2026", "2026-11-20"),
        ({"as": "day"}, "20th of November 2026", "2026-11-20"),
        ({"as": "day"}, "Sept. 5,\u00a02026", "2026-09-05"),
        ({"as": "day"}, "November 20, 2026 5:00 PM ET", "2026-11-20"),
        ({"as": "day"}, "20.11.2026", "2026-11-20"),
        ({"as": "day"}, "2026/11/05", "2026-11-05"),
        ({"as": "day"}, "03/03/2026", "2026-03-03"),
        ({"as": "day"}, "03/04/2026", "03/04/2026"),
        ({"as": "day", "format": "%d/%m/%Y"}, "03/04/2026", "2026-04-03"),
        ({"as": "day"}, "20-25 November 2026", "20-25 November 2026"),
        ({"as": "day"}, "November 2026", "November 2026"),
        ({"as": "day"}, "November 31, 2026", "November 31, 2026"),
        ({"as": "day"}, "20 de noviembre de 2026", "20 de noviembre de 2026"),
        ({"as": "day", "format": "%d de %B de %Y", "language": "es"}, "20 de Noviembre de 2026", "2026-11-20"),
        ({"as": "day", "format": "%A %d %B %Y", "language": "fr"}, "vendredi 20 nov. 2026", "2026-11-20"),
        ({"as": "day", "format": "%d %b %Y", "language": "ru"}, "20 ноября 2026", "2026-11-20"),
        ({"as": "day", "format": "%d de %B de %Y", "language": "pt-BR"}, "1 de março de 2026", "2026-03-01"),
        ({"as": "day", "format": "%d %B %Y", "language": "tr"}, "20 Kas\u0131m 2026", "2026-11-20"),
        ({"as": "day", "format": "%d %B %Y", "language": "tr"}, "20 Kasim 2026", "20 Kasim 2026"),
        ({"as": "slug"}, "Ministère de l'Énergie", "ministere-de-lenergie"),
        ({"as": "slug", "prefix": "health"}, "Care", "health-care"),
        ({"as": "address", "prefix": "health"}, "https://example.org/node/17", "health-17"),
        ({"as": "address", "prefix": "health"}, "https://example.org/", "https://example.org/"),
        ({"as": "slug", "split": ";"}, "Press Release; Energy", "press-release"),
        ({"as": "list", "split": ";"}, "Press Release; Energy", ["Press Release", "Energy"]),
        ({"as": "list"}, "Energy", ["Energy"]),
        ({"as": "address", "parts": 2}, "https://example.org/2022/Caf%C3%A9/?page=1#top", "2022-cafe-page-1"),
        ({"as": "address"}, 7, 7),
        ({}, "As it is", "As it is"),
        ({"value": "instead"}, "", "instead"),
    ],
)
def test_a_value_is_read_as_its_map_says_or_left_for_the_contract_to_refuse(
    take: dict[str, Any], value: Any, found: Any
) -> None:
    assert taken({"there": value}, note={"from": "there", **take})[0].get("note") == found


def test_a_long_address_makes_an_id_that_fits_and_is_its_own() -> None:
    ends = ("one", "two")
    ids = {
        taken({"link": f"https://example.org/{'word-' * 40}{end}"}, id={"from": "link", "as": "address"})[0]["id"]
        for end in ends
    }
    assert len(ids) == len(ends)
    assert all(len(one) <= 120 and one.startswith("word-word-") for one in ids)


ALIKE = [
    ("/ru/визит", "/ru/договор"),
    ("/и-я", "/я-и"),
    ("/2024/05/新闻", "/2024/05/公告"),
    ("/caf%E9", "/caf%E8"),
    ("/søn", "/sn"),
    (f"/{'word-' * 23}визит", f"/{'word-' * 23}обед"),
    ("/" + "x" * 130, "/" + "x" * 131),
]


@pytest.mark.parametrize("pair", ALIKE, ids=range(len(ALIKE)))
def test_addresses_that_differ_in_letters_outside_ascii_have_ids_of_their_own(pair: tuple[str, str]) -> None:
    ids = {
        taken({"link": f"https://example.org{path}"}, id={"from": "link", "as": "address", "parts": 9})[0]["id"]
        for path in pair
    }
    assert len(ids) == 2
    assert all(re.fullmatch(SLUG, one) and len(one) <= 120 for one in ids)


def test_an_address_has_one_id_whether_its_letters_are_escaped_or_not() -> None:
    links = ("https://example.org/ru/%D1%8F", "https://example.org/ru/я")
    assert {taken({"link": one}, id={"from": "link", "as": "address"})[0]["id"] for one in links} == {slug("я")}


def test_a_path_leads_into_objects_and_lists() -> None:
    value = {"title": {"rendered": "A bridge", "raw": "x"}, "people": [{"name": "Ada"}, {"name": "Ben", "age": 41}]}
    release, untaken = taken(value, headline="title.rendered", note="people.0.name", dateline="people.7.name")
    assert release == {"headline": "A bridge", "note": "Ada", "source": {"name": "press-room"}}
    assert untaken == ["people.*", "title.raw"]
    assert taken(value, headline="title", note={"from": "people.*.name"})[0]["note"] == ["Ada", "Ben"]
    assert taken(value, headline="title", ignore=["people.*.age", "people.*.name"])[1] == []


def test_a_value_before_the_field_that_it_may_not_precede_is_left_out_and_told() -> None:
    told = {"published_at": {"from": "out", "as": "instant"}}
    told["modified_at"] = {"from": "edited", "as": "instant", "not_before": "published_at"}
    early = {"out": "2022-03-01T12:00:00Z", "edited": "2022-03-01T11:00:00Z"}
    late = {"out": "2022-03-01T12:00:00Z", "edited": "2022-03-01T13:00:00+00:30"}
    release, untaken = taken(early, **told)
    assert ("modified_at" in release, untaken) == (False, ["edited"])
    release, untaken = taken(late, **told)
    assert ("modified_at" in release, untaken) == (True, [])


def test_moments_of_which_one_has_no_zone_are_left_for_the_contract() -> None:
    told = {"published_at": {"from": "out", "as": "instant"}}
    told["modified_at"] = {"from": "edited", "as": "instant", "not_before": "published_at"}
    document = {"out": "2022-03-01T12:00:00Z", "edited": "2022-03-01T11:00:00"}
    release, left_out = taken(document, **told)
    assert (release["modified_at"], left_out) == ("2022-03-01T11:00:00", [])


def test_the_maps_on_the_page_of_sources_are_maps() -> None:
    told = [tomllib.loads(block.text) for block in blocks(SOURCES) if "[sources.map]" in block.text]
    maps = [Mapping.model_validate(one["sources"]["map"]) for one in told]
    days = [
        mapped({"common": {"published": "20 de noviembre de 2026"}}, one, "news")[0].get("published_on") for one in maps
    ]
    assert days == ["2026-11-20", None]


def test_a_value_without_the_field_that_it_may_not_precede_is_left_out_and_told() -> None:
    told = {"modified_at": {"from": "edited", "as": "instant", "not_before": "published_at"}}
    told["published_at"] = {"from": "out", "as": "moment"}
    document = {"out": "2022-03-01", "edited": "2022-03-01T13:00:00Z"}
    release, left_out = mapped(document, Mapping.model_validate(told), "press-room")
    assert release == {"source": {"name": "press-room"}}
    assert left_out == [("edited", "modified_at stands without published_at and is left out")]


@pytest.mark.parametrize(
    "told",
    [
        {"headlines": "title"},
        {"headline": {"as": "slug"}},
        {"headline": {"from": "title", "as": "shout"}},
        {"headline": {"from": "title", "not_before": "the-start"}},
        {"published_at": {"from": "date", "zone": "Mars/Phobos"}},
        {"published_at": {"from": "date", "zone": "../UTC"}},
        {"published_on": {"from": "date", "format": "%d %B %Y", "language": "qx"}},
        {"published_on": {"from": "date", "language": "es"}},
        {"source": {"colour": "title"}},
    ],
)
def test_a_map_that_cannot_be_meant_is_a_mistake_of_the_datasets_file(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Mapping.model_validate(told)


def test_a_mistake_in_a_map_is_told_with_the_line_of_its_source(tmp_path: Path) -> None:
    (tmp_path / "ports.toml").write_text(TEXT.replace('headline = "headline"', 'headlines = "headline"'))
    with pytest.raises(config.ConfigError, match=r"ports\.toml:\d+: sources\.0\.map: a release has no field headlines"):
        config.read(tmp_path, "ports")


def corpus(count: int) -> list[dict[str, Any]]:
    """Return lines of the form on the page, of words of their own."""
    chance = random.Random(20261124)  # noqa: S311 - words are no secret
    words = ("harbour", "school", "bridge", "water", "minister", "said", "today", "that", "work", "begins")
    return [
        LINE
        | {
            "uri": f"https://example.org/news/2022/03/{1 + number % 28:02}/item-{number}/",
            "headline": f"Item {number}",
            "published": f"2022-03-{1 + number % 28:02} 09:30:00-05:00",
            "body": f"Item {number}: " + " ".join(chance.choices(words, k=60)) + ".\r\nEnd.",
        }
        for number in range(count)
    ]


def laid(data: Path, lines: list[dict[str, Any]]) -> Path:
    """Return a data folder as the page says, with the dataset `white-house` over `lines`."""
    (data / "datasets").mkdir(parents=True)
    (data / "briefing-room").mkdir()
    (data / "datasets" / "white-house.toml").write_text(TEXT, encoding="utf-8")
    told = "".join(json.dumps(line) + "\n" for line in lines).encode()
    (data / "briefing-room" / "releases.jsonl.gz").write_bytes(gzip.compress(told))
    return data


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, list[dict[str, str]], list[dict[str, str]]]:
    """Return report, releases and quarantine of a corpus with some lines that are wrong in known ways."""
    lines = corpus(60)
    lines[3]["uri"] = lines[4]["uri"]
    lines[5]["published"] = "some day"
    lines[6]["body"] = ""
    for line in lines[10:17]:
        line["views"] = 12
    for line in lines[20:25]:
        line["modified"] = "2021-01-01 00:00:00-05:00"
    version = publishing.published(laid(tmp_path_factory.mktemp("corpus"), lines), "white-house", DAY)
    report = Report.model_validate_json((version.folder / "report.json").read_bytes())
    return report, publishing.table(version, "releases"), publishing.table(version, "quarantine")


def test_of_a_corpus_every_line_goes_out_or_is_refused_with_its_rule(
    told: tuple[Report, list[dict[str, str]], list[dict[str, str]]],
) -> None:
    report, releases, quarantine = told
    count = report.counts["releases"]
    assert (count.in_, count.out, count.refused) == (60, 57, 3)
    assert len(releases) == 57
    rules = Counter((row["rule"], row["line"]) for row in quarantine)
    assert {rule for rule, _ in rules} == {"record.duplicate", "record.type", "record.required"}
    assert {line for _, line in rules} == {"5", "6", "7"}


def test_what_a_map_leaves_out_is_told_once_a_field_with_the_number_of_documents(
    told: tuple[Report, list[dict[str, str]], list[dict[str, str]]],
) -> None:
    said = {found.field: found.message for found in told[0].problems if found.rule == "input.untaken"}
    assert said == {
        "modified": "source briefing-room: modified_at lies before published_at and is left out, in 5 documents",
        "views": "source briefing-room: [sources.map] neither takes nor ignores it, in 7 documents",
    }


def test_rows_of_a_corpus_are_what_its_lines_say(
    told: tuple[Report, list[dict[str, str]], list[dict[str, str]]],
) -> None:
    row = next(row for row in told[1] if row["release_id"] == "2022-03-09-item-8")
    assert row["body"] == corpus(60)[8]["body"].replace("\r\n", "\n")
    assert (row["issuer_id"], row["published_on"]) == ("the-white-house", "2022-03-09")
    assert (row["published_at"], row["source_name"]) == ("2022-03-09T14:30:00Z", "The White House")
    assert row["source_url"] == "https://example.org/news/2022/03/09/item-8/"
