"""Whether what a person names is data that a description describes, and where that description lies."""

import os.path
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.validate.engine import links
from flows.validate.engine.links import BadTarget

DESCRIPTOR = "datapackage.json"
IN_YAML = ("datapackage.yaml", "datapackage.yml")
"""Names of descriptions that are not read, and are told how they would be."""


def is_table(target: str, schema: str | None) -> bool:
    """Return whether `target` is a table, a resource or a Data Package, and not a document of releases."""
    if schema is not None or links.is_remote(target):
        return True
    path = Path(target)
    if path.is_dir():
        return (path / DESCRIPTOR).is_file()
    if path.name in (DESCRIPTOR, *IN_YAML) and path.is_file():
        return True
    if path.suffix != ".json" or not path.is_file():
        return package_of(path) is not None
    told = links.told(path)
    return isinstance(told, dict) and ("resources" in told or ("schema" in told and bool({"path", "data"} & set(told))))


def unread(target: str) -> str | None:
    """Return why the description of a Data Package in the folder of a file, or the next above it, cannot be read."""
    paths = (folder / DESCRIPTOR for folder in Path(os.path.normpath(Path(target).absolute())).parents)
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        return None
    try:
        links.read(found if Path(target).is_absolute() else Path(os.path.relpath(found)))
    except BadTarget as bad:
        return str(bad)
    return None


def packages(files: tuple[str, ...]) -> list[str]:
    """Return the descriptions of Data Packages that are among `files` or name one of them, each once."""
    wanted = (*PATHS, *links.PARTS)
    paths = [path if path.name == DESCRIPTOR else package_of(path, wanted) for path in map(Path, files)]
    return list(dict.fromkeys(str(path) for path in paths if path is not None))


def sources(target: str) -> set[Path]:
    """Return the files that are read to judge `target`: itself, the description of its package, and what that names."""
    path = Path(target)
    path = path / DESCRIPTOR if path.is_dir() else path
    description = package_of(path) or path
    told = links.told(description) if description.suffix == ".json" and description.is_file() else None
    named = _named_in(told) if isinstance(told, dict) else ()
    return {path.resolve(), description.resolve(), *(links.resolved(description.parent, link) for link in named)}


def _named_in(told: dict[str, Any]) -> Iterator[str]:
    """Yield the paths and addresses that a description names."""
    entries = told.get("resources", [told])
    for entry in entries if isinstance(entries, list) else ():
        yield from (link for _, link in links.of(entry)) if isinstance(entry, dict) else ()


PATHS = ("path", "extrapaths", "url")
"""Properties of a resource that name its files."""


def package_of(path: Path, names: tuple[str, ...] = PATHS) -> Path | None:
    """Return the description beside a file or in a folder above it that names it, in one of the properties `names`."""
    whole = Path(os.path.normpath(path.absolute()))
    above = whole.parents if path.is_file() else ()
    found = next((folder / DESCRIPTOR for folder in above if _names(folder, whole, names)), None)
    return found if found is None or path.is_absolute() else Path(os.path.relpath(found))


def _names(folder: Path, path: Path, names: tuple[str, ...]) -> bool:
    description = folder / DESCRIPTOR
    told = links.told(description) if description.is_file() else None
    entries = told.get("resources") if isinstance(told, dict) else None
    return any(
        refers(entry, folder, path, names)
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    )


def refers(entry: dict[str, Any], folder: Path, path: Path, names: tuple[str, ...] = PATHS) -> bool:
    """Return whether a resource of a description in `folder` names `path`, in one of the properties `names`."""
    return any(name in names and same(link, folder, path) for name, link in links.of(entry))


def same(link: str, folder: Path, path: Path) -> bool:
    """Return whether a link of a description in `folder` leads to `path`, however it is written."""
    return os.path.normpath(folder / link) == os.path.normpath(path.absolute())
