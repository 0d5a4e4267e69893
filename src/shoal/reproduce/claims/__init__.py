"""The sentences of the reports, each decided by a stated test."""

from shoal.reproduce.claims import report_001 as report_001
from shoal.reproduce.claims.judging import JUDGES as JUDGES
from shoal.reproduce.claims.judging import Judgement as Judgement
from shoal.reproduce.claims.judging import not_run as not_run
