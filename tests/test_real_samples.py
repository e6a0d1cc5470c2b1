"""The real samples of ../shared/feeds, each served by a local server and read by its kind."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.settings import PROJECT
from schemas.dataset import Dataset
from tests.site import Site
from tests.test_web import ORDERS, PAGE, built, dataset, fetched, page, releases

FEEDS = PROJECT.parent / "shared" / "feeds"
pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason="the real samples, ../shared/feeds, are not here")
WHITE_HOUSE, REGISTER = "https://www.whitehouse.gov", "https://www.federalregister.gov"
TEXTS = {
    "005_complex_text_article.json": "Captain of wrecked cruise ship on trial in Italy",
    "businesswire-newsml-20130731006140.json": None,
    "dpa_text.json": None,
    "ntb_text.json": None,
    "simpleEvent.json": None,
    "tt_event_pressconference_3.0.json": "Pk med finansminister Elisabeth Svantesson kl 16",
}
"""By sample of ninjs with a text: its headline, where one is looked at."""
ENDS_IN_A_LIST = "doj-2016-06-02-eu-us-ministerial"
"""A page whose text ends in a point of a list, with no full stop, as one does that is cut off."""


def sample(name: str) -> str:
    return (FEEDS / name).read_text(encoding="utf-8")


def problems(of: Dataset, raw: Path) -> list[tuple[str, str | None]]:
    whole = built(of, raw)
    return [(one.rule, one.field) for one in [item.problem for item in whole.refused] + whole.noted]


@pytest.mark.parametrize("name", TEXTS)
def test_a_sample_of_ninjs_is_a_release(site: Site, tmp_path: Path, name: str) -> None:
    site.lay("/feed", sample(f"ninjs/{name}"), "application/json")
    of = dataset(site, "ninjs")
    fetched(of, tmp_path)
    ((_, row),) = releases(of, tmp_path).items()
    assert row["body"]
    assert row["headline"] == (TEXTS[name] or row["headline"])
    assert problems(of, tmp_path) == []


def test_a_sample_of_ninjs_that_has_no_text_is_refused_by_name(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", sample("ninjs/008_event.json"), "application/json")
    of = dataset(site, "ninjs")
    fetched(of, tmp_path)
    assert problems(of, tmp_path) == [("record.required", "body")]


def test_the_rss_of_the_white_house_names_thirty_releases(site: Site, tmp_path: Path) -> None:
    feed = sample("rss/whitehouse-briefing-room.rss.xml")
    site.lay("/feed", feed.replace(WHITE_HOUSE, site.address), "application/rss+xml")
    for part in feed.split("<link>")[1:]:
        site.lay(part.partition("</link>")[0].strip().removeprefix(WHITE_HOUSE), page(f"<p>{ORDERS}</p>"))
    of = dataset(site, "feed", **PAGE)
    fetched(of, tmp_path)
    rows = releases(of, tmp_path).values()
    assert len(rows) == 30
    assert all(row["headline"] and row["published_at"] for row in rows)
    assert problems(of, tmp_path) == []


def test_a_feed_that_has_no_text_and_asks_no_page_says_so_of_each(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", sample("rss/whitehouse-briefing-room.rss.xml"), "application/rss+xml")
    of = dataset(site, "feed")
    fetched(of, tmp_path)
    assert problems(of, tmp_path) == [("record.required", "body")] * 30


def test_the_items_of_uscis_are_releases(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", sample("jsonfeed/uscis-items.json"), "application/json")
    of = dataset(site, "feed")
    fetched(of, tmp_path)
    rows = releases(of, tmp_path).values()
    assert [(row["published_on"], bool(row["headline"])) for row in rows] == [
        ("2023-12-13", True), ("2023-11-16", True), ("2023-11-15", True),
    ]  # fmt: skip
    assert problems(of, tmp_path) == []


def test_a_document_of_the_federal_register_has_its_text_on_its_page(site: Site, tmp_path: Path) -> None:
    told: dict[str, Any] = json.loads(sample("api/federal-register-document-2025-05887.json"))
    page_of_text = str(told["body_html_url"])
    whole = json.dumps({"count": 1, "results": [told]}).replace(REGISTER, site.address)
    site.lay("/feed", whole, "application/json")
    site.lay(page_of_text.removeprefix(REGISTER), f"<h3>AGENCY:</h3> <p>Harbour Office.</p><p>{ORDERS}</p>")
    of = dataset(site, "federal-register")
    fetched(of, tmp_path)
    ((_, row),) = releases(of, tmp_path).items()
    assert (row["headline"], row["published_on"]) == (told["title"], told["publication_date"])
    assert row["body"] == f"AGENCY:\n\nHarbour Office.\n\n{ORDERS}"


def test_an_answer_of_justice_gov_without_addresses_is_one_clear_problem(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", sample("api/justice-gov-blog-entries-envelope.json"), "application/json")
    of = dataset(site, "doj")
    fetched(of, tmp_path)
    assert problems(of, tmp_path) == [("input.format", None)]


def test_a_page_of_justice_gov_says_all_of_itself(site: Site, tmp_path: Path) -> None:
    pages = {path.stem: path for path in sorted((FEEDS / "html").glob("*.html"))}
    site.lay("/feed", "".join(f"<a href='/{name}'>{name}</a>" for name in pages))
    for name, path in pages.items():
        site.lay(f"/{name}", path.read_bytes())
    of = dataset(site, "pages", hosts=["127.0.0.1", "www.justice.gov"])
    fetched(of, tmp_path)
    rows = {str(row["other_urls"]).rpartition("/")[2]: row for row in releases(of, tmp_path).values()}
    assert rows.keys() == pages.keys()
    assert all(row["source_url"].startswith("https://www.justice.gov/opa/pr/") for row in rows.values())
    assert all(row["published_on"] == name[4:14] for name, row in rows.items())
    assert all(row["headline"] and row["word_count"] > 100 for row in rows.values())
    doubts = [one for one in built(of, tmp_path).noted if one.rule != "input.untaken"]
    assert [(one.rule, one.source and one.source.file.rpartition("/")[2]) for one in doubts] == [
        ("input.cut-off", ENDS_IN_A_LIST)
    ]
