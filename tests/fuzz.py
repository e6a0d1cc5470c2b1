"""Random tables, judged by the engine and by frictionless: `make fuzz`, or `python -m tests.fuzz COUNT [FIRST]`."""

import json
import sys
import tempfile
import traceback
from pathlib import Path
from random import Random

from tests import random_tables


def main(count: int, first: int) -> int:
    """Judge tables of the seeds from `first` on; print each that the two differ on, and return how many."""
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            case = random_tables.case(Random(seed))
            told = _difference(Path(folder), case)
            if told:
                different += 1
                print(f"seed {seed}\n{json.dumps(case.descriptor, ensure_ascii=False)}\n{case.data!r}\n{told}\n")
            if (seed - first + 1) % 1000 == 0:
                print(f"{seed - first + 1} tables, {different} differ", flush=True)
    return different


def _difference(folder: Path, case: random_tables.Case) -> str | None:
    try:
        return random_tables.difference(folder, case)
    except Exception:  # noqa: BLE001 - a crash is a difference too
        return traceback.format_exc()


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(bool(main(*(arguments + [20_000, 0][len(arguments) :]))))
