"""`Package` and `Version`: what is published, and the papers that prove it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, StringConstraints

from schemas.decisions import Decisions
from schemas.tables import Model
from schemas.values import Day, Sha256, Slug

POINTER, INDEX = "latest.json", "versions.json"
"""Beside the versions: which is the latest, and all that there are."""
PAGED = dict.fromkeys(("releases", "entities", "tables", "versions", "changes"), ".html") | {
    "croissant": ".json",
    "dcat": ".jsonld",
    "ro-crate": ".json",
}
"""Folders beside the versions that hold pages of the catalog, as `communique site` makes them, and how these end."""
SCRIPTS = "_scripts"
"""Folder of the site, and no dataset's, that holds what its pages read Parquet with."""
MANIFEST, SUMS, DESCRIPTOR, QUARANTINE = "manifest.json", "SHA256SUMS", "datapackage.json", "quarantine.csv"
TOMBSTONE, PRUNED = "TOMBSTONE.json", "PRUNED.json"
"""In a version that was taken down, or pruned: what was removed, and why."""
KEPT = (".csv", ".json", ".md", SUMS)
"""What pruning leaves of an old version, by the end of its name: tables, papers and diff."""
MEDIA_TYPES = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".sqlite": "application/vnd.sqlite3",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".jsonl": "application/jsonl",
}
"""By the end of its name: a file that holds data."""
FORMATS = {"csv": ".csv", "parquet": ".parquet", "sqlite": ".sqlite", "excel": ".xlsx", "jsonl": ".jsonl"}
"""The end of a file's name by the format's name in the dataset's file."""
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"

Level = Literal["major", "minor", "patch"]


def printable(text: str) -> str:
    """Return words from elsewhere without what could steer a terminal or turn the line around."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


Told = Annotated[str, AfterValidator(printable)]
FileName = Annotated[str, StringConstraints(pattern=FILE_NAME, max_length=150)]
"""A version is a flat folder: a name leads nowhere else, and hides nothing."""


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
VersionText = Annotated[str, AfterValidator(lambda text: str(Version.parse(text)))]


class Package(NamedTuple):
    """A published version of a dataset: a folder that stands alone."""

    dataset: str
    version: Version
    folder: Path


class FileEntry(Model):
    """A file of a version."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


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
    version: VersionText
    as_of: Day
    content: Sha256
    """Digest of tables, schemas and dataset facts: the same content makes no new version."""
    previous: Sha256 | None
    """Digest of the manifest of the version before; null for the first."""
    code: Code
    inputs: list[RawEntry]
    files: dict[FileName, FileEntry]


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
    content: Sha256 | None = None
    """Digest of the candidate's content, where it was asked for when it was judged; an approval changes none of it."""


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

    version: VersionText
    path: str
    sha256: Sha256
    """Digest of its manifest."""


class Listed(Model, extra="ignore"):
    """A version as the index tells it, as far as a reader of packages needs it."""

    version: VersionText
    as_of: Day
    manifest: Sha256
    """Digest of its manifest."""
    taken_down: Told | None = None
    """Why, where it was taken down."""
    rows: dict[str, int] = Field(default_factory=dict)


class Index(Model, extra="ignore"):
    """Every version of a dataset, oldest first."""

    dataset: Slug
    versions: list[Listed]

    @property
    def latest(self) -> Listed | None:
        """The newest version that stands, None where every one was taken down."""
        return next((one for one in reversed(self.versions) if one.taken_down is None), None)


class Removed(Model, extra="ignore"):
    """The note in a version that was pruned or taken down."""

    removed: list[str]
    day: Day
    reason: Told | None = None


def checksums(digests: Mapping[str, str]) -> bytes:
    """Return what SHA256SUMS says of files, by name: a line for each, as `sha256sum -c` reads it."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()
