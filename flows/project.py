"""A new project: a data folder with one sample dataset, to try everything on."""

from pathlib import Path

from flows import store
from flows.config import ConfigError
from flows.settings import PROJECT, Settings

PACKED = PROJECT / "flows" / "sample"
"""Where an installed wheel has the files of the sample; a checkout has them in its data folder."""
SAMPLE = ("datasets/sample-ministry.toml", "ministry/2024-05.jsonl")
README = """# A ministry that does not exist

`2024-05.jsonl` has 46 press releases of the Ministry of External Relations of Halmere, one JSON document a line, for
the dataset `sample-ministry`, whose file is `../datasets/sample-ministry.toml`. Country, people and texts are invented.

Some of its values are wrong on purpose, so that there is something to find: `communique validate sample-ministry` names
each with its place and how to mend it. What is refused, and why, is listed by `communique quarantine list` after a run.
"""
IGNORED = ".prefect/\nraw/\nruns/\nquarantine/\nstaging/\npackages/\nsite/\ncache/\n"
"""What comes out, which git need not keep."""


def make(folder: Path) -> list[Path]:
    """Return the files of a new project in `folder`; ConfigError where one of them is there already.

    In the current folder, its data folder is the one that the settings name.
    """
    source, to = PACKED if PACKED.is_dir() else PROJECT / "data", _data(folder)
    files = {to / name: (source / name).read_bytes() for name in SAMPLE}
    files[to / "ministry" / "README.md"] = README.encode()
    files[to / ".gitignore"] = IGNORED.encode()
    there = [path for path in files if path.exists()]
    if there:
        raise ConfigError(f"{there[0]} is there already: a project is made where there is none")
    for path, data in files.items():
        store.replace_file(path, data)
    return list(files)


def _data(folder: Path) -> Path:
    return Settings().data if folder == Path() else folder / "data"
