"""The audit: no byte that changed between writing and publishing gets through, and the formats tell the same."""

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows import steps, store
from flows.publish.audit import AuditError
from flows.publish.package import Staged
from flows.settings import PROJECT, Settings
from schemas.package import SUMS
from schemas.tables import TABLES
from tests.conftest import AS_OF, SEED
from tests.publishing import DATASET, home

FILES = sorted(
    [f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")]
    + [f"{DATASET}.sqlite", f"{DATASET}.xlsx", "releases.jsonl", "datapackage.json", "manifest.json", SUMS]
    + ["report.json", "quarantine.csv", "diff.json", "profile.json", "decisions.json", "README.md"]
)
"""The files of a version."""


class Ready(NamedTuple):
    """A run that has staged its version."""

    job: steps.Job
    staged: Staged


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    data = tmp_path_factory.mktemp("audit")
    shutil.copytree(PROJECT / "data" / "datasets", data / "datasets")
    shutil.copytree(SEED.parent, data / "releases")
    job = steps.begin(Settings(data=data), DATASET, date.fromisoformat(AS_OF))
    return Ready(job, steps.stage(job, steps.judge(job, steps.build(job, steps.fetch(job)))))


@pytest.fixture
def staged(ready: Ready, tmp_path: Path) -> Staged:
    """Return the staged version, the test's own to change."""
    return ready.staged._replace(folder=shutil.copytree(ready.staged.folder, tmp_path / "staged"))


def flip(path: Path, at: int) -> None:
    """Change one bit of the byte at `at`, counted from the end where it is negative."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def sums_anew(staged: Staged) -> Staged:
    """Return `staged` with sums that fit the files as they are now, as if they had been made so."""
    sums = staged.folder / SUMS
    names = sorted(path.name for path in staged.folder.iterdir() if path != sums)
    sums.write_text("".join(f"{store.sha256_file(staged.folder / name)}  {name}\n" for name in names))
    return staged._replace(sums=store.sha256_file(sums))


def test_the_staged_files_are_the_files_of_a_version(ready: Ready) -> None:
    assert sorted(path.name for path in ready.staged.folder.iterdir()) == FILES


def test_what_was_written_as_it_was_made_passes(staged: Staged) -> None:
    assert steps.audit(staged) == staged


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_in_any_file_fails_the_audit_by_its_name(staged: Staged, name: str) -> None:
    flip(staged.folder / name, (staged.folder / name).stat().st_size // 2)
    with pytest.raises(AuditError, match=f"(?m)^{name}: its bytes changed"):
        steps.audit(staged)


@pytest.mark.parametrize("name", ["spans.csv", "spans.parquet", f"{DATASET}.sqlite", "datapackage.json"])
@pytest.mark.parametrize("at", [0, -1], ids=["first", "last"])
def test_the_first_and_the_last_byte_count_like_any_other(staged: Staged, name: str, at: int) -> None:
    flip(staged.folder / name, at)
    with pytest.raises(AuditError, match=f"(?m)^{name}: its bytes changed"):
        steps.audit(staged)


@pytest.mark.parametrize("name", ["spans.csv", "spans.parquet", f"{DATASET}.sqlite", "datapackage.json", "README.md"])
def test_a_file_that_is_missing_fails_the_audit_by_its_name(staged: Staged, name: str) -> None:
    (staged.folder / name).unlink()
    with pytest.raises(AuditError, match=f"(?m)^{name}: is not there"):
        steps.audit(staged)


@pytest.mark.parametrize("name", ["letters.csv", ".hidden", "spans.csv.bak"])
def test_a_file_too_many_fails_the_audit_by_its_name(staged: Staged, name: str) -> None:
    (staged.folder / name).write_bytes(b"")
    with pytest.raises(AuditError, match=f"(?m)^{name}: was not made for this version"):
        steps.audit(staged)


def test_a_file_emptied_by_a_full_disk_fails_the_audit_by_its_name(staged: Staged) -> None:
    (staged.folder / "mentions.parquet").write_bytes(b"")
    with pytest.raises(AuditError, match=r"(?m)^mentions\.parquet: its bytes changed"):
        steps.audit(staged)


def test_files_that_changed_are_all_told_and_nothing_is_read_from_them(staged: Staged) -> None:
    """What a torn file holds is no finding of its own: the three lines are the whole message."""
    (staged.folder / "spans.csv").write_bytes(b"")
    (staged.folder / "people.parquet").unlink()
    (staged.folder / "datapackage.json").write_bytes(b"{")
    with pytest.raises(AuditError) as caught:
        steps.audit(staged)
    assert str(caught.value).splitlines()[1:] == [
        "people.parquet: is not there",
        "datapackage.json: its bytes changed after they were made",
        "spans.csv: its bytes changed after they were made",
    ]


# A fault of our own: files that have the right sums and tell another thing


def other_cell_in_parquet(folder: Path) -> str:
    rows = pq.read_table(folder / "commitments.parquet")
    at = rows.column_names.index("action")
    actions = rows.column("action").to_pylist()
    changed = rows.set_column(at, rows.schema.field("action"), pa.array(["something else", *actions[1:]]))
    pq.write_table(changed, folder / "commitments.parquet")
    return r"commitments\.parquet: does not hold what commitments\.csv holds"


def row_less_in_parquet(folder: Path) -> str:
    rows = pq.read_table(folder / "people.parquet")
    pq.write_table(rows.slice(1), folder / "people.parquet")
    return r"people\.parquet: does not hold what people\.csv holds"


def row_more_in_parquet(folder: Path) -> str:
    rows = pq.read_table(folder / "people.parquet")
    pq.write_table(pa.concat_tables([rows, rows.slice(rows.num_rows - 1)]), folder / "people.parquet")
    return r"people\.parquet: does not hold what people\.csv holds"


def rows_turned_in_parquet(folder: Path) -> str:
    rows = pq.read_table(folder / "people.parquet")
    pq.write_table(rows.take(list(reversed(range(rows.num_rows)))), folder / "people.parquet")
    return r"people\.parquet: does not hold what people\.csv holds"


def in_sqlite(query: str, table: str) -> Callable[[Path], str]:
    def alter(folder: Path) -> str:
        with sqlite3.connect(folder / f"{DATASET}.sqlite") as database:
            assert database.execute(query).rowcount == 1
        database.close()
        return rf"{DATASET}\.sqlite: does not hold what {table}\.csv holds"

    return alter


def in_excel(old: bytes, new: bytes, table: str) -> Callable[[Path], str]:
    """Return what puts `new` in the place of the first `old` in the texts that the cells of the workbook share."""

    def alter(folder: Path) -> str:
        path = folder / f"{DATASET}.xlsx"
        with zipfile.ZipFile(path) as book:
            parts = {entry.filename: book.read(entry) for entry in book.infolist()}
        assert old in parts["xl/sharedStrings.xml"]
        parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(old, new, 1)
        with zipfile.ZipFile(path, "w") as book:
            for name, data in parts.items():
                book.writestr(name, data)
        return rf"{DATASET}\.xlsx: does not hold what {table}\.csv holds"

    return alter


def in_lines(change: Callable[[Any], object], table: str) -> Callable[[Path], str]:
    """Return what changes the first release of `releases.jsonl`."""

    def alter(folder: Path) -> str:
        path = folder / "releases.jsonl"
        first, *others = path.read_text(encoding="utf-8").splitlines()
        release = json.loads(first)
        change(release)
        path.write_text("\n".join([json.dumps(release), *others]) + "\n", encoding="utf-8")
        return rf"releases\.jsonl: does not hold what {table}\.csv holds"

    return alter


FAULTS = {
    "another value in Parquet": other_cell_in_parquet,
    "a row less in Parquet": row_less_in_parquet,
    "a row more in Parquet": row_more_in_parquet,
    "another order in Parquet": rows_turned_in_parquet,
    "another value in SQLite": in_sqlite("UPDATE places SET note = 'moved' WHERE place_id = 'gt'", "places"),
    "another number in SQLite": in_sqlite("UPDATE commitments SET quantity = 1 WHERE quantity > 1", "commitments"),
    "a row less in SQLite": in_sqlite("DELETE FROM mentions WHERE start = 0", "mentions"),
    "a null for a value in SQLite": in_sqlite("UPDATE quotes SET attribution = NULL", "quotes"),
    "another value in Excel": in_excel(b"<t>memorandum of understanding</t>", b"<t>treaty</t>", "agreements"),
    "another value in JSON Lines": in_lines(lambda release: release.update(kind="press-release"), "releases"),
    "another number in JSON Lines": in_lines(lambda release: release["spans"][0].update(end=1), "spans"),
    "a row less in JSON Lines": in_lines(lambda release: release["mentions"].pop(), "mentions"),
    "another name in JSON Lines": in_lines(lambda release: release["people"][0].update(name="X"), "people"),
}


@pytest.mark.parametrize("alter", FAULTS.values(), ids=FAULTS)
def test_formats_that_do_not_tell_the_same_fail_the_audit_though_their_sums_are_right(
    staged: Staged, alter: Callable[[Path], str]
) -> None:
    told = alter(staged.folder)
    with pytest.raises(AuditError, match=f"(?m)^{told}"):
        steps.audit(sums_anew(staged))


def test_a_table_that_breaks_its_schema_fails_the_audit_though_its_sums_are_right(staged: Staged) -> None:
    path = staged.folder / "mentions.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",mayorkas\n", ",nobody-known\n", 1), encoding="utf-8", newline="\n")
    with pytest.raises(AuditError, match=r"mentions.*nobody-known"):
        steps.audit(sums_anew(staged))


def test_what_fails_the_audit_is_not_published(ready: Ready) -> None:
    flip(ready.staged.folder / "README.md", 0)
    try:
        with pytest.raises(AuditError):
            steps.commit(ready.job, steps.audit(ready.staged))
    finally:
        flip(ready.staged.folder / "README.md", 0)
    assert not home(ready.job.settings.root).exists()
