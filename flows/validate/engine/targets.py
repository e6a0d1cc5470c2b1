"""What a person names, as tables: a file with its schema, a resource, a whole Data Package."""

import atexit
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flows.validate.engine import beyond, reference
from flows.validate.engine.beyond import Extras
from flows.validate.engine.faults import Fault
from flows.validate.engine.results import Others, Result, told
from flows.validate.engine.run import check, place_of

TABULAR = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson", ".xlsx", ".xls", ".ods")
COMPRESSED = (".gz", ".zip", ".bz2", ".xz")
LINKS, PROFILES = ("path", "extrapaths", "schema", "dialect", "layout"), ("profile", "profiles")
OWN_PROFILES = ("data-package", "tabular-data-package", "data-resource", "tabular-data-resource")
"""Profiles that frictionless knows by name; it reads any other, and whatever that refers to."""
DESCRIPTOR, DESCRIPTOR_BYTES, FETCHED_BYTES = "datapackage.json", 64 << 20, 64 << 30


class BadTarget(ValueError):  # noqa: N818 - it is the target's fault
    """What is named is no table, or may not be read."""


class Named(NamedTuple):
    """A resource, and what is known of it and the others of its package."""

    resource: Any
    others: Others


def is_table(target: str, schema: str | None) -> bool:
    """Return whether `target` is a table, a resource or a Data Package, and not a document of releases."""
    if schema is not None or _is_remote(target):
        return True
    path = Path(target)
    if path.is_dir():
        return (path / DESCRIPTOR).is_file()
    if path.suffix != ".json" or not path.is_file():
        return _package_of(path) is not None
    told = _descriptor(path)
    return isinstance(told, dict) and ("resources" in told or ("schema" in told and bool({"path", "data"} & set(told))))


def packages(files: tuple[str, ...]) -> list[str]:
    """Return the descriptions of Data Packages that are among `files` or describe one of them, each once."""
    paths = [path if path.name == DESCRIPTOR else _package_of(path) for path in map(Path, files)]
    return list(dict.fromkeys(str(path) for path in paths if path is not None))


def sources(target: str) -> set[Path]:
    """Return the files that are read to judge `target`: itself, the description of its package, and what that names."""
    path = Path(target)
    path = path / DESCRIPTOR if path.is_dir() else path
    description = _package_of(path) or path
    told = _descriptor(description) if description.suffix == ".json" and description.is_file() else None
    named = _named_in(told) if isinstance(told, dict) else ()
    return {one.resolve() for one in (path, description, *(description.parent / link for link in named))}


def _named_in(told: dict[str, Any]) -> Iterator[str]:
    """Yield the paths and addresses that a description names."""
    entries = told.get("resources", [told])
    for entry in entries if isinstance(entries, list) else ():
        yield from (link for _, link in _links(entry)) if isinstance(entry, dict) else ()


def _package_of(path: Path) -> Path | None:
    """Return the description beside a table or in a folder above it, where it describes the table."""
    above = path.parents if path.is_file() else ()
    return next((folder / DESCRIPTOR for folder in above if _describes(folder, path)), None)


