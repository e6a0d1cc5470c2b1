"""The catalog as files: what its pages say is what the packages say, and they are made no more often than they must."""

import json
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import feedparser
import httpx
import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from flows import rulings, store
from flows.settings import Settings
from flows.site import changes, charts, dataset, model, redline, render, search, text, told
from flows.site import table as rows_of
from flows.site.pages import of_dataset
from flows.site.text import Evidence, Mention
from flows.site.write import bring, site, withdrawn
from schemas.package import PAGED, Package, Version
from schemas.rules import DEPENDANT
from schemas.tables import FACT_TABLES
from tests import catalog
from tests.catalog import MINISTRY
from tests.conftest import Communique
from tests.markup import crawled, faults, judged
from tests.publishing import DATASET, published, read_json, table, tree
from tests.shelves import put, serving

FIRST_VIEW = 150_000
"""Bytes of a page with all that it loads."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the seed, a harmful release and three versions of the ministry; with its catalog."""
    folder = catalog.folder(tmp_path_factory.mktemp("site") / "data")
    catalog.harmed(folder)
    catalog.months(folder)
    site(folder / "packages")
    return folder


@pytest.fixture(scope="module")
def packages(made: Path) -> Path:
    return made / "packages"


def pages(root: Path) -> list[Path]:
    """Return every page of the catalog under `root`."""
    return sorted(root.rglob("*.html"))


def parsed(path: Path) -> LexborHTMLParser:
    return LexborHTMLParser(path.read_bytes())


def first(page: LexborHTMLParser, what: str) -> str:
    """Return the text of the first element that `what` selects."""
    found = page.css_first(what)
    assert found
    return found.text()


def words(html: str) -> str:
    """Return the text that a browser makes of lines of a release."""
    body = LexborHTMLParser(f"<!doctype html><body>{html}")
    return "\n".join(line.text() for line in body.css("p.words"))


def as_page(found: list[text.Line]) -> str:
    return "".join(f'<p class="words">{line.html}</p>' for line in found)


# The text of a release

LETTERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60)
PLACES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=8)


@given(LETTERS, PLACES, PLACES)
def test_the_text_of_a_page_is_the_body_whatever_facts_overlap_in_it(
    body: str, facts: list[tuple[int, int]], named: list[tuple[int, int]]
) -> None:
    evidence = [
        Evidence(start, min(start + long, len(body)), number, "quote", f"q{number}", [(start + 1, start + 2, "item")])
        for number, (start, long) in enumerate(facts, 1)
        if start < len(body)
    ]
    mentions = [Mention(start, min(start + long, len(body)), "x.html") for start, long in named if start < len(body)]
    found = text.lines(body, evidence, mentions)
    assert words(as_page(found)) == body
    assert sorted(number for line in found for number in line.numbers) == [one.number for one in evidence]


def test_each_of_two_facts_that_cross_is_underlined_below_the_other() -> None:
    (line,) = text.lines("one two three", [Evidence(0, 7, 1, "quote", "q1", []), Evidence(4, 13, 2, "role", "r1", [])])
    tree = LexborHTMLParser(f"<body>{line.html}")
    assert [(part.text(), part.attributes["class"]) for part in tree.css("a.fact")] == [
        ("one ", "fact quote u0-quote n1"),
        ("two", "fact quote u0-quote u1-role n1 n2"),
        (" three", "fact role u1-role n2"),
    ]


def test_a_letter_that_nobody_sees_is_named() -> None:
    tree = LexborHTMLParser("<body>" + text.safe("a\u202eb"))
    assert [one.attributes["data-name"] for one in tree.css("span.unseen")] == ["U+202E"]
    assert text.visible("a\u202eb") == "a⟨U+202E⟩b"


@given(LETTERS, LETTERS)
def test_both_texts_can_be_read_from_a_redline(old: str, new: str) -> None:
    pieces = redline.redline(old, new)
    assert "".join(one.text for one in pieces if one.change != "new") == old
    assert "".join(one.text for one in pieces if one.change != "gone") == new


def test_a_redline_shows_the_words_that_changed_and_no_others() -> None:
    assert redline.redline("ship 1,200 tonnes now", "ship 1,250 tonnes now") == [
        ("same", "ship "),
        ("gone", "1,200"),
        ("new", "1,250"),
        ("same", " tonnes now"),
    ]


@pytest.mark.parametrize("part", ["a ", "a\n"])
def test_a_redline_of_words_said_over_and_over_is_one_stretch_that_was_replaced(part: str) -> None:
    times = int(redline.MOST_PAIRS**0.5) + 1
    old, new = f"x{part[1]}{part * times}y", f"z{part[1]}{part * times}b{part[1]}{part}w"
    assert redline.redline(old, new) == [("gone", old), ("new", new)]


def test_an_edit_of_a_long_paragraph_shows_the_words_that_changed() -> None:
    about = " ".join(f"word{number}" for number in range(redline.LONGEST))
    assert redline.redline(f"{about} old {about}", f"{about} new {about}") == [
        ("same", f"{about} "),
        ("gone", "old"),
        ("new", "new"),
        ("same", f" {about}"),
    ]


def test_days_and_numbers_are_written_as_people_write_them() -> None:
    assert told.days("2021-07-06", "2021-07-07") == "6 \N{EN DASH} 7 July 2021"
    assert told.days("2021-07-30", "2021-08-02") == "30 July \N{EN DASH} 2 August 2021"
    assert told.days("2021-07-06", "") == "6 July 2021"


@pytest.mark.parametrize(
    ("text", "first", "last", "says"),
    [
        ("by 1 June 2024", "2024-06-01", "2024-06-01", "due 1 June 2024"),
        ("from 1 June 2024", "2024-06-01", "2024-06-01", "from 1 June 2024"),
        ("From now until 2026", "", "", "From now until 2026"),
        ("beginning of 2025", "2025-01-01", "2025-01-31", "due 1 \N{EN DASH} 31 January 2025"),
        ("soon", "", "", "due soon"),
        ("", "", "", ""),
    ],
)
def test_when_something_is_due_or_begins_is_told_in_words(text: str, first: str, last: str, says: str) -> None:
    row = dict.fromkeys(("qualifier", "quantity", "quantity_text", "unit", "strength", "status"), "")
    row |= {"action": "give seed", "due_text": text, "due_start": first, "due_end": last}
    assert told.tell(model.Fact("commitment", row, [], []), {}).lines == ([says] if says else [])


@pytest.mark.parametrize(("qualifier", "says"), [("more", "2 more ferries"), ("about", "about 2 ferries")])
def test_a_number_stands_where_it_is_spoken(qualifier: str, says: str) -> None:
    row = dict.fromkeys(("quantity_text", "due_text", "due_start", "due_end", "strength", "status"), "")
    row |= {"action": "send ferries", "qualifier": qualifier, "quantity": "2", "unit": "ferries"}
    assert told.tell(model.Fact("commitment", row, [], []), {}).lines == [says]


