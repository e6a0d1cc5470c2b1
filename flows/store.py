"""Locks, atomic writes, raw bytes and their journal, run records: all that touches the disk for keeps.

Every write that lasts is fsynced, its folder too, before anything points to it. Modes are set, never left to the
umask, so that a version is the same whoever makes it.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, NamedTuple

import pydantic_core

from schemas.decisions import Ruling

FILE_MODE = 0o644
FOLDER_MODE = 0o755


class LockedError(Exception):
    """Another publisher holds the lock of this dataset."""


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of the file at `path`, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> Path:
    """Return `folder`, made with its parents where it is not there, each with its mode from the start."""
    for part in [*reversed(folder.parents), folder]:
        if not part.is_dir():
            umask = os.umask(0)  # a kill between making it and setting its mode would leave it closed to readers
            try:
                part.mkdir(FOLDER_MODE, exist_ok=True)
            finally:
                os.umask(umask)
            sync_folder(part.parent)
    return folder


def write_file(path: Path, data: bytes) -> None:
    """Write `data` as the new file `path` and make its bytes last; the folder's names are the caller's to sync."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), FILE_MODE)
        os.fsync(file.fileno())


def link_file(existing: Path, path: Path) -> bool:
    """Return whether `path` now is the same file as `existing`; False where the file system will not link them."""
    try:
        os.link(existing, path)
    except OSError:
        return False
    return True


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file `path` in one step: a reader sees the old bytes or the new ones."""
    make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_file(fresh, data)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(path.parent)


def sweep(folder: Path, older_than: float = 0) -> None:
    """Remove what `replace_file` left half-written below `folder` when it was killed, `older_than` seconds ago."""
    for path in folder.rglob(".*.[0-9a-f]*"):
        if path.is_file() and time.time() - path.stat().st_mtime >= older_than:
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the kernel's lock on `path`; LockedError at once when another process holds it.

    The kernel drops it with the process, however that ends.
    """
    make_folder(path.parent)
    with path.open("ab") as file:
        with _turn(path.parent):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockedError(f"another publisher holds {path}") from None
        yield


def held(path: Path) -> bool:
    """Return whether another process holds the lock on `path`; whoever wants it meanwhile gets it all the same."""
    if not path.is_file():
        return False
    with _turn(path.parent), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait for a turn to try a lock in `folder`: so whoever only looks is never met by who takes one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # a network disk may have no locks on folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def new_run_id() -> str:
    """Return an id for a run: its second in UTC and eight random characters, so that ids sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def to_json(value: Any) -> bytes:
    """Return `value` as JSON for people and hashes: sorted keys, two blanks, a final line end."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def readable(value: Any) -> bytes:
    """Return `value` as JSON in its own order, for documents that people read from the top."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def write_lines(path: Path, values: Iterable[Any], plain: Callable[[Any], Any] | None = None) -> None:
    """Write `values` to `path` as JSON Lines, not made to last; `plain` gives the form of what JSON has none of."""
    with path.open("wb") as file:
        for value in values:
            file.write(_encoded(value, plain) + b"\n")


def read_lines(path: Path) -> Iterator[Any]:
    """Yield the values of the JSON Lines file at `path`."""
    with path.open("rb") as file:
        yield from map(_decoded, file)


def _encoded(value: Any, plain: Callable[[Any], Any] | None) -> bytes:
    """Return a value as JSON; by Python's own writer where it is nested deeper than the fast one writes, or reads."""
    try:
        return pydantic_core.to_json(value, fallback=plain)
    except ValueError:
        return json.dumps(value, ensure_ascii=False, default=plain).encode()


def _decoded(line: bytes) -> Any:
    try:
        return pydantic_core.from_json(line)
    except ValueError:  # it is nested too deep for the fast reader
        return json.loads(line)


class Kept(NamedTuple):
    """A file in the raw store."""

    sha256: str
    bytes: int
    day: str
    """Day of the run that first received these bytes under this name."""


Key = tuple[str, str]
"""A source's name and a file's."""


class Visit(NamedTuple):
    """What an address answered when it was last read: the digest of its bytes, and what it is asked by next time."""

    sha256: str
    etag: str | None = None
    modified: str | None = None
    url: str | None = None
    """The address that answered in the end, after redirects."""
    kind: str | None = None
    """The Content-Type that the server declared."""
    total: int | None = None
    """How many releases a server of WordPress says that it has."""


