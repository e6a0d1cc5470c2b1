"""Fetch a source, keep the bytes as received, yield release documents.

Read are JSON (`.json`), JSON Lines (`.jsonl`, `.ndjson`), CSV (`.csv`), each also gzipped (`.gz`), Excel (`.xlsx`),
Parquet (`.parquet`), and plain text with a sidecar: `x.txt` holds the body, `x.json` beside it a Release without one.
"""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from flows import guard, store
from flows.ingest import folders
from flows.store import Fetched, Kept, Key, Published, Untaken
from schemas.dataset import Dataset, SourceConfig
from schemas.mapping import Mapping as FieldMap
from schemas.report import Problem, Provenance
from schemas.rules import problem


class NoSource(Exception):  # noqa: N818 - a state of the world
    """The path that a source names is not there."""


class Document(NamedTuple):
    """A release document as read, before anyone judged it."""

    source: str
    value: Any
    place: Provenance


Load = Callable[[str], bytes]
"""Gives the bytes that have a digest."""


def files_of(source: SourceConfig, root: Path) -> dict[Key, Path]:
    """Return the files of `source` by name, the name relative to `root`; NoSource when its path is not there."""
    told = source.path if source.kind == "files" else folders.local(source)
    if told is None:
        return {}
    path = guard.inside(root, Path(told))
    if not path.exists():
        raise NoSource(f"source {source.name!r}: {told} is not there (looked in {root})")
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    visible = (file for file in found if not _is_folder(file) and not _hidden(file.relative_to(path)))
    return {(source.name, _name(file.relative_to(root.resolve()))): file for file in visible}


def _is_folder(path: Path) -> bool:
    """Return whether `path` is a folder whose files are found by themselves; a link to one is not followed."""
    return path.is_dir() and not path.is_symlink()


def _name(path: Path) -> str:
    """Return a path as its file is called in the journal; bytes that are not UTF-8 are written as escapes."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def partners(path: Path) -> list[Path]:
    """Return the file that belongs to the one at `path`: a text's sidecar, a sidecar's text; none for others."""
    other = path.with_name(partner(path.name))
    return [other] if other.is_file() else []


def fetch(  # noqa: PLR0913, PLR0917 - what a line of the journal is made from
    dataset: Dataset, files: Mapping[Key, Path], root: Path, raw: Path, day: str, config: Mapping[str, bytes]
) -> Fetched:
    """Keep what the sources hold in the raw store, then write a line to the journal: what is new or gone on this day.

    `config` is what stewards wrote for the run, by name; it is kept like what was received, for a rebuild needs it. A
    run on the day of the last line that found nothing new writes none, unless a steward decided something since.
    """
    story = store.read_story(raw, dataset.name)
    journal = [line for line in story if isinstance(line, Fetched)]
    told = {name: store.keep(raw, data) for name, data in sorted(config.items())}
    fetched = gathered(dataset, files, root, journal, day, store.on_disk(raw, dataset.name, day))._replace(config=told)
    last = next((line for line in reversed(story) if not isinstance(line, Published)), None)
    told_before = isinstance(last, Fetched) and (last.day, last.refused, last.left, last.config)
    same = told_before == (day, fetched.refused, fetched.left, told)
    if fetched.changed or fetched.gone or fetched.visits or not same:
        store.append_journal(raw, dataset.name, fetched)
    store.end(raw, dataset.name)
    return fetched


def gathered(  # noqa: PLR0913, PLR0917 - as above
    dataset: Dataset, files: Mapping[Key, Path], root: Path, journal: list[Fetched], day: str, shelf: store.RawShelf
) -> Fetched:
    """Return what is new of the dataset's files and sources of the web, what is gone, and what could not be taken."""
    before = store.state(journal)
    web = {source.name for source in dataset.sources if source.of_web}
    elsewhere = [source for source in dataset.sources if source.kind == "folder" and folders.local(source) is None]
    apart = web | {source.name for source in elsewhere}
    lying = {key: kept for key, kept in before.items() if key[0] not in apart}
    fetched = received(files, root, lying, day, shelf.keep)
    for source in elsewhere:
        mine = {key: kept for key, kept in before.items() if key[0] == source.name}
        fetched = _joined(fetched, _of_folder(source, root, mine, day, shelf.keep))
    if not web:
        return fetched
    from flows.ingest.web import visits, walk  # noqa: PLC0415 - only a source of the web pays for its libraries

    memory = visits.Memory(before, store.visits(journal), store.left(journal))
    walked = walk.walk(dataset, memory, shelf, day)
    now = {key: Kept(shelf.keep(data), len(data), day) for key, data in walked.items.items()}
    changed = _changed(now, before)
    return Fetched(
        day,
        fetched.changed | changed,
        sorted([*fetched.gone, *walked.gone]),
        fetched.refused | walked.refused,
        visits=walked.visits,
        left=walked.left,
    )


