"""Sources of the web against a real server on the loopback: every kind, what is new, what is gone, what is refused."""

import html
import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from flows import documents, ingest, rebuild, store
from flows.documents import Built
from flows.settings import Settings
from flows.store import Fetched
from schemas.dataset import Dataset
from schemas.mapping import Mapping
from schemas.report import Provenance
from tests.publishing import published, read_json
from tests.site import Reply, Site, serving

DAY = "2026-11-24"
ORDERS = "The minister signed the harbour order. It takes effect on 1 March."


def dataset(site: Site, kind: str, path: str = "/feed", **more: Any) -> Dataset:
    source = {"name": "news", "kind": kind, "url": site.address + path, "private": True, "delay": 0, "language": "en"}
    source["issuer"] = {"id": "harbour-ministry", "name": "Harbour Ministry"}
    return Dataset.model_validate(
        {
            "name": "harbour",
            "dataset": {"title": "Harbour", "description": "Releases of the Harbour Ministry."},
            "publisher": {"name": "Harbour Desk"},
            "licences": [{"name": "CC0-1.0"}],
            "sources": [source | more],
        }
    )


def fetched(of: Dataset, raw: Path, day: str = DAY) -> Fetched:
    return ingest.fetch(of, {}, raw, raw, day, {})


def built(of: Dataset, raw: Path) -> Built:
    return documents.structured(of, store.read_journal(raw, of.name), lambda digest: store.load(raw, digest))


def releases(of: Dataset, raw: Path) -> dict[str, dict[str, Any]]:
    return {one.values["release_id"]: one.values for one in built(of, raw).records if one.table == "releases"}


def later(days: int) -> str:
    return str(date.fromisoformat(DAY) + timedelta(days=days))


def page(body: str, headline: str = "Harbour order signed") -> str:
    return f"<html><body><nav>Menu</nav><main><h1>{headline}</h1><div class='text'>{body}</div></main></body></html>"


