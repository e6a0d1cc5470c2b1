"""`Package` and `Version`: what is published, and the papers that prove it."""

from pathlib import Path
from typing import Literal, NamedTuple, Self

from schemas.decisions import Decisions
from schemas.tables import Model
from schemas.values import Day, Sha256, Slug

Level = Literal["major", "minor", "patch"]


class Version(NamedTuple):
    """A semantic version; versions compare by number."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the version that `text` writes as three numbers; ValueError for anything else."""
        parts = text.split(".")
        if len(parts) != len(cls._fields) or not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError(f"{text!r} is not a version: three numbers joined by dots")
        found = cls(*map(int, parts))
        if str(found) != text:
            raise ValueError(f"{text!r} is not a version: it is written {found}")
        return found

    def __str__(self) -> str:
        """Return the version as its folder is named."""
        return ".".join(map(str, self))

    def next(self, level: Level) -> "Version":
        """Return the version that follows by a change of `level`."""
        if level == "major":
            return Version(self.major + 1, 0, 0)
        if level == "minor":
            return Version(self.major, self.minor + 1, 0)
        return Version(self.major, self.minor, self.patch + 1)


FIRST = Version(1, 0, 0)


class Package(NamedTuple):
    """A published version of a dataset: a folder that stands alone."""

    dataset: str
    version: Version
    folder: Path


class FileEntry(Model):
    """A file of a version."""

    sha256: Sha256
    bytes: int


class RawEntry(Model):
    """A file as it was received."""

    source: Slug
    file: str
    sha256: Sha256
    bytes: int
    first_seen: Day
    releases: dict[str, int | None]
    """Releases taken from it, each with its line where the file has several."""


class Code(Model):
    """What made the version."""

    communique: str
    python: str
    lock: Sha256 | None
    """Digest of requirements.lock; null for an installed wheel, which has none."""
    schemas: Sha256
    rules: Sha256


class Manifest(Model):
    """The papers of a version: every file, what went in, what made it, and the version before."""

    format: Literal["communique-manifest/1"] = "communique-manifest/1"
    dataset: Slug
    version: str
    as_of: Day
    content: Sha256
    """Digest of tables, schemas and dataset facts: the same content makes no new version."""
    previous: Sha256 | None
    """Digest of the manifest of the version before; null for the first."""
    code: Code
    inputs: list[RawEntry]
    files: dict[str, FileEntry]


class TableProfile(Model):
    """What a table is like: rows, and by field the share that is filled."""

    rows: int
    filled: dict[str, float]


class Profile(Model):
    """What a version is like."""

    format: Literal["communique-profile/1"] = "communique-profile/1"
    tables: dict[str, TableProfile]
    sources: dict[str, dict[str, int]]
    """By source and month of publication, YYYY-MM or undated: releases."""


class Papers(Model):
    """What a judged candidate carries beside its rows, so that it can be committed as it was judged."""

    as_of: Day
    base: str | None
    """Version that was the latest then."""
    rules: Sha256
    inputs: list[RawEntry]
    profile: Profile
    decisions: Decisions


class RunRecord(Model):
    """How a run ended; for one that is held, what an approval is bound to."""

    run_id: str
    dataset: Slug
    as_of: Day
    outcome: str
    version: str | None
    message: str
    ended: str
    content: Sha256 | None = None
    """Digest of the candidate's content, while it waits."""
    base: str | None = None
    """Version that was the latest when it was judged."""
    verdict: Sha256 | None = None
    """Digest of all that was judged and found."""


class Pointer(Model):
    """Which version is the latest."""

    version: str
    path: str
    sha256: Sha256
    """Digest of its manifest."""
