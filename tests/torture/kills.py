"""kill -9 of the publisher, the runner, the server, everything, at random moments of scheduled runs.

After each, every version is whole, a run started by hand publishes without help, nothing is told to be at work that is
not, and the lock is free; that schedules go on is seen by the next scheduled run, which is the next to be struck.

Run as `python -m tests.torture.kills [TIMES] [SEED] [FOLDER]`: what was found is kept in FOLDER, and a torture that was
interrupted goes on from there.
"""

import json
import os
import random
import shutil
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from flows import store
from flows.settings import PROJECT, Settings
from tests.conftest import SEED
from tests.publishing import DATASET, PATIENCE
from tests.served import TICK, Up, ask, ended, make_data, start
from tests.torture.traced import of_code

PUBLISHING = f"publish-releases/{DATASET}"
LONG = 10 * PATIENCE
GOOD = ("Published", "Unchanged")
POLL_SECONDS = 1
"""Between two questions: each costs the server, which has runs to serve, as much as a step of a run."""
MOST = 3
"""Strikes for each that has to hit a run."""
TYPICAL = 15.0
"""Seconds of a run, before any was measured."""
BEGUN = ("Pending", "Submitting", "Running")
"""States of a run that was begun and has not ended."""
FAMILIES = {
    "publisher": ("multiprocessing.spawn",),
    "runner": ("communique",),
    "server": ("prefect server start", "flows.server"),
    "everything": ("",),
}
"""What is killed, and what its command has: of several, one by chance."""
AT_WORK = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}}
UNREACHABLE = (httpx.HTTPError, AssertionError, LookupError, ValueError)
"""What asking raises while the server is not there."""
console = Console(soft_wrap=True, highlight=False, markup=False)


class Strike(NamedTuple):
    """One kill, and what came of it."""

    family: str
    moment: float
    """Share of a run's usual time after which it was killed."""
    struck: str
    """State of the scheduled run when it was killed."""
    processes: int
    """How many were ended."""
    after: str
    """How the run ended that was started next."""
    recovered: float
    """Seconds from the kill to that end."""
    usual: float
    """Seconds that a run takes on this machine, as known after."""
    faults: list[str]

    @property
    def hit(self) -> bool:
        """Whether something was killed, and in a run: a run may be over sooner than the last one was."""
        return self.processes > 0 and self.struck in BEGUN


class At(NamedTuple):
    """What a torture works on: its data folder, and the `communique up` that serves it."""

    data: Path
    up: Up


# What is killed


def victims(data: Path, told: str) -> list[int]:
    """Return the processes that work for the data folder and have `told` in their command, but for this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            about = command.encode() + (entry / "environ").read_bytes()
        except OSError:
            continue
        mine = str(data).encode() in about and int(entry.name) != os.getpid()
        if mine and told in command and (told != "communique" or " up" in command):
            found.append(int(entry.name))
    return found


def kill(data: Path, told: str) -> int:
    """Return how many processes were ended, when they are gone."""
    there = victims(data, told)
    for process in there:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    gone = waited(lambda: not set(there) & set(victims(data, told)) or None, PATIENCE)
    return len(there) if gone else -1


# What is looked at


def broken(data: Path) -> list[str]:
    """Return the files of versions that are not what their checksums say, and versions that have none."""
    wrong = []
    for version in (data / "packages" / DATASET).glob("[0-9]*"):
        sums = version / "SHA256SUMS"
        lines = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else [f"  {sums}"]
        told = [line.split("  ", 1) for line in lines]
        wrong += [f"{version.name}/{name}" for digest, name in told if _digest(version / name) != digest]
    return wrong


def _digest(path: Path) -> str:
    return store.sha256_file(path) if path.is_file() else "nothing"


def waited(found: Callable[[], Any], patience: float = LONG) -> Any:
    """Return what was found, when it is, however often the server is not there; None where it never is."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        try:
            one = found()
        except UNREACHABLE:
            one = None
        if one is not None:
            return one
        time.sleep(POLL_SECONDS)
    return None


