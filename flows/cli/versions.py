"""The commands about what is published: versions, diff, prune, takedown, thresholds."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flows.cli.common import DONE, INVALID, Format, app, err, out, print_json, who

Reason = Annotated[str, Parameter(help="Why; kept and published.")]
By = Annotated[str | None, Parameter(help="Who decides; the name of the account if left out.")]


@app.command
def versions(*dataset: str, schema: bool = False, format: Format = "text") -> int:  # noqa: A002 - the option's name
    """List the published versions: day, rows, what changed and why.

    Parameters
    ----------
    dataset
        Names of datasets; every dataset that has a version if left out.
    schema
        Tell what each version changed in the schemas instead.
    format
        text for people, json for programs.
    """
    from flows import config, tell  # noqa: PLC0415 - not paid for by --help
    from flows.publish import package  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    config.some(settings.datasets, settings.packages)
    names = [config.known(settings.datasets, settings.packages, name) for name in dataset]
    there = filter(package.versions, sorted(settings.packages.glob("*")))
    homes = [settings.packages / name for name in names] or there
    found = {home.name: package.index(home) for home in homes}
    if format == "json":
        print_json(found)
    else:
        if not any(found.values()):
            err.print(f"nothing is published in {settings.packages} yet: communique run publishes", style="dim")
        for name, index in found.items():
            tell.versions(out, name, index, schema=schema)
    return DONE


@app.command
def diff(
    dataset: str,
    before: str | None = None,
    after: str = "latest",
    /,
    *,
    format: Format = "text",  # noqa: A002 - the option's name
) -> int:
    """Show what changed between two versions: rows by key and field, with the cause of each.

    Parameters
    ----------
    dataset
        Name of the dataset.
    before
        The older version, as 1.0.0; the one before the newer if left out.
    after
        The newer version, or latest, which it is if left out.
    format
        text for people, json for programs.
    """
    from flows import config, rulings, tell  # noqa: PLC0415 - not paid for by --help
    from flows.publish import package  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    home = settings.packages / config.known(settings.datasets, settings.packages, dataset)
    newer = rulings.version_of(home, after)
    older = rulings.version_of(home, before) if before else rulings.version_before(home, newer)
    if older.version > newer.version:
        right = f"communique diff {dataset} {newer.version} {older.version}"
        raise config.ConfigError(f"{older.version} is the newer of the two; the older comes first: {right}")
    found = package.between(older, newer)
    if format == "json":
        print_json(found.model_dump(mode="json"))
    else:
        out.print(f"{dataset} {older.version} → {newer.version}", style="bold")
        tell.diff(out, found)
        if not found.rows and not found.schema_changes:
            out.print("nothing changed in schemas and rows")
    return DONE


@app.command
def prune(dataset: str, /, *, keep: int, dry_run: bool = False) -> int:
    """Remove all but CSV, papers and diff from every version but the newest.

    Parameters
    ----------
    dataset
        Name of the dataset.
    keep
        How many of the newest versions stay whole.
    dry_run
        Remove nothing: print what would go.
    """
    from flows import config, rulings  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415
    from flows.site import write as catalog  # noqa: PLC0415

    settings = Settings()
    config.known(settings.datasets, settings.packages, dataset)
    removed = rulings.prune(settings, dataset, keep, dry_run=dry_run)
    if not dry_run:
        catalog.refresh(settings.packages, settings.base_url)
    for path in removed:
        err.print(f"{'would remove' if dry_run else 'removed'} {path.parent.name}/{path.name}", style="dim")
    out.print(f"{len(removed)} files {'would be ' if dry_run else ''}removed")
    return DONE


@app.command
def takedown(dataset: str, what: str, /, *, reason: Reason, by: By = None) -> int:
    """Take down a version, or a release in every version that has it; papers and a tombstone stay.

    Parameters
    ----------
    dataset
        Name of the dataset.
    what
        A version, as 1.0.0, or the id of a release; a release is left out of later versions too, and whatever comes
        with an address or a text that was its alone.
    """
    from flows import config, rulings  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415
    from flows.site import write as catalog  # noqa: PLC0415

    settings = Settings()
    config.known(settings.datasets, settings.packages, dataset)
    with catalog.withdrawn(settings.packages, dataset, settings.base_url):
        gone = rulings.take_down(settings, dataset, what, who(by), reason)
    for version in gone.versions:
        out.print(f"taken down: {dataset} {version}")
    for release in gone.alike:
        out.print(
            f"{release} has the same text or address and stands: take it down too, if it is the same", style="yellow"
        )
    if gone.doubt:
        out.print(f"It is known by its id alone, and may come back under another: {gone.doubt}", style="yellow")
    out.print("Run the dataset again to publish what still stands.", style="dim")
    return DONE


@app.command
def thresholds(dataset: str, /, *, last: int = 5) -> int:
    """Propose bounds for a dataset from its last versions: the files of its own suites, each with what to put there.

    Parameters
    ----------
    dataset
        Name of the dataset.
    last
        How many of the newest versions to look at, 1 or more.
    """
    from flows import config, profile  # noqa: PLC0415 - not paid for by --help
    from flows.publish import package  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    home = settings.packages / config.known(settings.datasets, settings.packages, dataset)
    if last < 1:
        raise config.ConfigError(f"--last is 1 or more (given: {last})")
    found = package.versions(home)[-last:]
    proposed = profile.propose([told for one in found if (told := profile.read(one.folder))])
    folder = settings.expectations(dataset)
    print_json({str(folder / f"{table}.json"): {"expectations": told} for table, told in proposed.items()})
    return DONE


@app.command
def rebuild(dataset: str, /, *, raw: Path) -> int:
    """Make every version of a dataset again, from raw bytes and their journal, in a data folder that has none.

    Parameters
    ----------
    dataset
        Name of the dataset.
    raw
        The folder of raw bytes, as data/raw.
    """
    from flows import rebuild as again  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    code = DONE
    for made in again.rebuild(Settings(), dataset, raw):
        if made.same:
            out.print(f"rebuilt {dataset} {made.version}", style="green")
        else:
            code = INVALID
            out.print(f"rebuilt {dataset} {made.version}, but not to the byte: code, lock or rules differ", style="red")
    return code
