"""Ingest: how the files are read, and what is told of those that hold no document."""

import gzip
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from flows import ingest, store
from flows.ingest import Document
from flows.store import Key
from schemas.dataset import SourceConfig
from schemas.report import Problem, Provenance
from tests.publishing import fetch_files

DAY = "2026-11-24"
ONE, TWO = {"id": "one"}, {"id": "two"}
LINES = b'{"id": "one"}\n{"id": "two"}\n'


def gz(data: bytes) -> bytes:
    """Return `data` as a gzip member without a clock, the same in every process."""
    return gzip.compress(data, mtime=0)


def source(path: str = "releases") -> SourceConfig:
    return SourceConfig(name="desk", path=path)


def lay(root: Path, files: Mapping[str, bytes]) -> dict[Key, Path]:
    """Write `files` to the folder `releases` of `root`, and return what the source has there."""
    for name, data in files.items():
        path = root / "releases" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return ingest.files_of(source(), root)


def received(root: Path, files: Mapping[str, bytes]) -> list[Document | Problem]:
    """Return what is read of `files`, by way of the raw store and its journal."""
    raw = root / "raw"
    fetch_files(lay(root, files), root, raw, "set", DAY, {})
    kept = store.state(store.read_journal(raw, "set"))
    return [
        found
        for key in sorted(kept)
        for found in ingest.read(key, kept, lambda digest: store.blob(raw, digest).read_bytes())
    ]


Told = tuple[str, int | None, object]
"""A file, a line, and the document's value or the problem's rule."""


def told(found: Document | Problem) -> Told:
    """Return in short what was read."""
    if isinstance(found, Document):
        return name_of(found.place.file), found.place.line, found.value
    assert found.source
    return name_of(found.source.file), found.source.line, found.rule


def name_of(file: str) -> str:
    """Return the name of a file within its source."""
    return file.removeprefix("releases/")


@pytest.mark.parametrize(
    ("name", "data", "documents"),
    [
        ("a.json", b'{"id": "one"}', [(None, ONE)]),
        ("a.jsonl", LINES, [(1, ONE), (2, TWO)]),
        ("a.ndjson", LINES, [(1, ONE), (2, TWO)]),
        ("a.json.gz", gz(b'{"id": "one"}'), [(None, ONE)]),
        ("a.jsonl.gz", gz(LINES), [(1, ONE), (2, TWO)]),
        ("a.ndjson.gz", gz(LINES[:14]) + gz(LINES[14:]), [(1, ONE), (2, TWO)]),
        ("a.b.2021.jsonl", LINES, [(1, ONE), (2, TWO)]),
    ],
)
def test_every_kind_of_file_gives_its_documents_with_the_place_that_they_have_in_it(
    tmp_path: Path, name: str, data: bytes, documents: list[tuple[int | None, object]]
) -> None:
    found = received(tmp_path, {name: data})
    assert [told(one) for one in found] == [(name, line, value) for line, value in documents]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.jsonl.gz"])
def test_a_document_names_its_source_and_the_digest_of_the_bytes_as_received(tmp_path: Path, name: str) -> None:
    data = gz(b'{"id": "one"}') if name.endswith(".gz") else b'{"id": "one"}'
    (found,) = received(tmp_path, {name: data})
    assert isinstance(found, Document)
    assert (found.source, found.place.sha256) == ("desk", sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b'{"id": "one"}\n\n \n{"id": "two"}', [1, 4]),
        (b'{"id": "one"}\r\n{"id": "two"}\r\n', [1, 2]),
        (b'\xef\xbb\xbf{"id": "one"}\n{"id": "two"}\n', [1, 2]),
        (b'\n{"id": "one"}\n{"id":\t"two"}', [2, 3]),
    ],
    ids=["blank lines", "CRLF", "byte order mark", "no line end at the end"],
)
def test_lines_are_numbered_as_an_editor_does(tmp_path: Path, data: bytes, lines: list[int]) -> None:
    found = received(tmp_path, {"a.jsonl": data})
    assert [told(one)[1:] for one in found] == list(zip(lines, [ONE, TWO], strict=True))


@pytest.mark.parametrize("data", ['{"id": "a\u2028b"}', '{"id": "a\u0085b"}', '{"id":\r"ab"\r}'])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, data: str) -> None:
    document = json.loads(data)
    found = received(tmp_path, {"a.jsonl": f"{data}\n{data}\n".encode()})
    assert [told(one) for one in found] == [("a.jsonl", 1, document), ("a.jsonl", 2, document)]


@pytest.mark.parametrize(
    ("line", "rule", "value"),
    [
        (b'{"id": "on', "input.json", '"on'),
        (b'{"id": "one"} {"id": "x"}', "input.json", '{"id": "x"}'),
        (b'{"id": "\xff"}', "input.encoding", "ff 22 7d"),
        (b'{"id": 1, "id": 2}', "input.duplicate-key", "id"),
        (b'{"id": NaN}', "input.number", "NaN"),
        (b'{"id": "\\ud800"}', "input.surrogate", "\\ud800"),
    ],
)
def test_a_bad_line_is_a_problem_of_its_own_and_the_next_line_is_read(
    tmp_path: Path, line: bytes, rule: str, value: str
) -> None:
    found = received(tmp_path, {"a.jsonl": b'{"id": "one"}\n' + line + b'\n{"id": "two"}\n'})
    assert [told(one) for one in found] == [("a.jsonl", 1, ONE), ("a.jsonl", 2, rule), ("a.jsonl", 3, TWO)]
    assert isinstance(found[1], Problem)
    assert found[1].value == value