def test_parts_of_a_quotation_between_which_nothing_stands_have_no_gap() -> None:
    spans = [
        model.Span("text", "1", 10, 17, "We will"),
        model.Span("text", "2", 18, 24, "go on."),
        model.Span("text", "3", 60, 64, "Yes."),
    ]
    fact = model.Fact("quote", {"text": "", "attribution": ""}, [], spans)
    assert told.tell(fact, {}).title == "“We will go on. … Yes.”"
    assert told.number("1500000.5") == "1,500,000.5"
    assert told.size(1_234_567) == "1.2 MB"


def test_a_chart_has_every_count_and_no_script() -> None:
    chart = charts.bars([("Halmere", 3), ("<b>", 1)], "By recipient")
    assert [node.text() for node in LexborHTMLParser(chart).css("text.count")] == ["3", "1"]
    assert "<b>" not in chart


@given(st.lists(st.dates().map(str), min_size=1, max_size=20))
def test_a_timeline_has_a_mark_for_every_day_or_says_how_many_lie_before_it(days: list[str]) -> None:
    chart = LexborHTMLParser(charts.timeline([charts.Dot(day, "quote", "words", "x.html") for day in days], "Facts"))
    marks, before = len(chart.css("circle")), _earlier(chart)
    assert marks + before == len(days)
    assert marks > 0


@given(st.dictionaries(st.dates().map(lambda day: str(day)[:7]), st.integers(1, 9), min_size=1, max_size=20))
def test_columns_show_every_month_or_say_how_many_lie_before_them(counts: dict[str, int]) -> None:
    chart = LexborHTMLParser(charts.columns(sorted(counts.items()), "Releases"))
    shown = sum(int(node.text().rpartition(" ")[2]) for node in chart.css("title"))
    assert shown + _earlier(chart) == sum(counts.values())


def test_one_fact_of_another_century_is_told_and_not_drawn() -> None:
    chart = charts.timeline([charts.Dot(day, "quote", "w", "x.html") for day in ("1924-04-18", "2024-04-18")], "Facts")
    assert first(LexborHTMLParser(chart), "text.earlier") == "1 before Apr 1984 not shown"


# What the pages say


def test_every_release_has_a_page_with_its_words_letter_by_letter(packages: Path) -> None:
    for listing in model.listings(packages):
        for row in table(_latest(listing), "releases"):
            page = parsed(packages / listing.dataset / "releases" / f"{row['release_id']}.html")
            assert "\n".join(line.text() for line in page.css("p.words")) == row["body"]


def test_every_fact_leads_to_its_row_and_every_row_to_its_words(packages: Path) -> None:
    for listing in model.listings(packages):
        facts = table(_latest(listing), "facts")
        for row in facts:
            release, _, local = row["fact_id"].partition("/")
            page = parsed(packages / listing.dataset / "releases" / f"{release}.html")
            for where in (local, f"{local}-text"):
                assert len(page.css(f'[id="{where}"]')) == 1
                assert page.css(f'a[href="#{where}"]')
        assert facts


OWN = {"mentions": "start", "revisions": "revision", "participants": "position", "spans": "part", "coverage": "entry"}
"""The field whose link is the address of a row, where that is not the first of its key."""


def test_every_row_of_every_table_has_an_address_and_there_a_letter_about_its_errors(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_of, "SHOWN_ROWS", 10**6)
    read: dict[Path, tuple[list[str], bool]] = {}
    for listing in model.listings(packages):
        edition = listing.edition(listing.latest or "")
        for name, schema in edition.schemas.items():
            names, lines = rows_of.first_rows(edition, name)
            place = names.index(OWN.get(name, schema["primaryKey"][0]))
            assert len({line.cells[place].href for line in lines}) == len(edition.table(name)), name
            for line in lines:
                path, _, anchor = line.cells[place].href.partition("#")
                page = packages / listing.dataset / "tables" / (path or f"{name}.html")
                if page not in read:
                    found = parsed(page)
                    ids = [node.attributes["id"] or "" for node in found.css("[id]")]
                    read[page] = (ids, bool(found.css("a[href^='mailto:steward@']")))
                assert not anchor or read[page][0].count(unquote(anchor)) == 1, (name, anchor)
                assert read[page][1], page
    assert len(read) > 100


def test_a_row_shows_every_field_that_it_has(packages: Path) -> None:
    page = parsed(packages / DATASET / "releases" / "dhs-2021-07-guatemala-seed.html")
    row = page.css_first('section[id="c1"]')
    assert row
    shown = dict(zip((one.text() for one in row.css("dt")), (one.text() for one in row.css("dd")), strict=True))
    assert shown["quantity"] == "1500000"
    assert shown["due_end"] == "2021-07-11"
    assert shown["fact_id"] == "dhs-2021-07-guatemala-seed/c1"


def test_a_release_says_how_many_of_its_facts_were_refused_and_one_without_says_nothing(packages: Path) -> None:
    refused = model.rows(packages / MINISTRY / "1.2.0" / "quarantine.csv")
    named = {row["key"].partition("/")[0] for row in refused if row["table"] in FACT_TABLES.values()}
    releases = packages / MINISTRY / "releases"
    page = parsed(releases / "mer-2024-03-18-interconnector-carrowin.html")
    assert first(page, "p.refused") == "1 fact of this release was refused."
    for row in model.rows(packages / MINISTRY / "1.2.0" / "releases.csv"):
        says = bool(parsed(releases / f"{row['release_id']}.html").css("p.refused"))
        assert says == (row["release_id"] in named and row["newer_refused"] == "false"), row["release_id"]


def test_a_release_says_why_each_of_its_rows_was_refused(packages: Path) -> None:
    refused = [row for row in model.rows(packages / MINISTRY / "1.2.0" / "quarantine.csv") if row["rule"] != DEPENDANT]
    releases = packages / MINISTRY / "releases"
    stood = {row["release_id"]: row for row in model.rows(packages / MINISTRY / "1.2.0" / "releases.csv")}
    for release_id, row in stood.items():
        mine = [one for one in refused if one["key"].replace(" ", "/").partition("/")[0] == release_id]
        told = [" ".join(item.text().split()) for item in parsed(releases / f"{release_id}.html").css(".refused li")]
        assert len(told) == len(mine), release_id
        for one, words in zip(mine, told, strict=True):
            assert one["key"] in words
            assert words.endswith(one["rule"])
            assert " ".join(one["message"].split())[:100] in words
        shown = bool(parsed(releases / f"{release_id}.html").css("details.refused[open]"))
        assert shown == (row["newer_refused"] == "true")
    assert sum(one["key"].partition("/")[0] in stood for one in refused) > 9


