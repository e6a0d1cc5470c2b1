"""What starting costs: the command line cold, beside what it imports, as medians of whole processes.

Run as `python -m tests.bench.startup [RUNS]`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.settings import PROJECT
from tests.bench import tables

RUNS = 7
BIN = Path(sys.executable).parent
SEED = PROJECT / "data" / "releases" / "dhs-2021-07-guatemala-seed.json"
COMMANDS: dict[str, list[str | Path]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "communique --help": [BIN / "communique", "--help"],
    "communique validate SEED": [BIN / "communique", "validate", SEED],
    "communique validate official-releases": [BIN / "communique", "validate", "official-releases"],
    "import frictionless": [sys.executable, "-c", "import frictionless"],
    "import prefect": [sys.executable, "-c", "import prefect"],
    "import great_expectations": [sys.executable, "-c", "import great_expectations"],
}


def seconds(command: list[str | Path]) -> float:
    """Return the wall time of one run of `command`, in seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=PROJECT)
    return time.perf_counter() - start


def small(folder: Path) -> list[str | Path]:
    """Return the command that judges a table of fifty rows, written into `folder`."""
    package = tables.write(folder, 50, 0.0)
    schema = {name: told for name, told in tables.SCHEMA.items() if name != "foreignKeys"}
    (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    return [BIN / "communique", "validate", package.with_name("rows.csv"), "--schema", folder / "schema.json"]


def main(runs: int = RUNS) -> None:
    """Print the median of each command and its ratio to an empty Python."""
    with tempfile.TemporaryDirectory() as folder:
        commands = COMMANDS | {"communique validate SMALL --schema": small(Path(folder))}
        medians = {name: statistics.median(seconds(command) for _ in range(runs)) for name, command in commands.items()}
    floor = medians["python -c pass"]
    table = Table("command", "median s", "x python", title=f"whole processes, {runs} runs each")
    for name, median in medians.items():
        table.add_row(name, f"{median:.2f}", f"{median / floor:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
