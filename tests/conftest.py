"""What every folder of tests may use."""

from runtime_player import runtime

__all__ = ["runtime"]