def test_an_edited_release_shows_what_was_edited(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "releases" / "mer-2024-03-05-seed-wheat-ujara.html")
    assert "1,200" in [node.text() for node in page.css("del")]
    assert "1,250" in [node.text() for node in page.css("ins")]


def test_an_edited_release_says_so_at_its_top_with_its_day_and_its_original(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "releases" / "mer-2024-03-05-seed-wheat-ujara.html")
    lead = first(page, "header.lead")
    assert "Edited at its source, last seen so on 31 May 2024: how the text changed." in lead
    (original,) = [node for node in page.css("header.lead .kicker a") if node.text() == "original"]
    (row,) = [
        row for row in model.rows(packages / MINISTRY / "1.2.0" / "releases.csv") if row["release_id"] in SEED_WHEAT
    ]
    assert original.attributes["href"] == row["source_url"]


SEED_WHEAT = {"mer-2024-03-05-seed-wheat-ujara"}


def test_the_parts_of_a_quotation_have_a_gap_between_them(packages: Path) -> None:
    spans = list(model.rows(packages / MINISTRY / "1.2.0" / "spans.csv"))
    parts: dict[str, list[str]] = {}
    for row in spans:
        if row["field"] == "text":
            parts.setdefault(row["fact_id"], []).append(row["text"])
    several = {name: said for name, said in parts.items() if len(said) > 1 and len(" … ".join(said)) <= told.QUOTED}
    assert several
    for name, said in several.items():
        release, _, local = name.partition("/")
        page = parsed(packages / MINISTRY / "releases" / f"{release}.html")
        if title := page.css_first(f'[id="{local}"].quote h2'):
            assert title.text().strip() == f"“{' … '.join(part.strip() for part in said)}”"


def test_a_withdrawn_release_says_so(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "releases" / "mer-2024-03-08-no-lease-of-quill-harbour.html")
    assert first(page, "p.alert").startswith("Withdrawn")


def test_facts_of_a_withdrawn_release_are_told_as_such(packages: Path) -> None:
    home = packages / MINISTRY
    latest = home / "1.2.0"
    gone = {row["release_id"] for row in model.rows(latest / "releases.csv") if row["status"] == "withdrawn"}
    for name in FACT_TABLES.values():
        sources = {row["release_id"] for row in model.rows(latest / f"{name}.csv")} & gone
        told_of = {node.attributes["href"] for node in parsed(home / "tables" / f"{name}.html").css("p.alert a")}
        assert told_of == {f"../releases/{one}.html" for one in sources}, name
    for path in (home / "tables").iterdir():
        names = [node.text() for node in parsed(path).css("table.rows th")]
        if path.stem in {"revisions", "mentions", "facts", "releases", *FACT_TABLES.values()}:
            for row in parsed(path).css("table.rows tbody tr"):
                cells = dict(zip(names, (node.text() for node in row.css("td")), strict=True))
                release = re.sub("^withdrawn ", "", cells.get("release_id") or cells["fact_id"].partition("/")[0])
                assert bool(row.css("b.gone")) == (release in gone), (path, release)
    marked = 0
    for path in (home / "entities").iterdir():
        for one in parsed(path).css("ol.story li, ul.list li"):
            href = str(one.css("a")[0].attributes["href"])
            says = bool(one.css(".when b"))
            assert says == (Path(href.partition("#")[0]).stem in gone), path
            marked += says
    assert marked
    cards = {
        card.css("h2 a")[0].attributes["href"]: card.text() for card in parsed(packages / "index.html").css(".card")
    }
    assert f"releases, {len(gone)} withdrawn" in cards[f"{MINISTRY}/index.html"]


def test_every_refused_row_and_every_cause_is_told(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "index.html").text()
    refused = model.rows(packages / MINISTRY / "1.2.0" / "quarantine.csv")
    for row in refused:
        assert row["rule"] == "quarantine.dependant" or row["rule"] in page
    changed = parsed(packages / MINISTRY / "changes" / "1.2.0.html")
    causes = json.loads((packages / MINISTRY / "1.2.0" / "diff.json").read_bytes())["causes"]
    for cause, count in causes.items():
        (link,) = changed.css(f'.numbers a[href="#_{cause.replace(" ", "-")}"]')
        assert link.text().startswith(f"{count:,} ")
        assert told.CAUSES[cause] in link.text()


def test_what_a_version_did_to_a_release_stands_under_its_headline_in_plain_words(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "changes" / "1.2.0.html")
    text = " ".join(page.text().split())
    assert "Accept applicationsdue text until 26 April 2024 · due start 14 March 2024" in text
    assert "With them 1 fact, 1 participant, 2 spans added" in text
    assert "changed at the source on 8 April 2024, 09:30 UTC2 May 2024, 10:15 UTC" in text
    assert "a newer text was refused noyes" in text
    assert not re.search(r"[0-9a-f]{12}", text)


def test_each_row_that_follows_from_others_is_told_with_its_values_in_the_order_of_its_numbers(packages: Path) -> None:
    listing = next(one for one in model.listings(packages) if one.dataset == MINISTRY)
    edition = listing.edition("1.2.0")
    sections = changes.context(edition, listing.edition("1.1.0"), frozenset())["sections"]
    groups = [group for one in sections for group in one.groups]
    assert sum(len(group.each) for group in groups) == changes.EACH
    (edited,) = [[row for group in one.groups for row in group.each] for one in sections if one.id == "_source-edited"]
    following = [
        one for one in edition.diff["rows"] if one["cause"] == "source edited" and one["table"] in changes.SERVING
    ]
    assert {row.kind for row in edited} >= {one["table"].removesuffix("s") for one in following}
    assert [row for row in edited if row.change == "changed"]
    assert all(row.fields for row in edited if row.change == "changed")
    for group in groups:
        places = [int(row.title) for row in group.each if row.kind == "mention" and row.change == "added"]
        assert places == sorted(places)
    page = parsed(packages / MINISTRY / "changes" / "1.2.0.html")
    assert len(page.css("details.each li")) == changes.EACH


def test_a_row_that_came_or_went_says_what_it_said(packages: Path) -> None:
    listing = next(one for one in model.listings(packages) if one.dataset == MINISTRY)
    new, old = listing.edition("1.1.0"), listing.edition("1.0.0")
    said = {
        (row.change, row.title): dict(row.says)
        for row in _rows_of(changes.context(new, old, frozenset()))
        if row.says and row.kind != "fact"
    }
    gone = said["removed", "Pay into the Inter-Basin Relief Fund"]
    assert (gone["quantity"], gone["unit"], gone["due end"]) == ("4500000", "crowns", "30 June 2024")
    assert said["removed", "Pay into the Inter-Basin Relief Fund recipient 1"] == {"entity": "Inter-Basin Relief Fund"}
    for row in table(_latest(listing)._replace(folder=new.folder), "commitments"):
        title = row["action"][:1].upper() + row["action"][1:]
        if ("added", title) in said and row["due_text"]:
            assert "due text" in said["added", title]


