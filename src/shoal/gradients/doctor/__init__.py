"""The gradient doctor: which layer, which parameter, which mistake."""

from . import html as html  # draws a Diagnosis
from .assertion import assert_correct as assert_correct
from .catalogue import CATALOGUE as CATALOGUE
from .diagnose import diagnose as diagnose
from .mistake import Mistake as Mistake
from .result import BlockDiagnosis as BlockDiagnosis
from .result import Cause as Cause
from .result import Diagnosis as Diagnosis
from .result import Segment as Segment
from .submissions.layout import Layout as Layout
