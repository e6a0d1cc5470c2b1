"""Tell people at once that a dataset is held, failed, stale, or recovered, through the addresses of apprise.

A condition is told when it begins, and again on every day that it lasts; its end is told once.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import apprise
from pydantic import SecretStr

from flows import store
from schemas.report import Report

FRESHNESS = "suite.releases.freshness"
CONDITIONS = {"Held": "held", "Failed": "failed", "Misconfigured": "failed", "Crashed": "failed"}
"""The condition of a dataset after each bad end of a run."""
GOOD = ("Published", "Unchanged", "Approved", "Rejected")
"""Ends after which nothing waits or is broken: a candidate that a steward turned down waits no longer."""
SAYS = {
    "held": "{dataset} is held: a steward decides",
    "failed": "{dataset} failed",
    "stale": "{dataset} is stale: nothing new for longer than its max_age",
    "recovered": "{dataset} has recovered",
}
KINDS = {"held": "warning", "failed": "failure", "stale": "warning", "recovered": "success"}
log = logging.getLogger("communique")


class News(NamedTuple):
    """What people are told of a dataset."""

    condition: str
    dataset: str
    text: str

    @property
    def title(self) -> str:
        """One line that says it."""
        return SAYS[self.condition].format(dataset=self.dataset)


class End(NamedTuple):
    """How a run of a dataset ended, and when."""

    dataset: str
    outcome: str
    text: str
    stale: str | None
    """Why the newest release is too old, nothing where it is not; None where that was not asked."""
    day: date


def stale(report: Report) -> str | None:
    """Return why the newest release is older than max_age, nothing where it is not; None where that was not asked."""
    if all(check.id != FRESHNESS or check.outcome == "skipped" for check in report.checks):
        return None
    found = [one for one in report.problems if one.rule == FRESHNESS]
    return " ".join(f"The newest release: {one.message.partition('.')[0]}. {one.hint}" for one in found)


def conditions(before: Mapping[str, str], end: End) -> set[str]:
    """Return the conditions of a dataset after a run, from those before it; an end that says nothing changes none."""
    now = set(before)
    if end.outcome in CONDITIONS or end.outcome in GOOD:
        now -= {"held", "failed"}
        now |= {CONDITIONS[end.outcome]} if end.outcome in CONDITIONS else set()
    if end.stale is not None:
        now = now | {"stale"} if end.stale else now - {"stale"}
    return now


def told(path: Path) -> dict[str, str]:
    """Return the conditions that people were told of, each with the day; none where the file cannot be read."""
    try:
        return {str(name): str(day) for name, day in json.loads(path.read_bytes()).items() if name in SAYS}
    except (OSError, ValueError, AttributeError):
        return {}


def news(before: Mapping[str, str], now: set[str], end: End) -> list[News]:
    """Return what there is to tell: conditions not yet told of on this day, or that all of them are over."""
    texts = {"stale": end.stale or end.text}
    fresh = [
        News(name, end.dataset, texts.get(name, end.text)) for name in sorted(now) if before.get(name) != str(end.day)
    ]
    return fresh or ([News("recovered", end.dataset, end.text)] if before and not now else [])


def tell(addresses: Sequence[SecretStr], path: Path, end: End) -> list[News]:
    """Send what the end of a run makes news, and return it; what goes wrong with that is a line of the log.

    `path` remembers what was told; news that no address took is told again after the next run.
    """
    before = told(path)
    now = conditions(before, end)
    fresh = news(before, now, end)
    sent = [send(addresses, one) for one in fresh]
    if all(sent) and (fresh or now != set(before)):
        store.replace_file(path, store.to_json({name: str(end.day) for name in now}))
    return fresh


def send(addresses: Sequence[SecretStr], one: News) -> bool:
    """Return whether an address took the news, or there is none to take it."""
    taken = [_notify(address, one) for address in addresses]
    lost = len(taken) - sum(taken)
    if lost:
        log.warning(
            "%d of %d addresses in COMMUNIQUE_NOTIFY did not take: %s", lost, len(taken), one.title,
            extra={"dataset": one.dataset},
        )  # fmt: skip
    return any(taken) or not taken


def _notify(address: SecretStr, one: News) -> bool:
    """Return whether the address took the news; what apprise logs has addresses in it and is not kept."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise.instantiate(address.get_secret_value(), suppress_exceptions=True)
    try:
        kind = apprise.NotifyType(KINDS[one.condition])
        return bool(service and service.notify(title=one.title, body=one.text or one.title, notify_type=kind))
    except Exception:  # noqa: BLE001 - a service that breaks must not break a publication
        return False


def known(address: SecretStr) -> bool:
    """Return whether apprise has a service for the address."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    return bool(apprise.Apprise.instantiate(address.get_secret_value(), suppress_exceptions=True))
