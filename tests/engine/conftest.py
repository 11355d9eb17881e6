"""What several tests of the engine share."""

from kept_jobs import eager, job

__all__ = ["eager", "job"]
