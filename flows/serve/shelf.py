"""What lies published under a folder: only what a manifest or an index names is found, and no link leads out."""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from flows import guard, store
from schemas.package import (
    FILE_NAME,
    INDEX,
    MANIFEST,
    PAGED,
    POINTER,
    PRUNED,
    SCRIPTS,
    SUMS,
    TOMBSTONE,
    FileEntry,
    Index,
    Manifest,
    Removed,
    Version,
)
from schemas.values import SLUG

PAPERS = (MANIFEST, SUMS, PRUNED, TOMBSTONE)
"""Files of a version that its manifest does not list."""
BESIDE = (POINTER, INDEX)
"""Files of a dataset that lie beside its versions."""
OF_ROOT = re.compile(
    r"(index|search|404)\.html|(search|table|copy)\.js|style\.css|icon\.svg|robots\.txt|sitemap\.xml|llms\.txt|(catalog|data)\.json|dcat\.jsonld"
)
OF_DATASET = re.compile(r"index\.html|entities\.html|releases(-[0-9]+)?\.html|(feed|sitemap)\.xml|search\.json")
OF_FOLDER = re.compile(r"[a-z0-9][a-z0-9._-]*(\.[a-z]+)")
"""What a page of the catalog is called, by where it lies."""
OF_SCRIPTS = re.compile(r"[a-z0-9]+\.js")
Stamp = tuple[int, int, int, int]
"""What changes with a file: its number, size, and times."""


class Shelf(NamedTuple):
    """A version as it lies on the disk."""

    folder: Path
    manifest: Manifest
    pruned: Removed | None
    tombstone: Removed | None

    @property
    def names(self) -> list[str]:
        """The files that the version has, or had before it was pruned or taken down."""
        return sorted({*self.manifest.files, *(name for name in PAPERS if (self.folder / name).is_file())})


class Found(NamedTuple):
    """A file that is served."""

    path: Path
    digest: str


def datasets(root: Path) -> list[str]:
    """Return the datasets under `root` that have a version."""
    there = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    return [name for name in there if index(root, name)]


def index(root: Path, dataset: str) -> Index | None:
    """Return the versions of a dataset, None where there is no such dataset."""
    data = beside(root, dataset, INDEX)
    try:
        found = Index.model_validate_json(data) if data else None
    except ValidationError:
        return None
    return found if found and found.versions else None


def latest(root: Path, dataset: str) -> str | None:
    """Return the latest version of a dataset, None where none stands."""
    found = index(root, dataset)
    return found.latest.version if found and found.latest else None


def beside(root: Path, dataset: str, name: str) -> bytes | None:
    """Return the bytes of a file that lies beside the versions of a dataset; None where it is not there."""
    path = _inside(root, dataset, name) if re.fullmatch(SLUG, dataset) and name in BESIDE else None
    try:
        return path.read_bytes() if path and path.is_file() else None
    except OSError:
        return None


def page(root: Path, *parts: str) -> bytes | None:
    """Return the bytes of a page of the catalog: of the root, of a dataset, or of a folder of pages; else None."""
    *folders, name = parts
    if folders == [SCRIPTS]:
        return _read(root, *parts) if OF_SCRIPTS.fullmatch(name) else None
    called = (OF_ROOT, OF_DATASET, OF_FOLDER)[len(folders)].fullmatch(name)
    if not called or any(PAGED.get(one) != called[1] for one in folders[1:]):
        return None
    if folders and (not re.fullmatch(SLUG, folders[0]) or index(root, folders[0]) is None):
        return None
    return _read(root, *parts)


def _read(root: Path, *parts: str) -> bytes | None:
    path = _inside(root, *parts)
    try:
        return path.read_bytes() if path and path.is_file() else None
    except OSError:
        return None


def version(root: Path, dataset: str, text: str) -> Shelf | None:
    """Return a version of a dataset, None where there is none of this number."""
    if not re.fullmatch(SLUG, dataset):
        return None
    try:
        path = _inside(root, dataset, str(Version.parse(text)), MANIFEST)
        if path is None:
            return None
        manifest = _manifest(path, _stamp(path))
        return Shelf(path.parent, manifest, _note(path.with_name(PRUNED)), _note(path.with_name(TOMBSTONE)))
    except (ValueError, OSError):  # no number of a version, or papers that cannot be read
        return None


def file(shelf: Shelf, name: str) -> Found | None:
    """Return a file of a version that stands; None where the version names none of it, or it is gone."""
    listed = shelf.manifest.files.get(name)
    if not re.fullmatch(FILE_NAME, name) or not (name in PAPERS or (listed and not shelf.tombstone)):
        return None
    path = _inside(shelf.folder, name)
    if path is None or not path.is_file():
        return None
    return Found(path, _digest_of(path, listed))


def _digest_of(path: Path, listed: FileEntry | None) -> str:
    """Return the digest that the manifest has of a file; computed where it lists none, or the size is another."""
    if listed and path.stat().st_size == listed.bytes:
        return listed.sha256
    return _digest(path, _stamp(path))


def _inside(root: Path, *parts: str) -> Path | None:
    """Return the place that `parts` name under `root`; None where it is not there or a link leads out."""
    try:
        path = guard.inside(root, Path(*parts))
    except (guard.BadInput, OSError, RuntimeError):  # RuntimeError: links that lead in a circle
        return None
    return path if path.exists() else None


def _note(path: Path) -> Removed | None:
    return Removed.model_validate_json(path.read_bytes()) if path.is_file() else None


def _stamp(path: Path) -> Stamp:
    told = path.stat()
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns


@lru_cache(maxsize=256)
def _manifest(path: Path, _: Stamp) -> Manifest:
    return Manifest.model_validate_json(path.read_bytes())


@lru_cache(maxsize=4096)
def _digest(path: Path, _: Stamp) -> str:
    return store.sha256_file(path)
