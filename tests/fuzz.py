"""Random tables, judged by the engine and by frictionless: `make fuzz`, or `python -m tests.fuzz COUNT [FIRST]`."""

import itertools
import json
import sys
import tempfile
import traceback
from pathlib import Path
from random import Random

from tests import random_tables

OF_VALUES = 5
"""One case in so many is of JSON Lines, the others of CSV."""


def main(count: int, first: int) -> int:
    """Judge tables of the seeds from `first` on until `count` are compared; print and count those that differ.

    Tables that frictionless dies of are not compared.
    """
    compared = different = died = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in itertools.count(first):
            case = (random_tables.case if seed % OF_VALUES else random_tables.values)(Random(seed))
            told = _difference(Path(folder), case)
            if told and told.startswith(random_tables.DIES):
                died += 1
                continue
            compared += 1
            if told:
                different += 1
                print(f"seed {seed}\n{json.dumps(case.descriptor, ensure_ascii=False)}\n{case.data!r}\n{told}\n")
            if compared % 1000 == 0 or compared == count:
                print(f"{compared} tables, {different} differ; of {died} more frictionless dies", flush=True)
            if compared == count:
                return different
    return different


def _difference(folder: Path, case: random_tables.Case) -> str | None:
    try:
        return random_tables.difference(folder, case, alive=True)
    except Exception:  # noqa: BLE001 - a crash is a difference too
        return traceback.format_exc()


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(bool(main(*(arguments + [20_000, 0][len(arguments) :]))))
