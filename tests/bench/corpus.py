"""What a real corpus takes, step by step: `make bench CORPUS=path`.

The path is a file of JSON Lines in the form of `docs/corpus.md`, gzipped or not. Every step is timed without Prefect,
for the whole corpus and again after a hundred releases more; imports are told beside.
"""

import gzip
import json
import logging
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from flows import memory
from flows.settings import PROJECT, Settings
from tests.bench import site
from tests.test_docs import blocks

PAGE = PROJECT / "docs" / "corpus.md"
NAME, DAY = "white-house", date(2026, 11, 24)
ADDED = 100


class Step(NamedTuple):
    """What a step took: wall and processor seconds, and the most memory of the process so far, in MB."""

    name: str
    wall: float
    processor: float
    peak: int


class Ran(NamedTuple):
    """A run: its steps, how it ended, and what it said of the releases."""

    steps: list[Step]
    ended: str
    counts: Any

    @property
    def wall(self) -> float:
        """Seconds of all steps."""
        return sum(step.wall for step in self.steps)


def lay(data: Path, corpus: Path, name: str) -> None:
    """Lay a data folder out as the page on corpora says, with the corpus in it as `name`."""
    (data / "datasets").mkdir(parents=True)
    (data / "briefing-room").mkdir()
    text = next(block.text for block in blocks(PAGE) if block.text.startswith("formats"))
    (data / "datasets" / f"{NAME}.toml").write_text(text, encoding="utf-8")
    shutil.copyfile(corpus, data / "briefing-room" / name)


def add(data: Path) -> None:
    """Add a hundred releases that are those of the corpus under other addresses."""
    (corpus,) = (data / "briefing-room").iterdir()
    opened = gzip.open if corpus.suffix == ".gz" else open
    with opened(corpus, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for _, line in zip(range(ADDED), file, strict=False)]
    for number, line in enumerate(lines):
        line["uri"] = f"{line['uri'].rstrip('/')}-again-{number}/"
    told = "".join(json.dumps(line) + "\n" for line in lines)
    (data / "briefing-room" / "more.jsonl").write_text(told, encoding="utf-8")


def run(settings: Settings) -> Ran:
    """Take the corpus through every step."""
    from flows import handover, steps, store

    taken: list[Step] = []

    def timed(step: Callable[..., Any], *given: Any) -> Any:
        wall, processor = time.perf_counter(), time.process_time()
        made = step(*given)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        name = step.__name__
        taken.append(Step(name, time.perf_counter() - wall, time.process_time() - processor, peak))
        return made

    with store.locked(settings.lock(NAME)):
        job = timed(steps.begin, settings, NAME, DAY)
        verdict = timed(steps.judge, job, timed(steps.build, job, timed(steps.fetch, job)))
        counts = handover.report(verdict).counts["releases"]
        ending = timed(steps.ending, job, verdict)
        if ending:
            return Ran(taken, f"{ending.name}: {ending.why}", counts)
        made = timed(steps.commit, job, timed(steps.audit, timed(steps.stage, job, verdict)))
        timed(steps.finish, job, "Published", str(made.version), "")
    return Ran(taken, f"Published {made.version}", counts)


def tell(title: str, ran: Ran) -> None:
    """Print what a run took, a line a step."""
    print(
        f"{title}: {ran.ended}; releases in {ran.counts.in_:,}, out {ran.counts.out:,}, refused {ran.counts.refused:,}"
    )
    for step in ran.steps:
        print(f"  {step.name:<8}{step.wall:>8.2f} s {step.processor:>8.2f} s of processor {step.peak:>6,} MB at most")
    took = sum(step.wall for step in ran.steps if step.name in ("fetch", "build"))
    print(f"  whole   {ran.wall:>8.2f} s; fetch and build: {ran.counts.in_ / took:,.0f} releases a second")


def show(settings: Settings) -> None:
    """Make the catalog and print what it took; then again, when there is nothing to make."""
    from flows.site import write

    for _ in range(2):
        wall = time.perf_counter()
        made = write.site(settings.packages)
        took = time.perf_counter() - wall
        print(
            f"  catalog {took:>8.2f} s; {made.made:,} pages made, {made.made / took:,.0f} a second; {made.kept:,} stand"
        )


def main(corpus: Path) -> None:
    """Measure a corpus, then the corpus with a hundred releases more."""
    logging.getLogger("communique").setLevel(logging.ERROR)
    memory.settle()  # as the command line does
    began = time.perf_counter()
    from flows.publish import audit, parquet  # noqa: F401 - what a run would import on its way
    from flows.validate import suites, tables  # noqa: F401 - as above

    print(f"imports {time.perf_counter() - began:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        lay(data, corpus, corpus.name)
        settings = Settings(data=data)
        tell("the corpus", run(settings))
        show(settings)
        site.pages(settings.packages)
        add(data)
        tell(f"{ADDED} releases more", run(settings))
        show(settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
