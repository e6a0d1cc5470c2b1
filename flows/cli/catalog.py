"""The command that makes the catalog: site."""

from pathlib import Path

from flows.cli.common import DONE, app, out


@app.command
def site(*, to: Path | None = None) -> int:
    """Make the catalog, the pages that people read, of what is published; a page that stands is not made again.

    Parameters
    ----------
    to
        A folder that gets the pages and the packages, ready to be uploaded; the pages lie beside the packages if left
        out.
    """
    from flows.settings import Settings  # noqa: PLC0415 - not paid for by --help
    from flows.site import write  # noqa: PLC0415

    settings = Settings()
    packages = settings.packages
    if to is not None:
        write.bring(packages, to)
    made = write.site(packages, to, settings.base_url)
    out.print(f"{made.made} pages made, {made.kept} stand, {made.removed} removed: {(to or packages) / 'index.html'}")
    return DONE
