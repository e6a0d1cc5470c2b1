"""Downloads: whole or not at all, continued after a kill, and nothing taken from a source that lies."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from flows import rulings, store
from flows.download import source
from flows.download.get import Got, Wanted, comparable, get
from flows.download.source import Absent, Unreachable, Untrue
from flows.publish import package
from flows.settings import Settings
from tests.conftest import Communique
from tests.publishing import DATASET, read_json, tree, wait_until
from tests.shelves import FILES, put, seal, serving, write_manifest

TIMEOUT = 3
BIG = 200 * 1000 * 1000
HALF = BIG // 2
OWN = {".lock", "SEEN.json"}
"""What a download keeps beside the versions."""


@pytest.fixture
def home(data: Path) -> Path:
    """Return the folder of a dataset with two versions."""
    folder = data / "packages" / DATASET
    put(folder, "1.0.0")
    put(folder, "1.1.0")
    return folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Return the folder that is downloaded to."""
    return tmp_path / "downloads"


LATEST, FIRST = Wanted(DATASET), Wanted(DATASET, "1.0.0")


def fetch(address: str | Path, to: Path, wanted: Wanted = LATEST) -> Got:
    """Download from a site or a folder of packages."""
    return get(source.source(str(address), TIMEOUT), wanted, to, lambda _: nullcontext(lambda _: None))


def names(folder: Path) -> set[str]:
    """Return what lies in a folder."""
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


# What comes


@pytest.fixture(params=["site", "folder"])
def address(request: pytest.FixtureRequest, home: Path) -> Iterator[str]:
    """Yield each kind of source that has the dataset."""
    if request.param == "folder":
        yield str(home.parent)
    else:
        with serving(home.parents[1]) as site:
            yield site.url


def test_a_version_comes_byte_for_byte_and_nothing_else_is_left(address: str, home: Path, to: Path) -> None:
    latest, older = fetch(address, to), fetch(address, to, FIRST)
    assert names(to / DATASET) == OWN | {"1.0.0", "1.1.0"}
    for got in (latest, older):
        assert tree(got.package.folder) == tree(home / str(got.package.version))
    assert (str(latest.package.version), latest.fetched, latest.left_out) == ("1.1.0", len(FILES) + 1, 0)


def test_what_lies_here_does_not_come_again(address: str, to: Path) -> None:
    fetch(address, to)
    before = tree(to)
    assert fetch(address, to).fetched == 0
    assert tree(to) == before


def test_a_file_that_is_missing_here_comes_again_and_one_with_other_bytes_is_named(home: Path, to: Path) -> None:
    folder = fetch(home.parent, to).package.folder
    (folder / "roles.csv").unlink()
    assert fetch(home.parent, to).fetched == 1
    assert tree(folder) == tree(home / "1.1.0")
    (folder / "roles.csv").write_bytes(b"mine")
    with pytest.raises(Untrue, match=r"roles\.csv: lies here already with other bytes"):
        fetch(home.parent, to)
    assert (folder / "roles.csv").read_bytes() == b"mine"


PAPERS = {"datapackage.json", "README.md", "quarantine.csv", "manifest.json", "SHA256SUMS", "PARTIAL.json"}


@pytest.mark.parametrize(
    ("wanted", "data_files"),
    [
        (Wanted(DATASET, tables=("people",)), {"people.csv", "people.parquet"}),
        (Wanted(DATASET, formats=("csv",)), {"people.csv", "roles.csv"}),
        (Wanted(DATASET, None, ("people",), ("parquet", "jsonl")), {"people.parquet", "releases.jsonl"}),
        (Wanted(DATASET, formats=("sqlite",)), {f"{DATASET}.sqlite"}),
        (
            Wanted(DATASET, None, ("people",), ("parquet",), compared=True),
            {"people.csv", "roles.csv", "people.parquet"},
        ),
    ],
)
def test_of_a_version_only_what_is_wanted_comes_and_it_says_what_is_left_out(
    home: Path, to: Path, wanted: Wanted, data_files: set[str]
) -> None:
    folder = fetch(home.parent, to, wanted).package.folder
    assert names(folder) == PAPERS | data_files
    assert read_json(folder / "PARTIAL.json")["left_out"] == sorted(names(home / "1.1.0") - PAPERS - data_files)


