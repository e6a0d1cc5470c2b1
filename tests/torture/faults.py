"""Publishing with a fault at every call that changes the disk: the process is killed, the disk is full, or it breaks.

strace lists the calls of an undisturbed run once; then each is struck once by each kind of fault, in a data folder of
its own. What is visible then is only whole versions, and the next run needs no help: it leaves the same bytes as if
nothing had been, and no half-written file.

Run as `python -m tests.torture.faults [FOLDER]`: what was found is kept in FOLDER, and a torture that was interrupted
goes on from there.
"""

import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from flows import steps, store
from flows.download import verify
from flows.settings import PROJECT, Settings
from schemas.package import MANIFEST, POINTER
from tests.publishing import DATASET, PATIENCE, home, read_json, tree
from tests.torture.traced import CHANCE, Point, calls, counted_alike, of_code, published, unable

KINDS = {"killed": "signal=KILL", "disk full": "error=ENOSPC", "disk broken": "error=EIO"}
"""What happens instead of a call, and how strace is told."""
TRIES = 9
"""How often a call is aimed at: a process may open some file more to read than the one before, and is counted anew."""
DOCUMENT = {
    "id": "harbour",
    "issuer": "ministry-of-housing",
    "language": "en",
    "published_on": "2024-03-05",
    "source": {"name": "Invented for the torture"},
    "body": "Minister Ada Lind spoke at the opening of the new harbour school.",
    "organizations": [{"id": "ministry-of-housing", "name": "Ministry of Housing"}],
    "people": [{"id": "ada-lind", "name": "Ada Lind"}],
}
console = Console(soft_wrap=True, highlight=False, markup=False)


class Struck(NamedTuple):
    """What came of a run that was struck."""

    story: str
    kind: str
    point: Point
    ended: str
    """How the run ended."""
    state: str
    """Digest of what it left."""
    then: str
    """How the next ended."""
    faults: list[str]


Aim = tuple[str, str, Point]
"""A story's name, a kind of fault and a point."""


class Next(NamedTuple):
    """What came of the run after the one that was struck."""

    ended: str
    faults: list[str]


class Story(NamedTuple):
    """A run to be struck: what lies there before it, what it does, and what lies there after it."""

    name: str
    base: Path
    points: list[Point]
    after: dict[str, Any]
    nexts: dict[str, Next]
    """What came of the next run, by the state that it found: one that was found before is not run again."""


# The stories


def stories(folder: Path) -> list[Story]:
    """Return the first run of a dataset, and the next one, to a release that was edited."""
    base = folder / "base-of-first"
    shutil.copytree(PROJECT / "data" / "datasets", base / "datasets")
    (base / "releases").mkdir()
    _write(base, DOCUMENT)
    first = _story("first", base, folder)
    base = shutil.copytree(folder / "after-first", folder / "base-of-next")
    _write(base, DOCUMENT | {"headline": "A harbour school opens"})
    return [first, _story("next", base, folder)]


def _write(data: Path, document: dict[str, Any]) -> None:
    (data / "releases" / "harbour.json").write_text(json.dumps(document), encoding="utf-8")


def _story(name: str, base: Path, folder: Path) -> Story:
    """Return a story, told once with nothing disturbed; what it left is in `after-NAME`."""
    data, trace = shutil.copytree(base, folder / f"after-{name}"), folder / f"{name}.strace"
    ended = published(data, trace)
    assert ended == "Published", ended
    assert counted_alike(trace), "not every call that strace counts was read"
    return Story(name, base, [point for point, _ in calls(data, trace)], lasting(data), {})


def lasting(data: Path) -> dict[str, Any]:
    """Return all that a run leaves behind for good, but for the records of runs."""
    parts = [data / name for name in ("packages", "raw", "quarantine")]
    return {part.name: tree(part) for part in parts if part.exists()}


# A strike


