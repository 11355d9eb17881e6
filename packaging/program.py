"""What every program of the bundle runs first: its own name says which one it is.

One script for both, so that on Linux both can be one file.
"""

import sys
from pathlib import Path

if Path(sys.argv[0]).stem == "nam-engine":
    from nam_engine.cli import main
else:
    from nam_gui.app import main

sys.exit(main())