def test_a_part_of_a_version_grows_until_it_is_whole(home: Path, to: Path) -> None:
    assert fetch(home.parent, to, Wanted(DATASET, None, ("people",), ("csv",))).left_out == 5
    assert fetch(home.parent, to, Wanted(DATASET, formats=("csv",))).left_out == 4
    assert fetch(home.parent, to).left_out == 0
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([f"{DATASET}@9.9.9"], (2, "has no version 9.9.9 (there are: 1.0.0, 1.1.0)")),
        ([f"{DATASET}@1.0"], (2, "is not a version")),
        (["../datasets"], (2, "names no dataset")),
        ([DATASET, "--since", "latest"], (2, "is not a version")),
        ([DATASET, "--since", "9.9.9"], (2, "has no version 9.9.9 (there are: 1.0.0, 1.1.0)")),
        ([DATASET, "--from", "http://ada:s3cret@127.0.0.1:1/"], (3, "http://127.0.0.1:1/")),
    ],
)
def test_what_cannot_be_had_is_told_without_a_secret_and_leaves_nothing(
    communique: Communique, home: Path, to: Path, arguments: list[str], told: tuple[int, str]
) -> None:
    place = [] if "--from" in arguments else ["--from", str(home.parent)]
    refused = communique("get", *arguments, *place, "--to", str(to))
    assert (refused.returncode, refused.stdout) == (told[0], "")
    assert told[1] in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "s3cret" not in refused.stderr
    assert not to.exists()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted("no-such"), r"no no-such/versions\.json"),
        (Wanted(DATASET, tables=("people", "nobody")), r"no table 'nobody' \(there are: people, roles\)"),
        (Wanted(DATASET, formats=("excel",)), "no format 'excel'"),
    ],
)
def test_what_is_not_there_is_named_beside_what_is(address: str, to: Path, wanted: Wanted, said: str) -> None:
    with pytest.raises(Absent, match=said):
        fetch(address, to, wanted)
    assert not to.exists()


@pytest.mark.parametrize("address", ["no/such/folder", "ftp://127.0.0.1/", "http://[::1/"])
def test_what_is_no_source_is_not_asked(address: str) -> None:
    with pytest.raises(Absent):
        source.source(address, TIMEOUT)


def test_a_download_that_needs_more_room_than_there_is_does_not_begin(home: Path, to: Path) -> None:
    forged(home, lambda told: told["files"]["people.csv"].update(bytes=10**18))
    with pytest.raises(OSError, match="has room for"):
        fetch(home.parent, to)
    assert names(to / DATASET) & {"1.1.0"} == set()


def test_two_downloads_to_one_folder_do_not_meet(communique: Communique, home: Path, to: Path) -> None:
    with store.locked(to / DATASET / ".lock"):
        refused = communique("get", DATASET, "--from", str(home.parent), "--to", str(to))
    assert refused.returncode == 4
    assert "another download is at work" in refused.stderr


def test_where_no_site_answers_and_none_was_named_it_says_where_packages_may_come_from(
    communique: Communique, to: Path
) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8000)) == 0:
            pytest.skip("somebody listens on port 8000")
    told = communique("get", DATASET, "--to", str(to))
    assert told.returncode == 3
    assert "start `communique serve`, or name the source with --from (as --from data/packages)" in told.stderr


def test_latest_is_a_version_that_can_be_named(communique: Communique, home: Path, to: Path) -> None:
    told = communique("get", f"{DATASET}@latest", "--from", str(home.parent), "--to", str(to))
    assert (told.returncode, told.stdout.split()[1]) == (0, "1.1.0")


