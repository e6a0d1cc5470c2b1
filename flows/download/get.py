"""Get: a version, or the chosen files of one, into a folder; it appears there by one rename, or not at all."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from flows import store
from flows.download import files, papers
from flows.download.files import Advance
from flows.download.papers import PARTIAL, Partial, Shelf
from flows.download.source import Absent, Promised, Source, Untrue
from schemas.package import (
    DESCRIPTOR,
    FORMATS,
    KEPT,
    MANIFEST,
    MEDIA_TYPES,
    PRUNED,
    QUARANTINE,
    SUMS,
    FileEntry,
    Listed,
    Manifest,
    Package,
    Removed,
    Version,
    checksums,
)
from schemas.tables import Model


class Keyed(Model, extra="ignore"):
    """The schema of a table, as far as rows are compared by it."""

    primary_key: Annotated[list[str], Field(alias="primaryKey")]


class Table(Model, extra="ignore"):
    """A table that a version describes."""

    name: str
    keyed: Annotated[Keyed, Field(alias="schema")]


class Described(Model, extra="ignore"):
    """What a version describes, as far as its tables are compared."""

    version: str
    resources: list[Table]


BY_TABLE = (FORMATS["csv"], FORMATS["parquet"])
"""Formats that have a file for each table."""

Progress = Callable[[int], AbstractContextManager[Advance]]
"""Shows how a number of bytes is coming in."""


class Wanted(NamedTuple):
    """Which version of a dataset is wanted, and which files of it; nothing named is the latest, and everything."""

    dataset: str
    version: str | None = None
    tables: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    compared: bool = False
    """Whether its rows are compared with those of another: then every CSV table comes too."""


class Got(NamedTuple):
    """A version that lies here now."""

    package: Package
    fetched: int
    """Files that came from the source; the others lay here."""
    left_out: int
    withdrawn: dict[str, str]
    """Versions that lie here and were taken down since, each with the reason."""
    pruned: str | None = None
    """What cannot come any more because the version was pruned, for people."""


def get(source: Source, wanted: Wanted, to: Path, progress: Progress) -> Got:
    """Return the wanted version after downloading what is not here to a folder of its dataset in `to`."""
    home = to / wanted.dataset
    shelf = seen(source, wanted.dataset, home)
    listed = _listed(shelf, wanted)
    base = f"{wanted.dataset}/{listed.version}/"
    data, manifest = papers.manifest(source, base, listed.manifest)
    _check_place(manifest, wanted.dataset, listed, shelf)
    chosen = _chosen(manifest, wanted)
    pruned = papers.note(source, f"{base}{PRUNED}")
    with _alone(home):
        papers.remember(home, shelf.listing)
        package = Package(wanted.dataset, Version.parse(listed.version), home / listed.version)
        gone = _pruned(pruned) - _there(package.folder)
        _check_left(manifest, wanted, chosen, gone)
        lacking = _lacking(package, data, manifest, [name for name in chosen if name not in gone])
        staging = _download(source, package, {name: manifest.files[name] for name in lacking}, progress)
        left_out = sorted(manifest.files.keys() - gone - _there(package.folder) - set(lacking))
        _place(staging, package.folder, _papers(data, manifest, pruned if gone else None), left_out)
        lost = sorted(gone.intersection(chosen))
        said = f"{pruned.day}: {len(lost)} files cannot come any more: {', '.join(lost)}" if pruned and lost else None
        return Got(package, len(lacking), len(left_out), _withdrawn(home, shelf), said)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the lock of the downloads in `home`; LockedError when another download holds it."""
    with ExitStack() as held:
        try:
            held.enter_context(store.locked(home / ".lock"))
        except store.LockedError:
            raise store.LockedError(f"another download is at work in {home}") from None
        yield


