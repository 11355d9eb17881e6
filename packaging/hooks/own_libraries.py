"""Programs that ours starts, like the file manager, must find their own libraries, not ours.

The loader has read the variable before; PyInstaller keeps what it was, if it was anything.
"""

import os

if before := os.environ.pop("LD_LIBRARY_PATH_ORIG", ""):
    os.environ["LD_LIBRARY_PATH"] = before
else:
    os.environ.pop("LD_LIBRARY_PATH", None)
