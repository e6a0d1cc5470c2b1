"""What a hostile, broken or careless server may say, and the rule that each gets: `python -m tests.attacks` prints it.

An attack is what the site says under `/feed` or under the page `/one`, and what of it has to be told.
"""

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flows.ingest.web import client
from schemas.dataset import Dataset, Page
from schemas.report import Problem
from tests.site import Reply, Site, serving
from tests.test_web import ORDERS, PAGE, built, dataset, fetched, later, lay_feed, page, releases, rss

JSON = "application/feed+json"
GOOD = {"id": "two", "url": "/two", "title": "Order two", "content_html": f"<p>{ORDERS}</p>"}
BOMB = gzip.compress(b"\0" * (64 << 20))
LAUGHS = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><rss version='2.0'><title>&b;</title></rss>"
ERROR_PAGE = "<html><body><h1>Something went wrong</h1><p>Try again later<br></body>"


class Attack(NamedTuple):
    """What a server says, the rule that it gets, and words of what is told."""

    reply: Reply
    rule: str
    words: str


def moved(address: str) -> Reply:
    """Return a redirect."""
    return Reply(status=302, headers={"Location": address})


LISTINGS = {
    "an empty answer": Attack(Reply(b"", "application/rss+xml"), "input.xml", "well-formed"),
    "an empty feed": Attack(Reply(rss(Site()).encode(), "application/rss+xml"), "input.empty", "names no release"),
    "a page of an error with 200": Attack(Reply(ERROR_PAGE.encode()), "input.xml", "well-formed"),
    "XML that is no feed": Attack(Reply(b"<catalog><book/></catalog>", "text/xml"), "input.format", "RSS nor Atom"),
    "JSON that is no feed": Attack(Reply(b'{"error": true}', "application/json"), "input.format", "no JSON Feed"),
    "broken JSON": Attack(Reply(b'{"items": [', "application/json"), "input.json", "a value was expected"),
    "billion laughs": Attack(Reply(LAUGHS.encode(), "text/xml"), "input.xml", "document type"),
    "an entity that is not declared": Attack(
        Reply(b"<rss version='2.0'><channel><title>a&nbsp;b</title></channel></rss>"), "input.xml", "undefined entity"
    ),
    "a gzip bomb": Attack(Reply(BOMB, headers={"Content-Encoding": "gzip"}), "input.size", "grows beyond"),
    "gzip that is none": Attack(Reply(b"<rss/>", headers={"Content-Encoding": "gzip"}), "input.compression", "broken"),
    "an encoding that was not asked for": Attack(
        Reply(b"x", headers={"Content-Encoding": "br"}), "input.compression", "not asked for"
    ),
    "fifty megabytes": Attack(Reply(b" " * (50 << 20)), "input.size", "larger than"),
    "an answer that is cut off": Attack(Reply(b"<rss", cut=100), "input.unreached", "complete message body"),
    "a body that comes a letter at a time": Attack(Reply(slow="body"), "input.unreached", "takes longer"),
    "headers that come a letter at a time": Attack(Reply(slow="headers"), "input.unreached", "takes longer"),
    "a way to the cloud's secrets": Attack(moved("http://169.254.169.254/"), "input.address", "not among the hosts"),
    "a way to a file": Attack(moved("file:///etc/passwd"), "input.address", "only http"),
    "a way to no address": Attack(moved("http://[broken"), "input.address", "no address"),
    "a way round in circles": Attack(moved("/feed"), "input.unreached", "redirects"),
    "a server that is broken": Attack(Reply(status=500), "input.unreached", "answers 500"),
    "a server that is busy for an hour": Attack(
        Reply(status=429, headers={"Retry-After": "3600"}), "input.unreached", "asks to wait for 3,600 s"
    ),
    "a server that is busy for no number": Attack(
        Reply(status=503, headers={"Retry-After": "²"}), "input.unreached", "answers 503"
    ),
}  # fmt: skip
"""Said under `/feed`: nothing can be read of the listing."""


def feed(*items: dict[str, Any], **more: Any) -> Reply:
    """Return a JSON Feed with a good release, `/two`, and these."""
    return Reply(json.dumps({"title": "News", "items": [GOOD, *items]} | more).encode(), JSON)


