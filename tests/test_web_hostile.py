"""What a hostile, broken or careless server gets: a clear problem, never a crash, a hang, or a forbidden request."""

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from flows import guard, store
from flows.ingest.web import pages
from flows.ingest.web.client import Client
from schemas.dataset import Dataset
from tests import attacks
from tests.attacks import Attack
from tests.site import Reply, Site, serving
from tests.test_web import ORDERS, PAGE, built, dataset, fetched, later, lay_feed, page, releases, rss


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """Pauses between tries are short here; that they are kept is shown by a test of its own."""
    with attacks.hurried():
        yield


@pytest.mark.parametrize("attack", attacks.LISTINGS.values(), ids=attacks.LISTINGS)
def test_a_listing_that_cannot_be_read_is_one_clear_problem(attack: Attack) -> None:
    (found,), stand = attacks.got(attacks.listing, attack.reply)
    assert found.rule == attack.rule
    assert attack.words in found.message
    assert stand == []


@pytest.mark.parametrize("attack", attacks.ENTRIES.values(), ids=attacks.ENTRIES)
def test_an_entry_that_cannot_be_read_costs_itself_alone(attack: Attack) -> None:
    (found,), stand = attacks.got(attacks.entries, attack.reply)
    assert found.rule == attack.rule
    assert attack.words in found.message
    assert stand == ["two"]


@pytest.mark.parametrize("attack", attacks.REGISTER.values(), ids=attacks.REGISTER)
def test_an_entry_of_an_api_whose_text_cannot_be_asked_for_costs_itself_alone(attack: Attack) -> None:
    (found,), stand = attacks.got(attacks.register, attack.reply)
    assert found.rule == attack.rule
    assert attack.words in found.message
    assert stand == ["two"]


@pytest.mark.parametrize("attack", attacks.SITEMAPS.values(), ids=attacks.SITEMAPS)
def test_a_sitemap_that_cannot_be_asked_for_costs_itself_alone(attack: Attack) -> None:
    (found,), stand = attacks.got(attacks.sitemaps, attack.reply)
    assert found.rule == attack.rule
    assert attack.words in found.message
    assert stand == ["two"]


@pytest.mark.parametrize("attack", attacks.PAGES.values(), ids=attacks.PAGES)
def test_a_page_that_cannot_be_read_costs_its_release_alone(attack: Attack) -> None:
    (found,), stand = attacks.got(attacks.one_page, attack.reply)
    assert found.rule == attack.rule
    assert attack.words in found.message
    assert stand == ["two"]


@pytest.mark.parametrize("attack", attacks.ROBOTS.values(), ids=attacks.ROBOTS)
def test_a_site_whose_robots_txt_cannot_be_had_is_not_asked_and_the_reason_is_told(attack: Attack) -> None:
    (found,), stand = attacks.got(attacks.robots, attack.reply)
    assert found.rule == attack.rule
    assert attack.words in found.message
    assert stand == []


@pytest.mark.parametrize("reply", attacks.ODD.values(), ids=attacks.ODD)
def test_a_page_that_tells_odd_things_of_itself_is_read_all_the_same(reply: Reply) -> None:
    found, stand = attacks.got(attacks.odd_page, reply)
    assert [one.rule for one in found if one.rule != "input.untaken"] == []
    assert stand == ["one", "two"]


def test_a_listing_that_leads_to_itself_is_read_once(site: Site, tmp_path: Path) -> None:
    site.replies["/feed"] = attacks.feed(next_url="/feed")
    fetched(dataset(site, "feed", mode="snapshot"), tmp_path)
    assert site.paths() == ["/feed"]


def test_a_server_that_does_not_number_its_answers_is_asked_twice(site: Site, tmp_path: Path) -> None:
    answer = b'[{"link": "/one", "title": {"rendered": "One"}, "content": {"rendered": "<p>One.</p>"}}]'
    site.replies["/wp"] = Reply(answer, "application/json")
    fetched(dataset(site, "wordpress", "/wp", mode="snapshot"), tmp_path)
    assert [path.rpartition("&")[2] for path in site.paths()] == ["page=1", "page=2"]


