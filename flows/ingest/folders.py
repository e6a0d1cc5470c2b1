"""Any folder that fsspec can list: in a zip or tar, in memory, in a bucket, on a server.

Where an address may lead is the guard's rule; what a file may hold is bounded as on disk, however it is packed.
"""

import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any, Self

from flows import guard
from schemas.dataset import SourceConfig


def local(source: SourceConfig) -> str | None:
    """Return the path of a folder of this machine, which is read as any other; None for one that lies elsewhere."""
    protocol, mark, path = str(source.folder).rpartition("://")
    return path if source.folder and "::" not in source.folder and (not mark or protocol in guard.HERE) else None


def listed(source: SourceConfig, root: Path) -> dict[str, Callable[[], bytes]]:
    """Return what reads each file of a folder, by name, hidden ones left out; BadInput when it cannot be listed."""
    from fsspec.core import url_to_fs  # noqa: PLC0415 - only a folder that lies elsewhere pays for it

    address = str(source.folder)
    try:
        looked_at = guard.folder(address, root, source.hosts, private=source.private)
        _weigh_archives(looked_at)
        system, path = url_to_fs(looked_at, skip_instance_cache=True)  # a server of datasets lives long
        files = _packed(system, path) if system.protocol in SIZES else _files(system, path)
        found = list(islice(files, guard.MAX_FILES + 1))
        inner = {name: _below(path, name) for name in found}
    except guard.BadInput:
        raise
    except ImportError as missing:
        needs = f"{address.partition('://')[0]} needs a library that is not installed beside communique"
        raise guard.BadInput("input.unreached", f"{needs}: {_told(missing)}", value=address) from None
    except Exception as error:  # noqa: BLE001 - every protocol has errors of its own
        raise guard.BadInput("input.unreached", f"the folder cannot be listed: {_told(error)}", value=address) from None
    if len(found) > guard.MAX_FILES:
        raise guard.BadInput("input.size", f"the folder has more than {guard.MAX_FILES:,} files", value=address)
    if not found:
        raise guard.BadInput("input.empty", "the folder has no file, or is not there", value=address)
    visible = {name: there for name, there in inner.items() if not any(part.startswith(".") for part in there.parts)}
    return {f"{source.folder}/{there}": partial(_read, system, name) for name, there in visible.items()}


def _weigh_archives(address: str) -> None:
    """Raise BadInput for an archive that is too large, one within another too, before fsspec reads it to its end."""
    import fsspec  # noqa: PLC0415 - as above

    parts = address.split("::")
    for number in reversed(range(len(parts) - 1)):
        sizes = SIZES.get(parts[number].partition("://")[0])
        if sizes:
            with fsspec.open("::".join(parts[number + 1 :])) as file:
                _weigh(sizes(file))


class Member(tarfile.TarInfo):
    """A member of a tar; what tells its name and attributes is read whole, so it has a bound of its own."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the member that a block begins; BadInput when its name or attributes are too long."""
        found = super().frombuf(buf, encoding, errors)
        if found.type in TELLING and found.size > MOST_TOLD:
            message = f"a member of the archive has a name or attributes of more than {MOST_TOLD:,} bytes"
            raise guard.BadInput("input.size", message)
        return found


TELLING = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
MOST_TOLD = 1 << 20


def _in_tar(file: IO[bytes]) -> Iterator[int]:
    with tarfile.open(fileobj=file, mode="r|*", tarinfo=Member) as tar:
        yield from (member.size for member in tar)


def _in_zip(file: IO[bytes]) -> Iterator[int]:
    with zipfile.ZipFile(file) as archive:
        yield from (member.file_size for member in archive.infolist())


SIZES = {"zip": _in_zip, "tar": _in_tar}
"""By protocol: what yields how large each member of an archive is when unpacked."""


def _weigh(sizes: Iterable[int]) -> None:
    """Raise BadInput when an archive has too many members, or they unpack to too much."""
    whole = 0
    for number, size in enumerate(sizes, 1):
        whole += size
        if number > guard.MAX_FILES:
            raise guard.BadInput("input.size", f"the archive has more than {guard.MAX_FILES:,} members")
        if whole > guard.MAX_UNPACKED:
            raise guard.BadInput("input.size", f"the archive grows beyond {guard.MAX_UNPACKED:,} bytes when unpacked")


def _packed(system: Any, path: str) -> Iterator[str]:
    """Yield every file of an archive below `path`, in its own order, in which a compressed one is unpacked but once.

    That fsspec lists an archive folder by folder takes the square of their number: four minutes for 10,000.
    """
    system.ls(path)  # raises where the folder is not there, and fills its cache
    for name, entry in system.dir_cache.items():
        if entry["type"] != "directory" and (not path or name == path or name.startswith(f"{path}/")):
            yield name


def _files(system: Any, path: str) -> Iterator[str]:
    """Yield the name of every file below `path`; what cannot be listed raises, where `find` leaves it out."""
    seen, waiting = {path.rstrip("/")}, [path]
    while waiting:
        here = waiting.pop()
        entries = _entries(system, here)
        for entry in entries:
            name = str(entry["name"])
            if name.rstrip("/") == here.rstrip("/") and len(entries) > 1:
                continue  # a bucket may list the folder itself
            if entry["type"] != "directory":
                yield name
            elif name.rstrip("/") not in seen:
                seen.add(name.rstrip("/"))
                waiting.append(name)


def _entries(system: Any, path: str) -> list[dict[str, Any]]:
    """Return what lies in a folder; OSError where ftp hides that it was not told, which it keeps no listing of."""
    found: list[dict[str, Any]] = system.ls(path, detail=True)
    if not found and system.protocol == "ftp" and system._strip_protocol(path) not in system.dircache:  # noqa: SLF001 - the name of its listing
        raise OSError(f"the server does not list {path}")
    return found


def _below(path: str, name: str) -> PurePosixPath:
    """Return the name of a file from its folder on; BadInput when it is the folder itself, or lies beside it."""
    folder, file = PurePosixPath(path), PurePosixPath(name)
    if file == folder:
        raise guard.BadInput("input.address", "this is a file: give the address of its folder", value=name)
    if not file.is_relative_to(folder):
        raise guard.BadInput("input.address", f"the folder lists {name}, which is not below it", value=name)
    return file.relative_to(folder)


def _read(system: object, name: str) -> bytes:
    """Return the bytes of a file; BadInput when it cannot be read or is larger than any file may be."""
    try:
        with system.open(name, "rb") as file:  # type: ignore[attr-defined]  # fsspec has no types
            data: bytes = file.read(guard.MAX_BYTES + 1)
    except Exception as error:  # noqa: BLE001 - as above
        raise guard.BadInput("input.unreached", f"the file cannot be read: {_told(error)}", value=name) from None
    guard.within(len(data), guard.MAX_BYTES)
    return data


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