def strike(story: Story, point: Point, kind: str) -> Struck:
    """Strike a run at `point`, look at what is there, run again, and look again."""
    with tempfile.TemporaryDirectory(prefix="communique-fault-") as folder:
        for number in range(TRIES):
            aim = _anew(story, point, Path(folder, f"aim-{number}")) if number else point
            data, trace = shutil.copytree(story.base, Path(folder, f"{number}")), Path(folder, "strace")
            ended = published(data, trace, f"{aim.call}:{KINDS[kind]}:when={aim.nth}")
            missed = _missed(aim, kind, data, trace)
            if not missed:
                break
        faults, found = missed + torn(data), state(data)
        if found not in story.nexts:
            story.nexts[found] = _next(story, data)
        then = story.nexts[found]
        return Struck(story.name, kind, point, ended, found, then.ended, faults + then.faults)


def _anew(story: Story, point: Point, data: Path) -> Point:
    """Return the point as it is counted now, by a run that nothing disturbs."""
    trace = data.with_suffix(".strace")
    published(shutil.copytree(story.base, data), trace)
    return [now for now, _ in calls(data, trace)][story.points.index(point)]


def _missed(point: Point, kind: str, data: Path, trace: Path) -> list[str]:
    """Return a fault of the torture itself, where strace struck another call than was meant."""
    seen = list(calls(data, trace))
    struck = seen[-1:] if kind == "killed" else [one for one in seen if "(INJECTED)" in one[1]]
    return [] if [one for one, _ in struck] == [point] else [f"strace struck {struck}"]


def state(data: Path) -> str:
    """Return the digest of all that lies in a data folder, but for what is another in every run."""
    told = hashlib.sha256()
    for path in sorted(data.rglob("*"), key=lambda path: CHANCE.sub("*", str(path))):
        content = "" if path.is_dir() else CHANCE.sub("*", path.read_text(encoding="utf-8", errors="backslashreplace"))
        told.update(repr((CHANCE.sub("*", str(path.relative_to(data))), path.stat().st_mode, content)).encode())
    return told.hexdigest()


def _next(story: Story, data: Path) -> Next:
    """Return what comes of a run over what the one before left."""
    _a_day_later(data)
    ended = published(data)
    faults = [] if ended in ("Published", "Unchanged") else [f"the next run ends {ended}"]
    return Next(ended, faults + torn(data) + left(data) + different(story.after, lasting(data)))


def torn(data: Path) -> list[str]:
    """Return what `communique verify` finds wrong with the dataset, and a pointer to no version; one may lag behind."""
    versions = sorted(home(data).glob("[0-9]*"))
    found = verify.verify(verify.targets(str(home(data)), PATIENCE) if versions else [], None, lambda _: None)
    wrong = [f"{fault.place}: {fault.message}" for fault in found.faults if fault.kind != "pointer"]
    digests = {f"{one.name}/": store.sha256_file(one / MANIFEST) for one in versions if (one / MANIFEST).exists()}
    pointer = read_json(home(data) / POINTER) if (home(data) / POINTER).exists() else None
    lost = pointer and digests.get(pointer["path"]) != pointer["sha256"]
    return [*wrong, f"{POINTER} points to no version"] if lost else wrong


def _a_day_later(data: Path) -> None:
    """Let what a run left in the raw store, which all datasets share, be old enough to be nobody's."""
    for path in (data / "raw").rglob("*"):
        then = time.time() - steps.ABANDONED
        os.utime(path, (then, then))


def left(data: Path) -> list[str]:
    """Return what is there and should not be: half-written files, rows of runs that are over, a lock."""
    wrong = [str(path.relative_to(data)) for path in (*data.rglob(".*.[0-9a-f]*"), *data.glob("staging/*/*"))]
    runs = [path for path in (data / "runs" / DATASET).iterdir() if path.is_dir()]
    wrong += [f"{path.name}/{part.name}" for path in runs for part in path.iterdir() if part.is_dir()]
    wrong += [f"{path.name} has no record" for path in runs if not (path / "run.json").exists()]
    try:
        with store.locked(Settings(data=data).lock(DATASET)):
            return [f"{one} is left" for one in wrong]
    except store.LockedError as held:
        return [*wrong, str(held)]


