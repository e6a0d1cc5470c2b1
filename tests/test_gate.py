"""The gate that a change goes through: what it leaves out is told, and what is expected to be here is not skipped."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import PROJECT

MAKEFILE = "check browser:\n\ntest:\n\t@echo tested with $${COMMUNIQUE_BROWSER:-what is here}\n"


def gate(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Return what `.ci/run` says in a project of its own, where neither apt nor npm is and these programs are."""
    (folder / ".ci").mkdir()
    (folder / "bin").mkdir()
    shutil.copy(PROJECT / ".ci" / "run", folder / ".ci" / "run")
    (folder / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    for name in ("bash", "sh", "make", "id", "dirname", "echo"):
        (folder / "bin" / name).symlink_to(shutil.which(name) or name)
    for name in more:
        (folder / "bin" / name).symlink_to(sys.executable)
    run = [folder / "bin" / "bash", folder / ".ci" / "run"]
    env = {"PATH": str(folder / "bin")}
    return subprocess.run(run, env=env, capture_output=True, text=True, check=False)


def test_what_the_gate_leaves_out_is_told_last_and_does_not_fail_it(tmp_path: Path) -> None:
    told = gate(tmp_path)
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "tested with what is here")
    assert told.stderr.count("LEFT OUT, NOT PASSED") == 3
    assert "the tests in a browser, for there is no Chromium" in told.stderr


def test_where_the_gate_has_all_that_it_needs_nothing_may_be_skipped(tmp_path: Path) -> None:
    for name in ("tests/html/node_modules", "flows/site/browser/node_modules"):
        (tmp_path / name).mkdir(parents=True)
    told = gate(tmp_path, "chromium")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] == "tested with expected"


@pytest.mark.parametrize(("expected", "code"), [({}, 0), ({"COMMUNIQUE_BROWSER": "expected"}, 1)])
def test_a_browser_that_is_expected_and_missing_fails_a_test_and_is_skipped_elsewhere(
    expected: dict[str, str], code: int
) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "tests/test_answers.py", "-k", "html_is_one_page"]
    env = {name: value for name, value in os.environ.items() if name != "COMMUNIQUE_BROWSER"}
    env |= {"PATH": "/nowhere", "PLAYWRIGHT_BROWSERS_PATH": "/nowhere"} | expected
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
