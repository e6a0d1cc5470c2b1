"""kill -9 of the publisher, the runner, the server, its keeper, the site, everything, at random moments of runs.

After each, the next run publishes without help, every version is whole, and no run is told to be at work that is not.
Run as `python -m tests.torture.kills [TIMES] [SEED]`.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from flows import store
from tests.conftest import SEED
from tests.publishing import DATASET, PATIENCE
from tests.served import Up, ask, ended, make_data, start

PUBLISHING = f"publish-releases/{DATASET}"
LONG = 10 * PATIENCE
GOOD = ("Published", "Unchanged")
MOMENTS = 15
"""Seconds of a run in which it is killed."""
VICTIMS = {
    "publisher": "multiprocessing.spawn",
    "runner": "communique",
    "server": "prefect server start",
    "keeper": "flows.server",
    "site": "serve --port",
    "everything": "",
}
"""What is killed, and what its command has."""
AT_WORK = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}}
say = Console(soft_wrap=True, highlight=False, markup=False).print


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


def kill(data: Path, victim: str) -> int:
    """Return how many processes were ended."""
    there = victims(data, VICTIMS[victim])
    for process in there:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return len(there)


def edit(data: Path, number: int) -> None:
    """Give the release another headline, so that there is something to publish."""
    path = data / "releases" / SEED.name
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    document["headline"] = f"Edition {number}"
    store.replace_file(path, json.dumps(document, ensure_ascii=False).encode())


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


def alive(up: Up | None, data: Path) -> Up:
    """Return a `communique up` at work: the one that is, or a new one."""
    if up and up.process.poll() is None:
        return up
    if up:
        up.end()
    fresh = Up(data)
    fresh.until("serving approve-version/approve", LONG)
    return fresh


def settled(up: Up, data: Path) -> str:
    """Return how a run ends that is started now; a server that is being started again is waited for."""
    give_up = time.monotonic() + LONG
    while time.monotonic() < give_up:
        try:
            run = ended(up.url, start(up.url, PUBLISHING), LONG)
        except (httpx.HTTPError, AssertionError, LookupError, ValueError):  # the server is not there yet
            time.sleep(1)
            continue
        if run["state_name"] in GOOD:
            return str(run["state_name"])
    return f"nothing was published any more:\n{up.log[-2000:]}\n{victims(data, '')}"


def strike(up: Up, data: Path, chance: random.Random) -> tuple[Up, str, list[str]]:
    """Kill something in a run; return what is at work then, what was killed, and what was not mended."""
    victim = chance.choice(sorted(VICTIMS))
    start(up.url, PUBLISHING)
    time.sleep(chance.uniform(0, MOMENTS))
    count = kill(data, victim)
    time.sleep(1)
    up = alive(up, data)
    state = settled(up, data)
    left = [f"{run['name']} {run['state_name']} is told to be at work" for run in ask(up.url, "flow_runs", **AT_WORK)]
    wrong = broken(data) + ([] if state in GOOD else [state]) + left
    say(f"{victim:<10} {count} ended, then {state}; {'; '.join(wrong) or 'all is whole'}")
    return up, victim, wrong


def main(times: int = 50, seed: int = 1) -> int:
    """Kill, look, and go on; return 1 when anything was not mended."""
    chance = random.Random(seed)  # noqa: S311 - the same moments each time
    data = Path(tempfile.mkdtemp(prefix="communique-kills-")) / "data"
    data.mkdir()
    make_data(data, DATASET, cron="0 0 1 1 *")
    faults: list[str] = []
    counted = Counter[str]()
    up = alive(None, data)
    try:
        for number in range(times):
            edit(data, number)
            up, victim, wrong = strike(up, data, chance)
            faults += wrong
            counted[victim] += 1
        code = up.stop()
    finally:
        up.end()
    versions = len(list((data / "packages" / DATASET).glob("[0-9]*")))
    say(f"{times} kills {dict(counted)}, {versions} versions, {len(faults)} faults, the last stop {code}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
