"""What would keep datasets from being published well here, each finding with its mend."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from flows import server
from flows.doctor import folders, servers
from flows.doctor.finding import Case, Finding
from flows.redact import redact
from flows.settings import Settings

Check = Callable[[Case], Iterator[Finding]]
CHECKS: dict[str, Check] = {
    "versions": folders.versions,
    "server": servers.answers,
    "open to the world": servers.strangers,
    "foreign pages": servers.pages,
    "telemetry": servers.keeps_to_itself,
    "schedules": servers.schedules,
    "journal": folders.journals,
    "lock": folders.lock,
    "clock": servers.clock,
    "disk": folders.disk,
    "rights": folders.rights,
    "notify": folders.told,
}


def examine(settings: Settings) -> list[Finding]:
    """Return what was found, check by check; at least one finding each."""
    given = os.environ.get("PREFECT_API_URL") or None
    url = given or server.running(settings.prefect_home)
    case = Case(settings, url, given is not None, url if url and server.healthy(url) else None)
    return [finding for name, check in CHECKS.items() for finding in _looked_at(name, check, case)]


def _looked_at(name: str, check: Check, case: Case) -> Iterator[Finding]:
    """Yield what a check finds; that it came to no end is found too."""
    try:
        yield from check(case)
    except Exception as fault:  # noqa: BLE001 - whatever ails one check, what the others find is told
        found = f"cannot be looked at: {type(fault).__name__}: {fault}"
        yield Finding(name, "bad", found, "Mend what it names, and look again.")


def as_json(found: list[Finding]) -> dict[str, Any]:
    """Return the findings for a program."""
    plain = [{**one._asdict(), "found": redact(one.found)} for one in found]
    return {"good": all(one.outcome != "bad" for one in found), "findings": plain}