def _describes(folder: Path, path: Path) -> bool:
    description = folder / DESCRIPTOR
    told = _descriptor(description) if description.is_file() else None
    entries = told.get("resources") if isinstance(told, dict) else None
    listed = [entry.get("path") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return path.relative_to(folder).as_posix() in listed


OF_SCHEMA = {"schema-error", "field-error"}
"""Faults of a schema, which are told of its own file where it has one."""


def results(target: str, schema: str | None, *, reference_only: bool, remote: bool) -> Iterator[Result]:
    """Yield what is wrong with each table of `target`; BadTarget where it cannot be looked at at all."""
    with reference.system.use_context(trusted=True):
        try:
            found = named(target, schema, reference_only=reference_only, remote=remote)
        except RecursionError:
            raise BadTarget(f"{target}: its description is nested too deep") from None
        if isinstance(found, list) and found and isinstance(found[0], Fault):
            place = schema if schema and {one.type for one in found} <= OF_SCHEMA else target
            yield Result(Path(place).name, place, first=found)
            return
        for one in found:
            result = _by_reference(one.resource) if reference_only else check(one.resource, others=one.others)
            if schema is not None and "://" in target:
                result.place = target  # not the file that was fetched from there
            yield result


def _by_reference(resource: Any) -> Result:
    """Return what is wrong with a table, and how that differs from what frictionless says of it, or that it dies."""
    try:
        result = check(resource, linear=False)
        result.last += compared(result, resource)
    except Exception as error:  # noqa: BLE001 - whatever frictionless dies of
        why = f"frictionless cannot judge it, for it ends with {type(error).__name__}: {error}"
        return Result(resource.name, place_of(resource), first=[Fault("error", f"{why}. Judge it without --reference")])
    return result


def compared(result: Result, resource: Any) -> list[Fault]:
    """Return how the engine differs from frictionless, asked over every row: one fault for the first difference."""
    ours, theirs = told(result), reference.judged_again(resource)
    for place in range(max(len(ours), len(theirs))):
        mine, other = (said[place] if place < len(said) else None for said in (ours, theirs))
        if mine != other:
            return [Fault("reference", f"the engine says {_said(mine)}, frictionless says {_said(other)}")]
    return []


def _said(error: tuple[int | None, list[str] | None, Fault] | None) -> str:
    if error is None:
        return "nothing more"
    row, _, one = error
    return f"{one.type} in row {row}, field {one.field!r}: {one.note!r}"


def named(target: str, schema: str | None, *, reference_only: bool, remote: bool) -> Any:
    """Return the resources of `target`, or the faults of its description.

    A table that a package beside it describes is judged by that, with its references to the other tables.
    """
    if _is_remote(target) and not remote:
        raise BadTarget(f"{target} is on another machine; --allow-remote fetches it")
    path = Path(target)
    if not _is_remote(target) and not path.exists():
        raise BadTarget(f"{target}: there is no such file")
    path = path / DESCRIPTOR if path.is_dir() else path
    package = None if schema or _is_remote(target) else _package_of(path)
    if package:
        found = _described(package, str(package), reference_only=reference_only, remote=remote)
        place = path.relative_to(package.parent).as_posix()
        return [one for one in found if isinstance(one, Fault) or one.resource.path == place]
    if schema is not None or not (path.suffix == ".json" or _is_remote(target)):
        return _file(target, _schema(schema, remote=remote), reference_only=reference_only)
    path = _fetched(target, DESCRIPTOR_BYTES) if _is_remote(target) else path
    return _described(path, target, reference_only=reference_only, remote=remote)


def _is_remote(text: str) -> bool:
    try:
        return len(urlsplit(text).scheme) > 1
    except ValueError:  # an address that is none, as of a host in brackets
        return True


def _descriptor(path: Path) -> Any:
    """Return the JSON of a file; None where it is none, or too large to be a description."""
    if path.stat().st_size > DESCRIPTOR_BYTES:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None


def _schema(given: str | None, *, remote: bool) -> dict[str, Any] | None:
    if given is None:
        return None
    if _is_remote(given):
        if not remote:
            raise BadTarget(f"{given} is on another machine; --allow-remote fetches it")
        given = str(_fetched(given, DESCRIPTOR_BYTES))
    if not Path(given).is_file():
        raise BadTarget(f"{given}: there is no such file")
    told = _descriptor(Path(given))
    if not isinstance(told, dict) or "fields" not in told:
        raise BadTarget(f"{given} is no Table Schema: a JSON object with fields")
    return told


def _fetched(url: str, most: int) -> Path:
    """Return a file with what is at `url`, no more than `most` bytes; it is removed when the program ends."""
    import urllib.request  # noqa: PLC0415 - only what is remote pays for it

    if urlsplit(url).scheme not in ("http", "https"):
        raise BadTarget(f"{url}: only http and https are fetched")
    folder = Path(tempfile.mkdtemp(prefix="communique-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / (Path(urlsplit(url).path).name or "datapackage.json")
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, path.open("wb") as file:  # noqa: S310 - http alone
            while block := answer.read(1 << 20):
                file.write(block)
                if file.tell() > most:
                    raise BadTarget(f"{url} is larger than the {most:,} bytes that are fetched")
    except OSError as error:
        raise BadTarget(f"{url}: {error}") from None
    return path


def _file(target: str, schema: dict[str, Any] | None, *, reference_only: bool) -> list[Any]:
    path = _fetched(target, FETCHED_BYTES) if _is_remote(target) else Path(target)
    descriptor: dict[str, Any] = {"name": _name(path), "path": str(path)} | ({"schema": schema} if schema else {})
    return _resource(descriptor, "", reference_only=reference_only)


def _name(path: Path) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in path.name.split(".")[0].lower())
    return "".join(letter for letter in kept if letter.isascii()).strip("-") or "table"


def _resource(descriptor: dict[str, Any], base: str, *, reference_only: bool) -> list[Any]:
    """Return a resource, or the faults of its description."""
    extras = Extras()
    if not reference_only:
        descriptor, extras = beyond.rewritten(descriptor)
    try:
        resource = reference.described_resource(descriptor, base)
    except reference.FrictionlessException as error:
        return [reference.fault(one) for one in error.to_errors()]
    return [Named(resource, Others({resource.name: extras}))]


def _described(path: Path, target: str, *, reference_only: bool, remote: bool) -> Any:
    """Return the resources of a package or a resource, as its description has them."""
    told = _descriptor(path)
    if not isinstance(told, dict):
        raise BadTarget(f"{path} is no JSON object that describes data")
    base = target.rpartition("/")[0] if _is_remote(target) else str(path.parent)
    entries = told.get("resources", [told])
    if not isinstance(entries, list):
        raise BadTarget(f"{path}: resources is no list")
    _may_be_read([*entries, _profiles(told)], path.parent, remote=remote)
    if "resources" not in told:
        return _resource(told, base, reference_only=reference_only)
    extras = [Extras() for _ in entries]
    if not reference_only and all(isinstance(entry, dict) for entry in entries):
        rewritten = [beyond.rewritten(entry, told.get("$schema")) for entry in entries]
        told = told | {"resources": [one for one, _ in rewritten]}
        extras = [more for _, more in rewritten]
    return _of_package(told, base, extras)


def _of_package(told: dict[str, Any], base: str, extras: list[Extras]) -> Any:
    try:
        package = reference.Package.from_descriptor(told, basepath=base)
        package.to_descriptor(validate=True)
    except reference.FrictionlessException as error:
        return [reference.fault(one) for one in error.to_errors()]
    others = Others({one.name: more for one, more in zip(package.resources, extras, strict=True)})
    return [Named(one, others) for one in package.resources]


def _profiles(told: dict[str, Any]) -> dict[str, Any]:
    """Return the links of a package that are its own."""
    return {name: told.get(name) for name in PROFILES}


def _may_be_read(entries: list[Any], folder: Path, *, remote: bool) -> None:
    """Raise BadTarget for a link that leads to another machine or out of the folder of its description."""
    for name, link in (found for entry in entries if isinstance(entry, dict) for found in _links(entry)):
        profile = name in PROFILES
        if not (profile and link in OWN_PROFILES):
            _may_be_followed(link, folder, remote=remote, profile=profile)


def _links(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what frictionless reads for a resource, with its property; `url` is an old name of the path."""
    for name in (*LINKS, *PROFILES, *(() if entry.get("path") else ("url",))):
        links = entry.get(name)
        yield from ((name, link) for link in (links if isinstance(links, list) else [links]) if isinstance(link, str))


def _may_be_followed(link: str, folder: Path, *, remote: bool, profile: bool) -> None:
    if profile and not remote:
        raise BadTarget(f"the profile {link} may refer to other machines; --allow-remote reads it")
    if _is_remote(link):
        if not remote:
            raise BadTarget(f"{link} is on another machine; --allow-remote fetches it")
    elif not (folder / link).resolve().is_relative_to(folder.resolve()):
        raise BadTarget(f"{link} leads out of the folder of its description")