def test_no_proxy_of_the_environment_is_asked_for_a_site_on_this_machine(
    home: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with scripted(home.parent, {}) as address:
        assert fetch(address, to).left_out == 0
        assert fetch(address.replace("127.0.0.1", "localhost"), to / "again").left_out == 0


# What was pruned, taken down, or went back


def test_of_a_pruned_version_comes_what_is_left_and_it_says_so(
    communique: Communique, home: Path, to: Path, data: Path
) -> None:
    gone = sorted(file.name for file in rulings.prune(Settings(data=data), DATASET, 1, dry_run=False))
    told = communique("get", f"{DATASET}@1.0.0", "--from", str(home.parent), "--to", str(to))
    folder = to / DATASET / "1.0.0"
    assert told.returncode == 0, told.stderr
    assert f"{DATASET} 1.0.0 was pruned on " in told.stderr
    assert f": {len(gone)} files cannot come any more: {', '.join(gone)}" in told.stderr
    assert names(folder) == names(home / "1.0.0")
    assert not (folder / "PARTIAL.json").exists()
    assert fetch(home.parent, to, Wanted(DATASET, "1.0.0", (), ("csv",))).pruned is None


def test_a_format_that_pruning_took_whole_is_told_and_nothing_comes(
    communique: Communique, home: Path, to: Path, data: Path
) -> None:
    rulings.prune(Settings(data=data), DATASET, 1, dry_run=False)
    told = communique("get", f"{DATASET}@1.0.0", "--from", str(home.parent), "--to", str(to), "--format", "parquet")
    assert told.returncode == 2
    assert "1.0.0 was pruned: nothing is left of format parquet (there are the formats: csv)" in told.stderr
    assert not (to / DATASET / "1.0.0").exists()


def test_a_note_that_names_what_pruning_keeps_excuses_nothing(home: Path, to: Path, data: Path) -> None:
    rulings.prune(Settings(data=data), DATASET, 1, dry_run=False)
    rewrite(home / "1.0.0" / "PRUNED.json", lambda note: note["removed"].append("people.csv"))
    (home / "1.0.0" / "people.csv").unlink()
    with pytest.raises(Absent, match=r"people\.csv"):
        fetch(home.parent, to, Wanted(DATASET, "1.0.0", (), ("csv",)))
    assert not (to / DATASET / "1.0.0").exists()


def test_words_of_a_source_do_not_steer_a_terminal(communique: Communique, home: Path, to: Path, data: Path) -> None:
    fetch(home.parent, to)
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada", "a name\x1b[2J\u202e in it")
    told = communique("get", DATASET, "--from", str(home.parent), "--to", str(to))
    assert "a name [2J  in it" in told.stderr
    rewrite(home / "latest.json", lambda pointer: pointer.update({"\x1b[2J": 1}))
    told = communique("get", DATASET, "--from", str(home.parent), "--to", str(to))
    assert (told.returncode, "\x1b" in told.stderr) == (1, False)


def test_what_was_downloaded_before_it_was_pruned_stays_whole(home: Path, to: Path, data: Path) -> None:
    folder = fetch(home.parent, to, FIRST).package.folder
    before = tree(folder)
    rulings.prune(Settings(data=data), DATASET, 1, dry_run=False)
    fetch(home.parent, to, FIRST)
    assert tree(folder) == before


def test_a_version_that_was_taken_down_does_not_come_and_who_has_it_is_told(
    communique: Communique, home: Path, to: Path, data: Path
) -> None:
    fetch(home.parent, to)
    rulings.take_down(Settings(data=data), DATASET, "1.1.0", "Ada", "a name in it")
    told = communique("get", DATASET, "--from", str(home.parent), "--to", str(to))
    assert (told.returncode, f"{DATASET} 1.0.0" in told.stdout) == (0, True)
    assert f"{DATASET} 1.1.0, which lies here, was taken down since: a name in it" in told.stderr
    with pytest.raises(Absent, match=r"1\.1\.0 was taken down: a name in it"):
        fetch(home.parent, to, Wanted(DATASET, "1.1.0"))
    rulings.take_down(Settings(data=data), DATASET, "1.0.0", "Ada", "all of it")
    with pytest.raises(Absent, match="every version of"):
        fetch(home.parent, to)


def test_a_source_that_went_back_is_refused(home: Path, to: Path) -> None:
    fetch(home.parent, to)
    (home / "1.1.0").rename(home.parent / "away")
    package.point(home)
    before = tree(to)
    with pytest.raises(Untrue, match=r"1\.1\.0 was there before and is not listed now"):
        fetch(home.parent, to)
    assert tree(to) == before


def test_a_version_that_was_made_again_is_refused(home: Path, to: Path) -> None:
    fetch(home.parent, to, FIRST)
    (home / "1.1.0").rename(home.parent / "away")
    put(home, "1.1.0", {"people.csv": b"another\n"})
    with pytest.raises(Untrue, match=r"1\.1\.0 was there before with the manifest"):
        fetch(home.parent, to)


def rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    """Change the JSON value in a file."""
    told = read_json(path)
    change(told)
    path.write_bytes(store.to_json(told))


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(version="1.0.0"),
        lambda told: told.update(version="7.0.0"),
        lambda told: told.update(sha256="0" * 64),
        lambda told: told.update(version="1.1"),
        lambda told: told.pop("sha256"),
    ],
)
def test_a_pointer_that_the_index_does_not_bear_out_is_refused(
    home: Path, to: Path, change: Callable[[Any], Any]
) -> None:
    rewrite(home / "latest.json", change)
    with pytest.raises(Untrue, match=r"latest\.json"):
        fetch(home.parent, to)
    assert not to.exists()


