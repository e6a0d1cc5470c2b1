"""Listings in several answers, of every kind: read to the last, and whole again after one that failed."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.dataset import Dataset
from tests import attacks
from tests.site import Reply, Site
from tests.test_web import KINDS, PAGE, dataset, fetched, item, later, page, releases

HEAD = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"


def index(*names: str) -> str:
    return f"<sitemapindex {HEAD}>{''.join(f'<sitemap><loc>{name}</loc></sitemap>' for name in names)}</sitemapindex>"


def urls(*names: str) -> str:
    return f"<urlset {HEAD}>{''.join(f'<url><loc>/{name}</loc></url>' for name in names)}</urlset>"


def lay_maps(site: Site, maps: dict[str, str], *names: str) -> Dataset:
    for path, told in maps.items():
        site.lay(path, told, "application/xml")
    for name in names:
        site.lay(f"/{name}", page(f"<p>The text of {name}.</p>", f"Order {name}"))
    return dataset(site, "sitemap", "/sitemap.xml", **PAGE)


def sitemaps(site: Site) -> Dataset:
    return lay_maps(
        site,
        {"/sitemap.xml": index("/1.xml", "/2.xml"), "/1.xml": urls("one"), "/2.xml": urls("two")},
        "one",
        "two",
    )


def ninjs(site: Site) -> Dataset:
    site.lay("/news.json", json.dumps({"items": [item("one")], "next": "/more.json"}), "application/json")
    site.lay("/more.json", json.dumps({"items": [item("two")]}), "application/json")
    return dataset(site, "ninjs", "/news.json")


SECOND = {
    "Atom": "/feed?page=2",
    "JSON Feed": "/feed2",
    "WordPress": "/wp-json/wp/v2/posts?per_page=100&orderby=modified&page=2",
    "Drupal": "/jsonapi/node/release?page=2",
    "justice.gov": "/api/v1/press_releases.json?pagesize=50&sort=changed&direction=DESC&page=1",
    "Federal Register": "/api/v1/documents.json?page=2",
    "ninjs": "/more.json",
    "sitemap": "/2.xml",
    "listing pages": "/news?page=2",
}
"""By kind: where its second answer is."""
LAID = KINDS | {"ninjs": ninjs, "sitemap": sitemaps}
BROKEN = {
    "forbidden": (Reply(status=403), {"input.unreached"}),
    "gone": (Reply(status=404), {"input.unreached"}),
    "cut off": (Reply(b"<", cut=100), {"input.unreached"}),
    "broken to the end": (Reply(status=500), {"input.unreached"}),
    "a page of an error with 200": (Reply(attacks.ERROR_PAGE.encode()), {"input.format", "input.json", "input.xml"}),
    "an error in JSON with 200": (
        Reply(b'{"error": true}', "application/json"),
        {"input.format", "input.xml", "input.page"},
    ),
    "a way to another host": (attacks.moved("http://elsewhere.example/"), {"input.address"}),
}


def test_the_second_answer_of_every_kind_is_known() -> None:
    assert LAID.keys() == SECOND.keys()


@pytest.mark.parametrize(("reply", "rules"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("kind", SECOND)
def test_a_second_answer_that_fails_is_told_and_had_by_the_next_run(
    site: Site, tmp_path: Path, kind: str, reply: Reply, rules: set[str]
) -> None:
    of, path = LAID[kind](site), SECOND[kind]
    good, site.replies[path] = site.replies[path], reply
    with attacks.hurried():
        fetched(of, tmp_path)
        (found,) = attacks.problems(of, tmp_path)
        assert found.rule in rules
        assert found.source
        assert found.source.file == site.address + path
        assert {name.removeprefix("news-") for name in releases(of, tmp_path)} == {"one"}
        site.replies[path] = good
        fetched(of, tmp_path, later(30))
    assert attacks.problems(of, tmp_path) == []
    assert {name.removeprefix("news-"): row["status"] for name, row in releases(of, tmp_path).items()} == {
        "one": "current",
        "two": "current",
    }


@pytest.mark.parametrize("kind", SECOND)
def test_of_a_listing_that_is_longer_than_a_run_reads_every_kind_reads_the_rest_in_the_next(
    site: Site, tmp_path: Path, kind: str
) -> None:
    of: Any = LAID[kind](site)
    first = 2 if kind == "sitemap" else 1  # an index names no release
    short = of.model_copy(update={"sources": [of.sources[0].model_copy(update={"most": first})]})
    fetched(short, tmp_path)
    assert [(one.rule, one.source and one.source.file) for one in attacks.problems(short, tmp_path)] == [
        ("input.unfinished", site.address + SECOND[kind])
    ]
    whole = of.model_copy(update={"sources": [of.sources[0].model_copy(update={"most": 9})]})
    fetched(whole, tmp_path, later(1))
    assert attacks.problems(whole, tmp_path) == []
    assert {name.removeprefix("news-") for name in releases(whole, tmp_path)} == {"one", "two"}


# Sitemaps


def test_an_index_may_name_indexes_and_itself_and_each_is_asked_once(site: Site, tmp_path: Path) -> None:
    maps = {
        "/sitemap.xml": index("/years.xml", "/sitemap.xml", "/new.xml"),
        "/years.xml": index("/2025.xml", "/2026.xml", "/new.xml"),
        "/2025.xml": urls("one"),
        "/2026.xml": urls("two", "one"),
        "/new.xml": urls("two", "three"),
    }
    of = lay_maps(site, maps, "one", "two", "three")
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one", "two", "three"}
    assert sorted(path for path in site.paths() if path in maps) == sorted(maps)
    assert attacks.problems(of, tmp_path) == []


def test_a_sitemap_of_an_index_that_changes_is_read_anew_and_the_others_are_not_sent_again(
    site: Site, tmp_path: Path
) -> None:
    of = sitemaps(site)
    fetched(of, tmp_path)
    lay_maps(site, {"/2.xml": urls("three", "two")}, "three")
    site.forget()
    fetched(of, tmp_path, later(30))
    assert site.bodies == ["/2.xml", "/three"]
    assert releases(of, tmp_path).keys() == {"one", "two", "three"}


def test_a_snapshot_of_sitemaps_withdraws_what_they_lack_and_nothing_while_one_is_missing(
    site: Site, tmp_path: Path
) -> None:
    of = sitemaps(site)
    of = of.model_copy(update={"sources": [of.sources[0].model_copy(update={"mode": "snapshot"})]})
    fetched(of, tmp_path)
    site.replies["/2.xml"] = Reply(status=404)
    fetched(of, tmp_path, later(1))
    assert {row["status"] for row in releases(of, tmp_path).values()} == {"current"}
    site.lay("/sitemap.xml", index("/1.xml"), "application/xml")
    fetched(of, tmp_path, later(2))
    assert {name: row["status"] for name, row in releases(of, tmp_path).items()} == {
        "one": "current",
        "two": "withdrawn",
    }


# Where a listing goes on


def listing_page(*names: str, then: str = "") -> str:
    links = "".join(f"<a class='r' href='/{name}'>Order {name}</a>" for name in names)
    return links + (f"<a rel='next' href='{then}'>More</a>" if then else "")


def test_a_listing_page_that_leads_back_to_its_start_is_read_once(site: Site, tmp_path: Path) -> None:
    site.lay("/list", listing_page("one", then="/list?page=2"))
    site.lay("/list?page=2", listing_page("two", then="/list"))
    for name in ("one", "two"):
        site.lay(f"/{name}", page(f"<p>The text of {name}.</p>"))
    of = dataset(site, "pages", "/list", links="a.r", next="a[rel=next]", mode="append", **PAGE)
    for days in range(2):
        site.forget()
        fetched(of, tmp_path, later(days))
        assert sorted(path for path in site.paths() if path.startswith("/list")) == ["/list", "/list?page=2"]
    assert releases(of, tmp_path).keys() == {"one", "two"}
    assert attacks.problems(of, tmp_path) == []


ELSEWHERE = {
    "ninjs": ("/news.json", json.dumps({"items": [item("one")], "next": "http://elsewhere.example/more.json"})),
    "feed": ("/feed", json.dumps({"items": [attacks.GOOD | {"url": "/one"}], "next_url": "http://elsewhere.example/"})),
    "drupal": (
        "/nodes",
        json.dumps(
            {
                "data": [{"attributes": {"title": "One", "body": "One.", "path": {"alias": "/one"}}}],
                "links": {"next": {"href": "http://elsewhere.example/"}},
            }
        ),
    ),
    "pages": ("/list", listing_page("one", then="http://elsewhere.example/")),
    "sitemap": ("/sitemap.xml", index("/1.xml", "http://elsewhere.example/2.xml")),
}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_listing_that_goes_on_at_another_host_is_not_asked_for_there(site: Site, tmp_path: Path, kind: str) -> None:
    path, told = ELSEWHERE[kind]
    site.lay(path, told, "text/html" if kind == "pages" else "application/json")
    site.lay("/1.xml", urls("one"), "application/xml")
    site.lay("/one", page("<p>The text of one.</p>"))
    more: dict[str, Any] = {"pages": PAGE | {"links": "a.r", "next": "a[rel=next]"}, "sitemap": PAGE}.get(kind, {})
    of = dataset(site, kind, path, **more)
    fetched(of, tmp_path)
    (found,) = (one for one in attacks.problems(of, tmp_path) if one.rule != "input.untaken")
    assert (found.rule, found.message) == (
        "input.address",
        "elsewhere.example is not among the hosts of the source (127.0.0.1)",
    )
    assert releases(of, tmp_path).keys() == {"one"}
