"""A run in a process of its own, watched by strace: the calls that change the disk, and faults in their place."""

import ctypes
import gc
import hashlib
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from flows.settings import PROJECT
from tests.publishing import PATIENCE, publish, wait_until

CONTEXT = multiprocessing.get_context("forkserver")
LATE = ["pyarrow.parquet", "pyarrow.pandas_compat", "python_calamine", "xlsxwriter.workbook", "slugify", "cronsim"]
"""What a run imports when it comes to it: a third of its time."""
CONTEXT.set_forkserver_preload(["flows.validate.suites", "flows.publish.audit", "tests.torture.traced", *LATE])
"""Every run is a process of its own, to be struck; what they all import is imported once."""

CALLS = (
    *("write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "renameat", "renameat2", "mkdir", "mkdirat"),
    *("link", "linkat", "open", "openat", "creat", "chmod", "fchmodat"),
)
FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
ENTRY = re.compile(r"(\d+) +(\w+)\((.*)")
"""A call in strace's list: the thread, the call, its arguments and what came of it."""
SUMMARY = re.compile(r" *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)")
"""A line of the table that strace ends with: share, seconds, seconds a call, calls, errors, the call."""
CHANCE = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}|(?<=\.)[0-9a-f]{8}$|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""What is another in every run: its id, the end of a name that lasts for a moment, the second in its record."""
SET_PTRACER, ANYONE = 0x59616D61, ctypes.c_ulong(-1)
LONG = 20 * PATIENCE


class Point(NamedTuple):
    """A call that changes the disk: the `nth` of its kind since the run began, to this path."""

    call: str
    nth: int
    path: str


def run(data: Path, told: Connection) -> None:
    """Say that it is ready; publish the dataset of `data` when told to, and answer how that ended.

    New files are for their owner alone.
    """
    gc.freeze()  # what was imported before is shared with the other runs
    os.umask(0o077)
    ctypes.CDLL(None).prctl(SET_PTRACER, ANYONE)
    told.send("ready")
    told.recv()
    try:
        answer = publish(data).outcome
    except OSError as fault:
        answer = f"{type(fault).__name__} {fault.errno}"
    except Exception as fault:  # noqa: BLE001 - a call that was not aimed at may be struck, as that of an import
        answer = type(fault).__name__
    told.send(answer)


def published(data: Path, trace: Path | None = None, inject: str = "") -> str:
    """Return how a run ends; with `trace` strace writes its calls to that file, and injects a fault."""
    mine, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=run, args=(data, theirs))
    process.start()
    theirs.close()
    mine.recv()  # strace counts from here: what comes before is another in every process
    strace = _attached(process.pid or 0, trace, inject) if trace else None
    mine.send("go")
    try:
        answer = str(mine.recv()) if mine.poll(LONG) else "hangs"
    except (EOFError, ConnectionResetError):  # it was killed
        answer = ""
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
    if strace:
        strace.wait(PATIENCE)
    return answer or signal.Signals(-(process.exitcode or 0)).name


def _attached(process: int, trace: Path, inject: str) -> "subprocess.Popen[str]":
    """Return a strace that looks at every thread of `process`."""
    looked_at = "trace=" + ",".join(f"?{call}" for call in CALLS)
    command = ["strace", "-C", "-f", "-y", "-s", "0", "-o", str(trace), "-e", looked_at, "-p", str(process)]
    if inject:
        command += ["-e", f"inject={inject}"]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    status = Path(f"/proc/{process}/status")
    if not wait_until(lambda: "TracerPid:\t0\n" not in status.read_text() or strace.poll() is not None):
        strace.kill()
    if strace.poll() is not None:
        raise RuntimeError(f"strace does not attach: {strace.communicate()[1]}")
    return strace


def calls(data: Path, trace: Path) -> Iterator[tuple[Point, str]]:
    """Yield the calls that strace saw change something below `data`, each with its line."""
    counted = Counter[tuple[str, str]]()
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        entry = ENTRY.fullmatch(line)
        if not entry:
            continue
        thread, call, rest = entry.groups()
        counted[thread, call] += 1
        paths = re.findall(rf'[<"]{re.escape(str(data))}/([^>"]*)[>"]', rest)
        if paths and (FOR_WRITING.search(rest) or not call.startswith("open")):
            yield Point(call, counted[thread, call], CHANCE.sub("*", paths[-1])), line


def counted_alike(trace: Path) -> bool:
    """Return whether as many calls of each kind were read as strace itself counts, in the table that it ends with."""
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    read = Counter(entry[2] for line in lines if (entry := ENTRY.fullmatch(line)))
    counts = {row[2]: int(row[1]) for line in lines if (row := SUMMARY.fullmatch(line)) and row[2] in CALLS}
    return bool(read) and read == Counter(counts)


def of_code() -> str:
    """Return a digest of the code that is put to torture: what was found of other code says nothing of it."""
    told = hashlib.sha256()
    for path in sorted(path for part in ("flows", "schemas") for path in (PROJECT / part).rglob("*.py")):
        told.update(path.read_bytes())
    return told.hexdigest()[:12]


def unable() -> str | None:
    """Return why no fault can be injected here, None where it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"ptrace is not allowed: {tried.stderr.strip()}"
