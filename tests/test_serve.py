"""The download site: what it answers, what it hides, and what a cache may keep."""

import base64
import hashlib
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from flows import rulings, server, store
from flows.cli.site import Site
from flows.settings import PROJECT, Settings
from tests.conftest import Communique
from tests.publishing import DATASET, wait_until
from tests.shelves import FILES, Serving, put, seal, serving

FOR_EVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
HOSTILE = '<script>alert("x")</script>'
BIG = 200 * 1000 * 1000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a pruned, a taken down and a whole version of one dataset, and one that is all gone."""
    folder = tmp_path_factory.mktemp("serve") / "data"
    (folder / "datasets").mkdir(parents=True)
    home = folder / "packages" / DATASET
    for number in ("1.0.0", "1.1.0", "1.2.0", "1.10.0"):
        put(home, number)
    put(folder / "packages" / "all-gone", "1.0.0")
    settings = Settings(data=folder)
    rulings.prune(settings, DATASET, 3, dry_run=False)
    rulings.take_down(settings, DATASET, "1.1.0", "Ada", HOSTILE)
    rulings.take_down(settings, "all-gone", "1.0.0", "Ada", "a name")
    return folder


@pytest.fixture(scope="module")
def site(data: Path) -> Iterator[Serving]:
    """Yield the site of the data folder."""
    with serving(data, "--name", "data.example") as found:
        yield found


@pytest.fixture(scope="module")
def ask(site: Serving) -> Iterator[httpx.Client]:
    """Yield a client of the site that follows no redirect."""
    with httpx.Client(base_url=site.url, headers={"accept-encoding": "identity"}) as client:
        yield client


def test_a_browser_that_asks_for_an_icon_is_told_of_no_error(ask: httpx.Client) -> None:
    answer = ask.get("/favicon.ico")
    assert (answer.status_code, answer.content) == (204, b"")


def raw(site: Serving, target: str, *headers: str) -> tuple[int, str]:
    """Return the status and the whole answer to a request whose target is sent as it is written."""
    port = urlsplit(site.url).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as connection:
        lines = [f"GET {target} HTTP/1.1", *(headers or (f"Host: 127.0.0.1:{port}",)), "Connection: close"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b"")).decode("latin-1")
    return int(answer.split(" ", 2)[1]), answer


# Pages


class Page(HTMLParser):
    """The links, the tags and the words of a page."""

    def __init__(self, text: str) -> None:
        """Read the page."""
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag, and where a link leads."""
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        self.words += data


def test_every_link_of_the_pages_leads_to_something_that_is_there_and_none_leads_elsewhere(ask: httpx.Client) -> None:
    seen, fresh = set[str](), {"/"}
    while fresh:
        path = fresh.pop()
        seen.add(path)
        answer = ask.get(path, follow_redirects=True)
        gone = path.startswith((f"/{DATASET}/1.1.0/", "/all-gone/1.0.0/"))
        assert answer.status_code in ((200, 410) if gone else (200,)), path
        if answer.headers["content-type"].startswith("text/html"):
            links = [answer.url.join(link) for link in Page(answer.text).links]
            assert {link.host for link in links} <= {"127.0.0.1"}
            fresh |= {link.path for link in links} - seen
    assert {
        "/",
        f"/{DATASET}/",
        f"/{DATASET}/1.10.0/",
        f"/{DATASET}/1.10.0/people.csv",
        f"/{DATASET}/latest.json",
    } <= seen


def test_a_page_lists_the_versions_by_number_and_what_became_of_each(ask: httpx.Client) -> None:
    page = Page(ask.get(f"/{DATASET}/").text)
    assert re.findall(r"^1\.\d+\.0/$", "\n".join(page.links), re.MULTILINE) == ["1.10.0/", "1.2.0/", "1.1.0/", "1.0.0/"]
    assert f"taken down: {HOSTILE}" in page.words
    assert {"main", "nav", "h1", "table", "th"} <= page.tags