def test_what_rows_say_is_told_until_the_page_is_full_and_not_of_a_version_that_is_gone(packages: Path) -> None:
    listing = next(one for one in model.listings(packages) if one.dataset == MINISTRY)
    new, old = listing.edition("1.1.0"), listing.edition("1.0.0")
    whole, without = (changes.context(new, before, frozenset()) for before in (old, None))
    said = [changes.A_VALUE + len(name) + len(value) for row in _rows_of(whole) for name, value in row.says]
    assert changes.SAID < sum(said) < changes.SAID + 1000
    assert whole["short"]
    assert [row for row in _rows_of(whole) if row.change == "removed" and row.says]
    assert not [row for row in _rows_of(without) if row.change == "removed" and row.says]


def _rows_of(told_of: dict[str, Any]) -> list[changes.Changed]:
    return [
        row for one in told_of["sections"] for group in one.groups for some in (group.rows, group.each) for row in some
    ]


def test_what_a_steward_corrected_stands_with_the_reason_for_it(tmp_path: Path) -> None:
    data = catalog.folder(tmp_path / "data")
    (seed,) = (data / "releases").glob("*.json")
    document = read_json(seed)
    for kind in FACT_TABLES.values():
        document[kind] = [fact | {"origin": "source"} for fact in document[kind]]
    seed.write_bytes(store.to_json(document))
    published(data)
    (data / "corrections").mkdir(exist_ok=True)
    (data / "corrections" / f"{DATASET}.toml").write_text(
        f'[[corrections]]\nrelease = "{seed.stem}"\npointer = "/commitments/1/strength"\n'
        'expect = "plan"\nvalue = "policy"\nreason = "Seen in the text."\nby = "Ada Steward"\n',
        encoding="utf-8",
    )
    latest = published(data)
    site(data / "packages")
    page = parsed(data / "packages" / DATASET / "changes" / f"{latest.version}.html")
    assert first(page, 'section[aria-labelledby="_steward"] h3 + p') == "Why: Seen in the text. (Ada Steward)"
    assert {"plan", "policy"} <= {node.text() for node in page.css(".changed del, .changed ins")}


def test_a_row_that_went_is_called_what_the_version_before_called_it(packages: Path) -> None:
    listing = next(one for one in model.listings(packages) if one.dataset == MINISTRY)
    new, old = listing.edition("1.1.0"), listing.edition("1.0.0")
    gone = {
        f"{fact['release_id']}/{fact['fact_id'].partition('/')[2]}"
        for name in FACT_TABLES.values()
        for fact in old.table(name)
    } - {fact["fact_id"] for name in FACT_TABLES.values() for fact in new.table(name)}
    found = [
        row for one in changes.context(new, old, frozenset())["sections"] for some in one.groups for row in some.rows
    ]
    removed = [row for row in found if row.change == "removed" and row.kind in FACT_TABLES]
    assert len(removed) == len(gone) > 0
    assert not [row.title for row in removed if "/" in row.title]
    without = changes.context(new, None, frozenset())["sections"]
    assert [row.title for one in without for some in one.groups for row in some.rows if row.title in gone]


def test_each_version_is_saved_under_a_name_of_its_own(packages: Path) -> None:
    for number in ("1.1.0", "1.2.0"):
        page = parsed(packages / MINISTRY / "versions" / f"{number}.html")
        saved = {node.attributes["href"]: node.attributes["download"] for node in page.css("a[download]")}
        assert saved[f"../{number}/{MINISTRY}.xlsx"] == f"{MINISTRY}-{number}.xlsx"
        assert saved[f"../{number}/releases.csv"] == f"{MINISTRY}-{number}-releases.csv"


def test_a_chart_of_one_bar_is_not_drawn_and_facts_of_a_kind_stand_together(packages: Path) -> None:
    for path in (packages / MINISTRY / "entities").iterdir():
        page = parsed(path)
        for chart in page.css("section.two svg"):
            assert len(chart.css("rect.bar")) > 1, path
        for one in page.css("ul.legend a"):
            assert page.css(f'[id="{(one.attributes["href"] or "")[1:]}"]'), path
        kinds = [node.attributes["class"] for node in page.css("ol.story li")]
        assert kinds == sorted(kinds, key=lambda kind: list(told.KIND_NAMES).index(str(kind)))


def test_who_is_named_in_no_mention_is_told_by_facts(tmp_path: Path) -> None:
    data = catalog.folder(tmp_path / "data")
    (path,) = (data / "releases").glob("*.json")
    path.write_bytes(store.to_json(read_json(path) | {"mentions": []}))
    latest = published(data)
    site(data / "packages")
    home = data / "packages" / DATASET
    facts = {row["fact_id"] for row in table(latest, "participants") if row["entity_id"] == "mayorkas"}
    facts |= {row["fact_id"] for row in table(latest, "roles") if row["person_id"] == "mayorkas"}
    assert "Named" not in first(parsed(home / "entities" / "mayorkas.html"), "header.lead")
    said = {href: said for _, _, href, said, _ in read_json(home / "search.json")["found"]}
    assert said["entities/mayorkas.html"] == f"in {len(facts)} facts"
    page = parsed(home / "index.html")
    assert "Who is in most facts" in page.text()
    assert f"{len(facts)}" in [node.text() for node in page.css('a[href="entities/mayorkas.html"] small')]


def test_a_post_is_told_with_its_organization(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "entities" / "haddin.html")
    post = first(page, "section[aria-labelledby=_posts] li a")
    assert post == "Minister of Food and Fisheries, Ministry of Food and Fisheries"


def test_a_post_that_many_releases_tell_is_told_once_with_its_days(packages: Path) -> None:
    home = packages / MINISTRY
    rows = [row for row in model.rows(home / "1.2.0" / "roles.csv") if row["person_id"] == "ostrell"]
    posts = [
        node.text() for node in parsed(home / "entities" / "ostrell.html").css("section[aria-labelledby=_posts] li")
    ]
    assert len(rows) > len(posts)
    (post,) = [post for post in posts if "Minister of External Relations" in post]
    assert f"in {len([row for row in rows if row['title'] == 'Minister of External Relations'])} releases" in post


def test_the_hashes_of_a_table_are_beside_its_files(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "tables" / "meetings.html")
    assert [node.text() for node in page.css("header.lead .hash")] == [
        store.sha256_file(packages / MINISTRY / "1.2.0" / f"meetings.{kind}") for kind in ("csv", "parquet")
    ]


