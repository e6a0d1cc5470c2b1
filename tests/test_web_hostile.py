"""What a hostile, broken or careless server gets: a clear problem, never a crash, a hang, or a forbidden request."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from flows import guard, store
from flows.ingest.web import client, pages
from tests.site import Reply, Site, serving
from tests.test_web import ORDERS, PAGE, built, dataset, fetched, later, lay_feed, page, releases, rss


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are short here; that they are kept is shown by a test of its own."""
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)


BOMB = gzip.compress(b"\0" * (64 << 20))
LAUGHS = "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><rss version='2.0'><title>&b;</title></rss>"
ERROR_PAGE = "<html><body><h1>Something went wrong</h1><p>Try again later<br></body>"

LISTINGS: dict[str, tuple[Reply, str, str]] = {
    "an empty answer": (Reply(b"", "application/rss+xml"), "input.xml", "well-formed"),
    "an empty feed": (Reply(rss(Site()).encode(), "application/rss+xml"), "input.empty", "names no release"),
    "a page of an error with 200": (Reply(ERROR_PAGE.encode()), "input.xml", "well-formed"),
    "XML that is no feed": (Reply(b"<catalog><book/></catalog>", "text/xml"), "input.format", "neither RSS nor Atom"),
    "JSON that is no feed": (Reply(b'{"error": true}', "application/json"), "input.format", "no JSON Feed"),
    "broken JSON": (Reply(b'{"items": [', "application/json"), "input.json", "a value was expected"),
    "billion laughs": (Reply(LAUGHS.encode(), "text/xml"), "input.xml", "document type"),
    "a gzip bomb": (Reply(BOMB, headers={"Content-Encoding": "gzip"}), "input.size", "grows beyond"),
    "gzip that is none": (Reply(b"<rss/>", headers={"Content-Encoding": "gzip"}), "input.compression", "broken"),
    "an encoding that was not asked for": (
        Reply(b"x", headers={"Content-Encoding": "br"}), "input.compression", "not asked for",
    ),
    "fifty megabytes": (Reply(b" " * (50 << 20)), "input.size", "larger than"),
    "an answer that is cut off": (Reply(b"<rss", cut=100), "input.unreached", "complete message body"),
    "a way to the cloud's secrets": (
        Reply(status=302, headers={"Location": "http://169.254.169.254/"}), "input.address", "not among the hosts",
    ),
    "a way to a file": (Reply(status=302, headers={"Location": "file:///etc/passwd"}), "input.address", "only http"),
    "a way round in circles": (Reply(status=302, headers={"Location": "/feed"}), "input.unreached", "redirects"),
    "a server that is broken": (Reply(status=500), "input.unreached", "answers 500"),
    "a server that is busy for an hour": (
        Reply(status=429, headers={"Retry-After": "3600"}), "input.unreached", "answers 429",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "rule", "words"), LISTINGS.values(), ids=LISTINGS)
def test_a_listing_that_cannot_be_read_is_one_clear_problem(
    site: Site, tmp_path: Path, reply: Reply, rule: str, words: str
) -> None:
    site.replies["/feed"] = reply
    of = dataset(site, "feed", **PAGE)
    fetched(of, tmp_path)
    whole = built(of, tmp_path)
    (found,) = [one.problem for one in whole.refused] + whole.noted
    assert found.rule == rule
    assert words in found.message
    assert not releases(of, tmp_path)


