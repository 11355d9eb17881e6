"""What several tests of the engine share."""

from full_runs import finished, run
from kept_jobs import eager, job

__all__ = ["eager", "finished", "job", "run"]
