"""Folders that fsspec can list: in an archive, in memory, elsewhere; and those that are never opened."""

import gzip
import importlib.util
import io
import json
import socket
import socketserver
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest

from flows import documents, guard, ingest, store
from flows.documents import Built
from flows.ingest import folders
from schemas.dataset import Dataset
from schemas.package import Package
from tests.publishing import PATIENCE, published, read_json, table
from tests.site import Site
from tests.test_web import DAY, later


def dataset(folder: str, **more: Any) -> Dataset:
    return Dataset.model_validate(
        {
            "name": "drop",
            "dataset": {"title": "Drop", "description": "Releases that somebody drops."},
            "publisher": {"name": "Desk"},
            "licences": [{"name": "CC0-1.0"}],
            "sources": [{"name": "drop", "kind": "folder", "folder": folder} | more],
        }
    )


def fetched(of: Dataset, root: Path, day: str = DAY) -> store.Fetched:
    return ingest.fetch(of, ingest.files_of(of.sources[0], root), root, root / "raw", day, {})


def built(of: Dataset, root: Path) -> Built:
    raw = root / "raw"
    return documents.structured(of, store.read_journal(raw, of.name), lambda digest: store.load(raw, digest))


def status(of: Dataset, root: Path) -> dict[str, str]:
    rows = (one.values for one in built(of, root).records if one.table == "releases")
    return {row["release_id"]: row["status"] for row in rows}


Releases = dict[str, bytes]