def received(
    files: Mapping[Key, Path], root: Path, before: Mapping[Key, Kept], day: str, keep: Callable[[bytes], str]
) -> Fetched:
    """Return what of `files` is new against `before`, what is gone, and what could not be taken.

    `keep` takes bytes and gives their digest; a file is taken from inside `root` only.
    """
    return _received({key: partial(_read_file, root, path) for key, path in files.items()}, before, day, keep)


def _read_file(root: Path, path: Path) -> bytes:
    try:
        return guard.read_bytes(guard.regular(guard.inside(root, path)))
    except FileNotFoundError:
        raise guard.BadInput("input.link", "the link leads nowhere") from None


def _of_folder(
    source: SourceConfig, root: Path, before: Mapping[Key, Kept], day: str, keep: Callable[[bytes], str]
) -> Fetched:
    """Return what is new of a folder that lies elsewhere; one that cannot be listed is told, and withdraws nothing."""
    try:
        found = folders.listed(source, root)
    except guard.BadInput as bad:
        return Fetched(day, {}, [], {(source.name, str(source.folder)): Untaken(bad.rule, bad.message)})
    return _received({(source.name, name): read for name, read in found.items()}, before, day, keep)


def _joined(one: Fetched, other: Fetched) -> Fetched:
    gone = sorted([*one.gone, *other.gone])
    return Fetched(one.day, one.changed | other.changed, gone, one.refused | other.refused)


def _received(
    files: Mapping[Key, Callable[[], bytes]], before: Mapping[Key, Kept], day: str, keep: Callable[[bytes], str]
) -> Fetched:
    """Return what of `files`, each by what reads it, is new against `before`, what is gone, and what was refused."""
    now: dict[Key, Kept] = {}
    refused: dict[Key, Untaken] = {}
    for key, read_whole in files.items():
        try:
            data = read_whole()
            now[key] = Kept(keep(data), len(data), day)
        except guard.BadInput as bad:
            refused[key] = Untaken(bad.rule, bad.message)
    changed = _changed(now, before)
    return Fetched(day, changed, sorted(set(before) - set(now) - set(refused)), refused)


def _changed(now: Mapping[Key, Kept], before: Mapping[Key, Kept]) -> dict[Key, Kept]:
    """Return what was not there before, or with other bytes."""
    return {key: kept for key, kept in now.items() if key not in before or before[key].sha256 != kept.sha256}


def affected(keys: Iterable[Key], files: Mapping[Key, Kept]) -> list[Key]:
    """Return `keys` and the other halves of those that are a text or a sidecar, sorted."""
    others = ((source, partner(file)) for source, file in keys)
    return sorted({*keys, *(key for key in others if key in files)})


def read(
    key: Key, files: Mapping[Key, Kept], load: Load, config: SourceConfig | None = None, cache: Path | None = None
) -> Iterator[Document | Problem]:
    """Yield the documents in the file `key` of `files`, or a problem for what is none; `config` is of its source.

    A text and its sidecar are one document, that of the text. `cache` is a folder where what pages say is remembered.
    """
    source, file = key
    place = Provenance(file=file, sha256=files[key].sha256)
    reader = READERS.get(_kind(file), _read_nothing)
    try:
        if config and config.of_web:
            yield from _item(config, load(files[key].sha256), place, load, cache)
            return
        if (source, partner(file)) in files:
            yield from _pair(key, files, load) if file.endswith(".txt") else ()
            return
        yield from reader(source, load(files[key].sha256), place)
    except guard.BadInput as bad:
        yield _problem(bad, place)


def _item(
    config: SourceConfig, data: bytes, place: Provenance, load: Load, cache: Path | None
) -> Iterator[Document | Problem]:
    """Yield the one document of an item of the web; none while its page could not be had, which the journal tells."""
    from flows.ingest.web import items  # noqa: PLC0415 - as above

    said = items.read(config, data, load, cache)
    if said:
        yield Document(config.name, said, place)


def map_of(config: SourceConfig) -> FieldMap | None:
    """Return how the fields of a source become those of a release; None where they are those of a release already."""
    if not config.of_web:
        return config.map
    from flows.ingest.web import items  # noqa: PLC0415 - as above

    return items.mapping(config)


