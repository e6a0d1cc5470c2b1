"""What verifying finds: versions as they are, and faults."""

from typing import Literal, NamedTuple

from flows.download.papers import Partial
from schemas.package import KEPT, Removed
from schemas.tables import Model

Kind = Literal["missing", "other bytes", "not listed", "sums", "manifest", "chain", "pointer", "went back", "not gone"]
State = Literal["whole", "partial", "pruned", "taken down", "faulty"]


class Fault(Model):
    """What is wrong with a file, or with a version."""

    place: str
    """The file, as its path below what was verified."""
    kind: Kind
    message: str


class Checked(Model):
    """A version that was looked at."""

    dataset: str
    version: str
    state: State
    files: int
    """Files whose hash was checked."""
    told: str | None
    """Why files are not there, where that is no fault."""


class Verification(Model):
    """What was found."""

    format: Literal["communique-verification/1"] = "communique-verification/1"
    valid: bool
    versions: list[Checked]
    faults: list[Fault]


class Notes(NamedTuple):
    """What a version says of files that are not there."""

    tombstone: Removed | None
    pruned: Removed | None
    partial: Partial | None

    def excused(self, name: str) -> bool:
        """Return whether a file may be missing."""
        pruned = self.pruned is not None and name in self.pruned.removed and not name.endswith(KEPT)
        left_out = self.partial is not None and name in self.partial.left_out
        return self.tombstone is not None or pruned or left_out

    def state(self) -> tuple[State, str | None]:
        """Return the state of the version, and what there is to say of it."""
        if self.tombstone:
            return "taken down", f"{self.tombstone.day}: {self.tombstone.reason}"
        if self.partial:
            return "partial", f"{len(self.partial.left_out)} files were not downloaded"
        if self.pruned:
            return "pruned", f"{self.pruned.day}: {len(self.pruned.removed)} files were removed"
        return "whole", None
