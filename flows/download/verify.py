"""Verify: whether what lies at a source is what was published, file by file, and what is wrong where it is not."""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

from flows import store
from flows.download import files, papers
from flows.download.files import Advance
from flows.download.findings import Checked, Fault, Kind, Notes, Verification
from flows.download.papers import LARGEST, OWN, PARTIAL, SEEN, Partial, Seen
from flows.download.source import Absent, Promised, Source, Untrue, source
from schemas.package import (
    INDEX,
    MANIFEST,
    POINTER,
    PRUNED,
    SUMS,
    TOMBSTONE,
    Index,
    Manifest,
    Version,
    checksums,
)


class Target(NamedTuple):
    """A dataset, or one version of it, at a source."""

    source: Source
    home: str
    """Path of the dataset below the source, empty or with a `/` at its end."""
    only: str | None
    """The one folder that is looked at, where it is not the whole dataset."""


class _Known(NamedTuple):
    """What is known of the versions of a dataset before they are looked at."""

    told_by: str | None
    """The file that tells it; None where there is none, and only what lies here is known."""
    digests: dict[str, str]
    """The digest of each version's manifest, oldest first."""
    down: set[str] | None
    """Versions that were taken down; None where that is not told."""


Finding = Checked | Fault
UNLISTED = f"{INDEX} does not list it yet; the next run does"


def targets(address: str, timeout: float) -> list[Target]:
    """Return what there is to verify at an address: a version, a dataset, or in a folder all datasets."""
    if re.match(r"https?://", address):
        above, _, name = address.rstrip("/").rpartition("/")
        if _is_version(name):
            return [Target(source(above, timeout), "", name)]
        return [Target(source(address, timeout), "", None)]
    folder = source(address, timeout)
    there = set(folder.names("") or ())
    if there & {MANIFEST, SUMS}:
        return [Target(folder, "", "")]
    if there & {INDEX, POINTER, SEEN} or any(map(_is_version, there)):
        return [Target(folder, "", None)]
    homes = [name for name in sorted(there) if {INDEX, POINTER, SEEN} & set(folder.names(name) or ())]
    if not homes:
        near = f"; {Path(address, 'packages')} has them" if "packages" in there else ""
        raise Absent(f"{address}: there is no version and no dataset here{near}")
    return [Target(folder, f"{name}/", None) for name in homes]


def verify(found: list[Target], memory: Path | None, advance: Advance) -> Verification:
    """Return what is wrong with the targets; `memory`, where it is given, keeps what was seen of them before."""
    findings: list[Finding] = []
    for target in found:
        if target.only is None:
            findings += _dataset(target.source, target.home, memory, advance)
        else:
            base = f"{target.only}/" if target.only else ""
            findings += _version(target.source, base, _Known(None, {}, None), advance)
    faults = [one for one in findings if isinstance(one, Fault)]
    return Verification(valid=not faults, versions=[one for one in findings if isinstance(one, Checked)], faults=faults)


def _is_version(name: str) -> bool:
    try:
        Version.parse(name)
    except ValueError:
        return False
    return True


def _dataset(source: Source, home: str, memory: Path | None, advance: Advance) -> Iterator[Finding]:
    """Yield what is found of a dataset: its pointer and index, then every version that lies there or should."""
    there = source.names(home)
    lying = set(filter(_is_version, there or ()))
    known = _Known(None, {name: _digest(source, f"{home}{name}/") for name in sorted(lying, key=Version.parse)}, None)
    if SEEN in (there or ()):
        known = _Known(SEEN, papers.parsed(source, f"{home}{SEEN}", Seen).versions, None)
    elif there is None or {INDEX, POINTER} & set(there):
        listing = yield from _listing(source, home)
        if listing:
            yield from _back(home, listing, memory)
            down = {one.version for one in listing.versions if one.taken_down is not None}
            known = _Known(INDEX, dict(papers.chain(listing.versions)), down)
            lying |= known.digests.keys()
    for name in sorted(lying, key=Version.parse):
        yield from _version(source, f"{home}{name}/", known, advance)