def test_what_was_published_stays_when_the_listing_breaks(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    fetched(of, tmp_path)
    site.replies["/feed"] = Reply(status=503)
    fetched(of, tmp_path, later(1))
    assert releases(of, tmp_path)["one"]["status"] == "current"


PAGES: dict[str, tuple[Reply, str]] = {
    "no text": (Reply(b"<html><body></body></html>"), "input.page"),
    "not its encoding": (Reply("<div class='text'>Él</div>".encode("latin-1")), "input.encoding"),
    "an encoding that there is not": (Reply(b"x", "text/html; charset=klingon"), "input.encoding"),
    "another host": (Reply(status=301, headers={"Location": "http://elsewhere.example/"}), "input.address"),
    "fifty megabytes": (Reply(b"<p>x</p>" * (50 << 17)), "input.size"),
}


@pytest.mark.parametrize(("reply", "rule"), PAGES.values(), ids=PAGES)
def test_a_page_that_cannot_be_read_costs_its_release_alone(
    site: Site, tmp_path: Path, reply: Reply, rule: str
) -> None:
    of = lay_feed(site, "one", "two")
    site.replies["/one"] = reply
    fetched(of, tmp_path)
    (refused,) = built(of, tmp_path).refused
    assert refused.problem.rule == rule
    assert releases(of, tmp_path).keys() == {"two"}


TEXTS = {
    "scripts and broken tags": ("<p>One<script>alert('x')</script> day<p>Two <b>days</div></i>", "One day\n\nTwo days"),
    "entities": ("<p>Fish &amp; chips &lt;now&gt; &#8220;caf&eacute;&#8221;</p>", "Fish & chips <now> “café”"),
    "no-break spaces in names": ("<p>Mr.&nbsp;Ana\u00a0\u202fLima</p>", "Mr. Ana Lima"),
    "lines and lists": ("<p>One<br>two</p><ul><li>a</li><li>b</li></ul>", "One\ntwo\n\na\n\nb"),
    "a comment": ("<p>One<!-- secret --> two</p>", "One two"),
    "depth": ("<div>" * 5000 + "deep" + "</div>" * 5000, "deep"),
}


@pytest.mark.parametrize(("html", "text"), TEXTS.values(), ids=TEXTS)
def test_html_becomes_the_text_that_a_reader_sees(html: str, text: str) -> None:
    assert pages.text_of(html) == text


def test_a_host_that_is_not_named_is_never_asked(site: Site, tmp_path: Path) -> None:
    with serving(Site()) as other:
        other.lay("/one", page(ORDERS))
        site.lay("/feed", rss(other, "one"), "application/rss+xml")
        name = other.address.replace("127.0.0.1", "localhost")
        site.lay("/feed", rss(other, "one").replace(other.address, name), "application/rss+xml")
        of = dataset(site, "feed", **PAGE)
        fetched(of, tmp_path)
        assert other.asked == []
    (refused,) = built(of, tmp_path).refused
    assert refused.problem.rule == "input.address"


@pytest.mark.parametrize(
    "number",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "100.64.0.1", "0.0.0.0", "224.0.0.1"],  # noqa: S104 - an address that is refused
)
def test_an_address_that_is_not_public_is_refused(number: str) -> None:
    with pytest.raises(guard.BadInput, match="not a public address"):
        guard.resolved(f"http://{number}/", private=False)


def test_a_dataset_that_does_not_say_so_asks_no_private_address(site: Site, tmp_path: Path) -> None:
    site.lay("/feed", rss(site), "application/rss+xml")
    of = dataset(site, "feed")
    closed = of.model_copy(update={"sources": [of.sources[0].model_copy(update={"private": False})]})
    fetched(closed, tmp_path)
    assert site.asked == []
    assert built(closed, tmp_path).refused[0].problem.rule == "input.address"


def test_robots_txt_is_obeyed(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    site.lay("/robots.txt", "User-agent: *\nDisallow: /one\n", "text/plain")
    fetched(of, tmp_path)
    assert sorted(site.paths()) == ["/feed", "/two"]
    assert built(of, tmp_path).refused[0].problem.rule == "input.robots"


def test_a_busy_server_is_asked_again(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    left = [Reply(status=503), Reply(status=429, headers={"Retry-After": "0"}), Reply(page(ORDERS).encode())]
    site.replies["/one"] = lambda _: left.pop(0)
    fetched(of, tmp_path)
    assert site.paths() == ["/feed", "/one", "/one", "/one"]
    assert releases(of, tmp_path).keys() == {"one"}


def test_requests_to_a_host_keep_its_delay(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("flows.ingest.web.client.time.sleep", slept.append)
    site.lay("/robots.txt", "User-agent: *\nCrawl-delay: 7\n", "text/plain")
    fetched(lay_feed(site, "one", "two"), tmp_path)
    assert [round(pause) for pause in slept if pause > 1] == [7, 7, 7]


def test_who_asks_says_who_it_is(site: Site, tmp_path: Path) -> None:
    fetched(lay_feed(site, "one"), tmp_path)
    assert all(headers["user-agent"].startswith("communique/") for _, headers in site.asked)
    assert all("Harbour Desk" in headers["user-agent"] for _, headers in site.asked)


def test_every_answer_is_kept_as_it_came(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    site.replies["/one"] = Reply(
        gzip.compress(page(ORDERS).encode()), headers={"Content-Encoding": "gzip", "X-Served-By": "a"}
    )
    found = fetched(of, tmp_path)
    digest = found.visits[f"{site.address}/one"].sha256
    assert store.load(tmp_path, digest) == page(ORDERS).encode()
    with (tmp_path / "warc" / digest[:2] / f"{digest}.warc.gz").open("rb") as file:
        record = next(iter(ArchiveIterator(file)))
        assert record.rec_headers.get_header("WARC-Target-URI") == f"{site.address}/one"
        assert record.http_headers.get_header("X-Served-By") == "a"
        assert gzip.decompress(record.raw_stream.read()) == page(ORDERS).encode()


def test_a_run_that_was_killed_is_taken_up_where_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = lay_feed(site, "one", "two", "three")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "append_journal", killed)
        with pytest.raises(KeyboardInterrupt):
            fetched(of, tmp_path)
    site.forget()
    fetched(of, tmp_path)
    assert site.paths() == []
    assert releases(of, tmp_path).keys() == {"one", "two", "three"}
    assert not list(tmp_path.glob("*.begun.jsonl"))