def different(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return the paths that are not as an undisturbed run leaves them."""
    flat = [{f"{part}/{name}": seen for part, names in one.items() for name, seen in names.items()}
            for one in (wanted, found)]  # fmt: skip
    paths = sorted(flat[0].keys() | flat[1].keys())
    return [f"{path} is another" for path in paths if flat[0].get(path) != flat[1].get(path)]


# The whole of it


def table(told: list[Story], struck: list[Struck]) -> Table:
    """Return the figures, a line for each story and call."""
    shown = Table(title=f"{len(struck)} faults in {sum(len(story.points) for story in told)} calls")
    for column in ("run", "call", "points", *KINDS, "faults"):
        shown.add_column(column)
    for story in told:
        for call, points in sorted(Counter(point.call for point in story.points).items()):
            mine = [one for one in struck if (one.story, one.point.call) == (story.name, call)]
            cells = [_ends(one for one in mine if one.kind == kind) for kind in KINDS]
            shown.add_row(story.name, call, str(points), *cells, str(sum(bool(one.faults) for one in mine)))
    return shown


def _ends(struck: Iterator[Struck]) -> str:
    """Return how runs ended after a fault, counted."""
    ends = Counter(one.ended for one in struck)
    return ", ".join(f"{end} {count}" for end, count in sorted(ends.items()))


def main(folder: Path) -> int:
    """Strike every point by every kind of fault; return 1 when anything was not mended, or a point was not struck."""
    reason = unable()
    if reason:
        console.print(f"no faults are injected: {reason}")
        return 1
    figures = store.make_folder(folder) / f"faults-{of_code()}.jsonl"
    with tempfile.TemporaryDirectory(prefix="communique-faults-") as made:
        told = stories(Path(made))
        wanted = {(story.name, kind, point): story for story in told for point in story.points for kind in KINDS}
        struck = work(wanted, figures)
    console.print(table(told, struck))
    faults = [fault for one in struck for fault in one.faults]
    whole = Counter((one.story, one.kind, one.point) for one in struck) == Counter(list(wanted))
    states = len({one.state for one in struck})
    console.print(
        f"strace counts {len(wanted) // len(KINDS)} calls; each was struck once by each of {len(KINDS)} kinds: {whole}"
    )
    console.print(f"{states} states were left, and a run came after each; {len(faults)} faults")
    if whole and not faults:
        shutil.rmtree(folder)
    return int(bool(faults) or not whole)


def work(wanted: dict[Aim, Story], figures: Path) -> list[Struck]:
    """Return what came of every strike that is wanted, those of before too; the order is by chance, a fair sample."""
    before = (Struck(story, kind, Point(*point), *rest) for story, kind, point, *rest in store.read_log(figures))
    struck = [one for one in before if (one.story, one.kind, one.point) in wanted]
    done = {(one.story, one.kind, one.point) for one in struck}
    for one in struck:
        if not one.faults:
            wanted[one.story, one.kind, one.point].nexts[one.state] = Next(one.then, [])
    still = [aim for aim in wanted if aim not in done]
    random.Random(1).shuffle(still)  # noqa: S311 - the same each time
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for one in pool.map(lambda aim: strike(wanted[aim], aim[2], aim[1]), still):
            store.append_log(figures, list(one))
            struck.append(one)
            _tell(one, len(struck), len(wanted))
    return struck


def _tell(one: Struck, number: int, of: int) -> None:
    """Print what was found, where it is a fault, and how far it has come."""
    if one.faults:
        console.print(f"{one.story} {one.kind} {' '.join(map(str, one.point))}: {'; '.join(one.faults)}")
    if number % 20 == 0 or number == of:
        console.print(f"{number:>5} of {of}")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else PROJECT / ".torture" / "faults"))