def test_a_pointer_that_lags_behind_the_index_or_is_not_there_keeps_nobody_from_the_latest_version(
    home: Path, to: Path
) -> None:
    """So a publisher leaves it who was killed between the two."""
    before = (home / "latest.json").read_bytes()
    put(home, "1.2.0")
    (home / "latest.json").write_bytes(before)
    assert str(fetch(home.parent, to).package.version) == "1.2.0"
    (home / "latest.json").unlink()
    assert str(fetch(home.parent, to / "more").package.version) == "1.2.0"


def test_a_pointer_that_moves_while_it_is_read_is_read_again(home: Path, to: Path) -> None:
    old = (home / "versions.json").read_bytes()
    put(home, "1.2.0")
    new = (home / "versions.json").read_bytes()

    def late(told: Answer) -> None:
        told.server.count += 1
        told.send(old if told.server.count == 1 else new)

    with scripted(home.parent, {"versions.json": late}) as address:
        assert str(fetch(address, to).package.version) == "1.2.0"


# Manifests that nobody should follow


def forged(home: Path, change: Callable[[Any], Any]) -> None:
    """Change the manifest of the latest version, and every paper that vouches for it."""
    told = read_json(home / "1.1.0" / "manifest.json")
    change(told)
    write_manifest(home / "1.1.0", store.to_json(told))
    vouch(home)


def vouch(home: Path) -> None:
    """Make pointer and index name the manifest of the latest version, whatever it says."""
    digest = store.sha256_file(home / "1.1.0" / "manifest.json")
    rewrite(home / "latest.json", lambda told: told.update(sha256=digest))
    rewrite(home / "versions.json", lambda told: told["versions"][-1].update(manifest=digest))


@pytest.mark.parametrize(
    "name",
    [
        "../outside.csv",
        "../../outside.csv",
        "/tmp/outside.csv",  # noqa: S108 - a path that must not be written
        "folder/x.csv",
        "..\\outside.csv",
        "C:outside.csv",
        ".hidden",
        "..",
        "",
        "x\0.csv",
        "x\n.csv",
        "manifest.json",
        "SHA256SUMS",
        "PARTIAL.json",
        "PEOPLE.csv",
        "x" * 200,
    ],
)
def test_a_name_that_leads_elsewhere_or_hides_is_refused(home: Path, to: Path, name: str) -> None:
    entry = read_json(home / "1.1.0" / "manifest.json")["files"]["people.csv"]
    forged(home, lambda told: told["files"].update({name: entry}))
    with pytest.raises(Untrue, match=r"manifest\.json"):
        fetch(home.parent, to)
    assert not to.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(version="1.0.0"),
        lambda told: told.update(dataset="another"),
        lambda told: told.update(previous="0" * 64),
        lambda told: told.update(previous=None),
        lambda told: told.update(format="communique-manifest/2"),
        lambda told: told["files"]["people.csv"].update(bytes=-1),
        lambda told: told["files"]["people.csv"].update(sha256="../x"),
    ],
)
def test_a_manifest_that_is_none_or_of_something_else_is_refused(
    home: Path, to: Path, change: Callable[[Any], Any]
) -> None:
    forged(home, change)
    with pytest.raises(Untrue):
        fetch(home.parent, to)
    assert not to.exists()