def seen(source: Source, dataset: str, home: Path) -> Shelf:
    """Return what a source has of a dataset; Untrue when it went back since what is remembered in `home`."""
    try:
        shelf = papers.shelf(source, f"{dataset}/")
    except Absent as absent:
        names = source.names("")
        there = "" if names is None else ", ".join(name for name in names if "." not in name) or "none"
        raise Absent(f"there is no dataset {dataset!r}{there and f' (there are: {there})'}: {absent}") from None
    if shelf.listing.dataset != dataset:
        raise Untrue(f"{dataset}: the source has {shelf.listing.dataset} under this name")
    gone = [f"{dataset} {version} {why}" for version, why in papers.went_back(papers.remembered(home), shelf.listing)]
    if gone:
        raise Untrue("\n".join(gone))
    return shelf


def _listed(shelf: Shelf, wanted: Wanted) -> Listed:
    """Return the version that is wanted, as the index has it; Absent when it is not there, or not any more."""
    latest = shelf.listing.latest
    dataset, number = wanted.dataset, wanted.version or (latest.version if latest else None)
    found = next((one for one in shelf.listing.versions if one.version == number), None)
    if number is None:
        raise Absent(f"every version of {dataset} was taken down: {shelf.listing.versions[-1].taken_down}")
    if found is None:
        raise Absent(
            f"{dataset} has no version {number} (there are: {', '.join(one.version for one in shelf.listing.versions)})"
        )
    if found.taken_down is not None:
        raise Absent(f"{dataset} {number} was taken down: {found.taken_down}")
    return found


def _check_place(manifest: Manifest, dataset: str, listed: Listed, shelf: Shelf) -> None:
    """Raise Untrue unless the manifest is that of this version, and follows the one before it."""
    if (manifest.dataset, manifest.version) != (dataset, listed.version):
        raise Untrue(f"{dataset} {listed.version}: its manifest is that of {manifest.dataset} {manifest.version}")
    wrong = papers.follows(manifest, papers.chain(shelf.listing.versions))
    if wrong:
        raise Untrue(f"{dataset} {listed.version}: {wrong}")


def _chosen(manifest: Manifest, wanted: Wanted) -> list[str]:
    """Return the files that are wanted: papers always; Absent where a table or a format is none of this version."""
    tables = {_stem(name) for name in manifest.files if name.endswith(FORMATS["csv"]) and name != QUARANTINE}
    formats = {kind for kind, end in FORMATS.items() if any(name.endswith(end) for name in manifest.files)}
    for kind, asked, there in (("table", wanted.tables, tables), ("format", wanted.formats, formats)):
        unknown = sorted(set(asked) - there)
        if unknown:
            named = ", ".join(sorted(there))
            raise Absent(f"{manifest.dataset} {manifest.version} has no {kind} {unknown[0]!r} (there are: {named})")
    return [name for name in manifest.files if _wanted(name, wanted)]


def _pruned(note: Removed | None) -> set[str]:
    """Return the files that pruning took; what pruning keeps, no note excuses."""
    return {name for name in (note.removed if note else ()) if not name.endswith(KEPT)}


def _check_left(manifest: Manifest, wanted: Wanted, chosen: list[str], gone: set[str]) -> None:
    """Raise Absent where nothing is left of a format or a table that was asked for."""
    data = [name for name in chosen if name != QUARANTINE]
    for kind, asked, key in (("format", wanted.formats, _format), ("table", wanted.tables, _stem)):
        for named in asked:
            files = [name for name in data if _format(name) and key(name) == named]
            if files and gone.issuperset(files):
                left = sorted({_format(name) for name in manifest.files.keys() - gone - {QUARANTINE}} - {""})
                raise Absent(
                    f"{manifest.dataset} {manifest.version} was pruned: nothing is left of {kind} {named} "
                    f"(there are the formats: {', '.join(left)})"
                )


def _format(name: str) -> str:
    """Return the format of a file of data; nothing for another file."""
    return next((kind for kind, end in FORMATS.items() if name.endswith(end)), "")