class Left(NamedTuple):
    """Where a listing of the web is still to be read."""

    urls: list[str]
    since: str
    """Day of the run that left it first."""


class Untaken(NamedTuple):
    """A file or an address that could not be taken: the rule that it broke, and why."""

    rule: str
    why: str


class Fetched(NamedTuple):
    """A line of the journal: what a run received that was not there, and what was there and is gone."""

    day: str
    changed: dict[Key, Kept]
    gone: list[Key]
    refused: dict[Key, Untaken] = {}  # noqa: RUF012 - a NamedTuple's default; nobody writes to it
    """Files and addresses that could not be taken."""
    config: dict[str, str] = {}  # noqa: RUF012 - as above
    """What stewards had written for the run: the dataset's file, waivers and corrections, each with its digest."""
    visits: dict[str, Visit] = {}  # noqa: RUF012 - as above
    """By address of the web: what it answered that was new."""
    left: dict[Key, Left] = {}  # noqa: RUF012 - as above
    """By source and the address that it is read from first: where its listing is still to be read."""


class Published(NamedTuple):
    """A line of the journal: the version that the line before it made, and the digest of its manifest."""

    version: str
    manifest: str


Line = Fetched | Ruling | Published
"""A line of the journal: something was received, decided, or published."""


def keep(raw: Path, data: bytes) -> str:
    """Return the digest of `data` after keeping the bytes in the raw store, where they lie once."""
    digest = sha256(data)
    path = blob(raw, digest)
    if not path.exists():
        replace_file(path, data)
    return digest


def blob(raw: Path, digest: str) -> Path:
    """Return where the raw store keeps the bytes with `digest`."""
    return raw / "sha256" / digest[:2] / digest


def load(raw: Path, digest: str) -> bytes:
    """Return the bytes that the raw store keeps under `digest`."""
    return blob(raw, digest).read_bytes()


class RawShelf(NamedTuple):
    """Where what is received is kept and found again."""

    keep: Callable[[bytes], str]
    load: Callable[[str], bytes]
    record: Callable[[str, bytes], None] = lambda _digest, _record: None
    """Keeps the WARC record of the answer that has a digest."""
    recorded: Callable[[str], bytes | None] = lambda _digest: None
    """Gives the record that was kept so, None where there is none."""
    begin: Callable[[str, Visit], None] = lambda _url, _visit: None
    """Remembers an answer for the run that comes after a kill."""
    begun: Mapping[str, Visit] = {}
    """What a run of the same day received that was killed."""
    begun_before: Mapping[str, Visit] = {}
    """What one of an earlier day received: it is asked for anew, and need not be sent again where nothing changed."""


def on_disk(raw: Path, dataset: str, day: str) -> RawShelf:
    """Return the raw store as a shelf for a run of a dataset on a day."""
    begun: dict[bool, dict[str, Visit]] = {True: {}, False: {}}
    for line in read_log(_begun(raw, dataset)):
        begun[line["day"] == day][line["url"]] = Visit(**line["visit"])
    keeping = partial(keep, raw), partial(load, raw), partial(_keep_record, raw), partial(_record, raw)
    return RawShelf(*keeping, partial(_begin, raw, dataset, day), begun[True], begun[False])


def end(raw: Path, dataset: str) -> None:
    """Forget what a run has begun, for the journal has it."""
    _begun(raw, dataset).unlink(missing_ok=True)


def _begun(raw: Path, dataset: str) -> Path:
    return raw / f"{dataset}.begun.jsonl"


def _begin(raw: Path, dataset: str, day: str, url: str, visit: Visit) -> None:
    append_log(_begun(raw, dataset), {"day": day, "url": url, "visit": visit._asdict()})


def _keep_record(raw: Path, digest: str, record: bytes) -> None:
    """Keep the WARC record of an answer under the digest of its bytes, once."""
    path = _record_path(raw, digest)
    if not path.exists():
        replace_file(path, record)


def _record(raw: Path, digest: str) -> bytes | None:
    path = _record_path(raw, digest)
    return path.read_bytes() if path.exists() else None


def _record_path(raw: Path, digest: str) -> Path:
    return raw / "warc" / digest[:2] / f"{digest}.warc.gz"


