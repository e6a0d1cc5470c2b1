"""Fetch: which files a source has, what the raw store and its journal keep of them, and what cannot be taken."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from flows import ingest, store
from flows.guard import BadInput
from flows.ingest import NoSource
from flows.store import Fetched
from tests.publishing import fetch_files
from tests.test_ingest import DAY, ONE, lay, name_of, received, source, told

NEXT_DAY, LAST_DAY = "2026-11-25", "2026-11-26"


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
    fetch_files(lay(tmp_path, {"a.json": b'{"id": "one"}'}), tmp_path, raw, "set", DAY, {})
    (tmp_path / "releases" / "a.json").write_bytes(b"overwritten")
    kept = store.state(store.read_journal(raw, "set"))
    (found,) = ingest.read(("desk", "releases/a.json"), kept, lambda digest: store.blob(raw, digest).read_bytes())
    assert told(found) == ("a.json", None, ONE)


def fetch(root: Path, files: Mapping[str, bytes], day: str) -> Fetched:
    """Make `files` all that lies in the source, and fetch it."""
    for path in (root / "releases").glob("*"):
        path.unlink()
    return fetch_files(lay(root, files), root, root / "raw", "set", day, {})


def names(fetched: Fetched) -> tuple[list[str], list[str]]:
    """Return the names of the files that a line of the journal has as changed, and as gone."""
    return [name_of(file) for _, file in sorted(fetched.changed)], [name_of(file) for _, file in fetched.gone]


def test_the_journal_has_a_line_for_each_day_and_for_each_run_that_found_something_new_or_gone(tmp_path: Path) -> None:
    runs = [
        (DAY, {"a.json": b"1", "b.json": b"2"}),
        (DAY, {"a.json": b"1", "b.json": b"2"}),
        (NEXT_DAY, {"a.json": b"3", "b.json": b"2"}),
        (NEXT_DAY, {"a.json": b"3"}),
        (NEXT_DAY, {"a.json": b"3"}),
        (LAST_DAY, {"a.json": b"3"}),
        (LAST_DAY, {"c.json": b"3"}),
        (LAST_DAY, {"a.json": b"1", "c.json": b"3"}),
    ]
    lines = [fetch(tmp_path, files, day) for day, files in runs]
    assert [names(line) for line in lines] == [
        (["a.json", "b.json"], []),
        ([], []),
        (["a.json"], []),
        ([], ["b.json"]),
        ([], []),
        ([], []),
        (["c.json"], ["a.json"]),
        (["a.json"], []),
    ]
    silent = (1, 4)
    written = [line for number, line in enumerate(lines) if number not in silent]
    assert store.read_journal(tmp_path / "raw", "set") == written


def test_a_source_with_nothing_in_it_has_a_line_too_for_that_is_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    assert fetch(tmp_path, {}, DAY) == Fetched(DAY, {}, [])
    assert store.read_journal(tmp_path / "raw", "set") == [Fetched(DAY, {}, [])]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file outside the data folder."""
    path = tmp_path / "secret.json"
    path.write_bytes(b'{"id": "secret"}')
    return path


def fetch_all(root: Path, day: str = DAY) -> Fetched:
    """Fetch what lies in the source."""
    return fetch_files(ingest.files_of(source(), root), root, root / "raw", "set", day, {})


def test_a_link_that_stays_in_the_data_folder_is_taken_as_the_file_that_it_leads_to(tmp_path: Path) -> None:
    lay(tmp_path, {"a.json": b"{}"})
    (tmp_path / "releases" / "link.json").symlink_to("a.json")
    fetched = fetch_all(tmp_path)
    assert (names(fetched), fetched.refused) == ((["a.json", "link.json"], []), {})
    assert len({kept.sha256 for kept in fetched.changed.values()}) == 1


@pytest.mark.parametrize(
    ("target", "why"),
    [("../../secret.json", "leads out of"), ("nothing.json", "leads nowhere"), ("link.json", "leads in a circle")],
)
def test_a_link_that_leads_out_nowhere_or_in_a_circle_is_told_and_the_rest_is_taken(
    tmp_path: Path, secret: Path, target: str, why: str
) -> None:
    root = tmp_path / "data"
    lay(root, {"a.json": b"{}", "z.json": b"{}"})
    (root / "releases" / "link.json").symlink_to(target)
    fetched = fetch_all(root)
    assert names(fetched) == (["a.json", "z.json"], [])
    assert list(fetched.refused) == [("desk", "releases/link.json")]
    assert why in fetched.refused["desk", "releases/link.json"].why
    assert not store.blob(root / "raw", store.sha256_file(secret)).exists()


def test_a_file_that_cannot_be_taken_any_more_is_not_gone_and_its_bytes_stand(tmp_path: Path, secret: Path) -> None:
    root = tmp_path / "data"
    fetch(root, {"a.json": b"{}"}, DAY)
    (root / "releases" / "a.json").unlink()
    (root / "releases" / "a.json").symlink_to(secret)
    fetched = fetch_all(root, NEXT_DAY)
    assert (names(fetched), list(fetched.refused)) == (([], []), [("desk", "releases/a.json")])
    kept = store.state(store.read_journal(root / "raw", "set"))
    assert kept["desk", "releases/a.json"].sha256 == store.sha256(b"{}")


def test_what_could_not_be_taken_is_told_once_a_day_for_as_long_as_it_lies_there(tmp_path: Path) -> None:
    lay(tmp_path, {"a.json": b"{}"})
    link = tmp_path / "releases" / "link.json"
    link.symlink_to("nothing.json")
    for day in (DAY, DAY, NEXT_DAY):
        fetch_all(tmp_path, day)
    link.unlink()
    fetch_all(tmp_path, NEXT_DAY)
    refused = [list(line.refused) for line in store.read_journal(tmp_path / "raw", "set")]
    assert refused == [[("desk", "releases/link.json")], [("desk", "releases/link.json")], []]


def test_bytes_that_are_gone_or_replaced_stay_in_the_raw_store(tmp_path: Path) -> None:
    fetch(tmp_path, {"a.json": b"old", "b.json": b"gone"}, DAY)
    fetch(tmp_path, {"a.json": b"new"}, NEXT_DAY)
    for data in (b"old", b"gone", b"new"):
        assert store.blob(tmp_path / "raw", sha256(data).hexdigest()).read_bytes() == data


def test_a_file_keeps_the_day_on_which_its_bytes_were_first_received(tmp_path: Path) -> None:
    fetch(tmp_path, {"a.json": b"same", "b.json": b"old"}, DAY)
    fetch(tmp_path, {"a.json": b"same", "b.json": b"new"}, NEXT_DAY)
    kept = store.state(store.read_journal(tmp_path / "raw", "set"))
    assert {name_of(file): one.day for (_, file), one in kept.items()} == {"a.json": DAY, "b.json": NEXT_DAY}


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
        fetch_files(files, tmp_path, tmp_path / "raw", dataset, DAY, {})
    journals = [store.read_journal(tmp_path / "raw", dataset) for dataset in ("here", "there")]
    assert journals[0] == journals[1]
    assert len(journals[0]) == 1
    assert sum(path.is_file() for path in (tmp_path / "raw" / "sha256").rglob("*")) == 1
