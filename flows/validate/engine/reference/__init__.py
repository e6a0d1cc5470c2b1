"""All that is asked of frictionless 5.21, the reference: how to open a source, to read a cell, to word an error.

Nothing else of the engine knows frictionless.
"""

from frictionless import FrictionlessException, Package, Resource, Schema, system

from flows.validate.engine.reference.describing import TYPES, described_package, described_resource, retrieved
from flows.validate.engine.reference.ending import algorithm, counted, last_faults
from flows.validate.engine.reference.judging import judged, judged_again
from flows.validate.engine.reference.opening import Key, Opened, alone, csv_control, of_rows, opened, rows
from flows.validate.engine.reference.reading import Reader, item, reader, values
from flows.validate.engine.reference.wording import described, died, fault

__all__ = [
    "TYPES",
    "FrictionlessException",
    "Key",
    "Opened",
    "Package",
    "Reader",
    "Resource",
    "Schema",
    "algorithm",
    "alone",
    "counted",
    "csv_control",
    "described",
    "described_package",
    "described_resource",
    "died",
    "fault",
    "item",
    "judged",
    "judged_again",
    "last_faults",
    "of_rows",
    "opened",
    "reader",
    "retrieved",
    "rows",
    "system",
    "values",
]