def _listing(source: Source, home: str) -> Generator[Finding, None, Index | None]:
    """Return the index of a dataset, if it can be read, after yielding what is wrong with it and with the pointer."""
    place = f"{home}{INDEX}"
    try:
        listing = papers.parsed(source, place, Index)
    except Untrue as error:
        yield Fault(place=place, kind="other bytes", message=_plain(error, place))
        return None
    except Absent as error:
        if source.names(home) is None:
            give = f"give the address of a dataset, as {source.address}DATASET/, or of a version of one"
            raise Absent(f"{error}; {give}") from None
        yield Fault(place=place, kind="missing", message=_plain(error, place))
        return None
    try:
        shelf = papers.shelf(source, home)
        wrong, listing = shelf.lag, shelf.listing
    except Untrue as error:
        wrong = _plain(error, f"{home}{POINTER}")
    if wrong:
        yield Fault(place=f"{home}{POINTER}", kind="pointer", message=wrong)
    return listing


def _back(home: str, listing: Index, memory: Path | None) -> Iterator[Fault]:
    """Yield the versions that were seen before and are not there as they were; remember those that are there now."""
    if memory is None:
        return
    folder = memory / listing.dataset
    back = [
        Fault(place=f"{home}{version}/", kind="went back", message=why)
        for version, why in papers.went_back(papers.remembered(folder), listing)
    ]
    yield from back
    if not back:
        papers.remember(folder, listing)


def _digest(source: Source, base: str) -> str:
    try:
        return store.sha256(source.read(f"{base}{MANIFEST}", LARGEST))
    except (Absent, Untrue):
        return ""


def _version(source: Source, base: str, known: _Known, advance: Advance) -> Iterator[Finding]:
    """Yield what is found of the version at `base`: its papers, then every file."""
    try:
        data, manifest = files.patiently(lambda: papers.manifest(source, base))
        notes = files.patiently(lambda: _notes(source, base, known))
    except (Absent, Untrue) as error:
        kind: Kind = "missing" if isinstance(error, Absent) else "manifest"
        yield Fault(place=f"{base}{MANIFEST}", kind=kind, message=_plain(error, f"{base}{MANIFEST}"))
        return
    found = [*_place(base, data, manifest, known, notes), *_sums(source, base, data, manifest)]
    wanted = {} if notes.tombstone else manifest.files
    promised = [Promised(f"{base}{name}", entry) for name, entry in wanted.items()]
    faults = [fault for one in promised if (fault := _file(source, one, advance))]
    absent = [fault for fault in faults if fault.kind == "missing"]
    found += [one for one in faults if one not in absent or not notes.excused(one.place.removeprefix(base))]
    found += _lying(base, set(source.names(base) or ()), manifest, notes)
    yield from found
    state, told = notes.state() if not found else ("faulty", f"{len(found)} wrong")
    told = UNLISTED if state == "whole" and _unlisted(manifest, known) else told
    looked_at = len(wanted) - len(absent)
    yield Checked(dataset=manifest.dataset, version=manifest.version, state=state, files=looked_at, told=told)


def _notes(source: Source, base: str, known: _Known) -> Notes:
    """Return what a version says of its missing files; a publisher, who has an index, leaves nothing out."""
    partial = known.told_by != INDEX and PARTIAL in (source.names(base) or ())
    return Notes(
        papers.note(source, f"{base}{TOMBSTONE}"),
        papers.note(source, f"{base}{PRUNED}"),
        papers.parsed(source, f"{base}{PARTIAL}", Partial) if partial else None,
    )


def _unlisted(manifest: Manifest, known: _Known) -> bool:
    """Return whether a version came out just now: it follows the newest that the index of a publisher lists."""
    newest = list(known.digests)[-1:]
    after = all(Version.parse(one) < Version.parse(manifest.version) for one in newest)
    return known.told_by == INDEX and after and papers.follows(manifest, list(known.digests.items())) is None


