"""The flow `approve-version`: what a steward decides about a held candidate, from Prefect's form."""

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import rulings, store
from flows.config import ConfigError
from flows.pipeline import showing
from flows.pipeline.publishing import Given
from flows.publish.audit import AuditError
from flows.rulings import RulingError
from flows.settings import Settings
from flows.site import write as catalog


@flow(name="approve-version", flow_run_name="{decision} {run_id}", validate_parameters=True)
def approve_version(
    run_id: Given, reason: Given, by: Given, decision: Literal["approve", "reject"] = "approve"
) -> State[Any]:
    """Decide about a held candidate: publish it as it was judged, or turn it down for good.

    Refused when what is published, or the candidate, moved since it was judged.

    Args:
        run_id: Id of the held run, as `communique quarantine list` shows it.
        reason: Why; kept and published with the version.
        by: Who decides; kept and published with the version.
        decision: Approve publishes the candidate; reject turns down this content for good.
    """
    settings = Settings()
    try:
        if decision == "reject":
            rulings.reject(settings, run_id, by, reason, hear=showing.ended)
            return Completed(name="Rejected", message=f"{by} rejected {run_id}: {reason}")
        published = rulings.approve(settings, run_id, by, reason, hear=showing.ended)
    except (ConfigError, RulingError, store.LockedError, AuditError) as refused:
        return Failed(name="Refused", message=str(refused))
    catalog.refresh(settings.packages, settings.base_url)
    return Completed(name="Published", message=str(published.folder))
