"""A new project from the wheel alone, in an empty folder; and the shell's completion."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

from flows import project, store
from flows.config import ConfigError
from flows.settings import PROJECT, Settings
from tests.conftest import Communique
from tests.publishing import read_json
from tests.served import BIN, Up, clean_environment

SAMPLE = "sample-ministry"


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, arguments)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new environment that has the wheel, beside the libraries that are here."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder / "dist", ".")
    venv.create(folder / "env", symlinks=True)
    packages = next((folder / "env" / "lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (wheel,) = (folder / "dist").glob("*.whl")
    pip("--python", folder / "env" / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    return folder / "env" / "bin"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder."""
    return tmp_path_factory.mktemp("empty")


def call(installed: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return what the installed command line says in `folder`."""
    return subprocess.run(
        [str(installed / "communique"), *arguments],
        cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


class Made(NamedTuple):
    """What the commands said in a folder that was empty, `communique up` at work in it."""

    folder: Path
    run: "subprocess.CompletedProcess[str]"
    doctor: "subprocess.CompletedProcess[str]"
    got: "subprocess.CompletedProcess[str]"
    stopped: int


@pytest.fixture(scope="module")
def made(installed: Path, empty: Path) -> Made:
    """Return what `init`, `up`, `run` and `doctor` said in the empty folder."""
    first = call(installed, empty, "init")
    assert first.returncode == 0, first.stderr
    up = Up(empty / "data", command=installed / "communique")
    try:
        up.until("serving approve-version/approve", 120)
        run = call(installed, empty, "run", SAMPLE, "--as-of", "2026-11-24")
        doctor = call(installed, empty, "doctor", "--format", "json")
        site = up.log.split(" at http", 1)[1].split()[0]
        got = call(installed, empty, "get", SAMPLE, "--from", f"http{site}", "--to", "got", "--format", "csv")
        return Made(empty, run, doctor, got, up.stop())
    finally:
        up.end()


def test_the_wheel_is_what_runs(installed: Path, empty: Path) -> None:
    where = [str(installed / "python"), "-c", "import flows; print(flows.__file__)"]
    said = subprocess.run(where, cwd=empty, capture_output=True, text=True, check=True).stdout
    assert said.startswith(str(installed.parent))


def test_a_project_of_the_wheel_publishes_its_sample(made: Made) -> None:
    assert made.run.returncode == 0, made.run.stderr
    assert made.run.stdout.splitlines()[-1].startswith(f"Published {SAMPLE} ")
    assert read_json(made.folder / "data" / "packages" / SAMPLE / "latest.json")["version"] == "1.0.0"


def test_its_manifest_names_the_lock_that_a_checkout_names(made: Made) -> None:
    manifest = read_json(made.folder / "data" / "packages" / SAMPLE / "1.0.0" / "manifest.json")
    assert manifest["code"]["lock"] == store.sha256_file(PROJECT / "requirements.lock")


def test_its_sample_can_be_downloaded_and_verified(made: Made, installed: Path) -> None:
    assert made.got.returncode == 0, made.got.stderr
    done = call(installed, made.folder, "verify", "got")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_served_and_healthy_and_stops(made: Made) -> None:
    found = json.loads(made.doctor.stdout)
    assert found["good"], found
    assert {"check": "schedules", "outcome": "good", "found": f"{SAMPLE}: 0 6 1 * * UTC", "mend": ""} in found[
        "findings"
    ]
    assert made.stopped == 0


def test_a_projects_readme_names_the_files_that_were_made_and_no_other_and_the_mistakes_are_told(
    communique: Communique, tmp_path: Path
) -> None:
    told = communique("init", tmp_path / "new").stdout
    folder = tmp_path / "new" / "data" / "ministry"
    named = re.findall(r"`([^` ]+\.(?:jsonl|json|toml|md))`", (folder / "README.md").read_text(encoding="utf-8"))
    assert named
    assert all((folder / name).is_file() for name in named)
    assert "mistakes on purpose" in told


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_project_is_made_in_the_data_folder_that_is_named(tmp_path: Path, by: str) -> None:
    folder = tmp_path / "elsewhere"
    named = ["--data", str(folder)] if by == "option" else []
    env = clean_environment() if by == "option" else clean_environment(COMMUNIQUE_DATA=str(folder))
    (tmp_path / "here").mkdir()
    for command, code in (("init", 0), ("doctor", 0), ("init", 2)):
        whole = [str(BIN / "communique"), *named, command]
        done = subprocess.run(whole, cwd=tmp_path / "here", env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
    assert (folder / "datasets" / f"{SAMPLE}.toml").is_file()
    assert not list((tmp_path / "here").iterdir())


def test_a_project_is_not_made_over_another(tmp_path: Path) -> None:
    made = project.make(tmp_path)
    assert Settings(data=tmp_path / "data").datasets == made[0].parent
    made[0].unlink()
    with pytest.raises(ConfigError, match="is there already"):
        project.make(tmp_path)
    assert not made[0].exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["communique", "val"], ["validate"]),
        (["communique", "quarantine", "re"], ["retry"]),
        (["communique", "run", "--as"], ["--as-of"]),
        (["communique", "run", "--format", ""], ["json", "text"]),
    ],
    ids=" ".join,
)
def test_bash_completes_what_is_begun(tmp_path: Path, words: list[str], wanted: list[str]) -> None:
    env = clean_environment(HOME=str(tmp_path)) | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["communique", "--install-completion", "--shell", "bash"], env=env, check=True, capture_output=True)
    line = " ".join(words)
    script = f". ~/.bashrc; COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}"
    script += f'; COMP_LINE={line!r}; COMP_POINT={len(line)}; _communique; printf "%s\\n" "${{COMPREPLY[@]}}"'
    said = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, check=True).stdout
    assert sorted(word.strip() for word in said.splitlines()) == wanted