def test_words_from_outside_are_words_on_a_page(ask: httpx.Client) -> None:
    for path in (f"/{DATASET}/", f"/{DATASET}/1.1.0/"):
        page = Page(ask.get(path).text)
        assert HOSTILE in page.words
        assert "script" not in page.tags


def test_the_page_of_a_version_has_every_file_with_its_hash(ask: httpx.Client, data: Path) -> None:
    page = Page(ask.get(f"/{DATASET}/1.10.0/").text)
    folder = data / "packages" / DATASET / "1.10.0"
    assert {path.name for path in folder.iterdir()} <= set(page.links)
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() in page.words for name in FILES)


def test_the_style_is_the_one_that_the_policy_lets_through(ask: httpx.Client) -> None:
    answer = ask.get("/")
    style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]


def test_a_data_folder_without_a_package_is_served_too_and_a_version_is_there_once_it_is_published(
    tmp_path: Path,
) -> None:
    config = tmp_path / "data" / "datasets" / f"{DATASET}.toml"
    config.parent.mkdir(parents=True)
    config.write_bytes((PROJECT / "data" / "datasets" / config.name).read_bytes())
    with serving(tmp_path / "data") as site:
        assert "Nothing is published yet" in httpx.get(site.url).text
        put(tmp_path / "data" / "packages" / DATASET, "1.0.0")
        assert httpx.get(f"{site.url}{DATASET}/latest/people.csv", follow_redirects=True).status_code == 200


# Files


@pytest.mark.parametrize("name", [*FILES, "datapackage.json", "manifest.json", "SHA256SUMS"])
def test_a_file_is_its_bytes_with_their_hash_as_its_tag_and_may_be_kept_for_ever(
    ask: httpx.Client, data: Path, name: str
) -> None:
    answer = ask.get(f"/{DATASET}/1.10.0/{name}")
    whole = (data / "packages" / DATASET / "1.10.0" / name).read_bytes()
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()}"'
    assert answer.headers["cache-control"] == FOR_EVER
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("name", ["latest.json", "versions.json"])
def test_what_may_change_is_asked_for_again(ask: httpx.Client, data: Path, name: str) -> None:
    answer = ask.get(f"/{DATASET}/{name}")
    whole = (data / "packages" / DATASET / name).read_bytes()
    assert (answer.content, answer.headers["cache-control"]) == (whole, ASK_AGAIN)
    assert answer.headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()}"'
    again = ask.get(f"/{DATASET}/{name}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("latest", f"/{DATASET}/latest/"),
        ("latest/", f"/{DATASET}/1.10.0/"),
        ("latest/people.csv", f"/{DATASET}/1.10.0/people.csv"),
        ("1.2.0", f"/{DATASET}/1.2.0/"),
    ],
)
def test_latest_leads_to_the_version_and_a_folder_to_its_page(ask: httpx.Client, path: str, to: str) -> None:
    answer = ask.get(f"/{DATASET}/{path}")
    assert (answer.status_code, answer.headers["cache-control"]) == (307, ASK_AGAIN)
    assert "://" not in answer.headers["location"]
    assert answer.url.join(answer.headers["location"]).path == to


@pytest.mark.parametrize("path", ["/", f"/{DATASET}/1.10.0/people.csv", f"/{DATASET}/latest.json", "/none/"])
def test_head_says_what_get_says_without_the_bytes(ask: httpx.Client, path: str) -> None:
    head, whole = ask.head(path), ask.get(path)
    drop = {"date"}
    assert head.status_code == whole.status_code
    assert {k: v for k, v in head.headers.items() if k not in drop} == {
        k: v for k, v in whole.headers.items() if k not in drop
    }
    assert head.content == b""