def _place(base: str, data: bytes, manifest: Manifest, known: _Known, notes: Notes) -> Iterator[Fault]:
    """Yield what is wrong between a manifest, the folder it lies in, and the versions that are known."""
    place, number = f"{base}{MANIFEST}", base.rstrip("/").rpartition("/")[2]
    if _is_version(number) and manifest.version != number:
        yield Fault(place=place, kind="manifest", message=f"is the manifest of version {manifest.version}")
        return
    digest = known.digests.get(manifest.version)
    if _unlisted(manifest, known):
        return
    if known.told_by and digest is None:
        yield Fault(place=base, kind="not listed", message=f"lies here, and {known.told_by} does not list it")
        return
    if digest and digest != store.sha256(data):
        yield Fault(place=place, kind="other bytes", message=f"is not the manifest that {known.told_by} names")
    wrong = papers.follows(manifest, list(known.digests.items()))
    if wrong and (known.told_by or manifest.previous in known.digests.values()):
        yield Fault(place=place, kind="chain", message=wrong)
    if known.down is not None and (manifest.version in known.down) != (notes.tombstone is not None):
        there = "is there, and" if notes.tombstone else "is not there, and"
        told = "does not say" if notes.tombstone else "says"
        message = f"{there} {known.told_by} {told} that the version was taken down"
        yield Fault(place=f"{base}{TOMBSTONE}", kind="pointer", message=message)


def _sums(source: Source, base: str, data: bytes, manifest: Manifest) -> Iterator[Fault]:
    """Yield a fault unless SHA256SUMS says what the manifest does."""
    place = f"{base}{SUMS}"
    digests = {name: entry.sha256 for name, entry in manifest.files.items()} | {MANIFEST: store.sha256(data)}
    try:
        told = files.patiently(lambda: source.read(place, LARGEST))
    except (Absent, Untrue) as error:
        kind: Kind = "missing" if isinstance(error, Absent) else "sums"
        yield Fault(place=place, kind=kind, message=_plain(error, place))
        return
    lines, promised = set(told.splitlines()), checksums(digests).splitlines()
    if told != checksums(digests):
        names = [line.partition(b"  ")[2].decode() for line in promised if line not in lines]
        message = f"does not say what {MANIFEST} says of {', '.join(names) or 'these files, and no others'}"
        yield Fault(place=place, kind="sums", message=message)


def _file(source: Source, promised: Promised, advance: Advance) -> Fault | None:
    """Return what is wrong with a file, None where it is as promised."""
    try:
        digest = files.digest_of(source, promised, advance)
    except Untrue as error:
        return Fault(place=promised.path, kind="other bytes", message=_plain(error, promised.path))
    if digest is None:
        return Fault(place=promised.path, kind="missing", message=f"is not there, and {MANIFEST} lists it")
    if digest == promised.entry.sha256:
        return None
    message = f"has the SHA-256 {digest[:12]}…, {MANIFEST} says {promised.entry.sha256[:12]}…"
    return Fault(place=promised.path, kind="other bytes", message=message)


def _lying(base: str, there: set[str], manifest: Manifest, notes: Notes) -> Iterator[Fault]:
    """Yield what lies in the folder of a version and should not."""
    for name in sorted(there - manifest.files.keys() - (OWN if notes.partial else OWN - {PARTIAL})):
        yield Fault(place=f"{base}{name}", kind="not listed", message=f"lies here, and {MANIFEST} does not list it")
    for name in sorted(there & manifest.files.keys() if notes.tombstone else ()):
        yield Fault(
            place=f"{base}{name}", kind="not gone", message=f"lies here, and {TOMBSTONE} says that it was removed"
        )


def _plain(error: Exception, place: str) -> str:
    """Return what an error says, without the place that stands beside it."""
    return str(error).removeprefix(f"{place}: ")
