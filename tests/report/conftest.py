"""The synthetic results of the analysis tests are drawn here too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "analysis"))