def day_of(config: SourceConfig, item: bytes) -> str | None:
    """Return the day of publication that a listing states of an item of the web, None where it states none."""
    from flows.ingest.web import items  # noqa: PLC0415 - as above

    return items.day(config, item)


def called_back(config: SourceConfig, item: bytes) -> str | None:
    """Return the word by which its publisher calls an item of the web back, or keeps it back."""
    from flows.ingest.web import items  # noqa: PLC0415 - as above

    return items.called_back(config, item)


def _pair(key: Key, files: Mapping[Key, Kept], load: Load) -> Iterator[Document | Problem]:
    """Yield the one document that a text and its sidecar are."""
    source, file = key
    sidecar = partner(file)
    place = Provenance(file=sidecar, sha256=files[source, sidecar].sha256, text_sha256=files[key].sha256)
    try:
        value = guard.strict_json(guard.decode(load(files[source, sidecar].sha256)))
    except guard.BadInput as bad:
        yield _problem(bad, place)
        return
    if not isinstance(value, dict) or "body" in value:
        what = "has a body of its own beside its text" if isinstance(value, dict) else "is no object"
        raise guard.BadInput("input.sidecar", f"{sidecar} {what}")
    yield Document(source, value | {"body": guard.decode(load(files[key].sha256))}, place)


def _read_json(source: str, data: bytes, place: Provenance) -> Iterator[Document | Problem]:
    yield Document(source, guard.strict_json(guard.decode(data)), place)


def _read_lines(source: str, data: bytes, place: Provenance) -> Iterator[Document | Problem]:
    """Yield a document a line; a bad line is a problem of its own and the next is read."""
    found = 0
    for number, line in enumerate(io.BytesIO(data), 1):
        if line.strip():
            found += 1
            here = Provenance(file=place.file, line=number, sha256=place.sha256)
            try:
                yield Document(source, guard.strict_json(guard.decode(line.removesuffix(b"\n"))), here)
            except guard.BadInput as bad:
                yield _problem(bad, here)
    if not found:
        raise guard.BadInput("input.empty", "the file holds no release")


def _read_text(_: str, __: bytes, place: Provenance) -> Iterator[Document | Problem]:
    raise guard.BadInput("input.sidecar", f"{place.file} has no {partner(place.file)} beside it")


def _read_nothing(_: str, __: bytes, place: Provenance) -> Iterator[Document | Problem]:
    raise guard.BadInput("input.kind", f"{PurePosixPath(place.file).name} is of no kind that is read")


def _flat(kind: str) -> "Reader":
    """Return a reader of flat release columns; a bad row is a problem of its own and the next is read."""

    def read_rows(source: str, data: bytes, place: Provenance) -> Iterator[Document | Problem]:
        from flows.ingest import flat  # noqa: PLC0415 - only a flat file pays for Arrow

        found = 0
        for row in flat.READERS[kind](data):
            found += 1
            if isinstance(row, guard.BadInput):
                yield _problem(row, place)
            else:
                yield Document(source, row[1], place.model_copy(update={"line": row[0]}))
        if not found:
            raise guard.BadInput("input.empty", "the file holds no release")

    return read_rows


def _gzipped(reader: "Reader") -> "Reader":
    return lambda source, data, place: reader(source, guard.gunzip(data), place)


Reader = Callable[[str, bytes, Provenance], Iterator[Document | Problem]]
READERS: dict[str, Reader] = {
    ".json": _read_json,
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
    ".csv": _flat("csv"),
    ".xlsx": _flat("excel"),
    ".parquet": _flat("parquet"),
    ".txt": _read_text,
}
READERS |= {f"{kind}.gz": _gzipped(READERS[kind]) for kind in (".json", ".jsonl", ".ndjson", ".csv")}


def _kind(file: str) -> str:
    path = PurePosixPath(file)
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def partner(file: str) -> str:
    """Return the name of the other half, the sidecar of a text or the text of a sidecar; else a name of no file."""
    stem, dot, kind = file.rpartition(".")
    return stem + dot + {"txt": "json", "json": "txt"}.get(kind, kind + ".none")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _problem(bad: guard.BadInput, place: Provenance) -> Problem:
    here = place.model_copy(update={"line": place.line or bad.line, "pointer": bad.pointer})
    field = bad.pointer.rpartition("/")[2] if bad.pointer else None
    return problem(bad.rule, bad.message, field=field, value=bad.value, source=here)
