"""The commands of whoever downloads, and the site they download from: serve, get, verify."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flows.cli.common import DONE, INVALID, Format, app, err, many, out, print_json

if TYPE_CHECKING:
    from flows.download.findings import Verification
    from flows.download.get import Got
    from schemas.package import Package

SITE = "http://127.0.0.1:8000"
TIMEOUT = 30
CHANGES = "changes-{before}-to-{after}.json"
"""Beside the versions: what one changes against another."""


@app.command
def serve(
    *, host: str = "127.0.0.1", port: int = 8000, name: Annotated[list[str] | None, Parameter(negative="")] = None
) -> int:
    """Serve what is published as a plain site, until Ctrl-C.

    Parameters
    ----------
    host
        The address to listen on; loopback if left out, so that only this machine is answered.
    port
        The port to listen on; 0 takes any that is free.
    name
        A host name that the site answers to besides loopback, as one behind a proxy; give it again for each.
    """
    from flows import config  # noqa: PLC0415 - not paid for by --help
    from flows.serve import listen  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    config.some(settings.datasets, settings.packages)
    root = settings.packages

    def ready(address: str) -> None:
        print(f"serving {root} at {address} (Ctrl-C stops it)", flush=True)  # noqa: T201 - read by who waits for it

    try:
        listen.serve(root, host, port, name or [], ready)
    except (OSError, OverflowError) as error:
        raise config.ConfigError(f"cannot listen on {host}:{port}: {error}; --port takes another") from None
    return DONE


@app.command
def get(  # noqa: PLR0913 - each option is a parameter
    dataset: str,
    /,
    *,
    source: Annotated[str, Parameter(name="--from")] = SITE,
    to: Path = Path(),
    tables: str | None = None,
    format: str | None = None,  # noqa: A002 - the option's name
    since: str | None = None,
    timeout: float = TIMEOUT,
) -> int:
    """Download a version of a dataset; what was begun is continued, what lies here is not fetched again.

    Parameters
    ----------
    dataset
        Name of the dataset, and after an @ the version, or latest, which it is if left out.
    source
        The site, or the folder of packages, that it comes from.
    to
        The folder that gets a folder of the dataset; this one if left out.
    tables
        Names of tables, with commas between; every table if left out.
    format
        csv, parquet, sqlite, excel or jsonl, with commas between; every format if left out.
    since
        A version: tell which rows were added, removed or changed since it. The CSV tables of both come too.
    timeout
        Seconds that the source may be silent.
    """
    from flows.download import get as getting  # noqa: PLC0415 - not paid for by --help
    from flows.download.source import Unreachable  # noqa: PLC0415
    from flows.download.source import source as place  # noqa: PLC0415

    name, version = _named(dataset.removesuffix("@latest"))
    base = _version(since) if since else None
    there = place(source, timeout)
    wanted = getting.Wanted(name, version, _listed(tables), _listed(format), compared=base is not None)
    try:
        before = getting.get(there, getting.Wanted(name, base, (), ("csv",)), to, _progress) if base else None
        got = getting.get(there, wanted, to, _progress)
    except Unreachable as silent:
        hint = "start `communique serve`, or name the source with --from (as --from data/packages)"
        raise Unreachable(f"{silent}\n{hint}" if source == SITE else str(silent)) from None
    _tell_got(got)
    if before:
        _tell_changes(before.package, got.package)
    return DONE


@app.command
def verify(
    target: str,
    /,
    *,
    seen: Path | None = None,
    format: Format = "text",  # noqa: A002 - the option's name
    timeout: float = TIMEOUT,
) -> int:
    """Check every hash of what is published or was downloaded, and the chain of its versions; say what is wrong.

    Parameters
    ----------
    target
        A folder or an address: of a version, of a dataset, or a folder of datasets; or the name of a dataset here.
    seen
        A folder that remembers which versions were there, so that a source that went back is noticed.
    format
        text for people, json for programs.
    timeout
        Seconds that a site may be silent.
    """
    from flows.download import verify as verifying  # noqa: PLC0415 - not paid for by --help

    with _progress(None) as advance:
        found = verifying.verify(verifying.targets(_place(target), timeout), seen, advance)
    if format == "json":
        print_json(found.model_dump(mode="json"))
    else:
        _tell(found)
    return DONE if found.valid else INVALID


def _place(target: str) -> str:
    """Return where the target lies: in the packages here, where it is no path and a dataset has this name."""
    from flows.settings import Settings  # noqa: PLC0415 - not paid for by --help

    home = Settings().packages / target
    return str(home) if "/" not in target and not Path(target).exists() and home.is_dir() else target


def _named(text: str) -> tuple[str, str | None]:
    """Return the dataset and the version that DATASET[@VERSION] names; ConfigError when it is no such thing."""
    import re  # noqa: PLC0415 - not paid for by --help

    from flows.config import ConfigError  # noqa: PLC0415
    from schemas.values import SLUG  # noqa: PLC0415

    name, mark, number = text.partition("@")
    if not re.fullmatch(SLUG, name):
        raise ConfigError(f"{text!r} names no dataset: it is written official-releases, or official-releases@1.0.0")
    return name, _version(number) if mark else None


def _version(text: str) -> str:
    """Return the number of a version; ConfigError when it is none."""
    from flows.config import ConfigError  # noqa: PLC0415 - not paid for by --help
    from schemas.package import Version  # noqa: PLC0415

    try:
        return str(Version.parse(text))
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _listed(text: str | None) -> tuple[str, ...]:
    """Return the names that stand in `text` with commas between."""
    return tuple(filter(None, map(str.strip, (text or "").split(","))))


@contextmanager
def _progress(size: int | None) -> Iterator[Callable[[int], None]]:
    """Yield what to tell of bytes that came; a terminal shows them."""
    from rich.progress import (  # noqa: PLC0415 - not paid for by --help
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task("", total=size)
        yield lambda count: shown.advance(task, count)


def _tell_got(got: "Got") -> None:
    """Print what lies here now, and which versions that lie here were taken down since."""
    name, version, folder = got.package
    left_out = f", {got.left_out} left out" if got.left_out else ""
    out.print(f"{name} {version}  {folder}  {got.fetched} files came{left_out}")
    if got.pruned:
        err.print(f"{name} {version} was pruned on {got.pruned}", style="yellow")
    for gone, why in got.withdrawn.items():
        err.print(f"{name} {gone}, which lies here, was taken down since: {why}", style="yellow")


def _tell_changes(before: "Package", after: "Package") -> None:
    """Print what changed between two versions that lie here, and keep it beside them for programs."""
    from flows import store, tell  # noqa: PLC0415 - not paid for by --help
    from flows.download.get import comparable  # noqa: PLC0415
    from flows.download.source import Untrue  # noqa: PLC0415
    from flows.publish import package  # noqa: PLC0415

    comparable(before)
    comparable(after)
    try:
        found = package.between(before, after)
    except (KeyError, TypeError, ValueError) as error:  # whole, and yet not made as versions are
        raise Untrue(f"{before.dataset} {before.version} and {after.version} cannot be compared: {error!r}") from None
    path = after.folder.with_name(CHANGES.format(before=before.version, after=after.version))
    store.replace_file(path, store.readable(found.model_dump(mode="json")))
    out.print(f"since {before.version}: {many(len(found.rows), 'row')} added, removed or changed  {path}", style="bold")
    tell.diff(out, found)


def _tell(found: "Verification") -> None:
    """Print what was verified, and what is wrong."""
    for one in found.versions:
        state = f"{one.state} ({one.told})" if one.told else one.state
        out.print(f"{one.dataset} {one.version}  {one.files} files checked  {state}")
    for fault in found.faults:
        out.print(f"  {fault.place}  {fault.kind}: {fault.message}", style="red")
    if found.valid:
        out.print("as published: every hash is as promised", style="bold green")
    else:
        out.print(f"NOT as published: {many(len(found.faults), 'fault')}", style="bold red")
