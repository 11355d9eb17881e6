"""The engine: from a recording of an amp to a .nam file. No Qt, no printing.

Importing this package does not import PyTorch; its modules do where they need it.
"""

from importlib.metadata import version

__version__ = version("nam-a2-trainer")
