"""The steps as Prefect tasks and flows; nothing else knows Prefect.

Take the decorators away and it still works: every task is a plain function of `flows.steps`.
"""

from flows.pipeline.approving import approve_version
from flows.pipeline.publishing import Day, Ending, publish, publish_releases
from flows.pipeline.validating import validate_releases

__all__ = ["Day", "Ending", "approve_version", "publish", "publish_releases", "validate_releases"]
