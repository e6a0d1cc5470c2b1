"""The README, executed: every command block is run, in order, in a fresh copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from flows.settings import PROJECT
from tests.test_docs import Block, blocks

README = PROJECT / "README.md"
COMMANDS = {"sh": ["bash", "-e", "-c"], "python": ["python", "-c"]}
"""How a reader runs a block of each language."""
LEFT_OUT = "…"
"""What a shown output writes for a stretch that it leaves out."""
SECONDS = 300


class Ran(NamedTuple):
    """A block that was run, and all that it printed."""

    block: Block
    shown: str | None
    code: int
    printed: str


def commands(page: Path = README) -> list[tuple[Block, str | None]]:
    """Return every command block of a page with the output that is shown right after it, if any."""
    found = blocks(page)
    following = [*found[1:], None]
    return [
        (block, after.text if after and after.language == "text" else None)
        for block, after in zip(found, following, strict=True)
        if block.language in COMMANDS
    ]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of all that git has or would take, with the environment of the tests as a `.venv` just made."""
    folder = tmp_path_factory.mktemp("fresh") / "communique"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(Path(sys.prefix) / part)
    for stamp in (".runtime", ".dev"):
        (folder / ".venv" / stamp).touch()
    return folder


@pytest.fixture(scope="module")
def ran(checkout: Path) -> list[Ran]:
    """Return what came of every command block, run one after the other in one folder."""
    return list(_run_all(checkout))


def _run_all(folder: Path) -> Iterator[Ran]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "COLUMNS" and not name.startswith(("PREFECT_", "COMMUNIQUE_"))
    }
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}"
    for block, shown in commands():
        done = subprocess.run(
            [*COMMANDS[block.language], block.text],
            cwd=folder,
            env=kept | {"PATH": path, "PYTHONPATH": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        yield Ran(block, shown, done.returncode, done.stdout)


def test_every_command_block_is_run(ran: list[Ran]) -> None:
    fences = re.findall(r"^```(?:sh|python)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(ran) == len(fences) > 0


def test_every_block_is_a_command_or_the_output_right_after_one() -> None:
    found = blocks(README)
    assert {block.language for block in found} <= {*COMMANDS, "text"}
    shown = [text for _, text in commands() if text is not None]
    assert shown == [block.text for block in found if block.language == "text"]


@pytest.mark.parametrize("number", range(len(commands())), ids=[f"line-{block.line}" for block, _ in commands()])
def test_a_command_block_does_what_the_readme_shows(ran: list[Ran], number: int) -> None:
    done = ran[number]
    assert done.code == 0, done.printed
    if done.shown is not None:
        assert as_pattern(done.shown).search(done.printed), f"not in what was printed:\n{done.printed}"


def as_pattern(shown: str) -> re.Pattern[str]:
    """Return a pattern for the shown lines; `…` is the rest of a line, or any lines where it stands alone."""
    lines = (r"(?:.*\n)*?" if line == LEFT_OUT else f"{_line(line)}\n" for line in shown.splitlines())
    return re.compile(f"^{''.join(lines)}", re.MULTILINE)


def _line(shown: str) -> str:
    return ".*".join(re.escape(part) for part in shown.split(LEFT_OUT))


def test_a_run_leaves_nothing_that_git_would_take(ran: list[Ran], checkout: Path) -> None:
    """What the tutorial makes beside the packages, it removes."""
    assert ran
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    listed = ["git", "ls-files", "--others", "--exclude-standard", "-z"]
    there = subprocess.run(listed, cwd=checkout, capture_output=True, text=True, check=True).stdout.split("\0")
    strange = [name for name in there if name and not (PROJECT / name).exists()]
    assert not strange