ENTRIES = {
    "an entry without an address": Attack(feed({"title": "?"}), "input.format", "1 of 2 entries have no address"),
    "an entry whose address is none": Attack(feed({"url": "http://[broken"}), "input.format", "have no address"),
    "an entry whose text is an object": Attack(
        feed(GOOD | {"url": "/one", "content_html": {"a": 1}}), "record.required", "not given"
    ),
    "an entry of the year 19,391": Attack(
        feed(GOOD | {"url": "/one", "date_published": 1 << 39}), "record.type", "YYYY-MM-DD"
    ),
    "an entry of a day that is none": Attack(
        feed(GOOD | {"url": "/one", "date_published": "0000-00-00"}), "record.type", "calendar"
    ),
    "a next address that is none": Attack(feed(next_url="http://[broken"), "input.format", "'http://[broken'"),
    "an entry with a fraction": Attack(feed(GOOD | {"url": "/one", "date_published": 0.5}), "record.type", "YYYY"),
}
"""Said under `/feed`: one entry is bad, and the other is a release."""

REGISTERED = [
    {"title": "Order two", "publication_date": "2026-11-20", "html_url": f"/{name}"} for name in ("one", "two")
]
REGISTER = {
    "a text whose address is none": Attack(
        Reply(json.dumps({"results": [
            REGISTERED[0] | {"body_html_url": "http://[broken"}, REGISTERED[1] | {"body_html_url": "/two"},
        ]}).encode(), "application/json"),
        "input.format", "1 of 2 entries have no address",
    ),
}  # fmt: skip
"""Said under `/feed`, as the Federal Register does: one entry is bad, and the other is a release."""
SITEMAPS = {
    "a sitemap whose address is none": Attack(
        Reply(b"<sitemapindex><sitemap><loc>http://[broken</loc></sitemap><sitemap><loc>/map</loc></sitemap>"
              b"</sitemapindex>", "text/xml"),
        "input.format", "'http://[broken'",
    ),
}  # fmt: skip
"""Said under `/feed`, an index of sitemaps: one is bad, and the other names a release."""

PAGES = {
    "no text": Attack(Reply(b"<html><body></body></html>"), "input.page", "no text"),
    "not its encoding": Attack(Reply("<div class='text'>Él</div>".encode("latin-1")), "input.encoding", "not utf-8"),
    "an encoding that there is not": Attack(Reply(b"x", "text/html; charset=klingon"), "input.encoding", "there is"),
    "another host": Attack(moved("http://elsewhere.example/"), "input.address", "not among the hosts"),
    "the cloud's secrets": Attack(moved("http://169.254.169.254/"), "input.address", "not among the hosts"),
    "a way to log in": Attack(moved("/login"), "input.redirect", "a page to log in"),
    "fifty megabytes": Attack(Reply(b"<p>x</p>" * (50 << 17)), "input.size", "larger than"),
    "a gzip bomb": Attack(Reply(BOMB, headers={"Content-Encoding": "gzip"}), "input.size", "grows beyond"),
    "a letter at a time": Attack(Reply(slow="body"), "input.unreached", "takes longer"),
    "nothing, in an encoding that was not asked for": Attack(
        Reply(status=404, headers={"Content-Encoding": "br"}), "input.unreached", "answers 404"
    ),
}
"""Said under `/one`, a page that the feed names beside a good one."""
ROBOTS = {
    "a server that is broken": Attack(Reply(status=503), "input.unreached", "robots.txt cannot be had: the server"),
    "a server of no kind": Attack(Reply(status=505), "input.unreached", "robots.txt cannot be had: the server"),
    "a letter at a time": Attack(Reply(slow="body"), "input.unreached", "robots.txt cannot be had: the answer takes"),
    "an encoding that was not asked for": Attack(
        Reply(b"x", headers={"Content-Encoding": "br"}), "input.compression", "robots.txt cannot be had: the server"
    ),
    "fifty megabytes": Attack(Reply(b" " * (50 << 20)), "input.size", "robots.txt cannot be had: the answer is larger"),
    "another host": Attack(
        moved("http://elsewhere.example/"), "input.address", "robots.txt cannot be had: elsewhere.example is not among"
    ),
}
"""Said under `/robots.txt`: nothing of the site may be asked, and the reason is told."""