@pytest.mark.parametrize(
    ("name", "data", "line", "rule"),
    [
        ("a.json", b'{\n"id": ,\n}', 2, "input.json"),
        ("a.json", b"", 1, "input.json"),
        ("a.json", b'{\n"id": "\xe9"}', 2, "input.encoding"),
        ("a.json.gz", b'{"id": "one"}', None, "input.compression"),
        ("a.jsonl.gz", gz(LINES)[:-3], None, "input.compression"),
        ("a.jsonl", b"", None, "input.empty"),
        ("a.jsonl", b"\n \r\n\n", None, "input.empty"),
        ("a.jsonl.gz", gz(b""), None, "input.empty"),
        ("a.txt", b"Words.", None, "input.sidecar"),
        ("a.json.gz", gz(b"[1e999]"), 1, "input.number"),
        ("a.xml", b"<id>one</id>", None, "input.kind"),
        ("a.txt.gz", gz(b"Words."), None, "input.kind"),
        ("json", b"{}", None, "input.kind"),
        ("a.gz", gz(b"{}"), None, "input.kind"),
        ("a.xlsx.gz", gz(b"PK"), None, "input.kind"),
        ("a.json.bak", b"{}", None, "input.kind"),
    ],
)
def test_what_holds_no_document_is_one_problem_with_its_file_and_the_others_are_read(
    tmp_path: Path, name: str, data: bytes, line: int | None, rule: str
) -> None:
    found = received(tmp_path, {"0.json": b'{"id": "one"}', name: data, "z.json": b'{"id": "two"}'})
    assert [told(one) for one in found] == [("0.json", None, ONE), (name, line, rule), ("z.json", None, TWO)]


def test_a_file_that_is_no_document_is_noted_and_one_that_is_broken_is_an_error(tmp_path: Path) -> None:
    """A stray file stops nothing; a document that cannot be read must be mended."""
    found = received(tmp_path, {"a.pdf": b"%PDF", "b.jsonl": b"", "c.json": b"{", "d.txt": b"Words."})
    assert [one.severity for one in found if isinstance(one, Problem)] == ["warning", "warning", "error", "error"]


def test_a_text_and_its_sidecar_are_one_document_with_the_text_as_received(tmp_path: Path) -> None:
    text = "In Bogotá on May 3\r\nthe ministers met.\n"
    whole, sidecar = b"\xef\xbb\xbf" + text.encode(), b'{"id": "one"}'
    (found,) = received(tmp_path, {"a.txt": whole, "a.json": sidecar})
    digests = {"sha256": sha256(sidecar).hexdigest(), "text_sha256": sha256(whole).hexdigest()}
    place = Provenance(file="releases/a.json", **digests)
    assert found == Document("desk", {"id": "one", "body": text}, place)


def test_a_text_takes_only_the_sidecar_of_its_own_name_and_folder(tmp_path: Path) -> None:
    files = {
        "a.txt": b"A.",
        "a.json": b'{"id": "a"}',
        "b/a.txt": b"B.",
        "b/a.json": b'{"id": "b"}',
        "c.txt": b"C.",
        "c.json.gz": gz(b'{"id": "c"}'),
        "d.json": b'{"id": "d"}',
    }
    assert [told(one) for one in received(tmp_path, files)] == [
        ("a.json", None, {"id": "a", "body": "A."}),
        ("b/a.json", None, {"id": "b", "body": "B."}),
        ("c.json.gz", None, {"id": "c"}),
        ("c.txt", None, "input.sidecar"),
        ("d.json", None, {"id": "d"}),
    ]


@pytest.mark.parametrize(
    ("text", "sidecar", "file", "rule"),
    [
        (b"Words.", b'{"id": "one"', "a.json", "input.json"),
        (b"Words.", b'{"id": "\xff"}', "a.json", "input.encoding"),
        (b"Words.", b'{"id": 1, "id": 2}', "a.json", "input.duplicate-key"),
        (b"W\xf6rds.", b'{"id": "one"}', "a.txt", "input.encoding"),
        (b"Words.", b'{"id": "one", "body": "Words."}', "a.txt", "input.sidecar"),
        (b"Words.", b'{"id": "one", "body": null}', "a.txt", "input.sidecar"),
        (b"Words.", b'[{"id": "one"}]', "a.txt", "input.sidecar"),
    ],
)
def test_a_pair_of_which_one_half_is_bad_is_one_problem_in_that_half(
    tmp_path: Path, text: bytes, sidecar: bytes, file: str, rule: str
) -> None:
    found = received(tmp_path, {"a.txt": text, "a.json": sidecar, "b.json": b'{"id": "two"}'})
    assert [told(one)[::2] for one in found] == [(file, rule), ("b.json", TWO)]


@pytest.mark.parametrize(
    ("name", "partner"), [("a.txt", "a.json"), ("a.json", "a.txt"), ("a.jsonl", None), ("a.json.gz", None)]
)
def test_a_file_given_by_hand_brings_its_other_half(tmp_path: Path, name: str, partner: str | None) -> None:
    for beside in ("a.txt", "a.json", "a.jsonl", "a.json.gz", "b.txt"):
        (tmp_path / beside).touch()
    assert ingest.partners(tmp_path / name) == ([tmp_path / partner] if partner else [])


def test_a_half_that_changed_affects_the_other_half_where_it_is_there(tmp_path: Path) -> None:
    files = {"a.txt": b"A.", "a.json": b"{}", "b.json": b"{}", "c.jsonl": b"{}"}
    fetch_files(lay(tmp_path, files), tmp_path, tmp_path / "raw", "set", DAY, {})
    kept = store.state(store.read_journal(tmp_path / "raw", "set"))
    changed = [("desk", f"releases/{name}") for name in ("c.jsonl", "a.json", "b.json")]
    names = [file for _, file in ingest.affected(changed, kept)]
    assert names == ["releases/a.json", "releases/a.txt", "releases/b.json", "releases/c.jsonl"]
