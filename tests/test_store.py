"""The store: what is written lasts whole, what is locked is locked for all processes, what was received stays."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flows import store
from flows.settings import PROJECT
from flows.store import Fetched, Kept, Left, Untaken, Visit

OLD, NEW = b"old bytes\n", b"new bytes, more of them\n"


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("umask")
def test_files_and_folders_have_the_same_modes_under_every_umask(tmp_path: Path) -> None:
    folder = store.make_folder(tmp_path / "a" / "b")
    store.write_file(folder / "written", NEW)
    store.replace_file(folder / "replaced", NEW)
    assert [mode(path) for path in (folder.parent, folder)] == [0o755, 0o755]
    assert [mode(folder / name) for name in ("written", "replaced")] == [0o644, 0o644]


def test_a_folder_that_is_there_keeps_its_mode_and_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(OLD)
    tmp_path.chmod(0o700)
    assert store.make_folder(tmp_path) == tmp_path
    assert mode(tmp_path) == 0o700
    assert names(tmp_path) == ["kept"]


def test_a_new_file_is_never_written_over_one_that_is_there(tmp_path: Path) -> None:
    store.write_file(tmp_path / "file", OLD)
    with pytest.raises(FileExistsError):
        store.write_file(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == OLD


def test_a_replaced_file_has_the_new_bytes_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    store.replace_file(path, OLD)
    store.replace_file(path, NEW)
    assert path.read_bytes() == NEW
    assert names(path.parent) == ["file"]


def test_who_reads_a_file_while_it_is_replaced_reads_the_old_bytes_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    store.replace_file(path, OLD)
    with path.open("rb") as reader:
        first = reader.read(4)
        store.replace_file(path, NEW)
        assert first + reader.read() == OLD


def test_a_replacement_that_fails_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        store.replace_file(taken, NEW)
    assert names(tmp_path) == ["taken"]
    assert names(taken) == ["inside"]


def test_a_linked_file_is_the_same_file_and_one_that_is_there_is_not_linked_over(tmp_path: Path) -> None:
    store.write_file(tmp_path / "file", OLD)
    assert store.link_file(tmp_path / "file", tmp_path / "again")
    assert (tmp_path / "again").samefile(tmp_path / "file")
    store.write_file(tmp_path / "other", NEW)
    assert not store.link_file(tmp_path / "file", tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == NEW


def test_sweeping_removes_what_a_killed_replacement_left_and_no_other_hidden_file(tmp_path: Path) -> None:
    kept = [".lock", ".hidden.json", "file", ".file.d/inside"]
    left = [".file.0a1b2c3d", "deep/.file.json.deadbeef"]
    for name in kept + left:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(OLD)
    store.sweep(tmp_path, older_than=3600)
    assert all((tmp_path / name).exists() for name in kept + left)
    store.sweep(tmp_path)
    assert [name for name in kept + left if (tmp_path / name).exists()] == kept


def test_a_folder_is_emptied_of_all_that_a_killed_run_left_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "staging"
    (folder / "half" / "made").mkdir(parents=True)
    (folder / "half" / "file").write_bytes(OLD)
    assert names(store.empty_folder(folder)) == []
    assert names(store.empty_folder(tmp_path / "new")) == []


# Locks

HOLD = """
import sys
from pathlib import Path
from flows import store
with store.locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Return another process, which holds the lock until it is told a line."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "runs" / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_that_another_process_holds_is_refused_at_once_by_its_path(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    with (
        pytest.raises(store.LockedError, match=str(tmp_path / "runs" / ".lock")),
        store.locked(tmp_path / "runs" / ".lock"),
    ):
        pass
    holder.communicate("let go\n")
    with store.locked(tmp_path / "runs" / ".lock"):
        assert holder.returncode == 0


def test_a_lock_is_gone_with_the_process_that_was_killed_holding_it(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    holder.kill()
    assert holder.wait() == -signal.SIGKILL
    with store.locked(tmp_path / "runs" / ".lock"):
        assert (tmp_path / "runs" / ".lock").exists()


def test_a_lock_is_let_go_when_the_work_under_it_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), store.locked(tmp_path / ".lock"):
        raise RuntimeError
    with store.locked(tmp_path / ".lock"), pytest.raises(store.LockedError), store.locked(tmp_path / ".lock"):
        pass


# Raw bytes


def test_the_raw_store_keeps_bytes_once_under_their_digest_and_never_writes_them_again(tmp_path: Path) -> None:
    digest = store.keep(tmp_path, OLD)
    path = store.blob(tmp_path, digest)
    before = path.stat()
    assert store.keep(tmp_path, OLD) == digest
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert path.read_bytes() == OLD
    assert digest == store.sha256(OLD) == store.sha256_file(path)