def at_work(url: str) -> dict[str, str]:
    """Return the names and states of the runs that are told to be at work, by their ids."""
    return {run["id"]: f"{run['name']} {run['state_name']}" for run in ask(url, "flow_runs", **AT_WORK)}


def stuck(url: str, before: set[str]) -> list[str]:
    """Return the runs of before the kill that are told to be at work for good."""
    last: dict[str, str] = {}

    def none_left() -> bool | None:
        last.clear()
        last.update({run: told for run, told in at_work(url).items() if run in before})
        return not last or None

    return [] if waited(none_left, 2 * PATIENCE) else [f"{told} is told to be at work" for told in last.values()]


def held_lock(data: Path) -> list[str]:
    """Return a fault where nobody publishes and the lock of the dataset is not to be had."""

    def had() -> bool | None:
        try:
            with store.locked(Settings(data=data).lock(DATASET)):
                return True
        except store.LockedError:
            return None

    return [] if waited(had, 4 * PATIENCE) else ["the lock of the dataset stays taken"]


# A strike


def edit(data: Path, number: int) -> None:
    """Give the release another headline, so that there is something to publish."""
    path = data / "releases" / SEED.name
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    document["headline"] = f"Edition {number}"
    store.replace_file(path, json.dumps(document, ensure_ascii=False).encode())


def alive(up: Up | None, data: Path) -> Up:
    """Return a `communique up` at work: the one that is, or a new one."""
    if up and up.process.poll() is None:
        return up
    if up:
        up.end()
    fresh = Up(data)
    fresh.until("serving approve-version/approve", LONG)
    return fresh


def scheduled(url: str) -> dict[str, str]:
    """Return the states of the runs that the schedule began, by their ids."""
    found = ask(url, "flow_runs", sort="EXPECTED_START_TIME_DESC", flow_runs={"state": {"type": {"not_any_": WAITING}}})
    return {run["id"]: run["state_name"] for run in found if run["auto_scheduled"]}


WAITING = ["SCHEDULED", "CANCELLED"]


def settled(at: At) -> tuple[At, str]:
    """Return what is at work, and how a run ends that is started by hand; one that met another is started again."""
    give_up = time.monotonic() + LONG
    while time.monotonic() < give_up:
        at = At(at.data, alive(at.up, at.data))
        held_lock(at.data)  # by a scheduled run that is at work: two would only get in each other's way
        try:
            run = ended(at.up.url, start(at.up.url, PUBLISHING), LONG)
        except UNREACHABLE:
            time.sleep(1)
            continue
        if run["state_name"] in GOOD:
            return at, str(run["state_name"])
    return at, f"nothing was published any more: {at.up.log[-2000:]}"


def strike(at: At, number: int, chance: random.Random, usual: float) -> tuple[At, Strike]:
    """Kill something in a scheduled run; return what is at work then, and what was found."""
    family = list(FAMILIES)[number % len(FAMILIES)]
    told, moment = chance.choice(FAMILIES[family]), chance.random()
    seen = set(waited(lambda: scheduled(at.up.url)) or {})
    edit(at.data, number)
    run = waited(lambda: next((one for one in scheduled(at.up.url) if one not in seen), None), 2 * TICK)
    time.sleep(moment * usual if run else 0)
    struck = (waited(lambda: scheduled(at.up.url), PATIENCE) or {}).get(run, "nothing")
    before = set(waited(lambda: at_work(at.up.url), PATIENCE) or {})
    killed, count = time.monotonic(), kill(at.data, told)
    at, after = settled(at)
    recovered = time.monotonic() - killed
    faults = [] if run else ["the schedule did not go on"]
    faults += ["what was killed is still there"] if count < 0 else []
    faults += [] if after in GOOD else [after]
    faults += broken(at.data) + stuck(at.up.url, before) + held_lock(at.data)
    took = waited(lambda: duration(at.up.url), PATIENCE) or usual
    return at, Strike(family, moment, struck, count, after, recovered, took, faults)


