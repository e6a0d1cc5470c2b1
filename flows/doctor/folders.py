"""The machine: locks, room, rights, and what is installed and set."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from flows import config, notify, store
from flows.doctor.finding import UNREADABLE, Case, Finding
from flows.settings import Settings

ENOUGH = 1 << 30
"""Bytes that ought to be free."""
LEAST = 100 << 20
"""Bytes below which nothing is published."""
VERSIONS = 3
"""How many more versions of the size of the newest there ought to be room for."""
FOLDERS = ("raw", "runs", "quarantine", "staging", "packages")
"""Folders of the data folder that runs write; all but the first have one a dataset."""
MOST_TOLD = 5
"""Most places that one finding names."""


def versions(_: Case) -> Iterator[Finding]:
    """Whether what is installed is what the project asks for."""
    wrong = []
    for line in metadata.requires("communique") or ():
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            there = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is not installed (wanted {wanted.specifier})")
            continue
        if not wanted.specifier.contains(there, prereleases=True):
            wrong.append(f"{wanted.name} {there} (wanted {wanted.specifier})")
    if wrong:
        yield Finding("versions", "bad", "; ".join(wrong), "Install the pinned versions again: pip install communique.")
    else:
        yield Finding("versions", "good", f"communique {metadata.version('communique')}, and every library as pinned")


def lock(case: Case) -> Iterator[Finding]:
    """Whether the kernel's locks work on this disk, and who holds one."""
    if not case.settings.root.is_dir():
        yield Finding("lock", "skipped", f"not tried, for {case.settings.root} is not there")
        return
    probe = _nearest(case.settings.root / "runs") / f".doctor.{os.getpid()}.lock"
    try:
        with store.locked(probe):
            if not store.held(probe):
                mend = "Put the data folder on a disk with POSIX locks; some network disks have none."
                yield Finding("lock", "bad", f"two can hold one lock on {case.settings.root}", mend)
                return
    except OSError as fault:
        yield Finding("lock", "bad", f"no lock on {case.settings.root}: {fault}", "Mend the rights of the data folder.")
        return
    finally:
        with suppress(OSError):
            probe.unlink()
    busy = [name for name in config.names(case.settings.datasets) if store.held(case.settings.lock(name))]
    at_work = f"; at work now: {', '.join(busy)}" if busy else ""
    yield Finding("lock", "good", f"the kernel's locks hold on {case.settings.root}{at_work}")


def journals(case: Case) -> Iterator[Finding]:
    """Whether every journal can be read: no run gets by one that cannot."""
    names = config.names(case.settings.datasets)
    wrong = [told for name in names if (told := _unreadable(case.settings.raw, name))]
    for told in wrong:
        yield Finding("journal", "bad", told, "Put it back from a copy: runs only add to it.")
    if not wrong:
        yield Finding("journal", "good", "every journal can be read")


def _unreadable(raw: Path, name: str) -> str | None:
    """Return what is wrong with a dataset's journal, None where it can be read."""
    path = store.journal_path(raw, name)
    try:
        store.read_story(raw, name)
    except json.JSONDecodeError as fault:
        return f"{path} has a line that is no JSON: {fault.doc[:60]!r}"
    except UNREADABLE as fault:
        return f"{path} cannot be read: {type(fault).__name__}: {fault}"
    return None


def disk(case: Case) -> Iterator[Finding]:
    """Whether there is room for the next versions."""
    free = shutil.disk_usage(_nearest(case.settings.root)).free
    newest = max((_size(path) for path in case.settings.packages.glob("*/[0-9]*.*")), default=0)
    wanted = max(ENOUGH, VERSIONS * newest)
    said = f"{free / (1 << 30):.1f} GiB are free"
    mend = "Free some, or `communique prune DATASET --keep N` takes the large formats from old versions."
    if free < LEAST:
        yield Finding("disk", "bad", said, mend)
    elif free < wanted:
        yield Finding("disk", "warning", f"{said}, less than {wanted / (1 << 30):.1f} GiB", mend)
    else:
        yield Finding("disk", "good", said)


def _nearest(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def rights(case: Case) -> Iterator[Finding]:
    """Whether every folder can be written, and staging lies on the disk of the packages."""
    if not case.settings.root.is_dir():
        mend = "`communique init` makes one; --data names another folder."
        yield Finding("rights", "bad", f"{case.settings.root} is not there", mend)
        return
    closed = _closed(case.settings)
    disks = {_nearest(case.settings.root / name).stat().st_dev for name in ("staging", "packages")}
    if closed:
        more = f" and {len(closed) - MOST_TOLD} more" if len(closed) > MOST_TOLD else ""
        found = f"cannot write in {', '.join(closed[:MOST_TOLD])}{more}"
        yield Finding("rights", "bad", found, "Give them to the account that publishes: chown -R.")
    elif len(disks) > 1:
        mend = "Put both on one disk: a version is made by one rename."
        yield Finding("rights", "bad", "staging/ and packages/ lie on two disks", mend)
    else:
        yield Finding("rights", "good", f"every folder of {case.settings.root} can be written")


def _closed(settings: Settings) -> list[str]:
    """Return the folders and files that a run or our own server writes, and that cannot be written here."""
    own = sorted(settings.prefect_home.glob("*"))
    names = [f"{folder}/{name}" for folder in FOLDERS[1:] for name in config.names(settings.datasets)]
    folders = [_nearest(settings.root / name) for name in (*FOLDERS, *names, ".prefect")]
    folders += [*settings.raw.glob("sha256/*"), *filter(Path.is_dir, own)]
    files = [*settings.raw.glob("*.jsonl"), *settings.root.glob("runs/*/.lock"), *filter(Path.is_file, own)]
    closed = {folder for folder in folders if not _writable(folder)}
    return sorted(map(str, closed | {file for file in files if not os.access(file, os.W_OK) and file.exists()}))


def _writable(folder: Path) -> bool:
    """Return whether a file can be made in `folder`; what the rights say is not asked, for root has all."""
    probe = folder / f".doctor.{os.getpid()}.{time.monotonic_ns()}"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError:
        return False
    return True


def told(case: Case) -> Iterator[Finding]:
    """Whether apprise has a service for each address that is told."""
    addresses = case.settings.notify
    unknown = [number for number, address in enumerate(addresses, 1) if not notify.known(address)]
    if unknown:
        told = ", ".join(map(str, unknown))
        mend = "Write each as apprise has it, with blanks between."
        yield Finding("notify", "bad", f"no service for address {told} of {len(addresses)} in COMMUNIQUE_NOTIFY", mend)
    elif addresses:
        yield Finding("notify", "good", f"{len(addresses)} addresses are told of held, failed and stale datasets")
    else:
        found = "nobody is told when a dataset is held, fails or goes stale"
        yield Finding("notify", "warning", found, "Set COMMUNIQUE_NOTIFY; see docs/deploy.md.")
