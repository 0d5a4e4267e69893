"""The synthetic results of the analysis tests are drawn here too, and untrained searches."""

import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS / name) for name in ("analysis", "study", "study/search")]
