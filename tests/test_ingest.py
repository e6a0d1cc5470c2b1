"""Ingest: which files are read and how, what the raw store and its journal keep, and what is told of the rest."""

import gzip
import json
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from flows import ingest, store
from flows.guard import BadInput
from flows.ingest import Document, NoSource
from flows.store import Fetched, Key
from schemas.dataset import SourceConfig
from schemas.report import Problem, Provenance

zipped = partial(gzip.compress, mtime=0)

DAY, NEXT_DAY = "2026-11-24", "2026-11-25"
ONE, TWO = {"id": "one"}, {"id": "two"}
LINES = b'{"id": "one"}\n{"id": "two"}\n'


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
    ingest.fetch(lay(root, files), root, raw, "set", DAY)
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
        return _name(found.place.file), found.place.line, found.value
    assert found.source
    return _name(found.source.file), found.source.line, found.rule


def _name(file: str) -> str:
    return file.removeprefix("releases/")


@pytest.mark.parametrize(
    ("name", "data", "documents"),
    [
        ("a.json", b'{"id": "one"}', [(None, ONE)]),
        ("a.jsonl", LINES, [(1, ONE), (2, TWO)]),
        ("a.ndjson", LINES, [(1, ONE), (2, TWO)]),
        ("a.json.gz", zipped(b'{"id": "one"}'), [(None, ONE)]),
        ("a.jsonl.gz", zipped(LINES), [(1, ONE), (2, TWO)]),
        ("a.ndjson.gz", zipped(LINES[:14]) + zipped(LINES[14:]), [(1, ONE), (2, TWO)]),
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
    data = zipped(b'{"id": "one"}') if name.endswith(".gz") else b'{"id": "one"}'
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
        ("a.jsonl.gz", zipped(LINES)[:-3], None, "input.compression"),
        ("a.jsonl", b"", None, "input.empty"),
        ("a.jsonl", b"\n \r\n\n", None, "input.empty"),
        ("a.jsonl.gz", zipped(b""), None, "input.empty"),
        ("a.txt", b"Words.", None, "input.sidecar"),
        ("a.xml", b"<id>one</id>", None, "input.kind"),
        ("a.xml.gz", zipped(b"<id>one</id>"), None, "input.kind"),
        ("a.txt.gz", zipped(b"Words."), None, "input.kind"),
        ("json", b"{}", None, "input.kind"),
        ("a.gz", zipped(b"{}"), None, "input.kind"),
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
    sidecar = b'{"id": "one"}'
    (found,) = received(tmp_path, {"a.txt": b"\xef\xbb\xbf" + text.encode(), "a.json": sidecar})
    place = Provenance(file="releases/a.json", sha256=sha256(sidecar).hexdigest())
    assert found == Document("desk", {"id": "one", "body": text}, place)


def test_a_text_takes_only_the_sidecar_of_its_own_name_and_folder(tmp_path: Path) -> None:
    files = {
        "a.txt": b"A.",
        "a.json": b'{"id": "a"}',
        "b/a.txt": b"B.",
        "b/a.json": b'{"id": "b"}',
        "c.txt": b"C.",
        "c.json.gz": zipped(b'{"id": "c"}'),
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
    ingest.fetch(lay(tmp_path, files), tmp_path, tmp_path / "raw", "set", DAY)
    kept = store.state(store.read_journal(tmp_path / "raw", "set"))
    changed = [("desk", f"releases/{name}") for name in ("c.jsonl", "a.json", "b.json")]
    names = [file for _, file in ingest.affected(changed, kept)]
    assert names == ["releases/a.json", "releases/a.txt", "releases/b.json", "releases/c.jsonl"]


def test_the_files_of_a_source_are_named_from_the_data_folder_and_the_hidden_ones_are_left_out(tmp_path: Path) -> None:
    visible = ["2021/07/a.json", "b.json", "é.json"]
    hidden = [".DS_Store", ".git/config.json", "2021/.b.json.swp", "2021/.cache/c.json"]
    files = lay(tmp_path, dict.fromkeys(visible + hidden, b"{}"))
    assert files == {("desk", f"releases/{name}"): tmp_path / "releases" / name for name in visible}


def test_a_data_folder_below_a_hidden_one_is_not_hidden(tmp_path: Path) -> None:
    root = tmp_path / ".local" / "data"
    assert list(lay(root, {"a.json": b"{}"})) == [("desk", "releases/a.json")]


def test_a_source_may_be_one_file(tmp_path: Path) -> None:
    lay(tmp_path, {"a.json": b"{}", "b.json": b"{}"})
    assert ingest.files_of(source("releases/b.json"), tmp_path) == {
        ("desk", "releases/b.json"): tmp_path / "releases" / "b.json"
    }


def test_a_source_that_is_not_there_is_named_with_its_path_and_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(NoSource, match="desk") as caught:
        ingest.files_of(source("nowhere"), tmp_path)
    assert "nowhere" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("path", ["../outside", "/etc"])
def test_a_source_may_not_lead_out_of_the_data_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").mkdir()
    with pytest.raises(BadInput, match="leads out"):
        ingest.files_of(source(path), tmp_path / "data")


def test_the_raw_store_keeps_the_bytes_as_received_even_when_they_cannot_be_read(tmp_path: Path) -> None:
    files = {"a.json": b"\xff{not json", "b.pdf": b"%PDF", "c.jsonl.gz": b"cut"}
    received(tmp_path, files)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "raw" / "sha256").rglob("*") if path.is_file()}
    assert kept == {sha256(data).hexdigest(): data for data in files.values()}


def test_what_is_read_is_what_was_received_whatever_became_of_the_file_since(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    ingest.fetch(lay(tmp_path, {"a.json": b'{"id": "one"}'}), tmp_path, raw, "set", DAY)
    (tmp_path / "releases" / "a.json").write_bytes(b"overwritten")
    kept = store.state(store.read_journal(raw, "set"))
    (found,) = ingest.read(("desk", "releases/a.json"), kept, lambda digest: store.blob(raw, digest).read_bytes())
    assert told(found) == ("a.json", None, ONE)


def fetch(root: Path, files: Mapping[str, bytes], day: str) -> Fetched:
    """Make `files` all that lies in the source, and fetch it."""
    for path in (root / "releases").glob("*"):
        path.unlink()
    return ingest.fetch(lay(root, files), root, root / "raw", "set", day)


def names(fetched: Fetched) -> tuple[list[str], list[str]]:
    """Return the names of the files that a line of the journal has as changed, and as gone."""
    return [_name(file) for _, file in sorted(fetched.changed)], [_name(file) for _, file in fetched.gone]


def test_the_journal_has_a_line_for_each_run_that_found_something_new_or_gone(tmp_path: Path) -> None:
    runs = [
        (DAY, {"a.json": b"1", "b.json": b"2"}),
        (DAY, {"a.json": b"1", "b.json": b"2"}),
        (NEXT_DAY, {"a.json": b"3", "b.json": b"2"}),
        (NEXT_DAY, {"a.json": b"3"}),
        (NEXT_DAY, {"a.json": b"3"}),
        (NEXT_DAY, {"c.json": b"3"}),
        (NEXT_DAY, {"a.json": b"1", "c.json": b"3"}),
    ]
    lines = [fetch(tmp_path, files, day) for day, files in runs]
    assert [names(line) for line in lines] == [
        (["a.json", "b.json"], []),
        ([], []),
        (["a.json"], []),
        ([], ["b.json"]),
        ([], []),
        (["c.json"], ["a.json"]),
        (["a.json"], []),
    ]
    assert store.read_journal(tmp_path / "raw", "set") == [line for line in lines if line.changed or line.gone]


def test_bytes_that_are_gone_or_replaced_stay_in_the_raw_store(tmp_path: Path) -> None:
    fetch(tmp_path, {"a.json": b"old", "b.json": b"gone"}, DAY)
    fetch(tmp_path, {"a.json": b"new"}, NEXT_DAY)
    for data in (b"old", b"gone", b"new"):
        assert store.blob(tmp_path / "raw", sha256(data).hexdigest()).read_bytes() == data


def test_a_file_keeps_the_day_on_which_its_bytes_were_first_received(tmp_path: Path) -> None:
    fetch(tmp_path, {"a.json": b"same", "b.json": b"old"}, DAY)
    fetch(tmp_path, {"a.json": b"same", "b.json": b"new"}, NEXT_DAY)
    kept = store.state(store.read_journal(tmp_path / "raw", "set"))
    assert {_name(file): one.day for (_, file), one in kept.items()} == {"a.json": DAY, "b.json": NEXT_DAY}


@pytest.mark.parametrize("left", [1, 20, -1])
def test_after_a_kill_in_the_middle_of_a_line_the_next_run_writes_that_line_whole(tmp_path: Path, left: int) -> None:
    """`left` is how much of the line came to the disk; the last byte is its line end."""
    fetch(tmp_path, {"a.json": b"1"}, DAY)
    journal = store.journal_path(tmp_path / "raw", "set")
    before = journal.read_bytes()
    fetched = fetch(tmp_path, {"a.json": b"2"}, NEXT_DAY)
    whole = journal.read_bytes()
    journal.write_bytes(before + whole[len(before) :][:left])
    assert fetch(tmp_path, {"a.json": b"2"}, NEXT_DAY) == fetched
    assert journal.read_bytes() == whole


def test_after_a_kill_in_the_very_first_line_the_next_run_begins_the_journal_anew(tmp_path: Path) -> None:
    fetch(tmp_path, {"a.json": b"1"}, DAY)
    journal = store.journal_path(tmp_path / "raw", "set")
    whole = journal.read_bytes()
    journal.write_bytes(whole[:10])
    assert store.read_journal(tmp_path / "raw", "set") == []
    fetch(tmp_path, {"a.json": b"1"}, DAY)
    assert journal.read_bytes() == whole


def test_two_datasets_share_the_bytes_but_not_the_journal(tmp_path: Path) -> None:
    files = lay(tmp_path, {"a.json": b"{}"})
    for dataset in ("here", "there"):
        ingest.fetch(files, tmp_path, tmp_path / "raw", dataset, DAY)
    journals = [store.read_journal(tmp_path / "raw", dataset) for dataset in ("here", "there")]
    assert journals[0] == journals[1]
    assert len(journals[0]) == 1
    assert sum(path.is_file() for path in (tmp_path / "raw" / "sha256").rglob("*")) == 1
