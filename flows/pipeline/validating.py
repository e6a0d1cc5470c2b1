"""The flow `validate-releases`: documents or a dataset judged by hand, from Prefect's form."""

import asyncio
import logging
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import preview, tell
from flows.config import ConfigError
from flows.guard import BadInput
from flows.ingest import NoSource
from flows.pipeline import showing
from flows.pipeline.publishing import Given
from flows.settings import Settings
from flows.steward import StewardFault
from flows.validate.expectations import SuiteFault

KEY = "validation"
log = logging.getLogger("communique")


@flow(name="validate-releases", flow_run_name="validate {target}", validate_parameters=True)
async def validate_releases(target: Given, as_of: date | None = None, *, reference: bool = False) -> State[Any]:
    """Judge release documents or a dataset's sources as they are; nothing is kept or published.

    Ends Valid, or Invalid, which is a failed run: its artifacts name the problems. Misconfigured, also failed, where
    there is nothing to judge.

    Args:
        target: Name of a dataset, or a file or folder of release documents on the machine that runs this, below a
            folder of COMMUNIQUE_ROOTS, or below the data folder where that is not set.
        as_of: The day that rules about time count from; today in UTC where it is left out.
        reference: Ask Frictionless itself over every row, not over a sample; that it says another thing is an error.
    """
    try:
        found = await asyncio.to_thread(preview.validate_target, Settings(), target, as_of, reference=reference)
    except (ConfigError, BadInput, NoSource, StewardFault, SuiteFault) as wrong:
        return Failed(name="Misconfigured", message=str(wrong))
    await showing.report(KEY, target, f"What is said of {target}", found)
    said = tell.verdict(found)
    log.info("%s: %s", target, said, extra={"target": target, "valid": found.valid})
    if found.valid:
        return Completed(name="Valid", message=said)
    return Failed(name="Invalid", message=said)