def test_a_manifest_that_the_pointer_does_not_name_is_refused(home: Path, to: Path) -> None:
    path = home / "1.1.0" / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(Untrue, match=r"manifest\.json: has the SHA-256"):
        fetch(home.parent, to)
    assert not to.exists()


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff", b"[" * 100_000])
def test_a_pointer_or_an_index_that_is_no_json_is_refused(home: Path, to: Path, text: bytes) -> None:
    for name in ("latest.json", "versions.json"):
        whole = (home / name).read_bytes()
        (home / name).write_bytes(text)
        with pytest.raises(Untrue, match=name):
            fetch(home.parent, to)
        (home / name).write_bytes(whole)


def test_a_link_in_a_folder_of_packages_is_not_followed(home: Path, to: Path, tmp_path: Path) -> None:
    path = home / "1.1.0" / "roles.csv"
    path.rename(tmp_path / "elsewhere.csv")
    path.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(Untrue, match=r"roles\.csv: is a link"):
        fetch(home.parent, to)
    assert "1.1.0" not in names(to / DATASET)


@pytest.mark.parametrize(
    "resources", [None, [{"name": "people"}], [{"name": "../../secret", "schema": {"primaryKey": ["x"]}}]]
)
def test_tables_that_are_none_of_a_version_are_not_compared(home: Path, to: Path, resources: object) -> None:
    data = store.to_json({"version": "1.1.0", "resources": resources})
    (home / "1.1.0" / "datapackage.json").write_bytes(data)
    entry = {"sha256": store.sha256(data), "bytes": len(data)}
    forged(home, lambda told: told["files"].update({"datapackage.json": entry}))
    got = fetch(home.parent, to)
    with pytest.raises(Untrue, match=r"1\.1\.0/datapackage\.json: "):
        comparable(got.package)
    comparable(fetch(home.parent, to, FIRST).package)


# Sites that lie, break, or are slow


class Answer(BaseHTTPRequestHandler):
    """A site of files whose answers to some names are scripted."""

    protocol_version = "HTTP/1.1"
    server: "Scripted"

    def do_GET(self) -> None:
        """Answer as the script says, or with the file."""
        path = self.server.root / self.path.lstrip("/")
        script = self.server.scripts.get(path.name)
        if script:
            script(self)
        elif path.is_file():
            self.send(path.read_bytes())
        else:
            self.send(b"there is none", status=404)

    def send(self, data: bytes, status: int = 200, **headers: str) -> None:
        """Send an answer; a header that is given replaces the usual one, an empty one leaves it out."""
        told = {"Content_Length": str(len(data)), "Connection": "close"} | headers
        self.send_response(status)
        for name, value in told.items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def whole(self) -> bytes:
        """Return the file that was asked for."""
        return (self.server.root / self.path.lstrip("/")).read_bytes()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


Script = Callable[[Answer], None]


class Scripted(ThreadingHTTPServer):
    """The server of a scripted site."""

    daemon_threads = True
    count = 0

    def __init__(self, root: Path, scripts: dict[str, Script]) -> None:
        """Listen on a port that is free."""
        super().__init__(("127.0.0.1", 0), Answer)
        self.root, self.scripts = root, scripts

    def handle_error(self, *_: Any) -> None:
        """Say nothing: whoever asked hung up."""


@contextmanager
def scripted(root: Path, scripts: dict[str, Script]) -> Iterator[str]:
    """Yield the address of a site with scripted answers."""
    server = Scripted(root, scripts)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def other_bytes(told: Answer) -> None:
    """Send as many bytes as promised, and others."""
    told.send(bytes(len(told.whole())))


def longer(told: Answer) -> None:
    """Say honestly that there are more bytes than promised."""
    told.send(told.whole() + b"x")


def shorter(told: Answer) -> None:
    """Say honestly that there are fewer bytes than promised."""
    told.send(told.whole()[:-1])


def longer_than_it_says(told: Answer) -> None:
    """Give no length, and send more than was promised."""
    told.send(told.whole() + b"x", Content_Length="")


def endless(told: Answer) -> None:
    """Send for as long as somebody listens."""
    told.send(b"", Content_Length="")
    while True:
        told.wfile.write(bytes(1 << 16))


def compressed(told: Answer) -> None:
    """Say that the bytes are compressed."""
    told.send(told.whole(), Content_Encoding="gzip")


def another_range(told: Answer) -> None:
    """Answer with a part that nobody asked for."""
    told.send(told.whole()[1:], 206, Content_Range=f"bytes 1-{len(told.whole()) - 1}/{len(told.whole())}")


def to_another_host(told: Answer) -> None:
    """Lead to another host."""
    told.send(b"", 302, Location=f"http://localhost:{told.server.server_port}{told.path}")


def to_another_port(told: Answer) -> None:
    """Lead to another port, where another service of this machine may listen."""
    told.send(b"", 302, Location=f"//127.0.0.1:{told.server.server_port + 1}{told.path}")


def to_a_file(told: Answer) -> None:
    """Lead to a file of this machine."""
    told.send(b"", 302, Location="file:///etc/passwd")


def in_a_circle(told: Answer) -> None:
    """Lead to itself."""
    told.send(b"", 302, Location=told.path)


ENDLESS_PAPER = (endless, "manifest.json")
"""Told below, with a lower limit."""
LIES = [
    *(other_bytes, longer, shorter, longer_than_it_says, endless, compressed, another_range),
    *(to_another_host, to_another_port, to_a_file, in_a_circle),
]


@pytest.mark.parametrize(
    ("script", "name"),
    [(script, name) for script in LIES for name in ("roles.csv", "manifest.json") if (script, name) != ENDLESS_PAPER],
)
def test_an_answer_that_lies_is_refused_and_nothing_half_written_is_left(
    home: Path, to: Path, script: Script, name: str
) -> None:
    with scripted(home.parent, {name: script}) as address, pytest.raises(Untrue, match=name.replace(".", r"\.")):
        fetch(address, to)
    assert "1.1.0" not in names(to / DATASET)
    assert fetch(home.parent, to).left_out == 0
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")


def test_an_endless_paper_is_read_to_its_limit(home: Path, monkeypatch: pytest.MonkeyPatch, to: Path) -> None:
    monkeypatch.setattr("flows.download.papers.LARGEST", 1 << 20)
    with scripted(home.parent, {"manifest.json": endless}) as address, pytest.raises(Untrue, match="has more than"):
        fetch(address, to)


def broken(told: Answer) -> None:
    """Say that the service cannot answer now."""
    told.send(b"later", 503)


def silent(told: Answer) -> None:
    """Say nothing for longer than anybody waits."""
    threading.Event().wait(5)
    told.close_connection = True


def stalled(told: Answer) -> None:
    """Begin, and say no more."""
    told.send_response(200)
    told.send_header("Content-Length", str(len(told.whole())))
    told.end_headers()
    told.wfile.write(told.whole()[:1])
    silent(told)


def dripping(told: Answer) -> None:
    """Send a byte now and then, so that no silence is ever long."""
    told.send_response(200)
    told.send_header("Content-Length", "100000")
    told.end_headers()
    for _ in range(100):
        told.wfile.write(b"x")
        threading.Event().wait(0.1)


@pytest.mark.parametrize("script", [broken, silent, dripping])
def test_a_source_that_cannot_answer_is_given_up(home: Path, to: Path, script: Script) -> None:
    with scripted(home.parent, {"versions.json": script}) as address, pytest.raises(Unreachable):
        fetch(address, to)
    assert not to.exists()


def test_a_source_that_stalls_is_given_up_and_what_came_of_a_file_is_kept(
    home: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.download.files.WAIT_SECONDS", 0)
    with scripted(home.parent, {f"{DATASET}.sqlite": stalled}) as address, pytest.raises(Unreachable, match="sqlite"):
        fetch(address, to)
    assert [path.stat().st_size for path in (to / DATASET / ".1.1.0").glob("*.part")] == [1]


def test_a_connection_that_breaks_again_and_again_is_taken_up_where_it_broke(home: Path, to: Path) -> None:
    """Each answer ends a thousand bytes after where it began; the host names its files as it likes, as most do."""
    etag, starts = '"61f2c-4a1b"', []

    def cut(told: Answer) -> None:
        whole, asked = told.whole(), told.headers.get("range", "bytes=0-")
        if told.headers.get("if-range", etag) != etag:
            asked = "bytes=0-"
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        starts.append(start)
        headers = {"Content_Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if start else {}
        headers |= {"ETag": etag, "Content_Length": str(len(whole) - start)}
        told.send(whole[start : start + 1000], 206 if start else 200, **headers)

    with scripted(home.parent, {f"{DATASET}.sqlite": cut}) as address:
        fetch(address, to)
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")
    assert starts == list(range(0, len(FILES[f"{DATASET}.sqlite"]), 1000))


def test_a_redirect_on_the_same_host_is_followed(home: Path, to: Path) -> None:
    def moved(told: Answer) -> None:
        told.send(b"", 307, Location=f"README.md?for={told.path.rpartition('/')[2]}")

    (home / "1.1.0" / "roles.csv").write_bytes((home / "1.1.0" / "README.md").read_bytes())
    (home / "1.1.0" / "manifest.json").unlink()
    (home / "1.1.0" / "SHA256SUMS").unlink()
    seal(home, "1.1.0")
    with scripted(home.parent, {"roles.csv": moved, "README.md?for=roles.csv": readme}) as address:
        fetch(address, to)
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")


def readme(told: Answer) -> None:
    """Send the file that the address names before its question mark."""
    told.send((told.server.root / told.path.lstrip("/").partition("?")[0]).read_bytes())


# What a kill leaves


def left_by_a_kill(to: Path, name: str, data: bytes, digest: str) -> None:
    """Put in its place what a kill leaves of a file that was coming."""
    staging = to / DATASET / ".1.1.0"
    staging.mkdir(parents=True)
    (staging / f"{name}.{digest}.part").write_bytes(data)


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        (FILES[f"{DATASET}.sqlite"][:5000], ["bytes=5000-"]),
        (FILES[f"{DATASET}.sqlite"], []),
        (b"x" * 5000, ["bytes=5000-", None]),
        (FILES[f"{DATASET}.sqlite"] + b"x", [None]),
        (b"", [None]),
    ],
)
def test_what_was_left_is_gone_on_with_and_other_content_is_begun_anew(
    home: Path, to: Path, left: bytes, asked: list[str | None]
) -> None:
    ranges = []

    def ranged(told: Answer) -> None:
        ranges.append(told.headers.get("range"))
        start = int((ranges[-1] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        whole = told.whole()
        headers = {"Content_Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"} if ranges[-1] else {}
        told.send(whole[start:], 206 if ranges[-1] else 200, **headers)

    name = f"{DATASET}.sqlite"
    left_by_a_kill(to, name, left, store.sha256(FILES[name]))
    with scripted(home.parent, {name: ranged}) as address:
        fetch(address, to)
    assert ranges == asked
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")
    assert names(to / DATASET) == OWN | {"1.1.0"}


@pytest.mark.parametrize("script", [longer, compressed, another_range, to_another_host, broken])
def test_an_answer_that_is_not_about_the_file_does_not_cost_what_was_left_of_it(
    home: Path, to: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a hotel's network, which wants one to log in first."""
    monkeypatch.setattr("flows.download.files.WAIT_SECONDS", 0)
    name, digest = f"{DATASET}.sqlite", store.sha256(FILES[f"{DATASET}.sqlite"])
    left_by_a_kill(to, name, FILES[name][:5000], digest)
    with scripted(home.parent, {name: script}) as address, pytest.raises((Untrue, Unreachable)):
        fetch(address, to)
    assert (to / DATASET / ".1.1.0" / f"{name}.{digest}.part").read_bytes() == FILES[name][:5000]


def test_what_was_left_of_another_content_is_no_part_of_this_one(home: Path, to: Path) -> None:
    left_by_a_kill(to, f"{DATASET}.sqlite", FILES[f"{DATASET}.sqlite"][:100], "0" * 64)
    fetch(home.parent, to)
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")


def test_a_file_that_was_whole_when_the_kill_came_is_looked_at_again(home: Path, to: Path) -> None:
    staging = to / DATASET / ".1.1.0"
    staging.mkdir(parents=True)
    (staging / "roles.csv").write_bytes(b"other bytes of a power cut")
    (staging / "people.csv").write_bytes((home / "1.1.0" / "people.csv").read_bytes())
    fetch(home.parent, to)
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")


def test_a_server_that_knows_no_ranges_sends_the_whole_again(home: Path, to: Path) -> None:
    name = f"{DATASET}.sqlite"
    left_by_a_kill(to, name, FILES[name][:5000], store.sha256(FILES[name]))
    with scripted(home.parent, {}) as address:
        fetch(address, to)
    assert tree(to / DATASET / "1.1.0") == tree(home / "1.1.0")


class Wire:
    """A wire to a site that counts what comes through, and lets no more through than it is told."""

    def __init__(self, port: int) -> None:
        """Listen on a port that is free, and lead to `port`."""
        self.port, self.count, self.most = port, 0, HALF
        self.opened = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address at this end."""
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}/"

    def _accept(self) -> None:
        while True:
            here, _ = self.listening.accept()
            there = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self._ask, args=(here, there), daemon=True).start()
            threading.Thread(target=self._answer, args=(there, here), daemon=True).start()

    def _ask(self, here: socket.socket, there: socket.socket) -> None:
        while data := received(here):
            there.sendall(data)
        there.close()

    def _answer(self, there: socket.socket, here: socket.socket) -> None:
        try:
            while data := received(there):
                if self.count > self.most:
                    self.opened.wait()
                self.count += len(data)
                here.sendall(data)
        except OSError:
            pass
        here.close()


def received(connection: socket.socket) -> bytes:
    """Return what came, nothing when the other end hung up."""
    try:
        return connection.recv(1 << 18)
    except OSError:
        return b""


def test_200_mb_are_downloaded_with_a_kill_in_the_middle(data: Path, to: Path) -> None:
    home = data / "packages" / DATASET
    (home / "1.0.0").mkdir(parents=True)
    with (home / "1.0.0" / f"{DATASET}.sqlite").open("wb") as file:
        file.truncate(BIG)
    (home / "1.0.0" / "datapackage.json").write_bytes(store.to_json({"version": "1.0.0", "resources": []}))
    seal(home, "1.0.0")
    with serving(data) as site:
        wire = Wire(urlsplit(site.url).port or 0)
        command = [
            str(Path(sys.executable).with_name("communique")),
            "get",
            DATASET,
            "--from",
            wire.url,
            "--to",
            str(to),
        ]
        killed = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        staging = to / DATASET / ".1.0.0"
        assert wait_until(lambda: any(path.stat().st_size > HALF * 0.9 for path in staging.glob("*.part")))
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        assert not (to / DATASET / "1.0.0").exists()
        kept = sum(path.stat().st_size for path in staging.glob("*.part"))
        wire.most, first = BIG, wire.count
        wire.opened.set()
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        second = wire.count - first
    assert done.returncode == 0, done.stderr
    assert names(to / DATASET) == OWN | {"1.0.0"}
    assert store.sha256_file(to / DATASET / "1.0.0" / f"{DATASET}.sqlite") == store.sha256_file(
        home / "1.0.0" / f"{DATASET}.sqlite"
    )
    assert kept > HALF * 0.9
    assert BIG - kept <= second < BIG - kept + BIG / 20


def test_a_version_is_not_there_until_it_is_there_whole(home: Path, to: Path) -> None:
    """A reader that looks while each file comes never sees the folder of the version."""
    seen = set[str]()

    def looking(told: Answer) -> None:
        seen.update(names(to / DATASET) - OWN)
        told.send(told.whole())

    with scripted(home.parent, dict.fromkeys(FILES, looking)) as address:
        fetch(address, to)
    assert seen == {".1.1.0"}


def test_a_terminal_is_shown_how_it_goes(home: Path, to: Path) -> None:
    import pty  # noqa: PLC0415 - not on every system

    shown, terminal = pty.openpty()
    command = [str(Path(sys.executable).with_name("communique")), "get", DATASET, "--from", str(home.parent)]
    done = subprocess.run([*command, "--to", str(to)], stdout=subprocess.PIPE, stderr=terminal, check=False, timeout=60)
    os.close(terminal)
    told = os.read(shown, 1 << 16).decode()
    os.close(shown)
    assert done.returncode == 0
    assert "━" in told
    assert json.loads((to / DATASET / "SEEN.json").read_text())["versions"].keys() == {"1.0.0", "1.1.0"}
