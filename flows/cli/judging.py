"""The commands that judge: validate, schema."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

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
        Table Schema, a file of JSON or YAML, that the tables are judged by.
    as_of
        Of documents and datasets: the day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    format
        text for people, json for programs; of tables also frictionless, sarif, junit, html, github.
    output
        Of tables: the file that the answer is written to; the terminal if left out.
    limit
        Of tables: how many errors are told; if left out, some in text, html and junit, else all. All are counted.
    reference
        Ask frictionless itself over every row too; of tables, nothing beyond it; exit 1 where the two differ.
    allow_remote
        Fetch what lies on other machines.
    packages
        Judge the Data Packages that describe the files named, whole; files that none describes are left out.
    """
    from flows.validate.engine import links, naming  # noqa: PLC0415 - not paid for by --help

    if packages and target:
        target = tuple(naming.packages(target))
        if not target:
            err.print("no Data Package describes one of the files")
            return DONE
    if not target:
        err.print("name a file, a folder or a dataset to validate", style="red")
        return WRONG_USE
    tables = [name for name in target if naming.is_table(name, schema)]
    if not tables:
        if limit is not None or output is not None:
            err.print("--limit and --output are for tables; of documents all is told", style="red")
            return WRONG_USE
        return _documents(target, as_of, format, reference=reference)
    documents = [name for name in target if name not in tables and _is_document(name)]
    if documents:
        told = f"tables and documents are judged apart, and {documents[0]} is taken for documents"
        err.print(f"{told}: name the ones or the others, or give a table its --schema", style="red")
        return WRONG_USE
    if output and (output.is_dir() or not output.parent.is_dir()):
        why = "is a folder" if output.is_dir() else "lies in a folder that is not there"
        err.print(f"{output} {why}: --output names the file that the answer is written to", style="red")
        return WRONG_USE
    try:
        if output and output.resolve() in set().union(*map(naming.sources, (*target, *filter(None, [schema])))):
            err.print(f"{output} is what is judged, and the answer would take its place", style="red")
            return WRONG_USE
        return _tables(target, schema, format, output, limit, reference=reference, remote=allow_remote)
    except links.BadTarget as bad:
        err.print(str(bad), style="red")
        return WRONG_USE


def _is_document(name: str) -> bool:
    """Return whether what is no table is a document or a dataset, and not a name of nothing."""
    from flows import config  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    return Path(name).exists() or name in config.names(Settings().datasets)


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
    """Tell what is wrong with the tables that can be looked at, then which targets cannot."""
    from flows.cli import progress  # noqa: PLC0415 - not paid for by --help
    from flows.validate.engine import links, targets  # noqa: PLC0415
    from flows.validate.engine.answers import Answer  # noqa: PLC0415

    results: list[Any] = []
    refused: list[str] = []
    with progress.bar(err):
        for name in target:
            try:
                results += targets.results(name, schema, reference_only=reference, remote=remote)
            except links.BadTarget as bad:
                refused.append(str(bad))
            except OSError as error:  # of a file that may not be looked at, or of a name that none can have
                refused.append(f"{name}: {error.strerror}")
    return _ended(refused, _tell(Answer(results, limit), face, output) if results else DONE)


def _tell(answer: Any, face: Face, output: Path | None) -> int:
    from flows import faces  # noqa: PLC0415 - not paid for by --help

    if output:
        try:
            with output.open("w", encoding="utf-8") as file:
                faces.write(face, answer, file)
        except OSError as error:
            err.print(f"{output}: the answer cannot be written there: {error.strerror}", style="red")
            return WRONG_USE
        told, results = answer.tally.told, answer.results
        judged = results[0].place if len(results) == 1 else f"{len(results):,} tables"
        verdict = f"{'valid' if answer.valid else 'INVALID'}{', ' if told else ''}{told}"
        err.print(f"{judged}: {verdict}; told in {output}")
        return DONE if answer.valid else INVALID
    try:
        faces.write(face, answer, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        deaf(sys.stdout)
    return DONE if answer.valid else INVALID


def _documents(target: tuple[str, ...], as_of: Day, face: Face, *, reference: bool) -> int:
    from flows import config, guard, preview, tell  # noqa: PLC0415 - not paid for by --help
    from flows.redact import redact  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415
    from flows.validate.engine import naming  # noqa: PLC0415

    if face not in ("text", "json"):
        raise config.ConfigError(f"--format {face} is for tables; documents are told as text or json")
    settings = Settings()
    reports, refused = {}, []
    for name in target:
        try:
            if Path(name).exists():
                reports[name] = preview.validate_files(Path(name), as_of, reference=reference)
            elif name in config.names(settings.datasets):
                reports[name] = preview.validate_dataset(settings, name, as_of, reference=reference)
            else:
                refused.append(f"{name}: there is no such file, and no such dataset in {settings.datasets}")
        except guard.BadInput as bad:
            unread = naming.unread(name) if bad.rule in ("input.table", "input.empty") else None
            refused.append(redact(f"{bad}. No package is asked, for {unread}" if unread else str(bad)))
    if face == "json" and reports:
        dumped = {name: report.model_dump(mode="json", by_alias=True) for name, report in reports.items()}
        print_json(dumped if len(target) > 1 else next(iter(dumped.values())))
    elif face == "text":
        for name, report in reports.items():
            tell.report(out, report)
            out.print(f"{name}: {tell.verdict(report)}", style="bold green" if report.valid else "bold red")
    return _ended(refused, INVALID if any(not report.valid for report in reports.values()) else DONE)


def _ended(refused: list[str], code: int) -> int:
    """Tell which targets could not be judged, and return the exit code."""
    for why in dict.fromkeys(refused):
        err.print(why, style="red")
    return WRONG_USE if refused else code


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
