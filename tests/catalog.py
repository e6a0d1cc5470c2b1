"""Packages to make a catalog of: the seed, three months of the sample ministry, and a release that means harm."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from flows.settings import PROJECT
from tests.conftest import AS_OF, SEED
from tests.publishing import DATASET, published

MINISTRY = "sample-ministry"
MONTHS = {"2024-03": date(2024, 3, 31), "2024-04": date(2024, 4, 30), "2024-05": date(2024, 5, 31)}
HARM = (
    "<script>document.title = 'harmed'</script> </script><img src=x onerror=alert(1)> <!-- ]]> &lt; &amp;amp; "
    "\u202egnitset\u202c \u200bhidden\u200b \ufeffmark \u2066isolate \x1bescape\rreturn {{ 7 * 7 }} {% raw %} "
    f"{'W' * 6000} \U0001f3f4\U000e0067\U000e007f “quoted” 'single' \"double\"\n\n\n  three lines down"
)
"""Words that break a page which trusts them."""


def folder(to: Path) -> Path:
    """Return the data folder `to`, made with the datasets and their sources."""
    for part in ("datasets", "releases", "ministry"):
        shutil.copytree(PROJECT / "data" / part, to / part)
    return to


def months(data: Path, *wanted: str) -> None:
    """Publish months of the sample ministry, one after the other."""
    for month in wanted or tuple(MONTHS):
        shutil.copyfile(PROJECT / "data" / "ministry" / f"{month}.jsonl", data / "ministry" / "2024-05.jsonl")
        published(data, MINISTRY, MONTHS[month])


def harmful() -> dict[str, Any]:
    """Return a release whose every word means harm, with a fact over some of them and one over others."""
    end = HARM.index("onerror")
    seed: dict[str, Any] = json.loads(SEED.read_text(encoding="utf-8"))
    name = "</title><script>alert(2)</script> \u202eevil"
    evidence = {"field": "evidence", "start": 4, "end": end, "text": HARM[4:end]}
    crossing = {"field": "evidence", "start": 20, "end": len(HARM) - 3, "text": HARM[20:-3]}
    statement = {"verb": "<b>say</b>", "text": HARM[4:end], "participants": [{"role": "speaker", "entity_id": "harm"}]}
    spans = [evidence, evidence | {"field": "text"}]
    other = statement | {"text": HARM[20:-3], "spans": [crossing, crossing | {"field": "text"}]}
    return {
        "id": "harmful-release",
        "issuer": "harm",
        "language": "en",
        "headline": '"><svg onload=alert(3)> \u202eheadline',
        "published_on": AS_OF,
        "source": {
            "name": "<i>nobody</i>",
            "url": 'https://example.org/"><script>alert(4)</script>',
            "licence": "CC0-1.0",
        },
        "body": HARM,
        "organizations": [{"id": "harm", "name": name}],
        "statements": [statement | {"id": "s1", "spans": spans}, other | {"id": "s2"}],
        "note": seed["note"],
    }


def harmed(data: Path) -> None:
    """Publish the seed with the release that means harm beside it."""
    (data / "releases" / "harmful.json").write_text(json.dumps(harmful(), ensure_ascii=False), encoding="utf-8")
    published(data, DATASET)
