"""What frictionless itself says of a table, reading all of it."""

from typing import Any, NamedTuple

from frictionless import Checklist, FrictionlessException

from flows.validate.engine.faults import Fault
from flows.validate.engine.fetching import NotFetched
from flows.validate.engine.inputs import NotRead
from flows.validate.engine.reference.opening import inline, own
from flows.validate.engine.reference.wording import fault

NO_CAP = 1 << 31
"""Errors at most: more than any file has."""


class Judged(NamedTuple):
    """What frictionless itself says of a table: errors at the top, of rows, at the end, all in order."""

    name: str
    errors: list[tuple[int | None, list[str] | None, Fault]]


def judged(resource: Any) -> list[Judged]:
    """Return what frictionless says of a resource or a package, reading all of it, with no cap on errors."""
    report = resource.validate(Checklist(), limit_errors=NO_CAP)
    whole = [Judged("", [_judged(error) for error in report.errors])] if report.errors else []
    return whole + [Judged(task.name, [_judged(error) for error in task.errors]) for task in report.tasks]


def judged_again(resource: Any) -> list[tuple[int | None, list[str] | None, Fault]]:
    """Return what frictionless itself says of one table, which has been judged here."""
    try:
        source, _ = own(resource)
        one = inline(resource, list(source())) if source else resource
    except FrictionlessException as exception:
        return [(None, None, fault(error)) for error in exception.to_errors()]
    except (NotRead, NotFetched) as error:
        return [(None, None, Fault("source-error", str(error)))]
    return [error for told in judged(one) for error in told.errors]


def _judged(error: Any) -> tuple[int | None, list[str] | None, Fault]:
    return getattr(error, "row_number", None), getattr(error, "cells", None), fault(error)
