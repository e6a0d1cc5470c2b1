"""The commands that judge: validate, schema."""

from pathlib import Path

from flows.cli.common import DONE, INVALID, Day, Format, app, err, out, print_json


@app.command
def validate(*target: str, as_of: Day = None, format: Format = "text") -> int:  # noqa: A002 - the option's name
    """Judge release documents or a dataset's sources as they are; nothing is kept or published.

    Parameters
    ----------
    target
        Files or folders of documents, or names of datasets. Suites are asked for datasets only.
    as_of
        The day that rules about time count from, YYYY-MM-DD; today in UTC if left out.
    format
        text for people, json for programs.
    """
    from flows import config, preview, tell  # noqa: PLC0415 - not paid for by --help
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    if not target:
        raise config.ConfigError("name a file, a folder or a dataset to validate")
    reports = {}
    for name in target:
        if Path(name).exists():
            reports[name] = preview.validate_files(Path(name), as_of)
        elif name in config.names(settings.datasets):
            reports[name] = preview.validate_dataset(settings, name, as_of)
        else:
            raise config.ConfigError(f"{name}: there is no such file, and no such dataset in {settings.datasets}")
    if format == "json":
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
