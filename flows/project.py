"""A new project: a data folder with one sample dataset, to try everything on."""

from pathlib import Path

from flows import store
from flows.config import ConfigError
from flows.settings import PROJECT

PACKED = PROJECT / "flows" / "sample"
"""Where an installed wheel has the files of the sample; a checkout has them in its data folder."""
SAMPLE = ("datasets/sample-ministry.toml", "ministry/2024-05.jsonl", "ministry/README.md")
IGNORED = ".prefect/\nraw/\nruns/\nquarantine/\nstaging/\npackages/\nsite/\n"
"""What comes out, which git need not keep."""


def make(folder: Path) -> list[Path]:
    """Return the files of a new project in `folder`; ConfigError where one of them is there already."""
    source = PACKED if PACKED.is_dir() else PROJECT / "data"
    files = {folder / "data" / name: (source / name).read_bytes() for name in SAMPLE}
    files[folder / "data" / ".gitignore"] = IGNORED.encode()
    there = [path for path in files if path.exists()]
    if there:
        raise ConfigError(f"{there[0]} is there already: a project is made where there is none")
    for path, data in files.items():
        store.replace_file(path, data)
    return list(files)
