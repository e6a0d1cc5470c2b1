"""The commands that judge: validate, schema."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from flows.cli.common import DONE, INVALID, WRONG_USE, Day, app, deaf, err, out, print_json

Face = Literal["text", "json", "frictionless", "sarif", "junit", "html", "github"]


@app.command
def validate(  # noqa: PLR0911, PLR0913 - a command has as many options, and ends in as many ways, as it takes
    *target: str,
    schema: str | None = None,
    as_of: Day = None,
    format: Face = "text",  # noqa: A002 - the option's name
    output: Path | None = None,
    limit: Annotated[int | None, Parameter(validator=Number(gte=0))] = None,
    reference: bool = False,
    allow_remote: bool = False,
    packages: bool = False,
) -> int:
    """Judge tables, Data Packages, release documents or a dataset's sources as they are; nothing is kept.

    Parameters
    ----------
    target
        Tables with --schema, resources, Data Packages; files or folders of documents; names of datasets.
    schema
        Table Schema, a JSON file, that the tables are judged by.
    as_of
        Of documents and datasets: the day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    format
        text for people, json for programs; of tables also frictionless, sarif, junit, html, github.
    output
        Of tables: the file that the answer is written to; the terminal if left out.
    limit
        Of tables: how many errors are told; all if left out. All are counted.
    reference
        Ask frictionless itself over every row too; of tables, nothing beyond it; exit 1 where the two differ.
    allow_remote
        Fetch what lies on other machines.
    packages
        Judge the Data Packages that describe the files named, whole; files that none describes are left out.
    """
    from flows.validate.engine import links, targets  # noqa: PLC0415 - not paid for by --help

    if packages and target:
        target = tuple(targets.packages(target))
        if not target:
            err.print("no Data Package describes one of the files")
            return DONE
    if not target:
        err.print("name a file, a folder or a dataset to validate", style="red")
        return WRONG_USE
    tables = [name for name in target if targets.is_table(name, schema)]
    if not tables:
        if limit is not None or output is not None:
            err.print("--limit and --output are for tables; of documents all is told", style="red")
            return WRONG_USE
        return _documents(target, as_of, format, reference=reference)
    if len(tables) < len(target):
        err.print("tables and documents are judged apart: name the ones or the others", style="red")
        return WRONG_USE
    try:
        if output and output.resolve() in set().union(*map(targets.sources, (*target, *filter(None, [schema])))):
            err.print(f"{output} is what is judged, and the answer would take its place", style="red")
            return WRONG_USE
        return _tables(target, schema, format, output, limit, reference=reference, remote=allow_remote)
    except links.BadTarget as bad:
        err.print(str(bad), style="red")
        return WRONG_USE


def _tables(  # noqa: PLR0913 - as many as the command has for tables
    target: tuple[str, ...],
    schema: str | None,
    face: Face,
    output: Path | None,
    limit: int | None,
    *,
    reference: bool,
    remote: bool,
) -> int:
    from flows import faces  # noqa: PLC0415 - not paid for by --help
    from flows.cli import progress  # noqa: PLC0415
    from flows.validate.engine import targets  # noqa: PLC0415
    from flows.validate.engine.answers import Answer  # noqa: PLC0415

    with progress.bar(err):
        results = [
            result
            for name in target
            for result in targets.results(name, schema, reference_only=reference, remote=remote)
        ]
    answer = Answer(results, limit)
    if output:
        with output.open("w", encoding="utf-8") as file:
            faces.write(face, answer, file)
        told = answer.tally.told
        err.print(f"{output}: {'valid' if answer.valid else 'INVALID'}{', ' if told else ''}{told}")
        return DONE if answer.valid else INVALID
    try:
        faces.write(face, answer, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        deaf(sys.stdout)
    return DONE if answer.valid else INVALID


def _documents(target: tuple[str, ...], as_of: Day, face: Face, *, reference: bool) -> int:
    from flows import config, preview, tell  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    if face not in ("text", "json"):
        raise config.ConfigError(f"--format {face} is for tables; documents are told as text or json")
    settings = Settings()
    reports = {}
    for name in target:
        if Path(name).exists():
            reports[name] = preview.validate_files(Path(name), as_of, reference=reference)
        elif name in config.names(settings.datasets):
            reports[name] = preview.validate_dataset(settings, name, as_of, reference=reference)
        else:
            raise config.ConfigError(f"{name}: there is no such file, and no such dataset in {settings.datasets}")
    if face == "json":
        dumped = {name: report.model_dump(mode="json", by_alias=True) for name, report in reports.items()}
        print_json(dumped if len(dumped) > 1 else next(iter(dumped.values())))
    else:
        for name, report in reports.items():
            tell.report(out, report)
            out.print(f"{name}: {tell.verdict(report)}", style="bold green" if report.valid else "bold red")
    return DONE if all(report.valid for report in reports.values()) else INVALID


@app.command
def schema(*, check: bool = False) -> int:
    """Write the generated schemas and pages, or say which are stale.

    Parameters
    ----------
    check
        Write nothing; exit 1 when a committed file is not what the models say.
    """
    from flows import generate  # noqa: PLC0415 - not paid for by --help

    stale = generate.stale()
    for path in stale:
        err.print(f"{path}: {'stale; run `communique schema`' if check else 'written'}")
    if not check:
        generate.write()
    return INVALID if check and stale else DONE