def _wanted(name: str, wanted: Wanted) -> bool:
    end = name[name.rfind(".") :]
    if end not in MEDIA_TYPES or name == QUARANTINE or (wanted.compared and end == FORMATS["csv"]):
        return True
    if wanted.formats and end not in (FORMATS[kind] for kind in wanted.formats):
        return False
    if end in BY_TABLE:
        return not wanted.tables or _stem(name) in wanted.tables
    return bool(wanted.formats or not wanted.tables)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _lacking(package: Package, data: bytes, manifest: Manifest, chosen: Iterable[str]) -> list[str]:
    """Return the chosen files that do not lie here yet; Untrue where one lies here with other bytes."""
    folder = package.folder
    if folder.is_dir() and ((folder / MANIFEST).read_bytes() if (folder / MANIFEST).is_file() else b"") != data:
        raise Untrue(f"{folder}: lies here already, and its {MANIFEST} is not the one of the source; move it away")
    there = _there(folder)
    for name in sorted(there & manifest.files.keys()):
        if store.sha256_file(folder / name) != manifest.files[name].sha256:
            raise Untrue(f"{folder / name}: lies here already with other bytes; remove it and get it again")
    return [name for name in chosen if name not in there]


def _there(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _download(source: Source, package: Package, entries: dict[str, FileEntry], progress: Progress) -> Path:
    """Return the folder beside the version where every file of `entries` lies now, and nothing else."""
    staging = store.make_folder(package.folder.with_name(f".{package.version}"))
    size, room = sum(entry.bytes for entry in entries.values()), shutil.disk_usage(staging).free
    size -= sum(path.stat().st_size for path in staging.iterdir())
    if size > room:
        raise OSError(f"{package.dataset} {package.version} needs {size:,} bytes more; {staging} has room for {room:,}")
    with progress(sum(entry.bytes for entry in entries.values())) as advance:
        for name, entry in entries.items():
            files.fill(source, Promised(f"{package.dataset}/{package.version}/{name}", entry), staging, advance)
    for path in staging.iterdir():
        if path.name not in entries:
            path.unlink()
    return staging


def _papers(data: bytes, manifest: Manifest, pruned: Removed | None) -> dict[str, bytes]:
    """Return the files of a version that its manifest does not list."""
    digests = {name: entry.sha256 for name, entry in manifest.files.items()} | {MANIFEST: store.sha256(data)}
    notes = {PRUNED: store.readable(pruned.model_dump(mode="json", exclude_none=True))} if pruned else {}
    return {MANIFEST: data, SUMS: checksums(digests), **notes}


def _place(staging: Path, folder: Path, told: dict[str, bytes], left_out: list[str]) -> None:
    """Make what lies in `staging` a version at `folder`, by one rename; or part of the version that lies there."""
    partial = {PARTIAL: store.readable(Partial(left_out=left_out).model_dump(mode="json"))} if left_out else {}
    fresh = not folder.is_dir()
    for name, data in (told | partial if fresh else told).items():
        store.replace_file((staging if fresh else folder) / name, data)
    store.sync_folder(staging)
    if fresh:
        staging.rename(folder)
    else:
        _add(staging, folder, partial)
    store.sync_folder(folder.parent)


def _add(staging: Path, folder: Path, partial: dict[str, bytes]) -> None:
    """Add the files in `staging` to the version at `folder`, then say what it still lacks."""
    for path in staging.iterdir():
        path.rename(folder / path.name)
    store.sync_folder(folder)
    for name, data in partial.items():
        store.replace_file(folder / name, data)
    if not partial:
        (folder / PARTIAL).unlink(missing_ok=True)
    staging.rmdir()


def comparable(package: Package) -> None:
    """Raise Untrue unless the tables that a version describes are files of it: nothing else is read for them."""
    place = f"{package.dataset}/{package.version}/{DESCRIPTOR}"
    found = papers.as_model(place, (package.folder / DESCRIPTOR).read_bytes(), Described)
    strange = sorted({f"{table.name}.csv" for table in found.resources} - _there(package.folder))
    if strange:
        raise Untrue(f"{place}: describes {strange[0]!r}, which is no file of the version")


def _withdrawn(home: Path, shelf: Shelf) -> dict[str, str]:
    """Return the versions that lie here and that the source took down, each with the reason."""
    down = {one.version: one.taken_down for one in shelf.listing.versions if one.taken_down is not None}
    return {version: why for version, why in down.items() if (home / version).is_dir()}