def told(text: str) -> Reply:
    """Return a page that tells of itself in JSON-LD, and has no element that the selectors know."""
    ld = f"<script type='application/ld+json'>{text}</script>"
    return Reply(f"<html><head>{ld}</head><body><p>{ORDERS} It stands, and is long enough.</p></body></html>".encode())


ODD = {
    "a graph that is nothing": told('{"@graph": null}'),
    "a type that is a number": told('{"@type": 5}'),
    "types that are objects": told('{"@type": [{}]}'),
    "JSON that is broken": told('{"@type": "NewsArticle", '),
    "JSON that is deep": told("[" * 100_000),
    "a canonical address that is none": Reply(
        f"<html><head><link rel=canonical href='http://[x'></head><body><p>{ORDERS}</p></body></html>".encode()
    ),
}
"""Said under `/one`: odd, and its text can be read all the same."""


@contextmanager
def hurried() -> Iterator[None]:
    """Keep no long pauses and wait for no slow server in the block; that these are kept is shown by other tests."""
    usual = client.FIRST_PAUSE, client.MOST_SECONDS
    client.FIRST_PAUSE, client.MOST_SECONDS = 0.01, 1.0
    try:
        yield
    finally:
        client.FIRST_PAUSE, client.MOST_SECONDS = usual


def by_itself(of: Dataset) -> Dataset:
    """Return a dataset whose pages are read without selectors."""
    return of.model_copy(update={"sources": [of.sources[0].model_copy(update={"page": Page()})]})


def listing(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as the listing of a feed."""
    site.replies["/feed"] = reply
    return dataset(site, "feed", **PAGE)


def entries(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as a feed that holds its texts."""
    site.replies["/feed"] = reply
    return dataset(site, "feed")


def register(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as the Federal Register's."""
    site.replies["/feed"] = reply
    site.lay("/two", page(f"<p>{ORDERS}</p>", "Order two"))
    return dataset(site, "federal-register", **PAGE)


def sitemaps(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as an index of sitemaps."""
    site.replies["/feed"] = reply
    site.lay("/map", "<urlset><url><loc>/two</loc></url></urlset>", "text/xml")
    site.lay("/two", page(f"<p>{ORDERS}</p>", "Order two"))
    return dataset(site, "sitemap", **PAGE)


def one_page(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as one of two pages that a feed names."""
    of = lay_feed(site, "one", "two")
    site.replies["/one"] = reply
    site.lay("/login", page("Tell us who you are."))
    return of


def odd_page(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as one of two pages that are read without selectors."""
    of = by_itself(one_page(site, reply))
    site.lay("/two", page(f"<p>{ORDERS} It stands here at length, as texts do.</p>"))
    return of


def robots(site: Site, reply: Reply) -> Dataset:
    """Lay a reply as the robots.txt of a site whose feed is good."""
    of = lay_feed(site, "one", "two")
    site.replies["/robots.txt"] = reply
    return of


def problems(of: Dataset, raw: Path) -> list[Problem]:
    """Return all that is told of what was fetched."""
    whole = built(of, raw)
    return [one.problem for one in whole.refused] + whole.noted


def got(lay: Callable[[Site, Reply], Dataset], reply: Reply) -> tuple[list[Problem], list[str]]:
    """Return what two runs tell of an attack in the end, and the releases that come through."""
    with TemporaryDirectory() as folder, serving(Site()) as site, hurried():
        of = lay(site, reply)
        fetched(of, Path(folder))
        fetched(of, Path(folder), later(1))
        return problems(of, Path(folder)), sorted(releases(of, Path(folder)))


def main() -> None:
    """Print each attack with what it got."""
    groups = {
        listing: LISTINGS,
        entries: ENTRIES,
        register: REGISTER,
        sitemaps: SITEMAPS,
        one_page: PAGES,
        robots: ROBOTS,
    }
    laid = [(name, lay, one.reply) for lay, attacks in groups.items() for name, one in attacks.items()]
    for name, lay, reply in [*laid, *((name, odd_page, reply) for name, reply in ODD.items())]:
        found, stand = got(lay, reply)
        what = "; ".join(f"{one.rule}: {one.message}" for one in found) or "nothing is told"
        sys.stdout.write(f"{lay.__name__:<9} {name:<38} {what}; releases: {', '.join(stand) or 'none'}\n")


if __name__ == "__main__":
    main()