def test_what_one_has_already_is_not_sent_again(ask: httpx.Client) -> None:
    path = f"/{DATASET}/1.10.0/people.csv"
    tag = ask.get(path).headers["etag"]
    for told in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = ask.get(path, headers={"if-none-match": told})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert ask.get(path, headers={"if-none-match": '"other"'}).status_code == 200


SQLITE = FILES[f"{DATASET}.sqlite"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-3", 0, 4), ("5-", 5, len(SQLITE)), ("-7", len(SQLITE) - 7, len(SQLITE)), ("10-999999", 10, len(SQLITE))],
)
def test_a_range_is_the_part_that_is_asked_for(ask: httpx.Client, asked: str, start: int, end: int) -> None:
    answer = ask.get(f"/{DATASET}/1.10.0/{DATASET}.sqlite", headers={"range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, SQLITE[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(SQLITE)}"


def test_two_ranges_come_as_two_parts(ask: httpx.Client) -> None:
    answer = ask.get(f"/{DATASET}/1.10.0/{DATASET}.sqlite", headers={"range": "bytes=0-3,100-103"})
    assert answer.status_code == 206
    assert SQLITE[0:4] in answer.content
    assert SQLITE[100:104] in answer.content


def test_a_range_beyond_the_end_cannot_be_had(ask: httpx.Client) -> None:
    answer = ask.get(f"/{DATASET}/1.10.0/{DATASET}.sqlite", headers={"range": f"bytes={len(SQLITE)}-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(SQLITE)}")


def test_a_range_of_other_bytes_is_the_whole(ask: httpx.Client) -> None:
    path = f"/{DATASET}/1.10.0/{DATASET}.sqlite"
    tag = ask.get(path).headers["etag"]
    for told, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        answer = ask.get(path, headers={"range": "bytes=4-", "if-range": told})
        assert (answer.status_code, answer.content) == (status, SQLITE[4:] if status == 206 else SQLITE)


# What is gone


def test_a_version_that_was_taken_down_says_why_and_nothing_of_it_is_kept_for_ever(ask: httpx.Client) -> None:
    for name in ("people.csv", "datapackage.json", ""):
        answer = ask.get(f"/{DATASET}/1.1.0/{name}")
        assert (answer.status_code, answer.headers["cache-control"]) == (410, ASK_AGAIN)
        assert "Ada Lind" not in answer.text
    assert HOSTILE in ask.get(f"/{DATASET}/1.1.0/people.csv").text
    assert ask.get(f"/{DATASET}/1.1.0/people.csv").headers["content-type"].startswith("text/plain")
    for name in ("manifest.json", "SHA256SUMS", "TOMBSTONE.json"):
        answer = ask.get(f"/{DATASET}/1.1.0/{name}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, ASK_AGAIN)


def test_a_file_of_a_version_that_is_being_taken_down_is_not_served_any_more(tmp_path: Path) -> None:
    """The tombstone is written first: what still lies there is gone already."""
    home = tmp_path / "data" / "packages" / DATASET
    put(home, "1.0.0")
    (home / "1.0.0" / "TOMBSTONE.json").write_bytes(
        store.to_json({"removed": [], "day": "2026-11-24", "reason": "a name"})
    )
    with serving(tmp_path / "data") as site:
        assert httpx.get(f"{site.url}{DATASET}/1.0.0/people.csv").status_code == 410


def test_where_every_version_was_taken_down_there_is_no_latest(ask: httpx.Client) -> None:
    assert ask.get("/all-gone/latest.json").status_code == 404
    assert ask.get("/all-gone/latest/people.csv").status_code == 410
    assert "taken down: a name" in ask.get("/all-gone/").text


def test_a_pruned_file_is_gone_and_what_pruning_keeps_is_there(ask: httpx.Client) -> None:
    answer = ask.get(f"/{DATASET}/1.0.0/people.parquet")
    assert (answer.status_code, answer.headers["cache-control"]) == (410, ASK_AGAIN)
    assert "Pruned on" in answer.text
    assert ask.get(f"/{DATASET}/1.0.0/people.csv").headers["cache-control"] == FOR_EVER
    assert ask.get(f"/{DATASET}/1.0.0/PRUNED.json").headers["cache-control"] == ASK_AGAIN


# What is hidden


@pytest.mark.parametrize(
    "target",
    [
        "/../datasets/",
        "/..%2fdatasets%2f",
        f"/{DATASET}/..%2f..%2f..%2fetc%2fpasswd",
        f"/{DATASET}/1.10.0/../../../../etc/passwd",
        f"/{DATASET}/1.10.0/..%2fversions.json",
        f"/{DATASET}/1.10.0/..%5cversions.json",
        f"/{DATASET}/1.10.0/people.csv%00",
        f"/{DATASET}/1.10.0/..%2f..%2fetc%2fpasswd%00.csv",
        f"/{DATASET}/1.10.0/%2e%2e/1.10.0/people.csv",
        f"/{DATASET}/latest/..%2f..%2fetc",
        f"/{DATASET}/latest/%2f%2fevil.example",
        f"/{DATASET}/latest//evil.example",
        "//evil.example/",
        f"/{DATASET}/.hidden",
        f"/{DATASET}/1.10.0/.hidden.csv",
        f"/{DATASET}/1.10.0/unlisted.csv",
        f"/{DATASET}/1.10.0/people.csv/",
        f"/{DATASET}/1.10.0/folder/x.csv",
        f"/{DATASET}/stray.txt",
        f"/{DATASET}/01.10.0/people.csv",
        f"/{DATASET}/9.9.9/",
        f"/{DATASET}/{'9' * 5000}.0.0/",
        f"/{DATASET}/{'1' * 300}/people.csv",
        "/.staging/1.0.0/people.csv",
        "/led-out/1.0.0/people.csv",
        "/led-out/",
        f"/{DATASET}/3.0.0/people.csv",
        f"/{DATASET}/2.0.0/roles.csv",
        "/%ff%fe/",
        "/no-such-dataset",
    ],
)
def test_what_is_not_published_is_not_there(site: Serving, data: Path, target: str) -> None:
    home = data / "packages" / DATASET
    if not (home / ".hidden").exists():
        hide(home, data.parent)
    status, answer = raw(site, target)
    assert status == 404, answer
    assert "Ada Lind" not in answer
    assert "root:" not in answer


def hide(home: Path, elsewhere: Path) -> None:
    """Put beside what is published what is not: hidden, stray and unlisted files, and links that lead out."""
    for path in (
        home / ".hidden",
        home / "stray.txt",
        home / "1.10.0" / ".hidden.csv",
        home / "1.10.0" / "unlisted.csv",
    ):
        path.write_bytes(b"Ada Lind")
    (home / "1.10.0" / "folder").mkdir()
    (home / "1.10.0" / "folder" / "x.csv").write_bytes(b"Ada Lind")
    shutil.copytree(home, home.parent / ".staging")
    put(elsewhere / "led-out", "1.0.0")
    put(elsewhere / "led-out", "3.0.0")
    (home.parent / "led-out").symlink_to(elsewhere / "led-out")
    (home / "3.0.0").symlink_to(elsewhere / "led-out" / "3.0.0")
    (elsewhere / "secret.csv").write_bytes(FILES["roles.csv"])
    folder = home / "2.0.0"
    folder.mkdir()
    (folder / "datapackage.json").write_bytes(store.to_json({"version": "2.0.0", "resources": []}))
    (folder / "roles.csv").symlink_to(elsewhere / "secret.csv")
    pointers = {name: (home / name).read_bytes() for name in ("latest.json", "versions.json")}
    seal(home, "2.0.0")
    for name, told in pointers.items():
        (home / name).write_bytes(told)


def test_only_reading_is_answered(ask: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = ask.request(method, f"/{DATASET}/1.10.0/people.csv")
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "LOCALHOST:8000", "[::1]:8000", "data.example"])
def test_the_site_answers_to_loopback_and_to_the_names_that_it_was_given(site: Serving, host: str) -> None:
    assert raw(site, "/", f"Host: {host}")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_the_site_answers_to_no_other_name_so_that_no_page_elsewhere_can_read_it(site: Serving, host: str) -> None:
    status, answer = raw(site, f"/{DATASET}/1.10.0/people.csv", f"Host: {host}")
    assert (status, "Ada Lind" in answer) == (400, False)


@pytest.mark.parametrize(
    "path",
    ["/", "/none", f"/{DATASET}/latest/", f"/{DATASET}/1.10.0/people.csv", f"/{DATASET}/1.1.0/people.csv", "/a/b/c/d"],
)
def test_every_answer_has_the_headers_that_protect_its_reader(ask: httpx.Client, path: str) -> None:
    for headers in ({}, {"host": "evil.example"}, {"range": "bytes=999999999-"}):
        told = ask.get(path, headers=headers).headers
        assert told["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in told["content-security-policy"]
        assert told["referrer-policy"] == "no-referrer"
        assert "server" not in told
        assert "access-control-allow-origin" not in told


# The process


def peak(process_id: int) -> int:
    """Return the most memory that a process has had, in bytes."""
    told = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text(encoding="ascii"))
    assert told
    return int(told[1]) * 1024


def test_a_file_of_200_mb_is_sent_in_little_memory(tmp_path: Path) -> None:
    home = tmp_path / "data" / "packages" / DATASET
    put(home, "1.0.0", {"people.csv": b"a\n"})
    (home / "1.1.0").mkdir()
    with (home / "1.1.0" / "big.sqlite").open("wb") as file:
        file.truncate(BIG)
    (home / "1.1.0" / "datapackage.json").write_bytes(store.to_json({"version": "1.1.0", "resources": []}))
    seal(home, "1.1.0")
    with serving(tmp_path / "data") as site:
        assert httpx.get(f"{site.url}{DATASET}/latest/people.csv", follow_redirects=True).status_code == 404
        before = peak(site.process.pid)
        with httpx.stream("GET", f"{site.url}{DATASET}/1.1.0/big.sqlite") as answer:
            assert sum(map(len, answer.iter_raw())) == BIG
        assert peak(site.process.pid) - before < BIG / 10


@pytest.mark.parametrize(("ended_by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_the_site_stops_when_it_is_told_also_in_the_middle_of_a_download(
    tmp_path: Path, ended_by: signal.Signals, code: int
) -> None:
    home = tmp_path / "data" / "packages" / DATASET
    put(home, "1.0.0", {"people.csv": b"a\n", "big.sqlite": bytes(40_000_000)})
    with serving(tmp_path / "data") as site:
        with httpx.stream("GET", f"{site.url}{DATASET}/1.0.0/big.sqlite"):
            site.process.send_signal(ended_by)
            assert site.process.wait(20) == code
        assert site.process.stderr
        assert "Traceback" not in site.process.stderr.read()


def test_a_port_that_another_has_is_wrong_use(communique: Communique) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = communique("serve", "--port", str(taken.getsockname()[1]))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--port takes another" in refused.stderr
    assert "Traceback" not in refused.stderr


def killed(beside: Site) -> None:
    """Kill the site once it listens."""
    assert wait_until(lambda: server.taken(beside.port))
    beside.process.kill()
    beside.process.wait()


def test_the_site_beside_up_comes_back_at_its_port_and_at_another_where_somebody_took_that(data: Path) -> None:
    beside = Site(data, 0, [])
    first = beside.port
    try:
        killed(beside)
        beside.keep()
        assert beside.port == first
        killed(beside)
        with socket.create_server(("127.0.0.1", first)):
            beside.keep()
            assert beside.port != first
            assert wait_until(lambda: server.taken(beside.port))
    finally:
        beside.stop()