@pytest.mark.parametrize("setting", ["links", "next", "page"])
def test_a_selector_that_is_none_is_told_and_nothing_crashes(site: Site, tmp_path: Path, setting: str) -> None:
    site.lay("/feed", "<a href='/one'>One</a>")
    site.lay("/one", page(ORDERS))
    wrong: dict[str, Any] = {setting: {"body": "]["} if setting == "page" else "]["}
    of = dataset(site, "pages", **wrong)
    fetched(of, tmp_path)
    (found,) = attacks.problems(of, tmp_path)
    assert (found.rule, found.message[:24]) == ("input.page", "'][' is no CSS selector:")


def test_a_tag_that_cannot_be_sent_back_is_not_asked_by(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    site.replies["/feed"] = Reply(
        rss(site, "one").encode(), "application/rss+xml", tagged=False, headers={"ETag": '"é"'}
    )
    fetched(of, tmp_path)
    fetched(of, tmp_path, later(1))
    assert releases(of, tmp_path).keys() == {"one"}


def test_a_page_leads_no_library_to_the_web(site: Site, tmp_path: Path) -> None:
    there = site.address
    ld = f'<script type="application/ld+json">{{"@context": "{there}/context", "@type": "NewsArticle"}}</script>'
    head = f"<head profile='{there}/profile'><base href='{there}/base/'><link rel=stylesheet href='{there}/css'>{ld}"
    attack = f"<html vocab='{there}/vocab' prefix='x: {there}/prefix#'>{head}</head><body typeof='x:Y'><p>{ORDERS}</p>"
    of = attacks.odd_page(site, Reply(attack.encode()))
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one", "two"}
    assert sorted(site.paths()) == ["/feed", "/one", "/two"]


def test_connections_that_were_closed_are_forgotten(site: Site) -> None:
    for name in ("one", "two", "three"):
        site.lay(f"/{name}", page(ORDERS))
    asks = Client(["127.0.0.1"], "tests", delay=0, private=True)
    with asks.http:
        for name in ("one", "two", "three"):
            assert asks.get(f"{site.address}/{name}")
    assert len(asks.lines) == 1


def test_what_was_published_stays_when_the_listing_breaks(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    fetched(of, tmp_path)
    site.replies["/feed"] = Reply(status=503)
    fetched(of, tmp_path, later(1))
    assert releases(of, tmp_path)["one"]["status"] == "current"


TEXTS = {
    "scripts and broken tags": ("<p>One<script>alert('x')</script> day<p>Two <b>days</div></i>", "One day\n\nTwo days"),
    "entities": ("<p>Fish &amp; chips &lt;now&gt; &#8220;caf&eacute;&#8221;</p>", "Fish & chips <now> “café”"),
    "no-break spaces in names": ("<p>Mr.&nbsp;Ana\u00a0\u202fLima</p>", "Mr. Ana Lima"),
    "lines and lists": ("<p>One<br>two</p><ul><li>a</li><li>b</li></ul>", "One\ntwo\n\na\n\nb"),
    "text set as it is": ("<pre>First\n  line\n\nSecond</pre><p>a\nb</p>", "First\nline\n\nSecond\n\na b"),
    "blocks of old pages": (
        "<center>FOR IMMEDIATE RELEASE</center><center>June 1</center>",
        "FOR IMMEDIATE RELEASE\n\nJune 1",
    ),
    "blocks of new pages": ("<menu>a</menu><dialog open>b</dialog><search>c</search>", "a\n\nb\n\nc"),
    "what is not shown": ("<p>One<b hidden> secret</b></p><dialog>Subscribe!</dialog><div hidden>x</div>", "One"),
    "a page that is one form": ("<form><p>One</p><button>Go</button><textarea>x</textarea></form>", "One"),
    "a comment": ("<p>One<!-- secret --> two</p>", "One two"),
    "depth": ("<div>" * 5000 + "deep" + "</div>" * 5000, "deep"),
}


def read_as(html: str, **selectors: str) -> dict[str, Any]:
    return pages.read(html.encode(), None, selectors, selectors)


def test_a_selector_finds_the_first_of_all_but_the_body_and_of_that_no_part_twice() -> None:
    html = "<h1>Order<br>signed</h1><h1>More</h1><time>1 Nov</time><time>2 Nov</time>"
    html += "<div class=t>One <div class=t>two</div></div><div hidden class=t>Three</div>"
    assert read_as(html, body=".t", headline="h1", published="time") == {
        "body": "One\n\ntwo\n\nThree",
        "headline": "Order signed",
        "published": "1 Nov",
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


NOT_PUBLIC = (
    *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "192.0.0.8", "198.18.0.1"),  # noqa: S104 - an address that is refused
    *("[::1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[::ffff:0:10.0.0.1]", "[fec0::1]", "[fe80::1]", "[fd00::1]"),
    *("[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:a00:1::]", "[2001:db8::1]", "[3fff::1]", "[ff02::1]"),
)


@pytest.mark.parametrize("number", ["8.8.8.8", "[2606:4700::1]", "[64:ff9b::808:808]", "[2002:808:808::1]"])
def test_an_address_that_is_public_may_be_asked(number: str) -> None:
    assert guard.resolved(f"http://{number}/", private=False) == number.strip("[]")


@pytest.mark.parametrize("number", NOT_PUBLIC)
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


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
def test_a_name_that_no_host_has_is_told_and_nothing_crashes(tmp_path: Path, host: str) -> None:
    of = dataset(Site(f"http://{host}"), "feed")
    fetched(of, tmp_path)
    (found,) = attacks.problems(of, tmp_path)
    assert found.rule == "input.address"


def test_hosts_may_be_written_in_capital_letters() -> None:
    of = dataset(Site("http://NEWS.example"), "feed", hosts=["News.Example"])
    assert guard.allowed("http://news.example/feed", of.sources[0].hosts)


class Names:
    """A resolver where a name leads to the next number each time, and PUBLIC to the test's server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *numbers: str) -> None:
        """Stand in for the network's own."""
        self.numbers, self.asked = list(numbers), list[str]()
        self.look_up, self.connect = socket.getaddrinfo, socket.create_connection
        monkeypatch.setattr(socket, "getaddrinfo", self.resolve)
        monkeypatch.setattr(socket, "create_connection", self.connected)

    def resolve(self, host: str, port: int, *more: Any, **named: Any) -> Any:
        """Return where a name leads now."""
        if host != "news.example":
            return self.look_up(host, port, *more, **named)
        self.asked.append(self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in self.asked[-1].split()]

    def connected(self, address: tuple[str, int], *more: Any, **named: Any) -> Any:
        """Return a connection; PUBLIC is the test's own server."""
        assert address[0] == PUBLIC
        return self.connect(("127.0.0.1", address[1]), *more, **named)


PUBLIC = "8.8.8.8"


def named(site: Site) -> Dataset:
    """Return a dataset whose feed lies on a host of a name, and whose own network may not be asked."""
    site.address = site.address.replace("127.0.0.1", "news.example")
    of = lay_feed(site, "one")
    return of.model_copy(update={"sources": [of.sources[0].model_copy(update={"private": False})]})


def test_a_sitemap_may_be_gzipped_and_no_bomb(site: Site, tmp_path: Path) -> None:
    sitemap = f"<urlset><url><loc>{site.address}/one</loc></url></urlset>".encode()
    site.replies["/feed"] = Reply(gzip.compress(sitemap), "application/gzip")
    site.lay("/one", page(f"<p>{ORDERS}</p>"))
    of = dataset(site, "sitemap", **PAGE)
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {"one"}
    site.replies["/feed"] = Reply(attacks.BOMB, "application/gzip")
    fetched(of, tmp_path, later(1))
    assert [one.rule for one in attacks.problems(of, tmp_path)] == ["input.size"]


def test_addresses_that_differ_in_what_they_ask_for_are_releases_of_their_own(site: Site, tmp_path: Path) -> None:
    asked = ["/news?1", "/news?2", "/view?id=3&x=", "/view?id=4&utm_source=mail"]
    site.lay("/feed", "".join(f"<a href='{one.replace('&', '&amp;')}'>Order</a>" for one in asked))
    for one in asked:
        site.lay(one, page(f"<p>The text of {one}.</p>"))
    of = dataset(site, "pages", **PAGE)
    fetched(of, tmp_path)
    addresses = {name: row["source_url"].removeprefix(site.address) for name, row in releases(of, tmp_path).items()}
    assert addresses == {
        "news-1": "/news?1", "news-2": "/news?2", "view-id-3-x": "/view?id=3&x=", "view-id-4": "/view?id=4",
    }  # fmt: skip


def test_what_a_steward_asks_an_api_for_is_asked_as_it_stands(site: Site, tmp_path: Path) -> None:
    site.lay("/api", '{"results": []}', "application/json")
    path = "/api?conditions[agencies][]=a&conditions[agencies][]=b&fields[]=title&per_page=5&order=oldest"
    fetched(dataset(site, "federal-register", path), tmp_path)
    assert site.paths() == [path]


def test_a_name_is_looked_up_once_for_each_request_and_asked_there(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, names = named(site), Names(monkeypatch, PUBLIC)
    fetched(of, tmp_path)
    assert [path for path, _ in site.asked] == ["/robots.txt", "/feed", "/one"]
    assert len(names.asked) == len(site.asked)
    assert all(headers["host"].startswith("news.example:") for _, headers in site.asked)
    assert releases(of, tmp_path).keys() == {"one"}


@pytest.mark.parametrize("hidden", ["10.0.0.7", "169.254.169.254", "8.8.8.8 127.0.0.1"])
def test_a_name_that_leads_to_a_private_address_is_never_asked(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    of, _ = named(site), Names(monkeypatch, hidden)
    fetched(of, tmp_path)
    assert site.asked == []
    assert attacks.problems(of, tmp_path)[0].rule == "input.address"


def test_a_redirect_to_a_name_that_now_leads_elsewhere_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = named(site)
    site.replies["/one"] = attacks.moved(f"{site.address}/secret")
    Names(monkeypatch, PUBLIC, PUBLIC, PUBLIC, "127.0.0.1")
    fetched(of, tmp_path)
    assert site.paths() == ["/feed", "/one"]
    (found,) = attacks.problems(of, tmp_path)
    assert (found.rule, found.message) == (
        "input.address",
        "news.example leads to 127.0.0.1, which is not a public address",
    )


def test_robots_txt_is_obeyed(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    site.lay("/robots.txt", "User-agent: *\nDisallow: /one\n", "text/plain")
    fetched(of, tmp_path)
    assert sorted(site.paths()) == ["/feed", "/two"]
    assert built(of, tmp_path).refused[0].problem.rule == "input.robots"


def test_a_robots_txt_that_cannot_be_read_is_asked_once_in_a_run(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.replies["/robots.txt"] = Reply(b"x", headers={"Content-Encoding": "br"})
    site.forget()
    again = fetched(of, tmp_path, later(1))
    assert [path for path, _ in site.asked] == ["/robots.txt"]
    assert {untaken.rule for untaken in again.refused.values()} == {"input.compression"}
    assert len(again.refused) == 3


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid"])
def test_a_site_that_is_not_there_is_told_as_such(tmp_path: Path, host: str) -> None:
    of = dataset(Site(f"http://{host}"), "feed")
    fetched(of, tmp_path)
    (found,) = attacks.problems(of, tmp_path)
    assert found.rule == "input.unreached"
    assert "its robots.txt cannot be had: the answer cannot be had:" in found.message


PAGES = [f"page-{number:02}" for number in range(20)]


def test_a_host_that_fails_time_after_time_is_left_for_the_run_and_asked_by_the_next(
    site: Site, tmp_path: Path
) -> None:
    of = lay_feed(site, *PAGES)
    for name in PAGES[1:]:
        site.replies[f"/{name}"] = Reply(status=503)
    found = fetched(of, tmp_path)
    assert len(site.paths()) == 2 + 3 * 4
    assert found.refused.keys() == {("news", f"{site.address}/{name}") for name in PAGES[1:]}
    whys = {untaken.why for untaken in found.refused.values()}
    assert whys == {
        "the server answers 503",
        "its host is asked no more in this run: the server answers 503",
    }
    assert {untaken.rule for untaken in found.refused.values()} == {"input.unreached"}
    lay_feed(site, *PAGES)
    fetched(of, tmp_path, later(1))
    assert releases(of, tmp_path).keys() == {*PAGES}


def test_a_host_that_asks_to_wait_for_long_is_left_at_once(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, *PAGES)
    for name in PAGES:
        site.replies[f"/{name}"] = Reply(status=429, headers={"Retry-After": "3600"})
    found = fetched(of, tmp_path)
    assert site.paths() == ["/feed", "/page-00"]
    assert len(found.refused) == len(PAGES)
    assert found.refused["news", f"{site.address}/page-19"].why == (
        "its host is asked no more in this run: the server answers 429 and asks to wait for 3,600 s"
    )


def test_a_few_pages_that_fail_do_not_keep_the_others_from_being_asked(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, *PAGES)
    broken = PAGES[::3] + PAGES[1::3]
    for name in broken:
        site.replies[f"/{name}"] = Reply(status=500)
    fetched(of, tmp_path)
    assert releases(of, tmp_path).keys() == {*PAGES} - {*broken}


def test_pages_that_always_fail_do_not_keep_the_others_from_being_asked_for_ever(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, *PAGES)
    broken = PAGES[2:6]
    for name in broken:
        site.replies[f"/{name}"] = Reply(status=500)
    days = iter(range(20))
    while releases(of, tmp_path).keys() != {*PAGES} - {*broken}:
        fetched(of, tmp_path, later(next(days)))
    site.lay("/feed", rss(site, *PAGES, "the-news"), "application/rss+xml")
    site.lay("/the-news", page(ORDERS))
    fetched(of, tmp_path, later(30))
    assert "the-news" in releases(of, tmp_path)


def test_an_answer_that_has_no_body_is_not_asked_for_its_encoding(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    site.replies["/one"] = Reply(status=410, headers={"Content-Encoding": "br"})
    site.replies["/two"] = Reply(status=304, headers={"Content-Encoding": "gzip"})
    again = fetched(of, tmp_path, later(1))
    assert again.refused == {}
    assert {name: one["status"] for name, one in releases(of, tmp_path).items()} == {
        "one": "withdrawn",
        "two": "current",
    }


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


def test_a_publisher_with_an_accent_in_its_name_says_who_it_is(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one")
    publisher = of.publisher.model_copy(update={"name": "Ministère de l'Intérieur"})
    fetched(of.model_copy(update={"publisher": publisher}), tmp_path)
    assert all("(+Minist%C3%A8re de l'Int%C3%A9rieur)" in headers["user-agent"] for _, headers in site.asked)
    assert releases(of, tmp_path).keys() == {"one"}


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


def test_the_answer_that_withdraws_a_release_is_kept(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two")
    fetched(of, tmp_path)
    for name in ("one", "two"):
        site.replies[f"/{name}"] = Reply(status=410, headers={"X-Served-By": name})
    for days in (1, 2):
        for (_, address), kept in fetched(of, tmp_path, later(days)).changed.items():
            digest = json.loads(store.load(tmp_path, kept.sha256))["gone"]
            with (tmp_path / "warc" / digest[:2] / f"{digest}.warc.gz").open("rb") as file:
                record = next(iter(ArchiveIterator(file)))
                assert record.rec_headers.get_header("WARC-Target-URI") == address
                assert record.http_headers.get_statuscode() == "410"
                assert record.http_headers.get_header("X-Served-By") == address.rpartition("/")[2]
    records = list((tmp_path / "warc").rglob("*.warc.gz"))
    assert len(records) == 3 + 2


def records(raw: Path) -> dict[str, tuple[str, str | None, str | None, str]]:
    """Return by address what is kept of it: the type of its record, where it leads, what it refers to, its body."""
    found = {}
    for path in sorted((raw / "warc").rglob("*.warc.gz")):
        with path.open("rb") as file:
            (record,) = [(one, one.content_stream().read().decode()) for one in ArchiveIterator(file)]
            told = record[0].rec_headers.get_header
            leads = record[0].http_headers.get_header("Location")
            address = told("WARC-Target-URI")
            assert address not in found
            found[address] = record[0].rec_type, leads, told("WARC-Refers-To-Target-URI"), record[1]
    return found


def test_each_redirect_and_each_robots_txt_is_kept_once(site: Site, tmp_path: Path) -> None:
    of = lay_feed(site, "one", "two", "three")
    site.lay("/robots.txt", "User-agent: *\nDisallow: /three\n", "text/plain")
    site.replies["/one"] = attacks.moved("/first")
    site.replies["/first"] = attacks.moved("/second")
    site.replies["/two"] = attacks.moved("http://elsewhere.example/")
    site.lay("/second", page(ORDERS))
    for days in range(3):
        fetched(of, tmp_path, later(days))
    kept = {address.removeprefix(site.address): told[:2] for address, told in records(tmp_path).items()}
    assert kept == {
        "/robots.txt": ("response", None),
        "/feed": ("response", None),
        "/one": ("response", "/first"),
        "/first": ("response", "/second"),
        "/second": ("response", None),
        "/two": ("response", "http://elsewhere.example/"),
    }


def test_two_addresses_with_the_same_bytes_have_a_record_each_and_the_bytes_are_kept_once(
    site: Site, tmp_path: Path
) -> None:
    of = lay_feed(site, "one", "two", "three")
    for name in ("one", "two"):
        site.lay(f"/{name}", page(ORDERS), tagged=False)
    site.replies["/three"] = Reply(
        gzip.compress(page(ORDERS).encode()), headers={"Content-Encoding": "gzip"}, tagged=False
    )
    for days in range(3):
        fetched(of, tmp_path, later(days))
    kept = {address.removeprefix(site.address): told for address, told in records(tmp_path).items()}
    assert kept["/one"] == ("response", None, None, page(ORDERS))
    assert kept["/three"] == ("response", None, None, page(ORDERS))
    assert kept["/two"] == ("revisit", None, f"{site.address}/one", "")
    assert kept.keys() == {"/feed", "/one", "/two", "/three"}


@pytest.mark.parametrize("days", [0, 1])
def test_a_run_that_was_killed_is_taken_up_where_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    of = lay_feed(site, "one", "two", "three")

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "append_journal", killed)
        with pytest.raises(KeyboardInterrupt):
            fetched(of, tmp_path)
    site.forget()
    again = fetched(of, tmp_path, later(days))
    assert sorted(site.paths()) == ([] if days == 0 else ["/feed", "/one", "/three", "/two"])
    assert site.bodies == []
    assert len(again.visits) == 4
    assert releases(of, tmp_path).keys() == {"one", "two", "three"}
    assert not list(tmp_path.glob("*.begun.jsonl"))
