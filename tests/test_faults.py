"""Faults injected by strace into a run's calls: a sample of what `make torture` does at every one of them."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.publishing import home
from tests.torture import faults
from tests.torture.faults import KINDS, Story
from tests.torture.traced import Point, unable

SAMPLE = 20
UNABLE = unable()
pytestmark = pytest.mark.skipif(UNABLE is not None, reason=f"no faults are injected here: {UNABLE}")


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> list[Story]:
    """Return the runs to be struck, told once."""
    return faults.stories(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def chosen(stories: list[Story]) -> list[tuple[Story, Point, str]]:
    """Return what is tried here of all points and kinds, the same each time."""
    every = [(story, point, kind) for story in stories for point in story.points for kind in KINDS]
    return random.Random(6).sample(every, SAMPLE)  # noqa: S311 - no secret


@pytest.mark.parametrize("number", range(SAMPLE))
def test_after_a_fault_readers_see_whole_versions_and_the_next_run_ends_as_if_it_had_not_been(
    chosen: list[tuple[Story, Point, str]], number: int
) -> None:
    struck = faults.strike(*chosen[number])
    assert struck.faults == []
    assert struck.then in ("Published", "Unchanged")


def test_what_strace_lists_is_the_same_in_every_run_and_has_the_rename_that_publishes(stories: list[Story]) -> None:
    first, following = stories
    assert Counter(point.call for point in first.points) > Counter(["write", "fsync", "mkdir", "rename"])
    for story, version in ((first, "1.0.0"), (following, "1.0.1")):
        renamed = [point.path for point in story.points if point.call.startswith("rename")]
        assert f"packages/official-releases/{version}" in renamed
    assert [point for point in following.points if point.call.startswith("link")]


def test_the_tortures_eyes_see_what_is_torn_left_or_another(stories: list[Story], tmp_path: Path) -> None:
    story = stories[0]
    data = shutil.copytree(story.base.with_name("after-first"), tmp_path / "data")
    assert faults.torn(data) + faults.left(data) + faults.different(story.after, faults.lasting(data)) == []
    (home(data) / "1.0.0" / "spans.csv").unlink()
    (home(data) / "latest.json").write_text('{"path": "1.0.7/", "sha256": ""}', encoding="utf-8")
    (home(data) / ".latest.json.12ab34cd").write_bytes(b"{")
    assert [fault.partition(":")[0] for fault in faults.torn(data)] == [
        "1.0.0/spans.csv",
        "latest.json points to no version",
    ]
    assert faults.left(data) == ["packages/official-releases/.latest.json.12ab34cd is left"]
    assert "packages/official-releases/1.0.0/spans.csv is another" in faults.different(
        story.after, faults.lasting(data)
    )


def test_what_is_renamed_into_sight_was_synced_with_its_folder_and_the_rename_after_it(stories: list[Story]) -> None:
    """A power cut then finds the version whole or not at all, and the pointer never before what it names."""
    for story in stories:
        done = [(point.call, point.path) for point in story.points]
        for at in [at for at, (call, _) in enumerate(done) if call.startswith("rename")]:
            target = done[at][1]
            synced = {path for call, path in done[:at] if call == "fsync"}
            made = {path for call, path in done[:at] if call == "write" and _becomes(path, target)}
            assert made <= synced, (story.name, target)
            assert ("fsync", str(Path(target).parent)) in done[at:], (story.name, target)
        version = next(path for path in (path for _, path in done) if path.startswith("packages/official-releases/1."))
        rename = done.index(("rename", version))
        assert ("fsync", "staging/official-releases/*") in done[:rename]
        listed, pointed = done.index(("rename", LISTED)), done.index(("rename", POINTED))
        assert ("fsync", "packages/official-releases") in done[rename:listed]
        assert listed < pointed


LISTED = "packages/official-releases/versions.json"
POINTED = "packages/official-releases/latest.json"


def _becomes(written: str, target: str) -> bool:
    """Return whether a file that was written lies in sight after the rename to `target`."""
    if Path(target).name.startswith("1."):
        return written.startswith("staging/")
    return Path(written).name.startswith(f".{Path(target).name}.")
