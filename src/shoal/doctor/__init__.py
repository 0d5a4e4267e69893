"""The gradient doctor: which layer, which parameter, which mistake."""

from shoal.doctor import html as html
from shoal.doctor.catalogue import CATALOGUE as CATALOGUE
from shoal.doctor.diagnose import assert_correct as assert_correct
from shoal.doctor.diagnose import diagnose as diagnose
from shoal.doctor.mistake import Mistake as Mistake
from shoal.doctor.result import BlockDiagnosis as BlockDiagnosis
from shoal.doctor.result import Cause as Cause
from shoal.doctor.result import Diagnosis as Diagnosis
from shoal.doctor.result import Segment as Segment
from shoal.doctor.submissions.layout import Layout as Layout