def test_other_bytes_have_a_place_of_their_own(tmp_path: Path) -> None:
    digests = {store.keep(tmp_path, data) for data in (OLD, NEW, b"")}
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in kept} == digests
    assert len(kept) == 3


# The journal

FIRST = Fetched("2026-11-23", {("releases", "a.json"): Kept("a" * 64, 10, "2026-11-23")}, [])
SECOND = Fetched(
    "2026-11-24",
    {("releases", "Ñandú “b”.json"): Kept("b" * 64, 20, "2026-11-24")},
    [("releases", "a.json")],
    {("releases", "c.json"): Untaken("input.link", "the link leads nowhere")},
    visits={"https://news.example/a": Visit("c" * 64, '"tag"', None, "https://news.example/a", "text/html")},
    left={("news", "https://news.example/a"): Left(["https://news.example/a?page=3"], "2026-11-23")},
)


def test_the_journal_gives_back_every_line_in_the_order_written(tmp_path: Path) -> None:
    for fetched in (FIRST, SECOND):
        store.append_journal(tmp_path, "letters", fetched)
    assert store.read_journal(tmp_path, "letters") == [FIRST, SECOND]
    assert store.read_journal(tmp_path, "others") == []


def test_the_state_has_what_the_last_line_left_there(tmp_path: Path) -> None:
    for fetched in (FIRST, SECOND, FIRST):
        store.append_journal(tmp_path, "letters", fetched)
    journal = store.read_journal(tmp_path, "letters")
    assert store.state(journal[:2]) == SECOND.changed
    assert store.state(journal) == FIRST.changed | SECOND.changed


def test_a_file_that_changed_has_the_digest_and_the_day_of_its_newest_bytes() -> None:
    newer = {("releases", "a.json"): Kept("c" * 64, 30, "2026-11-24")}
    assert store.state([FIRST, Fetched("2026-11-24", newer, [])]) == newer


@pytest.mark.parametrize("cut", [1, 40, -1], ids=["after a byte", "in the middle", "before its line end"])
def test_a_line_that_a_kill_cut_off_was_never_written_and_the_next_one_stands_alone(tmp_path: Path, cut: int) -> None:
    store.append_journal(tmp_path, "letters", FIRST)
    path = store.journal_path(tmp_path, "letters")
    whole = path.read_bytes()
    store.append_journal(tmp_path, "letters", SECOND)
    second = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + second[:cut])
    assert store.read_journal(tmp_path, "letters") == [FIRST]
    store.append_journal(tmp_path, "letters", SECOND)
    assert path.read_bytes() == whole + second


def test_lines_that_are_added_side_by_side_are_all_there(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.append_log(log, {"number": number, "long": "x" * 9000}), range(200)))
    assert sorted(line["number"] for line in store.read_log(log)) == list(range(200))


@pytest.mark.parametrize("left", ["", '{"number": 1}\n', '{"number": 1}\n{"numb', '{"numb'])
def test_a_line_is_added_after_what_a_kill_left_of_another(tmp_path: Path, left: str) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(left, encoding="utf-8")
    store.append_log(log, {"number": 2})
    assert [line["number"] for line in store.read_log(log)] == [*([1] if "\n" in left else []), 2]


LOOK = """
import sys
from pathlib import Path
from flows import store
print("looking", flush=True)
while True:
    store.held(Path(sys.argv[1]))
"""


def test_whoever_looks_whether_a_lock_is_held_keeps_nobody_from_it_and_sees_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not store.held(path)
    assert not path.exists()
    with store.locked(path):
        assert store.held(path)
    with subprocess.Popen([sys.executable, "-c", LOOK, path], cwd=PROJECT, stdout=subprocess.PIPE) as looking:
        assert looking.stdout
        looking.stdout.readline()
        for _ in range(200):
            with store.locked(path):
                pass
        assert looking.poll() is None
        looking.kill()
    assert not store.held(path)


@pytest.mark.parametrize("depth", [1, 190, 240, 400, 700])
def test_a_value_that_is_nested_deep_is_handed_on_as_it_is(tmp_path: Path, depth: int) -> None:
    value: Any = ["é", 1.5, None]
    for _ in range(depth):
        value = [value]
    store.write_lines(tmp_path / "lines.jsonl", [{"x": value}, "after"])
    assert list(store.read_lines(tmp_path / "lines.jsonl")) == [{"x": value}, "after"]