def journal_path(raw: Path, dataset: str) -> Path:
    """Return the journal of a dataset."""
    return raw / f"{dataset}.journal.jsonl"


def read_story(raw: Path, dataset: str) -> list[Line]:
    """Return every line of the journal, oldest first: what was received, decided and published."""
    return [_read_line(line) for line in read_log(journal_path(raw, dataset))]


def read_journal(raw: Path, dataset: str) -> list[Fetched]:
    """Return the lines of the journal that say what was received, oldest first."""
    return [line for line in read_story(raw, dataset) if isinstance(line, Fetched)]


def append_journal(raw: Path, dataset: str, line: Line) -> None:
    """Add a line to the journal and make it last."""
    append_log(journal_path(raw, dataset), _line(line))


def read_log(path: Path) -> list[Any]:
    """Return the values of a log, oldest first; a last line that a kill cut off was never written."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    return [json.loads(line) for line in whole.split("\n") if line]


APPENDING = Lock()
"""Held while a line is added to a log: sources are asked side by side, and each writes what it has received."""


def append_log(path: Path, value: Any) -> None:
    """Add a line to a log and make it last; what a kill left of another is cut away first."""
    make_folder(path.parent)
    line = json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n"
    with APPENDING, path.open("a+b") as file:
        _cut_away(file)
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _cut_away(file: BinaryIO) -> None:
    """Remove a last line that has no end; a log that is whole is not read for it."""
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def state(journal: Iterable[Fetched]) -> dict[Key, Kept]:
    """Return the files that are there after the last line of `journal`."""
    files: dict[Key, Kept] = {}
    for fetched in journal:
        files |= fetched.changed
        for key in fetched.gone:
            files.pop(key, None)
    return files


def visits(journal: Iterable[Fetched]) -> dict[str, Visit]:
    """Return what every address of the web answered last."""
    return {url: visit for fetched in journal for url, visit in fetched.visits.items()}


def left(journal: Sequence[Fetched]) -> dict[Key, Left]:
    """Return where listings are still to be read after the last line of `journal`."""
    return journal[-1].left if journal else {}


def _line(line: Line) -> dict[str, Any]:
    if isinstance(line, Ruling):
        return {"ruling": line.model_dump(mode="json")}
    return {"published": line._asdict()} if isinstance(line, Published) else _fetched_line(line)


def _read_line(line: dict[str, Any]) -> Line:
    if "ruling" in line:
        return Ruling.model_validate(line["ruling"])
    return Published(**line["published"]) if "published" in line else _fetched(line)


def _fetched_line(fetched: Fetched) -> dict[str, Any]:
    changed = [
        {"source": source, "file": file, "sha256": kept.sha256, "bytes": kept.bytes}
        for (source, file), kept in sorted(fetched.changed.items())
    ]
    gone = [{"source": source, "file": file} for source, file in sorted(fetched.gone)]
    refused = [
        {"source": source, "file": file, **untaken._asdict()}
        for (source, file), untaken in sorted(fetched.refused.items())
    ]
    line = {"as_of": fetched.day, "changed": changed, "gone": gone, "refused": refused, "config": fetched.config}
    visits = {url: visit._asdict() for url, visit in sorted(fetched.visits.items())}
    left = [
        {"source": source, "file": file, **where._asdict()} for (source, file), where in sorted(fetched.left.items())
    ]
    return line | ({"visits": visits} if visits else {}) | ({"left": left} if left else {})


def _fetched(line: dict[str, Any]) -> Fetched:
    day = line["as_of"]
    changed = {(item["source"], item["file"]): Kept(item["sha256"], item["bytes"], day) for item in line["changed"]}
    refused = {
        (item["source"], item["file"]): Untaken(item.get("rule", "input.link"), item["why"])
        for item in line.get("refused", ())
    }
    gone = [(item["source"], item["file"]) for item in line["gone"]]
    visits = {url: Visit(**visit) for url, visit in line.get("visits", {}).items()}
    left = {(item["source"], item["file"]): Left(item["urls"], item["since"]) for item in line.get("left", ())}
    return Fetched(day, changed, gone, refused, line.get("config", {}), visits, left)


def empty_folder(folder: Path) -> Path:
    """Return `folder`, there and empty: what a run that was killed left in it is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    return make_folder(folder)
