"""Files on their way: filled from a source, continued after a kill, checked, and put in their place whole."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from flows import store
from flows.download.source import Absent, Promised, Source, Spoiled, Unreachable

Answer = TypeVar("Answer")
Advance = Callable[[int], None]
"""Told how many bytes came; less than nothing where some turned out to be of no use."""
TRIES = 5
"""How often in a row a source may fail without a byte having come."""
WAIT_SECONDS = 0.5


def fill(source: Source, promised: Promised, staging: Path, advance: Advance) -> None:
    """Make the promised file lie whole in `staging`, going on with what a kill left of it.

    Unreachable where the source does not answer any more, Untrue where its answer is not about this file: what came is
    kept. Spoiled where it sends other bytes, also after what lay here was thrown away and begun anew.
    """
    final = staging / promised.path.rpartition("/")[2]
    part = final.with_name(f"{final.name}.{promised.entry.sha256}.part")
    if final.is_file() and not part.is_file():
        final.rename(part)  # to be read once more: the last one to write it may have been killed
    failed = 0
    while True:
        before = _size(part)
        try:
            _go_on(source, promised, part, advance)
            break
        except Unreachable:
            failed = failed + 1 if _size(part) <= before else 0
            if failed == TRIES:
                raise
            advance(-_size(part))
            time.sleep(WAIT_SECONDS * failed)
        except Spoiled:
            advance(-_size(part))
            part.unlink()
            if not before:
                raise
    part.rename(final)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _go_on(source: Source, promised: Promised, part: Path, advance: Advance) -> None:
    """Append to `part` what it lacks, and check the whole."""
    path, entry = promised
    with part.open("a+b") as file:
        if _size(part) > entry.bytes:
            file.truncate(0)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
        advance(file.tell())
        if file.tell() < entry.bytes:
            digest = _append(source, promised, file, digest, advance)
        file.flush()
        os.fchmod(file.fileno(), store.FILE_MODE)
        os.fsync(file.fileno())
        if file.tell() < entry.bytes:
            raise Unreachable(f"{path}: was cut off after {file.tell():,} of {entry.bytes:,} bytes")
        if digest.hexdigest() != entry.sha256:
            raise Spoiled(f"{path}: has the SHA-256 {digest.hexdigest()[:12]}…, the manifest says {entry.sha256[:12]}…")


def _append(
    source: Source, promised: Promised, file: BinaryIO, digest: "hashlib._Hash", advance: Advance
) -> "hashlib._Hash":
    """Return the digest of the file with what came appended to it; begun anew where the source cannot go on."""
    with source.open(promised, file.tell()) as (start, blocks):
        if start != file.tell():
            advance(-file.tell())
            file.truncate(0)
            digest = hashlib.sha256()
        for block in _bounded(promised, file.tell(), blocks):
            file.write(block)
            digest.update(block)
            advance(len(block))
    return digest


def _bounded(promised: Promised, count: int, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `blocks`, which come after `count` bytes; Untrue when there are more than promised."""
    for block in blocks:
        count += len(block)
        if count > promised.entry.bytes:
            raise Spoiled(f"{promised.path}: goes on after the {promised.entry.bytes:,} bytes that the manifest says")
        yield block


def digest_of(source: Source, promised: Promised, advance: Advance) -> str | None:
    """Return the digest of a file at the source, read as it comes; None where it is not there."""
    try:
        return patiently(lambda: _digest(source, promised, advance))
    except Absent:
        return None


def _digest(source: Source, promised: Promised, advance: Advance) -> str:
    found, count = hashlib.sha256(), 0
    try:
        with source.open(promised) as (_, blocks):
            for block in _bounded(promised, 0, blocks):
                found.update(block)
                count += len(block)
                advance(len(block))
    except Unreachable:
        advance(-count)
        raise
    return found.hexdigest()


def patiently(ask: Callable[[], Answer]) -> Answer:
    """Return what a source answers, asked again where it fails; Unreachable when it failed as often as it may."""
    for failed in range(1, TRIES):
        try:
            return ask()
        except Unreachable:
            time.sleep(WAIT_SECONDS * failed)
    return ask()
