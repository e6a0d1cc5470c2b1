"""What pages say, remembered: one whose text no selector finds takes twenty to forty milliseconds to read.

What is remembered is of the very bytes, selectors, code and libraries. It only saves time, and may be removed.
"""

import json
import secrets
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import selectolax

from flows import guard, store
from flows.ingest.web import pages


def read(
    folder: Path | None,
    page: Mapping[str, str],
    load: Callable[[str], bytes],
    selectors: Mapping[str, str],
    wanted: Collection[str],
) -> dict[str, Any]:
    """Return the fields of a page as `pages.read` does, out of `folder` where they are; `page` is of its visit."""
    if folder is None:
        return pages.read(load(page["sha256"]), page["kind"], selectors, wanted)
    asked = [page["sha256"], page["kind"], selectors, sorted(wanted), reader()]
    path = folder / store.sha256(store.to_json(asked))
    with suppress(OSError, ValueError):  # it is not there, or a power cut broke it
        return dict(json.loads(path.read_bytes()))
    found = pages.read(load(page["sha256"]), page["kind"], selectors, wanted)
    with suppress(OSError):  # who may not write there, or has no room, reads it again
        _put(path, json.dumps(found).encode())
    return found


def _put(path: Path, data: bytes) -> None:
    """Write a file in one step, not made to last."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@cache
def reader() -> list[str]:
    """Return what reads pages: the version of Python, of every library that is installed, and the code."""
    libraries = (one.name for one in Path(selectolax.__file__).parents[1].glob("*.dist-info"))
    code = (store.sha256_file(Path(str(module.__file__))) for module in (pages, guard))
    return [sys.version, *sorted(libraries), *code]
