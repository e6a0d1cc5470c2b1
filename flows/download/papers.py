"""The papers of a dataset, from a source that may lie: pointer, index, manifests, and what was seen of them before.

The latest version is the newest that stands in the index; a pointer names it too, or lags where a publish was cut off
before it. What was seen once has to be there again, with the same manifest: so neither a version that changed nor an
index that went back gets through.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from pydantic import ValidationError

from flows import guard, store
from flows.download.source import Absent, Source, Untrue
from schemas.package import (
    INDEX,
    MANIFEST,
    POINTER,
    PRUNED,
    SUMS,
    TOMBSTONE,
    Index,
    Listed,
    Manifest,
    Pointer,
    Removed,
    Version,
    printable,
)
from schemas.tables import Model
from schemas.values import Sha256

LARGEST = 1 << 26
"""Most bytes of a paper: 64 MiB."""
SEEN = "SEEN.json"
"""Beside the versions that were downloaded: the versions that their source had."""
PARTIAL = "PARTIAL.json"
"""In a version of which not all was downloaded: what was left out."""
OWN = {MANIFEST, SUMS, PRUNED, TOMBSTONE, PARTIAL}
"""Files of a version that its manifest does not list."""
WAITS = (0, 0.3, 0.3)
"""Seconds before pointer and index are read, and read again where they differ: a version may come out in between."""
CUT_OFF = "a publish was cut off before it was done, which the next run mends; or it went back"

Read = TypeVar("Read", bound=Model)


class Seen(Model):
    """The versions of a dataset that were seen, each with the digest of its manifest."""

    format: Literal["communique-seen/1"] = "communique-seen/1"
    versions: dict[str, Sha256]


class Partial(Model):
    """What was left out of a version that was downloaded in part."""

    format: Literal["communique-partial/1"] = "communique-partial/1"
    left_out: list[str]


class Shelf(NamedTuple):
    """What a source says that it has of a dataset."""

    pointer: Pointer | None
    listing: Index

    @property
    def lag(self) -> str | None:
        """Why the pointer does not name the latest version, None where it does."""
        named, there = self.pointer and self.pointer.version, self.listing.latest and self.listing.latest.version
        if named == there:
            return None
        told = f"names {named}" if named else "is not there"
        return f"{told}, and the newest that stands in {INDEX} is {there or 'none'}: {CUT_OFF}"


def shelf(source: Source, home: str) -> Shelf:
    """Return pointer and index of the dataset that lies at `home`; Untrue when they disagree.

    One that only lags is no reason to refuse what the index has.
    """
    for wait in WAITS:
        time.sleep(wait)
        found = Shelf(_pointer(source, home), parsed(source, f"{home}{INDEX}", Index))
        wrong = disagreement(found)
        if wrong is None and found.lag is None:
            return found
    if wrong:
        raise Untrue(wrong)
    return found


def _pointer(source: Source, home: str) -> Pointer | None:
    try:
        return parsed(source, f"{home}{POINTER}", Pointer)
    except Absent:
        return None


def disagreement(found: Shelf) -> str | None:
    """Return what is wrong with an index, or with a pointer that names what its index does not have."""
    listed = found.listing.versions
    numbers = [Version.parse(one.version) for one in listed]
    if numbers != sorted(set(numbers)):
        return f"{INDEX}: its versions are not in order, or one is there twice"
    digests = dict(chain(listed))
    if found.pointer is None or digests.get(found.pointer.version) == found.pointer.sha256:
        return None
    if found.pointer.version in digests:
        return f"{POINTER}: has another digest of the manifest of {found.pointer.version} than {INDEX}"
    newest = listed[-1].version if listed else "none"
    return f"{POINTER}: names {found.pointer.version}, the newest in {INDEX} is {newest}"


def went_back(seen: Seen | None, index: Index) -> Iterator[tuple[str, str]]:
    """Yield each version that was seen and is not there as it was, with what became of it."""
    now = {one.version: one.manifest for one in index.versions}
    for version, digest in seen.versions.items() if seen else ():
        if version not in now:
            newest = index.versions[-1].version if index.versions else "none"
            yield version, f"was there before and is not listed now: the index went back, its newest is {newest}"
        elif now[version] != digest:
            yield version, f"was there before with the manifest {digest[:12]}…, and has {now[version][:12]}… now"


def remembered(folder: Path) -> Seen | None:
    """Return what was seen of the dataset whose downloads lie in `folder`, None where nothing was."""
    path = folder / SEEN
    if not path.is_file():
        return None
    try:
        return Seen.model_validate_json(path.read_bytes())
    except ValidationError:
        raise Untrue(f"{path}: cannot be read; without it, a source that went back is not noticed") from None


def remember(folder: Path, index: Index) -> None:
    """Keep what was seen of a dataset beside its downloads."""
    told = Seen(versions={one.version: one.manifest for one in index.versions})
    data = store.readable(told.model_dump(mode="json"))
    path = folder / SEEN
    if not path.is_file() or path.read_bytes() != data:
        store.replace_file(path, data)


def manifest(source: Source, base: str, digest: str | None = None) -> tuple[bytes, Manifest]:
    """Return the manifest of the version at `base`; Untrue when its digest is another, or it is none."""
    data = source.read(f"{base}{MANIFEST}", LARGEST)
    if digest and store.sha256(data) != digest:
        raise Untrue(f"{base}{MANIFEST}: has the SHA-256 {store.sha256(data)[:12]}…, promised is {digest[:12]}…")
    found = as_model(f"{base}{MANIFEST}", data, Manifest)
    if OWN & found.files.keys() or len({name.lower() for name in found.files}) < len(found.files):
        raise Untrue(f"{base}{MANIFEST}: lists itself, or two files that a file system may take for one")
    return data, found


def follows(found: Manifest, known: list[tuple[str, str]]) -> str | None:
    """Return what is wrong with the place of a manifest in the chain of all versions, oldest first; None if nothing."""
    before = [digest for version, digest in known if Version.parse(version) < Version.parse(found.version)]
    previous = before[-1] if before else None
    if found.previous == previous:
        return None
    told, there = (f"{digest[:12]}…" if digest else "nothing" for digest in (found.previous, previous))
    return f"its manifest says that it follows {told}; the manifest before it is {there}"


def chain(listed: list[Listed]) -> list[tuple[str, str]]:
    """Return version and digest of the manifest of each version of an index."""
    return [(one.version, one.manifest) for one in listed]


def note(source: Source, path: str) -> Removed | None:
    """Return the note of a version that was pruned or taken down, None where there is none."""
    try:
        return parsed(source, path, Removed)
    except Absent:
        return None


def parsed(source: Source, path: str, model: type[Read]) -> Read:
    """Return a paper as its model; Untrue when it is none."""
    return as_model(path, source.read(path, LARGEST), model)


def as_model(path: str, data: bytes, model: type[Read]) -> Read:
    """Return what `data` says as `model`; Untrue with the first fault when it does not."""
    try:
        guard.strict_json(guard.decode(data))
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        wrong = f"{place or 'the whole'}: {first['msg']} (given: {str(first['input'])[:80]!r})"
        raise Untrue(f"{path}: {printable(wrong)}") from None
    except guard.BadInput as error:
        raise Untrue(f"{path}: {error.message}") from None