def lay_zip(root: Path, releases: Releases) -> str:
    with zipfile.ZipFile(root / "drop.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in releases.items():
            archive.writestr(f"in/{name}", data)
    return "zip://in::file://drop.zip"


def lay_tar(root: Path, releases: Releases) -> str:
    with tarfile.open(root / "drop.tar", "w") as archive:
        for name, data in releases.items():
            entry = tarfile.TarInfo(f"in/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return "tar://in::file://drop.tar"


def lay_memory(_: Path, releases: Releases) -> str:
    memory = fsspec.filesystem("memory")
    if memory.exists("/drop"):
        memory.rm("/drop", recursive=True)
    for name, data in releases.items():
        memory.pipe(f"/drop/{name}", data)
    return "memory://drop"


def lay_files(root: Path, releases: Releases) -> str:
    for path in (root / "drop").glob("*"):
        path.unlink()
    (root / "drop").mkdir(exist_ok=True)
    for name, data in releases.items():
        (root / "drop" / name).write_bytes(data)
    return "file://drop"


FOLDERS = {"zip": lay_zip, "tar": lay_tar, "memory": lay_memory, "file": lay_files}


@pytest.mark.parametrize("lay", FOLDERS.values(), ids=FOLDERS)
def test_a_folder_of_every_sort_is_read_and_what_it_lacks_is_withdrawn(
    tmp_path: Path, seed: dict[str, Any], lay: Callable[[Path, Releases], str]
) -> None:
    one, two = (json.dumps(seed | {"id": name}).encode() for name in ("one", "two"))
    of = dataset(lay(tmp_path, {"one.json": one, "two.json": two, ".hidden.json": one}))
    fetched(of, tmp_path)
    assert status(of, tmp_path) == {"one": "current", "two": "current"}
    assert not fetched(of, tmp_path).changed
    lay(tmp_path, {"one.json": one})
    fetched(of, tmp_path, later(1))
    assert status(of, tmp_path) == {"one": "current", "two": "withdrawn"}
    assert [item.problem.message for item in built(of, tmp_path).refused] == []


def test_a_folder_that_cannot_be_listed_is_told_and_withdraws_nothing(tmp_path: Path, seed: dict[str, Any]) -> None:
    of = dataset(lay_zip(tmp_path, {"one.json": json.dumps(seed | {"id": "one"}).encode()}))
    fetched(of, tmp_path)
    (tmp_path / "drop.zip").write_bytes(b"no archive")
    fetched(of, tmp_path, later(1))
    (refused,) = built(of, tmp_path).refused
    assert refused.problem.rule == "input.unreached"
    assert status(of, tmp_path) == {"one": "current"}
    assert [one.release_id for one in built(of, tmp_path).named] == ["one"]


def test_a_folder_that_was_never_listed_is_accounted_for(tmp_path: Path) -> None:
    of = dataset("zip://in::file://drop.zip")
    fetched(of, tmp_path)
    assert [(one.rule, one.release_id) for one in built(of, tmp_path).named] == [("input.unreached", None)]


def test_a_file_that_unpacks_to_too_much_costs_itself_alone(
    tmp_path: Path, seed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_BYTES", 1 << 20)
    good = json.dumps(seed | {"id": "one"}).encode()
    of = dataset(lay_zip(tmp_path, {"bomb.json": b"0" * (64 << 20), "one.json": good}))
    fetched(of, tmp_path)
    (refused,) = built(of, tmp_path).refused
    assert refused.problem.rule == "input.size"
    assert status(of, tmp_path).keys() == {"one"}


BIG, MANY = "grows beyond 1,048,576 bytes", "more than 9 members"


def lay_packed_tar(root: Path, releases: Releases) -> str:
    lay_tar(root, releases)
    (root / "drop.tar.gz").write_bytes(gzip.compress((root / "drop.tar").read_bytes()))
    return "tar://in::file://drop.tar.gz"


def lay_nested_zip(root: Path, releases: Releases) -> str:
    lay_zip(root, releases)
    with zipfile.ZipFile(root / "outer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(root / "drop.zip", "drop.zip")
    return "zip://in::zip://drop.zip::file://outer.zip"


PACKED = {"zip": lay_zip, "tar": lay_tar, "tar.gz": lay_packed_tar, "a zip in a zip": lay_nested_zip}


@pytest.mark.parametrize("lay", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize(("files", "words"), [((9, 200_000), BIG), ((10, 1), MANY), ((9, 100_000), "")])
def test_an_archive_that_unpacks_to_too_much_or_too_many_files_is_refused_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lay: Callable[[Path, Releases], str],
    files: tuple[int, int],
    words: str,
) -> None:
    monkeypatch.setattr(guard, "MAX_UNPACKED", 1 << 20)
    monkeypatch.setattr(guard, "MAX_FILES", 9)
    number, size = files
    source = dataset(lay(tmp_path, {f"{one}.json": b"0" * size for one in range(number)})).sources[0]
    if not words:
        assert len(folders.listed(source, tmp_path)) == number
        return
    with pytest.raises(guard.BadInput, match=words) as caught:
        folders.listed(source, tmp_path)
    assert caught.value.rule == "input.size"


def test_a_packed_tar_that_is_a_bomb_is_not_unpacked_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_UNPACKED", 1 << 20)
    folder = lay_packed_tar(tmp_path, {"one.json": b"0" * (64 << 20)})
    whole = (tmp_path / "drop.tar.gz").read_bytes()
    (tmp_path / "drop.tar.gz").write_bytes(whole[: len(whole) // 4])
    with pytest.raises(guard.BadInput, match="grows beyond"):
        folders.listed(dataset(folder).sources[0], tmp_path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_whose_names_or_attributes_are_endless_is_refused_before_they_are_read(
    tmp_path: Path, kind: bytes
) -> None:
    header = tarfile.TarInfo("./PaxHeaders/one")
    header.type, header.size = kind, 64 << 20
    told = header.tobuf(tarfile.USTAR_FORMAT) + b"0" * header.size + b"\0" * 1024
    (tmp_path / "drop.tar.gz").write_bytes(gzip.compress(told, 1))
    with pytest.raises(guard.BadInput, match="a name or attributes of more than 1,048,576 bytes") as caught:
        folders.listed(dataset("tar://::file://drop.tar.gz").sources[0], tmp_path)
    assert caught.value.rule == "input.size"


def test_an_archive_of_thousands_of_folders_is_listed_at_once_and_a_packed_one_is_read_but_once(tmp_path: Path) -> None:
    names = [f"{number * 7919 % 5000}/one.json" for number in range(5000)]
    folder = lay_packed_tar(tmp_path, dict.fromkeys(names, b"{}"))
    started = time.monotonic()
    found = folders.listed(dataset(folder).sources[0], tmp_path)
    assert [read() for read in found.values()] == [b"{}"] * 5000
    assert list(found) == [f"{folder}/{name}" for name in names]
    assert time.monotonic() - started < PATIENCE


FORBIDDEN = {
    "a bucket that is not named": ("s3://elsewhere/releases", {}, "not among the hosts"),
    "a server that is not named": ("sftp://127.0.0.1/drop", {}, "not among the hosts"),
    "a server of one's own network": ("sftp://127.0.0.1/drop", {"hosts": ["127.0.0.1"]}, "not a public address"),
    "the web": ("https://example.org/drop", {"hosts": ["example.org"]}, "not read as a folder"),
    "an archive on the web": ("zip://::https://example.org/a.zip", {"hosts": ["example.org"]}, "not read as a folder"),
    "a user in the address": ("ftp://me:secret@example.org/drop", {"hosts": ["example.org"]}, "a user in it"),
    "a protocol that asks others": ("reference://", {}, "not read as a folder"),
    "a server that may send one elsewhere": ("webhdfs://named/drop", {"hosts": ["named"]}, "not read as a folder"),
    "an archive outside the data folder": ("zip://::file://../drop.zip", {}, "leads out of"),
}


@pytest.mark.parametrize(("address", "more", "words"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_folder_where_the_dataset_may_not_go_is_never_opened(
    tmp_path: Path, address: str, more: dict[str, Any], words: str
) -> None:
    of = dataset(address, **more)
    fetched(of, tmp_path)
    (refused,) = built(of, tmp_path).refused
    assert refused.problem.rule in ("input.address", "input.link")
    assert words in refused.problem.message


def test_an_address_of_the_own_web_server_is_no_folder(site: Site, tmp_path: Path) -> None:
    of = dataset(f"{site.address}/drop", hosts=["127.0.0.1"], private=True)
    fetched(of, tmp_path)
    assert site.asked == []
    assert built(of, tmp_path).refused[0].problem.rule == "input.address"


LIBRARIES = {
    "s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "oss": "ossfs", "oci": "ocifs",
    "hf": "huggingface_hub", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol",
}  # fmt: skip


@pytest.mark.parametrize("protocol", LIBRARIES)
def test_a_protocol_whose_library_is_not_there_says_so_and_withdraws_nothing(
    tmp_path: Path, seed: dict[str, Any], protocol: str
) -> None:
    library = LIBRARIES[protocol]
    if importlib.util.find_spec(library):
        pytest.skip(f"{library} is installed here")
    before = dataset(lay_zip(tmp_path, {"one.json": json.dumps(seed | {"id": "one"}).encode()}))
    fetched(before, tmp_path)
    of = dataset(f"{protocol}://127.0.0.1/drop", hosts=["127.0.0.1"], private=True)
    fetched(of, tmp_path, later(1))
    (refused,) = built(of, tmp_path).refused
    assert (refused.problem.rule, refused.record.source.file) == ("input.unreached", f"{protocol}://127.0.0.1/drop")
    assert refused.problem.message.startswith(f"{protocol} needs a library that is not installed beside communique: ")
    assert library in refused.problem.message
    assert status(of, tmp_path) == {"one": "current"}


class Ftp(socketserver.StreamRequestHandler):
    """A server of a folder and one within it, which it does not list where it is `closed`."""

    closed: ClassVar[bool] = False
    files: ClassVar[dict[str, bytes]] = {"/drop/one.json": b"{}", "/drop/sub/two.json": b"{}"}

    def handle(self) -> None:
        """Answer every word of a client."""
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            word, _, told = line.decode().strip().partition(" ")
            self.wfile.write(self.answer(word.upper(), told))

    def answer(self, word: str, told: str) -> bytes:
        """Return what is said to a word, its listing sent before."""
        if word == "PASV":
            self.data = socket.create_server(("127.0.0.1", 0))
            high, low = divmod(self.data.getsockname()[1], 256)
            return f"227 here (127,0,0,1,{high},{low})\r\n".encode()
        if word not in ("MLSD", "LIST", "RETR"):
            return b"230 as you like\r\n" if word != "QUIT" else b"221 bye\r\n"
        if word == "LIST" or (told == "/drop/sub" and self.closed):
            self.data.close()
            return b"550 not for you\r\n"
        self.wfile.write(b"150 it comes\r\n")
        taken, _ = self.data.accept()
        taken.sendall(self.files[told] if word == "RETR" else self.listing(told))
        taken.close()
        self.data.close()
        return b"226 done\r\n"

    def listing(self, folder: str) -> bytes:
        """Return what lies in a folder, a line each."""
        inner = {path.removeprefix(f"{folder.rstrip('/')}/"): data for path, data in self.files.items()}
        lines = {
            f"type=file;size={len(data)}; {name}" if "/" not in name else f"type=dir; {name.partition('/')[0]}"
            for name, data in inner.items()
            if not name.startswith("/")
        }
        return "".join(f"{line}\r\n" for line in sorted(lines)).encode()


@pytest.fixture
def ftp() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Own", (Ftp,), {})) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ftp://127.0.0.1:{server.server_address[1]}/drop"
        server.shutdown()


def test_a_folder_with_one_in_it_that_cannot_be_listed_is_not_listed_at_all(
    ftp: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = dataset(ftp, hosts=["127.0.0.1"], private=True).sources[0]
    assert sorted(folders.listed(source, tmp_path)) == [f"{ftp}/one.json", f"{ftp}/sub/two.json"]
    monkeypatch.setattr(Ftp, "closed", True)
    with pytest.raises(guard.BadInput, match="does not list /drop/sub") as caught:
        folders.listed(source, tmp_path)
    assert caught.value.rule == "input.unreached"


def test_a_folder_on_a_server_is_read_and_what_it_lacks_is_withdrawn_but_not_while_it_is_not_listed(
    ftp: str, tmp_path: Path, seed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    of = dataset(ftp, hosts=["127.0.0.1"], private=True)
    one, two, edited = (
        json.dumps(seed | {"id": name, "headline": text}).encode()
        for name, text in (("one", "One"), ("two", "Two"), ("one", "One, edited"))
    )
    monkeypatch.setattr(Ftp, "files", {"/drop/one.json": one, "/drop/sub/two.json": two})
    assert len(fetched(of, tmp_path).changed) == 2
    assert status(of, tmp_path) == {"one": "current", "two": "current"}
    assert not fetched(of, tmp_path, later(1)).changed
    with monkeypatch.context() as patch:
        patch.setattr(Ftp, "closed", True)
        away = fetched(of, tmp_path, later(2))
        assert (away.gone, list(away.refused)) == ([], [("drop", ftp)])
    monkeypatch.setattr(Ftp, "files", {"/drop/one.json": edited})
    again = fetched(of, tmp_path, later(3))
    assert (list(again.changed), again.gone) == ([("drop", f"{ftp}/one.json")], [("drop", f"{ftp}/sub/two.json")])
    assert status(of, tmp_path) == {"one": "current", "two": "withdrawn"}
    assert built(of, tmp_path).refused == []


NOWHERE = ".".join(["nowhere" * 8] * 6)
"""A name that is too long for any server to be asked about."""
UNUSABLE = {
    "a host that there cannot be": (f"ftp://{NOWHERE}/drop", {"hosts": [NOWHERE]}, "input.unreached"),
    "a port that is none": ("ftp://named:abc/", {"hosts": ["named"]}, "input.unreached"),
    "an entry beside the folder": ("zip://::file://odd.zip", {}, "input.address"),
    "a folder that is one file": ("zip://in/one.json::file://odd.zip", {}, "input.address"),
}


@pytest.mark.parametrize(("address", "more", "rule"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_address_that_leads_to_no_folder_costs_itself_alone(
    tmp_path: Path, address: str, more: dict[str, Any], rule: str
) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("/x.json", b"{}")
        archive.writestr("in/one.json", b"{}")
    of = dataset(address, **more)
    fetched(of, tmp_path)
    assert [item.problem.rule for item in built(of, tmp_path).refused] == [rule]


def test_a_file_that_breaks_keeps_every_address_of_what_it_held(tmp_path: Path, seed: dict[str, Any]) -> None:
    places = ["https://example.org/one", "https://example.org/two"]
    lines = [json.dumps(seed | {"id": "one", "source": seed["source"] | {"url": one}}) for one in places]
    of = dataset(lay_zip(tmp_path, {"all.jsonl": "\n".join(lines).encode()}))
    found = []
    for number, text in enumerate(("\n".join(lines), f"{lines[0]}\n{{broken", f"{{broken\n{lines[1]}", "{broken")):
        lay_zip(tmp_path, {"all.jsonl": text.encode()})
        fetched(of, tmp_path, later(number))
        rows = (one.values for one in built(of, tmp_path).records if one.table == "releases")
        found += [(row["source_url"], row["other_urls"]) for row in rows]
    assert found == [found[0]] * 4
    assert places[1] in str(found[0][1])


TOML = """
formats = ["csv"]

[dataset]
title = "Drop"
description = "Releases that somebody drops."

[publisher]
name = "Desk"

[[licences]]
name = "CC0-1.0"

[[sources]]
name = "drop"
kind = "folder"
folder = "zip://in::file://drop.zip"

[[sources]]
name = "desk"
path = "desk"

[gate]
max_refused_share = 1.0
"""


Account = list[tuple[str, str, str, str, str]]


def of_drop(version: Package) -> tuple[dict[str, str], Account, list[str | None]]:
    """Return the releases of a version by status, the account of the folder, and where something was unreached."""
    account = [row for row in table(version, "coverage") if row["source"] == "drop"]
    rows = [(row["entry"], row["listed"], row["ingested"], row["missing"], row["rule"]) for row in account]
    problems = read_json(version.folder / "report.json")["problems"]
    told = [one["source"]["file"] for one in problems if one["rule"] == "input.unreached"]
    return {row["release_id"]: row["status"] for row in table(version, "releases")}, rows, told


def test_a_folders_outage_withdraws_nothing_of_a_version_and_the_next_run_is_whole_again(
    tmp_path: Path, seed: dict[str, Any]
) -> None:
    folder = "zip://in::file://drop.zip"
    for name in ("datasets", "desk"):
        (tmp_path / name).mkdir()
    (tmp_path / "datasets" / "drop.toml").write_text(TOML, encoding="utf-8")
    releases = {f"{name}.json": json.dumps(seed | {"id": name}).encode() for name in "abcd"}

    def run(day: int, dropped: str | None, own: str) -> Package:
        """Return the version of a day on which the folder has some releases, or is broken, and the desk one more."""
        (tmp_path / "drop.zip").write_bytes(b"no archive")
        if dropped:
            lay_zip(tmp_path, {f"{name}.json": releases[f"{name}.json"] for name in dropped})
        (tmp_path / "desk" / f"{own}.json").write_text(json.dumps(seed | {"id": own}), encoding="utf-8")
        return published(tmp_path, "drop", date.fromisoformat(later(day)))

    never = run(0, None, "one")
    assert of_drop(never) == (
        {"one": "current"},
        [("all", "1", "0", "1", ""), (folder, "", "", "", "input.unreached")],
        [folder],
    )
    current = dict.fromkeys(["a", "b", "one", "two"], "current")
    assert of_drop(run(1, "ab", "two")) == (current, [("all", "2", "2", "0", "")], [])
    assert of_drop(run(2, None, "three")) == (current | {"three": "current"}, [("all", "2", "2", "0", "")], [folder])
    after = of_drop(run(3, "bc", "four"))
    changed = {"a": "withdrawn", "c": "current", "three": "current", "four": "current"}
    assert after == (current | changed, [("all", "3", "3", "0", "")], [])
