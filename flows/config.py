"""Read a dataset's file; what is wrong with it is told with its line."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from flows import guard
from schemas.dataset import Dataset
from schemas.decisions import Correction, Waiver
from schemas.tables import Model
from schemas.wording import wording


class ConfigError(Exception):
    """A dataset's file is missing or wrong; the message has file, line, field and what was expected."""


def names(folder: Path) -> list[str]:
    """Return the names of the datasets in `folder`."""
    return sorted(path.stem for path in folder.glob("*.toml"))


NONE = "`communique init` makes one; --data names another folder"
"""What to do where there is no dataset."""


def some(folder: Path, packages: Path) -> None:
    """Raise ConfigError where there is neither a dataset nor a folder of packages: most likely another is meant."""
    if not names(folder) and not packages.is_dir():
        raise ConfigError(f"there is no dataset in {folder}: {NONE}")


def named(folder: Path, name: str) -> str:
    """Return `name`; ConfigError when no dataset in `folder` has it, so that no name leads to another place."""
    there = names(folder)
    if name not in there:
        raise ConfigError(f"there is no dataset {name!r} in {folder} (there are: {', '.join(there) or 'none'})")
    return name


def read(folder: Path, name: str) -> Dataset:
    """Return the dataset `name` of `folder`, with its waivers and corrections from the folders beside it.

    ConfigError when there is none or a file is wrong.
    """
    path = folder / f"{named(folder, name)}.toml"
    dataset: Dataset = _parsed(path, Dataset, {"name": name})
    own = [kind for kind in ("waivers", "corrections", "takedowns") if getattr(dataset, kind)]
    if own:
        raise ConfigError(f"{path}: {own[0]} do not stand here, but in {own[0]}/{name}.toml or a steward's command")
    decided = {kind: folder.parent / kind / f"{name}.toml" for kind in DECISIONS}
    told = {kind: _parsed(file, DECISIONS[kind], {}) for kind, file in decided.items() if file.is_file()}
    return dataset.model_copy(update={kind: getattr(file, kind) for kind, file in told.items()})


def fault(folder: Path, name: str) -> ConfigError | None:
    """Return what is wrong with the files of the dataset `name`, None where nothing is."""
    try:
        read(folder, name)
    except ConfigError as wrong:
        return wrong
    return None


WRITTEN = ("datasets/{name}.toml", "waivers/{name}.toml", "corrections/{name}.toml", "expectations/{name}/*.json")
"""What stewards write about a dataset, below the data folder."""


def written(root: Path, name: str) -> dict[str, bytes]:
    """Return the bytes of what stewards wrote about a dataset, by path below the data folder."""
    found = [path for pattern in WRITTEN for path in sorted(root.glob(pattern.format(name=name))) if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def recalled(data: bytes, name: str) -> Dataset | None:
    """Return the dataset that `data`, an earlier state of its file, described; None where it no longer fits."""
    try:
        return Dataset.model_validate({"name": name} | tomllib.loads(data.decode()))
    except (ValueError, tomllib.TOMLDecodeError):
        return None


def known(folder: Path, packages: Path, name: str) -> str:
    """Return `name`; ConfigError when there is neither a dataset nor a package of that name."""
    some(folder, packages)
    there = {*names(folder), *(path.name for path in packages.glob("*") if path.is_dir())}
    if name not in there:
        raise ConfigError(f"there is no dataset {name!r} (there are: {', '.join(sorted(there)) or 'none'})")
    return name


class Waivers(Model):
    """The file of a dataset's waivers."""

    waivers: list[Waiver]


class Corrections(Model):
    """The file of a dataset's corrections."""

    corrections: list[Correction]


DECISIONS: dict[str, type[Model]] = {"waivers": Waivers, "corrections": Corrections}
"""The folders of what a steward decides ahead, each with the model of its files."""


def _parsed(path: Path, model: type[Any], given: dict[str, Any]) -> Any:
    """Return the TOML file at `path` as `model`; ConfigError, each value with its line, when it does not fit."""
    try:
        text = guard.decode(path.read_bytes())
    except guard.BadInput as bad:
        raise ConfigError(f"{path}:{bad.line}: {bad.message}") from None
    try:
        told = tomllib.loads(text)
        if given.keys() & told.keys():
            raise ConfigError(f"{path}:{line_of(text, ('name',))}: name: it is the name of the file; remove it")
        return model.model_validate(given | told)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except ValidationError as error:
        lines = [_told(path, text, detail, wording(detail, model)) for detail in error.errors(include_url=False)]
        raise ConfigError("\n".join(lines)) from None


def _told(path: Path, text: str, detail: Any, message: str) -> str:
    steps = detail["loc"]
    field = ".".join(str(step) for step in steps) or "the file"
    given = "" if detail["type"] == "missing" or not steps else f" (given: {detail['input']!r})"
    return f"{path}:{line_of(text, steps)}: {field}: {message}{given}"


def line_of(text: str, steps: tuple[str | int, ...]) -> int:
    """Return the line of `text`, TOML, where the value at `steps` is written, or the nearest table above it."""
    found, entry = 1, 0
    wanted = [step for step in steps if isinstance(step, str)]
    number = next((step for step in steps if isinstance(step, int)), 0)
    inside = len(wanted) < 2  # noqa: PLR2004 - a key of a table, or of none
    quoted = False
    for at, line in enumerate(text.splitlines(), 1):
        quoted ^= line.count('"""') % 2 == 1
        if quoted and '"""' not in line:
            continue
        table = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", line)
        if table:
            same = bool(wanted) and table[1] == wanted[0]
            inside = same and (not line.strip().startswith("[[") or entry == number)
            entry += same
            found = at if inside else found
        elif inside and wanted and re.match(rf"\s*{re.escape(wanted[-1])}\s*=", line):
            return at
    return found