def duration(url: str) -> float | None:
    """Return the seconds from when a run was due to its end, at the median of the newest that published."""
    done = {"state": {"name": {"any_": ["Published"]}}}
    found = ask(url, "flow_runs", sort="START_TIME_DESC", flow_runs=done)[:5]
    spans = [_instant(run["end_time"]) - _instant(run["expected_start_time"]) for run in found]
    return statistics.median(span.total_seconds() for span in spans) if spans else None


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told)


# The whole of it


def table(strikes: list[Strike]) -> Table:
    """Return the figures, a line a family."""
    shown = Table(title=f"{len(strikes)} kills in scheduled runs")
    columns = ("killed", "times", "processes", "struck while", "then", "longest until then", "faults")
    for column in columns:
        shown.add_column(column)
    for family in FAMILIES:
        mine = [one for one in strikes if one.family == family]
        longest = max((one.recovered for one in mine), default=0)
        struck, after = Counter(one.struck for one in mine), Counter(one.after[:20] for one in mine)
        faults, count = sum(len(one.faults) for one in mine), sum(one.processes for one in mine)
        row = (family, len(mine), count, _counted(struck), _counted(after), f"{longest:.0f} s", faults)
        shown.add_row(*map(str, row))
    return shown


def _counted(names: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(names.items()))


def read(figures: Path) -> list[Strike]:
    """Return the strikes that were made before."""
    return [Strike(*line) for line in store.read_log(figures)]


def work(folder: Path, times: int, seed: int) -> list[Strike]:
    """Strike until a run was hit `times` times; return all strikes, those of before too."""
    figures, data = folder / f"kills-{of_code()}.jsonl", folder / "data"
    strikes = read(figures)
    kill(data, "")
    if not data.exists():
        make_data(store.make_folder(data), DATASET, cron="* * * * *")
    at = At(data, alive(None, data))
    try:
        while sum(one.hit for one in strikes) < times and len(strikes) < MOST * times:
            number = len(strikes)
            usual = strikes[-1].usual if strikes else TYPICAL
            at, one = strike(at, number, random.Random(f"{seed}:{number}"), usual)  # noqa: S311 - the same each time
            store.append_log(figures, list(one))
            strikes.append(one)
            told = "; ".join(one.faults) or "all is whole"
            found = f"{one.processes} ended while {one.struck}, then {one.after} in {one.recovered:.0f} s"
            hits = f"{sum(one.hit for one in strikes):>3} of {times}" if one.hit else "    no hit"
            console.print(f"{hits}  {one.family:<10} {found}; {told}")
        code = at.up.stop()
        console.print(f"the last stop: {code}")
    finally:
        kill(data, "")
        at.up.end()
    return strikes


def main(times: int, seed: int, folder: Path | None) -> int:
    """Kill, look, and go on; return 1 when anything was not mended."""
    folder = store.make_folder(folder or PROJECT / ".torture" / f"kills-{seed}")
    strikes = work(folder, times, seed)
    hits = [one for one in strikes if one.hit]
    console.print(table(hits))
    faults = [fault for one in strikes for fault in one.faults]
    versions = len(list((folder / "data" / "packages" / DATASET).glob("[0-9]*")))
    missed = f"{len(strikes) - len(hits)} more found no run at work"
    console.print(f"{versions} versions, each whole; {len(faults)} faults; {missed}")
    whole = not faults and len(hits) >= times
    if whole:
        shutil.rmtree(folder)
    return int(not whole)


if __name__ == "__main__":
    times, seed, folder = [*sys.argv[1:], *("50", "1", "")[len(sys.argv) - 1 :]]
    sys.exit(main(int(times), int(seed), Path(folder) if folder else None))
