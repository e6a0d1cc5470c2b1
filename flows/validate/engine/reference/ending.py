"""What frictionless says at the end of a table: its size, its digests, its fields and its rows."""

from typing import Any

from frictionless import errors as reference_errors
from frictionless import helpers

from flows.validate.engine.faults import Fault
from flows.validate.engine.reference.opening import Opened
from flows.validate.engine.reference.wording import fault


def counted(table: Opened) -> tuple[int | None, dict[str, str]]:
    """Return the size and the digests of what frictionless has read; None and nothing of what came packed."""
    stats = table.resource.stats
    return stats.bytes, {"md5": stats.md5, "sha256": stats.sha256}


def last_faults(
    table: Opened, rows: int, size: int | None, hashes: dict[str, str], *, linear: bool = True
) -> list[Fault]:
    """Return what frictionless says at the end: digest, bytes, fields and rows against what is declared.

    With `linear`, nothing is said of the size of what came packed from another machine, which is not known.
    """
    resource, found = table.resource, []
    unknown = linear and resource.remote and size is None

    def differs(kind: Any, expected: Any, actual: Any) -> None:
        if expected != actual:
            found.append(fault(kind(note=f'expected is "{expected}" and actual is "{actual}"')))

    if resource.hash:
        algorithm, expected = helpers.parse_resource_hash_v1(resource.hash)
        if hashes.get(algorithm):
            differs(reference_errors.HashCountError, expected, hashes[algorithm])
    if resource.bytes and not unknown:
        differs(reference_errors.ByteCountError, resource.bytes, size)
    if resource.fields:
        differs(reference_errors.FieldCountError, resource.fields, len(resource.schema.fields))
    if resource.rows:
        differs(reference_errors.RowCountError, resource.rows, rows)
    return found


def algorithm(digest: str) -> str:
    """Return the name of the algorithm of a digest."""
    return str(helpers.parse_resource_hash_v1(digest)[0])