def test_the_hash_of_every_file_is_on_the_page_of_its_version(packages: Path) -> None:
    page = parsed(packages / MINISTRY / "versions" / "1.1.0.html").text()
    for line in (packages / MINISTRY / "1.1.0" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert name in page
        assert digest in page or name == "manifest.json"


def test_a_version_can_be_cited_as_csl_json(packages: Path, tmp_path: Path) -> None:
    (item,) = json.loads(_cited(packages / MINISTRY / "index.html"))
    digest = json.loads((packages / MINISTRY / "latest.json").read_bytes())["sha256"]
    assert (item["type"], item["version"], item["issued"]) == ("dataset", "1.2.0", {"date-parts": [[2024, 5, 31]]})
    assert item["note"] == f"SHA-256 of manifest.json: {digest}."
    assert "URL" not in item
    site(packages, tmp_path, BASE)
    (item,) = json.loads(_cited(tmp_path / MINISTRY / "index.html"))
    assert item["URL"] == f"{BASE}{MINISTRY}/versions/1.2.0.html"


def test_every_version_says_how_to_cite_it_with_its_day_its_place_and_its_hash(packages: Path, tmp_path: Path) -> None:
    site(packages, tmp_path, BASE)
    for number, day in (("1.1.0", "30 April 2024"), ("1.2.0", "31 May 2024")):
        digest = store.sha256_file(packages / MINISTRY / number / "manifest.json")
        for root, address in ((packages, ""), (tmp_path, BASE)):
            page = parsed(root / MINISTRY / "versions" / f"{number}.html")
            said, bibtex = (first(page, f'pre[aria-label="{form}"]') for form in ("As text", "BibTeX"))
            assert f"version {number} of {day} [data set]" in said
            assert f"{address}{MINISTRY}/versions/{number}.html" in said
            assert f"{address}{MINISTRY}/versions/{number}.html" in bibtex
            assert digest in said
            assert digest in bibtex


def _cited(page: Path) -> str:
    return first(parsed(page), 'pre[aria-label="CSL-JSON"]')


def test_the_catalog_says_when_the_next_run_comes_and_what_a_person_looked_at(packages: Path) -> None:
    found = parsed(packages / "index.html").css("li.card")
    told_of = {card.css_first("h2 a").attributes["href"]: card.text() for card in found}  # type: ignore[union-attr]
    for name, when in (
        (DATASET, "next run at 06:00 every day, time of America/New York"),
        (MINISTRY, "next run at 06:00 on the first day of every month, time of UTC"),
    ):
        card = told_of[f"{name}/index.html"]
        assert when in card
        rows = [
            row
            for table in FACT_TABLES.values()
            for row in model.rows(packages / name / _newest(packages / name) / f"{table}.csv")
        ]
        seen = sum(row["review"] in {"accepted", "corrected"} for row in rows)
        share = "every fact" if seen == len(rows) else f"{100 * seen // len(rows)} % of facts" if seen else "no fact"
        assert f"{share} reviewed by a person" in card
        assert "time of" in parsed(packages / name / "index.html").text()


def _newest(home: Path) -> str:
    return str(json.loads((home / "latest.json").read_bytes())["version"])


def test_a_schedule_that_is_not_understood_is_not_told(packages: Path, tmp_path: Path) -> None:
    version = shutil.copytree(packages / DATASET / "1.0.0", tmp_path / "1.0.0")
    described = json.loads((version / "datapackage.json").read_bytes())
    for wrong in ({"cron": "whenever", "timezone": "UTC"}, None, "daily"):
        (version / "datapackage.json").write_text(json.dumps(described | {"communique:schedule": wrong}))
        assert dataset.scheduled(model.Edition(DATASET, "1.0.0", version)) == ""


def test_the_feed_has_every_version_with_its_causes(packages: Path) -> None:
    feed = feedparser.parse((packages / MINISTRY / "feed.xml").read_bytes())
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [f"{MINISTRY} {number}" for number in ("1.2.0", "1.1.0", "1.0.0")]
    assert "back at the source (2)" in feed.entries[0].summary


# For machines


def test_programs_find_every_dataset(packages: Path) -> None:
    told_of = json.loads((packages / "catalog.json").read_bytes())["datasets"]
    assert [(one["name"], one["version"]) for one in told_of] == [(DATASET, "1.0.0"), (MINISTRY, "1.2.0")]
    for one in told_of:
        assert (packages / one["datapackage"]).is_file()
    links = re.findall(r"\]\((.+?)\)", (packages / "llms.txt").read_text(encoding="utf-8"))
    assert len(links) == 6
    assert all((packages / link).is_file() for link in links)


# What is searched


def test_every_dataset_release_and_name_is_in_the_index_of_the_search(packages: Path) -> None:
    for listing in model.listings(packages):
        version, home = _latest(listing), packages / listing.dataset
        found = json.loads((home / "search.json").read_bytes())["found"]
        ids = [row["entity_id"] for row in table(version, "entities")]
        releases = [row["release_id"] for row in table(version, "releases")]
        wanted = ["index.html", *(f"entities/{one}.html" for one in ids), *(f"releases/{one}.html" for one in releases)]
        assert sorted(href for _, _, href, _, _ in found) == sorted(wanted)
        assert all((home / href).is_file() for _, _, href, _, _ in found)
        assert not any(letter in title for _, title, *_ in found for letter in "\u202e\u200b")


def test_every_fact_is_searched_with_its_sentence_and_leads_to_its_row(packages: Path) -> None:
    for listing in model.listings(packages):
        told_of = json.loads((packages / listing.dataset / "search.json").read_bytes())
        facts = [row for name in FACT_TABLES.values() for row in table(_latest(listing), name)]
        wanted = {"releases/{}.html#{}".format(*row["fact_id"].split("/")): row["evidence"] for row in facts}
        assert {href for _, _, href, _, _ in told_of["facts"]} == wanted.keys()
        for _, _, href, _, words in told_of["facts"]:
            assert words == text.visible(told.clip(wanted[href], search.SENTENCE))
        assert told_of["left"] == 0


def test_every_name_is_in_the_list_by_letter_under_its_letter(packages: Path) -> None:
    page = parsed(packages / "search.html")
    listed = {node.attributes["href"]: node.text() for node in page.css("ul.plain a")}
    for listing in model.listings(packages):
        for row in table(_latest(listing), "entities"):
            name = listed.pop(f"{listing.dataset}/entities/{row['entity_id']}.html")
            assert name.split()[0] == text.visible(row["name"]).split()[0]
    assert listed == {}
    assert [node.text() for node in page.css("ul.letters a")] == [node.text() for node in page.css("h3")]
    assert search.letter("Åsa Bjellmark") == "A"
    assert search.letter("“Ölmühle”") == "O"
    assert search.letter("2nd Corps") == search.OTHER


# On the web

BASE = "https://data.example.org/open/"


@pytest.fixture(scope="module")
def on_the_web(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the catalog of one who said where it lies on the web."""
    root = tmp_path_factory.mktemp("web")
    site(packages, root, BASE)
    return root


def test_a_site_that_nobody_gave_an_address_tells_none_and_has_no_map(packages: Path) -> None:
    assert (packages / "robots.txt").read_bytes() == b"User-agent: *\nAllow: /\n"
    assert list(packages.rglob("sitemap.xml")) == []
    assert BASE not in (packages / MINISTRY / "feed.xml").read_text()


def test_robots_find_every_page_of_a_dataset_by_the_map_of_the_site(on_the_web: Path) -> None:
    assert f"Sitemap: {BASE}sitemap.xml" in (on_the_web / "robots.txt").read_text()
    maps = _addresses(on_the_web / "sitemap.xml", "sitemap")
    assert maps == [f"{BASE}{name}/sitemap.xml" for name in (DATASET, MINISTRY)]
    told_of = [path for found in maps for path in _addresses(on_the_web / found.removeprefix(BASE), "url")]
    there = {f"{BASE}{path.relative_to(on_the_web).as_posix()}" for path in pages(on_the_web)}
    assert sorted(told_of) == sorted(there - {f"{BASE}{name}.html" for name in ("index", "search", "404")})


def test_the_feed_of_a_site_with_an_address_tells_whole_addresses(on_the_web: Path) -> None:
    feed = feedparser.parse((on_the_web / MINISTRY / "feed.xml").read_bytes())
    assert not feed.bozo
    assert {link.href.startswith(f"{BASE}{MINISTRY}/") for link in feed.feed.links} == {True}
    assert feed.entries[0].link == f"{BASE}{MINISTRY}/versions/1.2.0.html"


def test_a_site_that_lost_its_address_loses_its_map(packages: Path, tmp_path: Path) -> None:
    site(packages, tmp_path, BASE)
    site(packages, tmp_path)
    assert list(tmp_path.rglob("sitemap.xml")) == []


@pytest.mark.parametrize(
    "wrong", ["data.example.org", "ftp://data.example.org/", "https://x/?a=b", 'https://x/"y', "https://"]
)
def test_an_address_that_is_none_of_a_site_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="it is no address of a site"):
        Settings(base_url=wrong)


def test_the_address_of_a_site_ends_with_a_slash() -> None:
    assert Settings(base_url="https://data.example.org/open").base_url == BASE
    assert Settings().base_url == ""


def test_the_command_makes_the_site_for_the_address_in_the_environment(tmp_path: Path, communique: Communique) -> None:
    done = communique("site", "--to", tmp_path, COMMUNIQUE_BASE_URL=BASE)
    assert done.returncode == 0, done.stderr
    assert f"Sitemap: {BASE}sitemap.xml" in (tmp_path / "robots.txt").read_text()
    refused = communique("site", COMMUNIQUE_BASE_URL="data.example.org")
    assert refused.returncode == 2
    assert "COMMUNIQUE_BASE_URL: it is no address of a site, as https://data.example.org/ is" in refused.stderr


# Harm


def test_words_that_mean_harm_are_words_on_every_page(packages: Path) -> None:
    for path in pages(packages):
        page = parsed(path)
        assert not page.css(
            "script:not([type='application/ld+json']):not([src='search.js']):not([src='../../table.js']):not([src='../copy.js']):not([src='../../copy.js']),"
            " img, iframe, object, embed, form, style, base"
        ), path
        for node in page.css("*"):
            for name in node.attributes:
                assert not name.startswith("on"), (path, name)
                assert name != "style", path


def test_no_page_says_the_address_of_anything_that_it_would_load_elsewhere(packages: Path) -> None:
    for path in pages(packages):
        for node in parsed(path).css("link[rel=stylesheet], link[rel=icon]"):
            href = node.attributes["href"]
            assert href
            assert _loaded(packages, path, href).parent == packages.resolve()


def test_every_page_allows_itself_the_style_sheet_and_those_with_a_script_that_and_nothing_else(packages: Path) -> None:
    scripted = []
    for path in pages(packages):
        page = parsed(path)
        (policy,) = [node.attributes["content"] for node in page.css("meta[http-equiv]")]
        script = "script-src 'self'; connect-src 'self'; " if page.css("script[src]") else ""
        assert policy == (
            f"default-src 'none'; {script}style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
        )
        scripted += [path.relative_to(packages).as_posix()] if script else []
    tables = [path for path in pages(packages) if path.parent.name == "tables"]
    homes = [f"{name}/index.html" for name in (DATASET, MINISTRY)]
    versions = [path for path in pages(packages) if path.parent.name == "versions"]
    assert sorted(scripted) == sorted(["index.html", "search.html", *homes, *_below(packages, [*tables, *versions])])
    assert any("data-parquet" in path.read_text() for path in tables) == bool(render.scripts())


def _below(root: Path, found: list[Path]) -> list[str]:
    return [path.relative_to(root).as_posix() for path in found]


def test_a_site_that_is_made_without_what_reads_parquet_leads_to_the_files(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "PACKAGES", tmp_path / "nothing")
    for made_from in (render.scripts, render.code):
        made_from.cache_clear()
    try:
        site(packages, tmp_path / "site")
    finally:
        monkeypatch.undo()
        for made_from in (render.scripts, render.code):
            made_from.cache_clear()
    page = parsed(tmp_path / "site" / MINISTRY / "tables" / "commitments.html")
    assert "take one of the files above" in page.text()
    assert "hyparquet" not in page.text()
    assert [node.attributes["src"] for node in page.css("script")] == ["../../copy.js"]
    assert not (tmp_path / "site" / "_scripts").exists()


@judged
def test_the_html_of_every_page_is_valid(packages: Path) -> None:
    assert len(pages(packages)) > 200
    assert faults(*pages(packages)) == ""


@judged
def test_html_that_is_wrong_is_found(packages: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.html"
    wrong.write_text((packages / "index.html").read_text().replace("<h1>", '<h1 id="_main"><div>', 1))
    found = faults(wrong)
    assert "no-dup-id" in found
    assert "element-permitted-content" in found


def test_an_id_stands_once_on_a_page(packages: Path) -> None:
    for path in pages(packages):
        ids = [node.attributes["id"] for node in parsed(path).css("[id]")]
        assert len(ids) == len(set(ids)), path


def test_the_first_view_of_every_page_is_light(packages: Path) -> None:
    for path in pages(packages):
        loaded = [node.attributes["href"] for node in parsed(path).css("link[rel=stylesheet], link[rel=icon]")]
        loaded += [node.attributes["src"] for node in parsed(path).css("script[src]")]
        assert len(loaded) in {2, 3, 4}
        files = (path, *(_loaded(packages, path, name or "") for name in loaded))
        assert sum(one.stat().st_size for one in files) < FIRST_VIEW


def _loaded(root: Path, page: Path, href: str) -> Path:
    """Return the file that a page loads; one that is shown at any address says where it is from the root."""
    return ((root / href[1:]) if page.name == "404.html" else (page.parent / href)).resolve()


def test_the_page_of_what_is_not_there_is_found_wherever_it_is_shown(on_the_web: Path, made: Path) -> None:
    links = [node.attributes["href"] for node in parsed(on_the_web / "404.html").css("a[href]")]
    assert {"/open/index.html", "/open/search.html"} <= set(links)
    with serving(made) as told_at:
        for accept, kind in (("text/html", "text/html"), ("*/*", "text/plain")):
            asked = urllib.request.Request(f"{told_at.url}{DATASET}/a/b", headers={"accept": accept})  # noqa: S310 - our own site
            with pytest.raises(urllib.error.HTTPError, match="404") as found:
                urllib.request.urlopen(asked)  # noqa: S310 - our own site
            assert found.value.headers["content-type"].startswith(kind)


# How they are made


def test_what_is_made_already_is_not_made_again(packages: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in pages(packages)}
    again = site(packages)
    assert (again.made, again.removed) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in pages(packages)} == before


def test_pages_made_version_by_version_are_the_bytes_of_pages_made_at_once(tmp_path: Path) -> None:
    data = catalog.folder(tmp_path / "data")
    for month in ("2024-03", "2024-04"):
        catalog.months(data, month)
        grown = site(data / "packages")
    parent = data / "packages" / MINISTRY / "entities" / "ujara.html"
    assert first(parsed(parent), "h1") == "Ujara"
    _rename(data, "ujara", "Ujara", "Free State of Ujara")
    renamed = site(data / "packages")
    assert first(parsed(parent), "h1") == "Free State of Ujara"
    assert min(grown.kept, renamed.kept) > 0
    fresh = tmp_path / "fresh"
    site(data / "packages", fresh)
    made = {path.relative_to(fresh): path.read_bytes() for path in fresh.rglob("*") if path.suffix in {".html", ".xml"}}
    assert made == {name: (data / "packages" / name).read_bytes() for name in made}
    assert len(pages(data / "packages")) == len(pages(fresh))


def test_the_page_of_a_release_is_another_where_the_type_of_one_who_is_named_is(packages: Path, tmp_path: Path) -> None:
    other = shutil.copytree(packages, tmp_path / "packages")
    path = other / MINISTRY / "1.2.0" / "entities.csv"
    said = path.read_text(encoding="utf-8")
    assert "\nhalmere,place," in said
    path.write_text(said.replace("\nhalmere,place,", "\nhalmere,organization,"), encoding="utf-8")
    page = f"{MINISTRY}/releases/mer-2024-03-01-callow-bridge-closed.html"
    keys = [
        {one.path: one.key for listing in model.listings(root) for one in of_dataset(listing)}[page]
        for root in (packages, other)
    ]
    assert keys[0] != keys[1]


def test_a_version_is_never_touched(tmp_path: Path) -> None:
    version = published(catalog.folder(tmp_path / "data"))
    before = tree(version.folder)
    site(version.folder.parents[1])
    assert tree(version.folder) == before


@pytest.mark.parametrize("what", ["1.2.0", "mer-2024-05-02-youth-exchange"])
def test_no_page_has_the_text_of_what_was_taken_down_though_a_make_was_interrupted(
    tmp_path: Path, made: Path, what: str
) -> None:
    root = shutil.copytree(made, tmp_path / "data") / "packages"
    lines = _lines_of(root / MINISTRY / "releases" / "mer-2024-05-02-youth-exchange.html")
    half_made = root / MINISTRY / "releases" / f".{'x' * 99}.0123abcd"
    half_made.write_text("\n".join(lines), encoding="utf-8")
    (root / ".site.json").unlink()
    assert lines & _said(root)
    with withdrawn(root, MINISTRY):
        assert not [path for path in _of_site(root / MINISTRY) if path.suffix in {".html", ".xml"}]
        gone = rulings.take_down(Settings(data=tmp_path / "data"), MINISTRY, what, "me", "an error").versions
    assert gone == [(1, 2, 0)]
    assert lines & _said(root) == set()
    assert not half_made.exists()
    assert "taken down: an error" in parsed(root / MINISTRY / "versions" / "1.2.0.html").text()
    assert (root / MINISTRY / "releases" / "mer-2024-03-05-seed-wheat-ujara.html").exists()


def test_a_page_of_what_is_gone_is_removed_though_nobody_knows_who_made_it(tmp_path: Path, made: Path) -> None:
    root = shutil.copytree(made / "packages", tmp_path / "packages")
    stale = [
        root / MINISTRY / name for name in ("releases-9.html", *(f"{one}/stale{end}" for one, end in PAGED.items()))
    ]
    for path in stale:
        path.write_text("what was taken down", encoding="utf-8")
    assert site(root).removed == len(stale)
    assert [path for path in stale if path.exists()] == []


def test_a_takedown_that_is_refused_leaves_every_page(tmp_path: Path, made: Path) -> None:
    root = shutil.copytree(made, tmp_path / "data") / "packages"
    before = {path: path.read_bytes() for path in _of_site(root)}
    with pytest.raises(rulings.RulingError), withdrawn(root, MINISTRY):
        rulings.take_down(Settings(data=tmp_path / "data"), MINISTRY, "no-such-release", "me", "an error")
    assert {path: path.read_bytes() for path in _of_site(root)} == before


def test_where_the_catalog_cannot_be_made_no_page_of_what_was_taken_down_stays(tmp_path: Path, made: Path) -> None:
    root = shutil.copytree(made / "packages", tmp_path / "packages")
    (root / "index.html").unlink()
    (root / "index.html").mkdir()
    with withdrawn(root, MINISTRY):
        pass
    assert [path for path in pages(root / MINISTRY) if path.is_file()] == []
    assert not (root / "search.html").exists()
    assert (root / MINISTRY / "1.2.0" / "releases.csv").is_file()


def test_a_run_makes_the_catalog_and_a_catalog_that_cannot_be_made_stops_no_run(
    data: Path, communique: Communique
) -> None:
    (data / "packages" / "index.html").mkdir(parents=True)
    done = communique("run", DATASET)
    assert done.returncode == 0, done.stderr
    assert "the catalog could not be made" in done.stderr
    (data / "packages" / "index.html").rmdir()
    done = communique("run", DATASET)
    assert done.returncode == 0
    assert first(parsed(data / "packages" / DATASET / "index.html"), "h1") == "Official releases"


def test_a_site_made_elsewhere_has_the_packages_beside_it(packages: Path, tmp_path: Path) -> None:
    bring(packages, tmp_path)
    site(packages, tmp_path)
    assert tree(tmp_path / MINISTRY / "1.2.0") == tree(packages / MINISTRY / "1.2.0")
    assert tree(tmp_path / MINISTRY / "latest") == tree(packages / MINISTRY / "1.2.0")
    assert (tmp_path / "index.html").read_bytes() == (packages / "index.html").read_bytes()


def test_a_site_made_elsewhere_points_nowhere_once_every_version_was_taken_down(data: Path, tmp_path: Path) -> None:
    pointer, packages = tmp_path / "site" / DATASET / "latest.json", data / "packages"
    put(packages / DATASET, "1.0.0")
    bring(packages, tmp_path / "site")
    assert read_json(pointer)["version"] == "1.0.0"
    rulings.take_down(Settings(data=data), DATASET, "1.0.0", "Ada", "a name")
    bring(packages, tmp_path / "site")
    assert not pointer.exists()


def test_latest_stays_as_it_is_until_the_newer_version_is_there_whole(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages, served = data / "packages", tmp_path / "site" / DATASET
    put(packages / DATASET, "1.0.0")
    bring(packages, tmp_path / "site")
    before = tree(served / "latest")
    put(packages / DATASET, "1.1.0")
    link = os.link

    def full(source: Path, to: Path) -> None:
        if "1.1.0" not in to.parts and to.name == "manifest.json":
            raise KeyboardInterrupt
        link(source, to)

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(KeyboardInterrupt):
        bring(packages, tmp_path / "site")
    assert tree(served / "latest") == before
    monkeypatch.undo()
    bring(packages, tmp_path / "site")
    assert tree(served / "latest") == tree(packages / DATASET / "1.1.0") != before
    assert [path.name for path in served.glob(".*")] == []


# As it is served


def test_no_link_of_the_catalog_leads_nowhere(made: Path) -> None:
    with serving(made) as told_at:
        seen, dead = crawled(told_at.url)
    assert len(seen) > 200
    assert dead == []


def test_the_server_allows_pages_no_more_than_they_allow_themselves(made: Path) -> None:
    with serving(made) as told_at, urllib.request.urlopen(f"{told_at.url}{DATASET}/releases.html") as answer:  # noqa: S310 - our own site
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["img-src"] == "'self'"
        assert "script-src" not in policy
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-cache"


def test_a_page_with_a_script_may_run_those_of_the_site_and_read_it(made: Path) -> None:
    with serving(made) as told_at:
        for page in ("", "index.html", "search.html", f"{DATASET}/"):
            with urllib.request.urlopen(f"{told_at.url}{page}") as answer:  # noqa: S310 - our own site
                policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
                assert (policy["script-src"], policy["connect-src"], policy["default-src"]) == (
                    "'self'",
                    "'self'",
                    "'none'",
                )
        with urllib.request.urlopen(f"{told_at.url}search.js") as answer:  # noqa: S310 - our own site
            assert answer.headers["content-type"].startswith("text/javascript")


def test_a_page_comes_packed_to_one_who_can_unpack_it_and_as_it_is_to_others(made: Path) -> None:
    whole = (made / "packages" / MINISTRY / "index.html").read_bytes()
    tags = set()
    with serving(made) as told_at:
        by_name = (("gzip, br", True), ("br;q=1, gzip;q=0.5", True), ("identity", False), ("gzip;q=0", False))
        for can, packed in (*by_name, ("gzip;q=0, *", False)):
            answer = httpx.get(f"{told_at.url}{MINISTRY}/", headers={"accept-encoding": can})
            assert answer.content == whole
            assert (answer.headers.get("content-encoding") == "gzip") == packed
            assert answer.headers["vary"] == "accept-encoding"
            assert (int(answer.headers["content-length"]) < len(whole) / 2) == packed
            tags.add(answer.headers["etag"])
            same = {"accept-encoding": can, "if-none-match": answer.headers["etag"]}
            assert httpx.get(f"{told_at.url}{MINISTRY}/", headers=same).status_code == 304
    assert len(tags) == 2


def test_only_pages_are_served_beside_the_packages(made: Path) -> None:
    home = made / "packages"
    (home / DATASET / "releases" / "secret.key").write_text("x")
    (home / DATASET / "releases" / "out.html").symlink_to("/etc/passwd")
    try:
        with serving(made) as told_at:
            for name in (
                ".site.json",
                f"{DATASET}/releases/secret.key",
                f"{DATASET}/releases/out.html",
                f"{DATASET}/releases/",
            ):
                with pytest.raises(urllib.error.HTTPError, match="404"):
                    urllib.request.urlopen(f"{told_at.url}{name}")  # noqa: S310 - our own site
    finally:
        (home / DATASET / "releases" / "out.html").unlink()
        (home / DATASET / "releases" / "secret.key").unlink()


def _addresses(path: Path, of: str) -> list[str]:
    """Return every address of a map of the site, of which each stands in an element `of`."""
    root = ElementTree.fromstring(path.read_bytes())
    names = {"map": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    return [one.text or "" for one in root.findall(f"map:{of}/map:loc", names)]


def _latest(listing: model.Listing) -> Package:
    assert listing.latest
    return Package(listing.dataset, Version.parse(listing.latest), listing.home / listing.latest)


def _of_site(root: Path) -> list[Path]:
    """Return every file under `root` that the site made, the files of versions aside."""
    found = (path for path in root.rglob("*") if path.suffix in {".html", ".json", ".xml", ".txt", ".0123abcd"})
    return [path for path in found if not re.fullmatch(r"[0-9.]+", path.parent.name)]


def _lines_of(path: Path) -> set[str]:
    """Return the lines of the text of a release, as its page has them."""
    return {line.text() for line in parsed(path).css("p.words") if len(line.text()) > len("a line of its own")}


def _said(root: Path) -> set[str]:
    """Return every line of text that any file of the site has, as its bytes and as a reader sees it."""
    found: set[str] = set()
    for path in _of_site(root):
        found |= set(path.read_text(encoding="utf-8").splitlines())
        found |= {node.text() for node in parsed(path).css("p, li, td, dd, blockquote")}
    return found


def _earlier(chart: LexborHTMLParser) -> int:
    """Return how many a chart says it does not show."""
    return sum(int(node.text().split()[0].replace(",", "")) for node in chart.css("text.earlier"))


def _rename(data: Path, name: str, old: str, new: str) -> None:
    """Publish the sample ministry once more, with another name for one whom its releases name."""
    path = data / "ministry" / "2024-05.jsonl"
    said = path.read_text(encoding="utf-8")
    assert f'"id":"{name}","name":"{old}"' in said
    path.write_text(said.replace(f'"id":"{name}","name":"{old}"', f'"id":"{name}","name":"{new}"'), encoding="utf-8")
    published(data, MINISTRY, catalog.MONTHS["2024-05"])
