"""What would keep datasets from being published well here, each finding with its mend."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from flows import server
from flows.doctor import folders, servers
from flows.doctor.finding import Case, Finding
from flows.redact import redact
from flows.settings import Settings

CHECKS: list[Callable[[Case], Iterator[Finding]]] = [
    folders.versions,
    servers.answers,
    servers.strangers,
    servers.pages,
    servers.keeps_to_itself,
    servers.schedules,
    folders.lock,
    servers.clock,
    folders.disk,
    folders.rights,
    folders.told,
]


def examine(settings: Settings) -> list[Finding]:
    """Return what was found, check by check; at least one finding each."""
    given = os.environ.get("PREFECT_API_URL") or None
    case = Case(settings, given or server.running(settings.prefect_home), given is not None)
    return [finding for check in CHECKS for finding in check(case)]


def as_json(found: list[Finding]) -> dict[str, Any]:
    """Return the findings for a program."""
    plain = [{**one._asdict(), "found": redact(one.found)} for one in found]
    return {"good": all(one.outcome != "bad" for one in found), "findings": plain}