def rss(site: Site, *names: str, titles: dict[str, str] | None = None) -> str:
    moment = format_datetime(datetime(2026, 11, 20, 10, tzinfo=UTC))
    items = "".join(
        f"<item><title>{(titles or {}).get(name, 'Order ' + name)}</title><link>{site.address}/{name}</link>"
        f"<guid>{site.address}/{name}</guid><pubDate>{moment}</pubDate></item>"
        for name in names
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'


PAGE: dict[str, Any] = {"page": {"body": ".text", "headline": "h1"}}


def lay_feed(site: Site, *names: str) -> Dataset:
    site.lay("/feed", rss(site, *names), "application/rss+xml")
    for name in names:
        site.lay(f"/{name}", page(f"<p>{ORDERS}</p><p>Order {name} has two paragraphs.</p>"))
    return dataset(site, "feed", **PAGE)


def test_a_feed_names_pages_and_each_becomes_a_release(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    found = releases(of, tmp_path)
    assert found["one"]["body"] == f"{ORDERS}\n\nOrder one has two paragraphs."
    assert found["one"]["headline"] == "Order one"
    assert found["one"]["published_at"] == "2026-11-20T10:00:00Z"
    assert found["one"]["source_url"] == f"{site.address}/one"
    assert found.keys() == {"one", "two"}


def test_what_a_feed_has_had_is_not_fetched_again_once_it_is_old(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.forget()
    again = fetched(of, tmp_path, later(30))
    assert site.paths() == ["/feed"]
    assert site.bodies == []
    assert not again.changed
    assert not again.gone


def test_one_release_that_was_edited_is_one_revision_and_only_it_is_read_anew(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two", "three")
    fetched(of, tmp_path)
    site.lay("/feed", rss(site, "one", "two", "three", titles={"two": "Order two, corrected"}), "application/rss+xml")
    site.lay("/two", page(f"<p>{ORDERS}</p><p>It was corrected.</p>"))
    site.forget()
    again = fetched(of, tmp_path, later(30))
    assert site.bodies == ["/feed", "/two"]
    assert [key for _, key in again.changed] == [f"{site.address}/two"]
    revisions = [one.values for one in built(of, tmp_path).records if one.table == "revisions"]
    assert [(one["release_id"], one["revision"]) for one in revisions] == [
        ("one", 1),
        ("three", 1),
        ("two", 1),
        ("two", 2),
    ]


def test_a_page_that_differs_at_each_visit_and_says_the_same_is_asked_while_it_is_young_and_no_longer(
    site: Site, tmp_path: Path
) -> None:
    of = lay_feed(site, "one")
    visits, text = iter(range(100)), f"<p>{ORDERS}</p>"

    def dynamic(_: dict[str, str]) -> Reply:
        html = page(text).replace("<body>", f"<body data-nonce='{next(visits)}'>")
        return Reply(html.encode(), tagged=False, headers={"Last-Modified": f"visit {next(visits)}"})

    site.replies["/one"] = dynamic
    asked = []
    for days in (0, 3, 6, 9, 12):
        site.forget()
        again = fetched(of, tmp_path, later(days))
        asked.append(("/one" in site.paths(), bool(again.changed)))
    assert asked == [(True, True), (True, False), (True, False), (False, False), (False, False)]
    text = "<p>It was corrected.</p>"
    lay = rss(site, "one", titles={"one": "Order one, corrected"})
    site.lay("/feed", lay, "application/rss+xml")
    fetched(of, tmp_path, later(15))
    assert releases(of, tmp_path)["one"]["body"] == "It was corrected."


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_withdraws_its_release(site: Site, tmp_path: Path, status: int) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.replies["/one"] = Reply(status=status)
    fetched(of, tmp_path, later(1))
    assert {name: one["status"] for name, one in releases(of, tmp_path).items()} == {
        "one": "withdrawn",
        "two": "current",
    }


def test_a_page_that_is_gone_and_still_listed_is_asked_while_it_may_come_back_and_told_no_more(
    site: Site, tmp_path: Path
) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.replies["/one"] = Reply(status=410)
    asked = []
    for days in (1, 2, 30, 60):
        site.forget()
        fetched(of, tmp_path, later(days))
        asked.append("/one" in site.paths())
        assert built(of, tmp_path).refused == []
        assert releases(of, tmp_path)["one"]["status"] == "withdrawn"
    assert asked == [True, True, False, False]
    site.lay("/feed", rss(site, "one", "two", titles={"one": "Order one, again"}), "application/rss+xml")
    site.lay("/one", page("<p>It is back.</p>"))
    fetched(of, tmp_path, later(90))
    assert releases(of, tmp_path)["one"]["body"] == "It is back."


def test_what_a_feed_forgets_stays(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.lay("/feed", rss(site, "two"), "application/rss+xml")
    fetched(of, tmp_path, later(1))
    assert {one["status"] for one in releases(of, tmp_path).values()} == {"current"}


def test_a_page_that_is_refused_is_told_and_asked_again(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    site.replies["/one"] = Reply(status=403)
    fetched(of, tmp_path)
    (refused,) = built(of, tmp_path).refused
    assert (refused.problem.rule, refused.problem.message) == ("input.unreached", "the server answers 403")
    assert refused.record.source.file == f"{site.address}/one"
    site.lay("/one", page("<p>Here at last.</p>"))
    fetched(of, tmp_path, later(60))
    assert releases(of, tmp_path)["one"]["body"] == "Here at last."
    assert not built(of, tmp_path).refused


TOML = """
[dataset]
title = "Harbour"
description = "Releases of the Harbour Ministry."
[publisher]
name = "Harbour Desk"
[[licences]]
name = "CC0-1.0"
[[sources]]
name = "news"
kind = "feed"
url = "{address}/feed"
private = true
delay = 0
language = "en"
[sources.issuer]
id = "harbour-ministry"
name = "Harbour Ministry"
[sources.page]
body = ".text"
[gate]
max_refused_share = 1
"""


def test_versions_of_a_feed_tell_what_became_of_it_and_are_made_again_without_the_web(
    site: Site, tmp_path: Path
) -> None:
    data, again = tmp_path / "data", tmp_path / "again"
    (data / "datasets").mkdir(parents=True)
    (data / "datasets" / "harbour.toml").write_text(TOML.format(address=site.address), encoding="utf-8")
    lay_feed(site, "one", "two", "three")
    published(data, "harbour", date.fromisoformat(DAY))
    site.replies["/one"] = Reply(status=410)
    site.lay("/two", page("<p>It was corrected.</p>"))
    second = published(data, "harbour", date.fromisoformat(later(1)))
    told = read_json(second.folder / "diff.json")["rows"]
    causes = {(row["key"][0], row["cause"]) for row in told if row["table"] == "releases"}
    assert causes == {("one", "source withdrawn"), ("two", "source edited")}
    site.replies.clear()
    rebuilt = list(rebuild.rebuild(Settings(data=again), "harbour", data / "raw"))
    assert [one.same for one in rebuilt] == [True, True]


# One release at two addresses


def at(site: Site, name: str, canonical: str | None = None, body: str = ORDERS) -> None:
    head = f'<head><link rel="canonical" href="{canonical}"></head>' if canonical else ""
    site.lay(f"/{name}", page(f"<p>{body}</p>").replace("<body>", f"{head}<body>"))


def found_at(of: Dataset, raw: Path) -> dict[str, tuple[str, str | None]]:
    return {name: (one["source_url"], one["other_urls"]) for name, one in releases(of, raw).items()}


def test_two_addresses_whose_pages_name_one_canonical_address_are_one_release(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "print/one")
    at(site, "one", "/one")
    at(site, "print/one", f"{site.address}/one?utm_source=print#top")
    fetched(of, tmp_path)
    assert found_at(of, tmp_path) == {"one": (f"{site.address}/one", f"{site.address}/print/one")}
    assert not built(of, tmp_path).refused


def test_a_release_that_is_listed_at_another_address_than_its_canonical_one_keeps_both(
    site: Site, tmp_path: Path
) -> None:
    of = lay_feed(site, "node/17")
    at(site, "node/17", "/orders/one")
    fetched(of, tmp_path)
    assert found_at(of, tmp_path) == {"orders-one": (f"{site.address}/orders/one", f"{site.address}/node/17")}


def test_pages_of_other_texts_that_name_one_canonical_address_are_not_merged(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    at(site, "one", "/news")
    at(site, "two", "/news", body="Another text, of another day.")
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"news"}
    (refused,) = built(of, tmp_path).refused
    assert (refused.problem.rule, refused.record.source.file) == ("record.duplicate", f"{site.address}/two")


@pytest.mark.parametrize("canonical", ["/", "https://elsewhere.example/one", "javascript:alert(1)"])
def test_a_canonical_address_that_cannot_be_is_passed_over(site: Site, tmp_path: Path, canonical: str) -> None:
    of = lay_feed(site, "one", "two")
    at(site, "one", canonical)
    fetched(of, tmp_path)
    assert found_at(of, tmp_path)["one"] == (f"{site.address}/one", None)


def test_an_address_that_leads_to_another_is_that_release(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "old", "older", "new", "node/17")
    at(site, "new")
    for name in ("old", "older"):
        site.replies[f"/{name}"] = Reply(status=302, headers={"Location": "/new?utm_source=old"})
    site.replies["/node/17"] = Reply(status=301, headers={"Location": "/news/a-new-login"})
    site.lay("/news/a-new-login", page("<p>A text of another release.</p>"))
    fetched(of, tmp_path)
    assert found_at(of, tmp_path) == {
        "new": (f"{site.address}/new", f"{site.address}/old|{site.address}/older"),
        "news-a-new-login": (f"{site.address}/news/a-new-login", f"{site.address}/node/17"),
    }
    assert built(of, tmp_path).refused == []


ASTRAY = {
    "the home page": ("/", "the home page"),
    "a page to log in": ("/user/login?destination=/one", "a page to log in"),
    "a script to log in": ("/wp-login.php", "a page to log in"),
    "a page to sign in": ("/accounts/Sign-In/", "a page to log in"),
}


@pytest.mark.parametrize(("where", "what"), ASTRAY.values(), ids=ASTRAY)
def test_an_address_that_leads_to_no_page_of_its_own_is_refused_and_asked_again(
    site: Site, tmp_path: Path, where: str, what: str
) -> None:
    of = lay_feed(site, "one", "two")
    text = site.replies["/one"]
    site.replies["/one"] = Reply(status=302, headers={"Location": where})
    site.lay(where, page("<p>Welcome to the ministry. Please tell us who you are.</p>"))
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"two"}
    (refused,) = built(of, tmp_path).refused
    assert (refused.problem.rule, refused.problem.message) == (
        "input.redirect", f"the address leads to {site.address}{where}, {what}",
    )  # fmt: skip
    site.replies["/one"] = text
    fetched(of, tmp_path, later(60))
    assert releases(of, tmp_path).keys() == {"one", "two"}
    assert built(of, tmp_path).refused == []


def test_no_release_is_taken_from_a_page_that_several_addresses_lead_to(site: Site, tmp_path: Path) -> None:
    site.lay("/sorry", page("<p>Something went wrong. Please try again later.</p>"))
    names = ["two"]
    for days, name in enumerate(("one", "three", "four")):
        names.append(name)
        of = lay_feed(site, *names)
        for led in names[1:]:
            site.replies[f"/{led}"] = Reply(status=302, headers={"Location": "/sorry"})
        found = fetched(of, tmp_path, later(days))
    why = f"the address leads to {site.address}/sorry, as another does that is listed"
    assert found.refused == {("news", f"{site.address}/{name}"): ("input.redirect", why) for name in names[1:]}
    assert {name: row["status"] for name, row in releases(of, tmp_path).items()} == {
        "two": "current",
        "sorry": "withdrawn",  # one alone led there at first
    }
    lay_feed(site, *names)
    fetched(of, tmp_path, later(60))
    assert {name for name, row in releases(of, tmp_path).items() if row["status"] == "current"} == {*names}


def test_what_was_had_stays_when_its_address_leads_where_others_lead(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.lay("/sorry", page("<p>Something went wrong. Please try again later.</p>"))
    for name in ("one", "two"):
        site.replies[f"/{name}"] = Reply(status=302, headers={"Location": "/sorry"})
    again = fetched(of, tmp_path, later(1))
    assert (len(again.changed), len(again.refused)) == (0, 2)
    assert {row["status"] for row in releases(of, tmp_path).values()} == {"current"}


def test_a_page_that_lists_pages_names_no_mailbox_and_no_script(site: Site, tmp_path: Path) -> None:
    links = ("one", "mailto:desk@harbour.example", "javascript:print()", "tel:+123", "http://[")
    site.lay("/news/", "".join(f"<a href='{link}'>x</a>" for link in links))
    site.lay("/news/one", page(f"<p>{ORDERS}</p>"))
    of = dataset(site, "pages", "/news/", **PAGE)
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"news-one"}
    assert [one.problem.message for one in built(of, tmp_path).refused] == ["1 of 2 entries have no address"]


def test_what_two_sources_list_is_one_release(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    beside = of.sources[0].model_copy(update={"name": "again"})
    both = of.model_copy(update={"sources": [*of.sources, beside]})
    fetched(both, tmp_path)
    whole = built(both, tmp_path)
    assert releases(both, tmp_path).keys() == {"one", "two"}
    assert whole.refused == []
    assert sorted((one.source, one.release_id) for one in whole.named) == [
        (source, name) for source in ("again", "news") for name in ("one", "two")
    ]


def test_two_hosts_with_the_same_paths_share_no_id_where_one_has_a_prefix(site: Site, tmp_path: Path) -> None:
    with serving(Site()) as other:
        at(other, "one", body="Another text, of another ministry.")
        other.lay("/feed", rss(other, "one"), "application/rss+xml")
        (first,), (second,) = lay_feed(site, "one").sources, dataset(other, "feed", name="health", **PAGE).sources
        ids = {"id": {"from": "address", "as": "address", "parts": 20, "prefix": "health"}}
        apart = second.model_copy(update={"map": Mapping.model_validate(ids)})
        both = dataset(site, "feed").model_copy(update={"sources": [first, second]})
        fetched(both, tmp_path)
    (refused,) = built(both, tmp_path).refused
    assert (refused.problem.rule, "`prefix`" in (refused.problem.hint or "")) == ("record.duplicate", True)
    both = both.model_copy(update={"sources": [first, apart]})
    assert releases(both, tmp_path).keys() == {"one", "health-one"}
    assert not built(both, tmp_path).refused


def test_a_release_that_is_told_twice_in_two_ways_is_told_as_such_with_the_one_that_was_taken(
    site: Site, tmp_path: Path
) -> None:
    of = lay_feed(site, "one", "print/one", "two", "print/two")
    titles = {"one": "Order signed", "print/one": "PRINT: Order signed", "two": "Order two", "print/two": "Order two"}
    site.lay("/feed", rss(site, *titles, titles=titles), "application/rss+xml")
    for name in titles:
        at(site, name, f"/{name.removeprefix('print/')}")
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["headline"] == "Order signed"
    (found,) = [one for one in built(of, tmp_path).noted if one.rule == "input.told-twice"]
    assert (found.severity, found.key, found.field) == ("warning", "one", "headline")
    assert (found.source, found.message) == (
        Provenance(file=f"{site.address}/print/one", sha256=found.source.sha256 if found.source else None),
        f"{site.address}/one tells the same release and was taken; here another headline is told",
    )


def test_a_short_text_of_a_page_without_selectors_keeps_its_paragraphs_and_no_menu(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", rss(site, "one"), "application/rss+xml")
    site.lay("/one", page(f"<p>{ORDERS}</p><p>More is to come.</p>"))
    of = dataset(site, "feed", page={})
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["body"].endswith(f"{ORDERS}\n\nMore is to come.")
    assert "Menu" not in releases(of, tmp_path)["one"]["body"]


# Every kind


def atom(site: Site) -> Dataset:
    def feed(name: str, link: str = "") -> str:
        return (
            f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{link}"
            f"<entry><title>Order {name}</title><link href='{site.address}/{name}'/><id>tag:{name}</id>"
            "<published>2026-11-20T10:00:00Z</published><updated>2026-11-21T10:00:00Z</updated>"
            f"<content type='html'>&lt;p&gt;{ORDERS}&lt;/p&gt;</content></entry></feed>"
        )

    site.lay("/feed", feed("one", "<link rel='next' href='feed?page=2'/>"), "application/atom+xml")
    site.lay("/feed?page=2", feed("two", f"<link rel='previous' href='{site.address}/feed'/>"), "application/atom+xml")
    return dataset(site, "feed")


def json_feed(site: Site) -> Dataset:
    def items(*names: str) -> list[dict[str, str]]:
        return [
            {"id": name, "url": f"{site.address}/{name}", "title": f"Order {name}", "content_html": f"<p>{ORDERS}</p>",
             "date_published": "2026-11-20T10:00:00Z"}
            for name in names
        ]  # fmt: skip

    first = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": items("one")}
    site.lay("/feed", json.dumps(first | {"next_url": f"{site.address}/feed2"}), "application/feed+json")
    site.lay("/feed2", json.dumps(first | {"items": items("two")}), "application/feed+json")
    return dataset(site, "feed")


def wordpress(site: Site) -> Dataset:
    def answer(names: tuple[str, ...]) -> str:
        return json.dumps(
            [
                {"id": 1, "link": f"{site.address}/{name}/", "title": {"rendered": f"Order &#8220;{name}&#8221;"},
                 "date": "2026-11-20T05:00:00", "date_gmt": "2026-11-20T10:00:00",
                 "modified_gmt": "2026-11-20T11:00:00",
                 "content": {"rendered": f"<p>{ORDERS}</p>", "protected": False}, "status": "publish"}
                for name in names
            ]
        )  # fmt: skip

    for number, names in enumerate([("one",), ("two",)], 1):
        path = f"/wp-json/wp/v2/posts?per_page=100&orderby=modified&page={number}"
        site.lay(path, answer(names), "application/json")
    site.lay("/wp-json/wp/v2/posts", '{"code": "rest_post_invalid_page_number"}', "application/json", status=400)
    return dataset(site, "wordpress", "/wp-json/wp/v2/posts")


def drupal(site: Site) -> Dataset:
    def answer(name: str, following: str | None) -> str:
        links = {"next": {"href": f"{site.address}{following}"}} if following else {}
        body = {"value": "raw", "processed": f"<p>{ORDERS}</p>", "format": "full", "summary": ""}
        told = {"title": f"Order {name}", "created": "2026-11-20T10:00:00+00:00", "body": body,
                "changed": "2026-11-20T11:00:00+00:00", "path": {"alias": f"/{name}", "pid": 1},
                "langcode": "en"}  # fmt: skip
        return json.dumps({"data": [{"type": "node--release", "id": "1", "attributes": told}], "links": links})

    site.lay("/jsonapi/node/release", answer("one", "/jsonapi/node/release?page=2"), "application/vnd.api+json")
    site.lay("/jsonapi/node/release?page=2", answer("two", None), "application/vnd.api+json")
    return dataset(site, "drupal", "/jsonapi/node/release")


def doj(site: Site) -> Dataset:
    def answer(*names: str) -> str:
        items = [
            {"uuid": name, "title": f"Order {name}", "body": f"<p>{ORDERS}</p>", "date": "1795168800",
             "changed": "1795172400", "url": f"{site.address}/{name}"}
            for name in names
        ]  # fmt: skip
        told = {"responseInfo": {"status": 200}, "resultset": {"count": "2", "pagesize": 50, "page": 0}}
        return json.dumps({"metadata": told, "results": items})

    path = "/api/v1/press_releases.json?pagesize=50&sort=changed&direction=DESC&page="
    for number, names in enumerate([("one",), ("two",), ()]):
        site.lay(f"{path}{number}", answer(*names), "application/json")
    return dataset(site, "doj", "/api/v1/press_releases.json")


def federal_register(site: Site) -> Dataset:
    def answer(name: str, following: str | None) -> str:
        item = {"title": f"Order {name}", "html_url": f"{site.address}/{name}", "document_number": name,
                "body_html_url": f"{site.address}/body/{name}", "publication_date": "2026-11-20",
                "abstract": "In short."}  # fmt: skip
        told = {"count": 2, "results": [item]}
        return json.dumps(told | ({"next_page_url": f"{site.address}{following}"} if following else {}))

    site.lay("/api/v1/documents.json", answer("one", "/api/v1/documents.json?page=2"), "application/json")
    site.lay("/api/v1/documents.json?page=2", answer("two", None), "application/json")
    for name in ("one", "two"):
        site.lay(f"/body/{name}", f"<html><body><div><p>{ORDERS}</p></div></body></html>")
    return dataset(site, "federal-register", "/api/v1/documents.json")


def ninjs(site: Site) -> Dataset:
    old = {
        "uri": f"{site.address}/one",
        "headline": "Order one",
        "body_text": ORDERS,
        "firstcreated": "2026-11-20T10:00:00Z",
    }
    new = {"uri": f"{site.address}/two", "headlines": [{"role": "main", "value": "Order two"}], "language": "en",
           "bodies": [{"contentType": "text/html", "value": f"<p>{ORDERS}</p>"}],
           "firstCreated": "2026-11-20T10:00:00Z"}  # fmt: skip
    site.lay("/news.json", json.dumps([old, new]), "application/json")
    return dataset(site, "ninjs", "/news.json")


def sitemap(site: Site) -> Dataset:
    head = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"
    site.lay(
        "/sitemap.xml",
        f"<sitemapindex {head}><sitemap><loc>{site.address}/s1.xml</loc></sitemap></sitemapindex>",
        "text/xml",
    )
    urls = "".join(f"<url><loc>{site.address}/{name}</loc></url>" for name in ("news/one", "news/two", "about"))
    site.lay("/s1.xml", f"<urlset {head}>{urls}</urlset>", "text/xml")
    for name in ("one", "two"):
        site.lay(f"/news/{name}", page(f"<p>{ORDERS}</p>", f"Order {name}"))
    return dataset(site, "sitemap", "/sitemap.xml", only="/news/", **PAGE)


def listing_pages(site: Site) -> Dataset:
    for number, name in enumerate(("one", "two"), 1):
        link = f"<a rel='next' href='/news?page={number + 1}'>More</a>" if number == 1 else ""
        site.lay(f"/news?page={number}", f"<ul><li><a class='r' href='/news/{name}'>Order {name}</a></li></ul>{link}")
        site.lay(f"/news/{name}", page(f"<p>{ORDERS}</p>", f"Order {name}"))
    return dataset(site, "pages", "/news?page=1", links="a.r", next="a[rel=next]", **PAGE)


KINDS = {
    "Atom": atom, "JSON Feed": json_feed, "WordPress": wordpress, "Drupal": drupal, "justice.gov": doj,
    "Federal Register": federal_register, "ninjs": ninjs, "sitemap": sitemap, "listing pages": listing_pages,
}  # fmt: skip


@pytest.mark.parametrize("lay", KINDS.values(), ids=KINDS)
def test_every_kind_is_read_to_its_end(site: Site, tmp_path: Path, lay: Any) -> None:
    of = lay(site)
    fetched(of, tmp_path)
    whole = built(of, tmp_path)
    found = releases(of, tmp_path)
    assert [one.problem.message for one in whole.refused] == []
    assert [one.message for one in whole.noted] == []
    assert {name.removeprefix("news-") for name in found} == {"one", "two"}
    assert {one["body"] for one in found.values()} == {ORDERS}
    assert all("Order" in one["headline"] for one in found.values())


@pytest.mark.parametrize("lay", KINDS.values(), ids=KINDS)
def test_a_second_walk_of_every_kind_finds_nothing_new(site: Site, tmp_path: Path, lay: Any) -> None:
    of = lay(site)
    fetched(of, tmp_path)
    site.forget()
    again = fetched(of, tmp_path, later(30))
    assert (again.changed, again.gone, again.refused) == ({}, [], {})
    assert site.bodies == []


# Days and instants


MODIFIED = "<meta property='article:modified_time' content='2026-11-21T10:00:00Z'>"


def test_a_page_that_states_a_day_and_the_instant_of_its_last_edit_is_a_release_of_that_day(
    site: Site, tmp_path: Path
) -> None:
    site.lay("/feed", "<a href='/one'>Order one</a>")
    site.lay("/one", f"<html><head>{MODIFIED}</head><body><h1>Order</h1><time datetime='2026-11-20'>x</time>{ORDERS}")
    of = dataset(site, "pages", page={"body": "body", "published": "time@datetime", "modified": "meta@content"})
    fetched(of, tmp_path)
    (row,) = releases(of, tmp_path).values()
    assert (row["published_on"], row["published_at"], row["modified_at"]) == ("2026-11-20", None, None)
    (told,) = built(of, tmp_path).noted
    said = "source news: modified_at stands without published_at and is left out, in 1 document"
    assert (told.rule, told.message) == ("input.untaken", said)


ONLY_UPDATED = {
    "Atom": "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>Order</title><link href='/one'/>"
    f"<updated>2026-11-20T10:00:00Z</updated><content>{ORDERS}</content></entry></feed>",
    "RSS 1.0": "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' "
    "xmlns:dc='http://purl.org/dc/elements/1.1/'><item><title>Order</title><link>/one</link>"
    f"<description>{ORDERS}</description><dc:date>2026-11-20T10:00:00Z</dc:date></item></rdf:RDF>",
    "JSON Feed": json.dumps(
        {"items": [{"url": "/one", "title": "Order", "content_text": ORDERS, "date_modified": "2026-11-20T10:00:00Z"}]}
    ),
}


@pytest.mark.parametrize("feed", ONLY_UPDATED.values(), ids=ONLY_UPDATED)
def test_an_entry_that_tells_only_its_last_change_is_published_then(site: Site, tmp_path: Path, feed: str) -> None:
    site.lay("/feed", feed, "application/json" if feed.startswith("{") else "application/xml")
    of = dataset(site, "feed")
    fetched(of, tmp_path)
    (row,) = releases(of, tmp_path).values()
    assert (row["published_on"], row["published_at"]) == ("2026-11-20", "2026-11-20T10:00:00Z")
    assert built(of, tmp_path).noted == []


def test_an_entry_that_tells_only_its_last_change_is_published_when_its_page_says(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", ONLY_UPDATED["Atom"], "application/xml")
    site.lay("/one", f"<html><body><time>2026-11-19T10:00:00Z</time><p>{ORDERS}</p></body></html>")
    of = dataset(site, "feed", page={"body": "p", "published": "time"})
    fetched(of, tmp_path)
    (row,) = releases(of, tmp_path).values()
    assert (row["published_at"], row["modified_at"]) == ("2026-11-19T10:00:00Z", "2026-11-20T10:00:00Z")


def test_a_post_of_wordpress_is_of_the_day_that_its_site_states_and_of_the_instant_in_utc(
    site: Site, tmp_path: Path
) -> None:
    post = {"link": "/one", "title": {"rendered": "Order"}, "content": {"rendered": ORDERS}}
    post |= {"date": "2026-11-20T20:00:00", "date_gmt": "2026-11-21T01:00:00"}
    site.lay("/feed", json.dumps([post]), "application/json")
    of = dataset(site, "wordpress")
    fetched(of, tmp_path)
    (row,) = releases(of, tmp_path).values()
    assert (row["published_on"], row["published_at"]) == ("2026-11-20", "2026-11-21T01:00:00Z")
    assert built(of, tmp_path).noted == []


def test_a_date_on_a_page_is_read_in_the_zone_of_its_map_and_one_that_may_be_two_days_is_told(
    site: Site, tmp_path: Path
) -> None:
    site.lay("/feed", "<a href='/one'>Order one</a><a href='/two'>Order two</a>")
    site.lay("/one", page(f"<time>November 20, 2026 5:00 PM</time><p>{ORDERS}</p>"))
    site.lay("/two", page(f"<time>03/04/2026</time><p>{ORDERS}</p>"))
    zoned = {"published_at": {"from": "common.published", "as": "moment", "zone": "America/New_York"}}
    of = dataset(site, "pages", map=zoned, page={"body": "p", "published": "time"})
    fetched(of, tmp_path)
    found = {name: (row["published_on"], row["published_at"]) for name, row in releases(of, tmp_path).items()}
    assert found == {"one": ("2026-11-20", "2026-11-20T22:00:00Z")}
    (refused,) = built(of, tmp_path).refused
    assert (refused.problem.rule, refused.problem.field, refused.problem.value) == (
        "record.type", "published_on", "03/04/2026",
    )  # fmt: skip


# Answers that every reader takes


FEED = "<rss version='2.0'><channel><item><title>Ordre signé</title><link>/one</link></item></channel></rss>"
DECLARED = '<?xml version="1.0" encoding="iso-8859-1"?>'
ODDLY_SENT = {
    "a blank line first": (f'\n <?xml version="1.0"?>{FEED}'.encode(), "application/rss+xml"),
    "a mark and a blank line first": (f'\ufeff\n<?xml version="1.0"?>{FEED}'.encode(), "application/rss+xml"),
    "an encoding that only the server tells": (FEED.encode("latin-1"), "application/rss+xml; Charset=ISO-8859-1"),
    "an encoding that both tell in two ways": (f"{DECLARED}{FEED}".encode("latin-1"), "text/xml; charset=utf-8"),
    "two bytes a letter": (FEED.encode("utf-16"), "text/xml; charset=utf-16"),
}


@pytest.mark.parametrize(("data", "kind"), ODDLY_SENT.values(), ids=ODDLY_SENT)
def test_a_feed_that_is_oddly_sent_is_read(site: Site, tmp_path: Path, data: bytes, kind: str) -> None:
    site.lay("/feed", data, kind)
    site.lay("/one", page(f"<time>2026-11-20</time><p>{ORDERS}</p>"))
    of = dataset(site, "feed", page={"body": "p", "published": "time"})
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["headline"] == "Ordre signé"


def test_a_sitemap_after_a_blank_line_and_a_page_whose_encoding_is_told_in_capitals_are_read(
    site: Site, tmp_path: Path
) -> None:
    of = sitemap(site)
    told = site.replies["/s1.xml"]
    assert isinstance(told, Reply)
    site.lay("/s1.xml", b"\n" + told.data, "text/xml")
    site.lay("/news/one", page("<p>L'ordre est signé.</p>").encode("latin-1"), "text/html; Charset=ISO-8859-1")
    fetched(of, tmp_path)
    assert {name: row["body"] for name, row in releases(of, tmp_path).items()} == {
        "news-one": "L'ordre est signé.",
        "news-two": ORDERS,
    }


def test_links_are_relative_to_the_base_that_a_page_names(site: Site, tmp_path: Path) -> None:
    site.lay("/list/", "<base href='/news/'><a class='r' href='one'>One</a><a class='n' href='../list/2'>More</a>")
    site.lay("/list/2", "<a class='r' href='/news/two'>Two</a>")
    head = f"<head><base href='{site.address}/news/print/'><link rel='canonical' href='../orders/one'></head>"
    site.lay("/news/one", page(f"<p>{ORDERS}</p>").replace("<body>", f"{head}<body>"))
    site.lay("/news/two", page(f"<p>{ORDERS}</p>"))
    of = dataset(site, "pages", "/list/", links=".r", next=".n", **PAGE)
    fetched(of, tmp_path)
    assert found_at(of, tmp_path) == {
        "news-orders-one": (f"{site.address}/news/orders/one", f"{site.address}/news/one"),
        "news-two": (f"{site.address}/news/two", None),
    }


# Plain text, and what may not go out


LINES = "Ships <now> & then.\n\nThe order takes effect on 1 March."


def test_plain_text_of_a_feed_stays_plain(site: Site, tmp_path: Path) -> None:
    escaped = LINES.replace("&", "&amp;").replace("<", "&lt;")
    entry = "<title>Ships &lt;now&gt;</title><link href='/one'/><published>2026-11-20T10:00:00Z</published>"
    entry += f"<content type='text'>{escaped}</content>"
    site.lay(
        "/feed", f"<feed xmlns='http://www.w3.org/2005/Atom'><entry>{entry}</entry></feed>", "application/atom+xml"
    )
    of = dataset(site, "feed")
    fetched(of, tmp_path)
    (row,) = releases(of, tmp_path).values()
    assert (row["headline"], row["body"]) == ("Ships <now>", LINES)
    assert built(of, tmp_path).noted == []


MARKS = "a < b & c <sup>2</sup>"


@pytest.mark.parametrize("text", ["content_text", "summary"])
def test_titles_summaries_and_plain_texts_of_a_json_feed_stay_plain(site: Site, tmp_path: Path, text: str) -> None:
    told = {"url": "/one", "title": MARKS, text: LINES, "date_published": "2026-11-20T10:00:00Z"}
    site.lay("/feed", json.dumps({"items": [told]}), "application/feed+json")
    of = dataset(site, "feed")
    fetched(of, tmp_path)
    (row,) = releases(of, tmp_path).values()
    assert (row["headline"], row["body"]) == (MARKS, LINES)
    assert built(of, tmp_path).noted == []


def test_the_title_of_a_node_of_drupal_and_the_words_of_a_link_stay_plain(site: Site, tmp_path: Path) -> None:
    node = {"title": MARKS, "body": {"processed": ORDERS}, "path": {"alias": "/node"}}
    site.lay("/nodes", json.dumps({"data": [{"attributes": node}]}), "application/json")
    site.lay("/list", f"<a href='/link'>{html.escape(MARKS)}</a>")
    site.lay("/link", f"<p>{ORDERS}</p>")
    for number, of in enumerate(
        (dataset(site, "drupal", "/nodes"), dataset(site, "pages", "/list", page={"body": "p"}))
    ):
        fetched(of, tmp_path / str(number))
        assert [row["headline"] for row in releases(of, tmp_path / str(number)).values()] == [MARKS]


HEADLINES: list[tuple[dict[str, Any], str]] = [
    ({"headlines": [{"role": "main", "value": MARKS}]}, MARKS),
    ({"headline": MARKS}, MARKS),
    ({"headline": None, "title": MARKS}, MARKS),
    ({"headlines": [{"contentType": "text/plain", "value": MARKS}]}, MARKS),
    ({"headlines": [{"contentType": "text/html", "value": "Fish &amp; <b>chips</b>"}]}, "Fish & chips"),
]


@pytest.mark.parametrize(("told", "headline"), HEADLINES)
def test_a_headline_of_ninjs_is_plain_text_unless_it_says_that_it_is_html(
    site: Site, tmp_path: Path, told: dict[str, Any], headline: str
) -> None:
    of = lay_items(site, item("one", **told))
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["headline"] == headline


def item(name: str, **more: Any) -> dict[str, Any]:
    return {
        "uri": f"/{name}",
        "headline": f"Order {name}",
        "body_text": ORDERS,
        "firstCreated": "2026-11-20T10:00:00Z",
    } | more


def lay_items(site: Site, told: Any) -> Dataset:
    site.lay("/news.json", json.dumps(told), "application/json")
    return dataset(site, "ninjs", "/news.json")


def test_the_text_of_a_ninjs_item_is_that_of_its_main_role_and_stays_plain_where_it_is(
    site: Site, tmp_path: Path
) -> None:
    texts = [{"role": "caption", "value": "A photo."}, {"role": "main", "contentType": "text/plain", "value": LINES}]
    of = lay_items(site, item("one", bodies=texts))
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["body"] == LINES


def test_lists_of_ninjs_items_are_read_to_the_last(site: Site, tmp_path: Path) -> None:
    of = lay_items(site, {"items": [item("one")], "next": "/more.json"})
    site.lay("/more.json", json.dumps({"items": [item("two")]}), "application/json")
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one", "two"}


@pytest.mark.parametrize("status", [{"pubStatus": "canceled"}, {"pubstatus": "withheld"}])
def test_a_ninjs_item_that_is_called_back_is_withdrawn_and_one_that_never_was_had_is_none(
    site: Site, tmp_path: Path, status: dict[str, str]
) -> None:
    of = lay_items(site, [item("one"), item("two", **status)])
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one"}
    (word,) = status.values()
    assert [(one.entry, one.day, one.rule, one.why) for one in built(of, tmp_path).named if not one.release_id] == [
        (f"{site.address}/two", "2026-11-20", None, f"its publisher says that it is {word}")
    ]
    lay_items(site, [item("one", **status)])
    fetched(of, tmp_path, later(1))
    assert [row["status"] for row in releases(of, tmp_path).values()] == ["withdrawn"]
    assert [one.entry for one in built(of, tmp_path).named] == [f"{site.address}/{name}" for name in ("one", "two")]
    lay_items(site, [item("one", pubStatus="usable")])
    fetched(of, tmp_path, later(2))
    assert [row["status"] for row in releases(of, tmp_path).values()] == ["current"]


def test_a_ninjs_item_goes_out_when_its_embargo_ends(site: Site, tmp_path: Path) -> None:
    free, held = item("one", embargoed="2020-01-01T00:00:00Z"), item("two", embargoed="2999-01-01T00:00:00Z")
    of = lay_items(site, [free, held])
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one"}
    (refused,) = built(of, tmp_path).refused
    assert refused.problem.message == "/two is embargoed until 2999-01-01T00:00:00Z"
    assert built(of, tmp_path).noted == []


def test_a_document_of_the_federal_register_without_a_page_of_its_text_is_refused(site: Site, tmp_path: Path) -> None:
    of = federal_register(site)
    reply = site.replies["/api/v1/documents.json?page=2"]
    assert isinstance(reply, Reply)
    told = json.loads(reply.data)
    told["results"][0]["body_html_url"] = None
    site.lay("/api/v1/documents.json?page=2", json.dumps(told), "application/json")
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one"}
    (refused,) = built(of, tmp_path).refused
    said = "the listing names no page with the text: body_html_url is empty"
    assert (refused.problem.rule, refused.problem.message) == ("input.page", said)
    mapped = of.sources[0].model_copy(update={"map": Mapping.model_validate({"body": "abstract"})})
    short = of.model_copy(update={"sources": [mapped]})
    assert releases(short, tmp_path)["two"]["body"] == "In short."


# What a feed says of all its entries, and beside them


LANGUAGES = {
    "the feed": ("<language>fr</language>", "<html><p>", "fr"),
    "the page": ("<language>fr</language>", "<html lang='de-AT'><p>", "de-AT"),
    "the page alone": ("", "<html lang='de-AT'><p>", "de-AT"),
}


@pytest.mark.parametrize(("feed", "html", "language"), LANGUAGES.values(), ids=LANGUAGES)
def test_a_source_without_a_language_takes_that_of_its_pages_and_of_its_feed(
    site: Site, tmp_path: Path, feed: str, html: str, language: str
) -> None:
    site.lay("/feed", rss(site, "one").replace("</title>", f"</title>{feed}", 1), "application/rss+xml")
    site.lay("/one", f"{html}{ORDERS}</p></html>")
    of = dataset(site, "feed", language=None, page={"body": "p"})
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["language"] == language
    told = of.model_copy(update={"sources": [of.sources[0].model_copy(update={"language": "en"})]})
    fetched(told, tmp_path / "told")
    assert releases(told, tmp_path / "told")["one"]["language"] == "en"


def test_what_is_enclosed_in_an_entry_may_be_taken_and_is_ignored_by_name(site: Site, tmp_path: Path) -> None:
    feed = rss(site, "one").replace("</item>", "<enclosure url='/one.pdf' type='application/pdf' length='9'/></item>")
    site.lay("/feed", feed, "application/rss+xml")
    site.lay("/one", page(f"<p>{ORDERS}</p>"))
    of = dataset(site, "feed", **PAGE)
    fetched(of, tmp_path)
    assert built(of, tmp_path).noted == []
    mapped = of.sources[0].model_copy(update={"map": Mapping.model_validate({"note": "enclosures.0"})})
    assert releases(of.model_copy(update={"sources": [mapped]}), tmp_path)["one"]["note"] == "/one.pdf"


def test_the_dateline_that_a_selector_finds_is_that_of_the_release(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    site.lay("/one", page(f"<b>Port\nLouis</b><p>{ORDERS}</p>"))
    of = dataset(site, "feed", page={"body": "p", "dateline": "b"})
    fetched(of, tmp_path)
    assert releases(of, tmp_path)["one"]["dateline"] == "Port Louis"
    assert built(of, tmp_path).noted == []
