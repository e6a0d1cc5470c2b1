"""What a description of data refers to: other files and other machines, followed where that is allowed."""

import json
import os.path
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.validate.engine import fetching, reference

LINKS, PROFILES = ("path", "extrapaths", "schema", "dialect", "layout"), ("profile", "profiles")
OWN_PROFILES = ("data-package", "tabular-data-package", "data-resource", "tabular-data-resource")
"""Profiles that frictionless knows by name; it reads any other, and whatever that refers to."""
PARTS = ("schema", "dialect")
"""What else may stand in a file of its own."""
DESCRIPTOR_BYTES = 64 << 20


class BadTarget(ValueError):  # noqa: N818 - it is the target's fault
    """What is named is no table, or may not be read."""


def is_remote(text: str) -> bool:
    """Return whether a path leads to another machine."""
    try:
        return len(urlsplit(text).scheme) > 1
    except ValueError:  # an address that is none, as of a host in brackets
        return True


def told(path: Path) -> Any:
    """Return the JSON of a file, a byte order mark before it aside; None where it has none that can be read."""
    try:
        _is_small(path)
        return _of_json(path.read_text(encoding="utf-8-sig"), path)
    except (BadTarget, ValueError):
        return None


def read(path: Path, place: str = "") -> Any:
    """Return the JSON of a file, or the YAML of one that is named so; BadTarget where it cannot be read.

    `place` is where the file was fetched from, and is told instead of it.
    """
    _is_small(path)
    if path.suffix == YAML:
        return _of_yaml(path, place or path)
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError as error:
        raise BadTarget(f"{place or path} is no JSON that can be read: {error}; save it as UTF-8") from None
    if text.startswith(MARK):
        raise BadTarget(
            f"{place or path} begins with a byte order mark, which JSON has not: save it as UTF-8 without one"
        )
    return _of_json(text, place or path)


YAML = ".yaml"
"""The ending of what frictionless reads as YAML."""
MARK = "\ufeff"
"""What some editors write before a text in UTF-8."""


def _of_json(text: str, place: str | Path) -> Any:
    try:
        return _whole(json.loads(text.removeprefix(MARK)))
    except RecursionError:
        raise BadTarget(f"{place} is nested too deep") from None
    except ValueError as error:
        named = "; give a file of YAML the ending .yaml" if Path(place).suffix.lower() == ".yml" else ""
        raise BadTarget(f"{place} is no JSON that can be read: {error}{named}") from None


def _of_yaml(path: Path, place: str | Path) -> Any:
    try:
        return _whole(reference.retrieved(str(path)))
    except RecursionError:
        raise BadTarget(f"{place} is nested too deep") from None
    except (reference.FrictionlessException, ValueError) as error:
        why = str(error).rpartition(' because "')[2].strip('" ') or "it is no object"
        raise BadTarget(f"{place} is no YAML that can be read: {why}") from None


def _is_small(path: Path) -> None:
    if path.is_file() and path.stat().st_size > DESCRIPTOR_BYTES:
        raise BadTarget(f"{path} is larger than the {DESCRIPTOR_BYTES:,} bytes of a description")


def _whole(description: Any) -> Any:
    """Return a description; ValueError where it has half a letter."""
    json.dumps(description, ensure_ascii=False, default=str).encode()
    return description


def fetched(url: str, most: int) -> Path:
    """Return a file with what is at `url`, no more than `most` bytes; BadTarget where it cannot be had."""
    try:
        return fetching.fetched(url, most)
    except fetching.NotFetched as error:
        raise BadTarget(str(error)) from None


def of(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what frictionless reads for a resource, with its property; `url` is an old name of the path."""
    for name in (*LINKS, *PROFILES, *(() if entry.get("path") else ("url",))):
        links = entry.get(name)
        yield from ((name, link) for link in (links if isinstance(links, list) else [links]) if isinstance(link, str))


def own(package: dict[str, Any]) -> dict[str, Any]:
    """Return the links of a package that are not those of its resources."""
    return {name: package.get(name) for name in PROFILES}


def may_be_read(entries: list[Any], folder: Path, *, remote: bool) -> None:
    """Raise BadTarget for a link that leads to another machine or out of the folder of its description."""
    for name, link in (found for entry in entries if isinstance(entry, dict) for found in of(entry)):
        profile = name in PROFILES
        if not (profile and link in OWN_PROFILES):
            _may_be_followed(link, folder, remote=remote, profile=profile)


def _may_be_followed(link: str, folder: Path, *, remote: bool, profile: bool) -> None:
    if profile and not remote:
        raise BadTarget(f"the profile {link} may refer to other machines; --allow-remote reads it")
    if is_remote(link):
        if not remote:
            raise BadTarget(f"{link} is on another machine; --allow-remote fetches it")
    elif not resolved(folder, link).is_relative_to(folder.resolve()):
        raise BadTarget(f"{link} leads out of the folder of its description")


def resolved(folder: Path, link: str) -> Path:
    """Return the file that a link leads to; BadTarget where no file can have such a name."""
    try:
        return (folder / link).resolve()
    except (ValueError, OSError) as error:
        raise BadTarget(f"{link!r} in {folder} can be the name of no file: {error}") from None


def filled(entry: dict[str, Any], base: str) -> dict[str, Any]:
    """Return a resource with its schema and its dialect in the place of links to them.

    A link to what cannot be read stays, and frictionless tells why.
    """
    found = {name: _part(place_of(link, base)) for name, link in of(entry) if name in PARTS}
    return entry | {name: part for name, part in found.items() if part is not None}


def place_of(link: str, base: str) -> str:
    """Return where a link leads to from a description that lies in the folder or at the address `base`."""
    return link if is_remote(link) else f"{base}/{link}" if is_remote(base) else os.path.normpath(Path(base, link))


def _part(place: str) -> Any:
    path = fetched(place, DESCRIPTOR_BYTES) if is_remote(place) else Path(place)
    _is_small(path)
    try:
        return _whole(reference.retrieved(str(path)))
    except reference.FrictionlessException:
        return None
    except ValueError as error:
        raise BadTarget(f"{place} cannot be read: {error}") from None
