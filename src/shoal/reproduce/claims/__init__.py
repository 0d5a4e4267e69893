"""The sentences of the reports, each decided by a stated test."""

from shoal.reproduce.claims import report_000 as report_000
from shoal.reproduce.claims import report_001 as report_001
from shoal.reproduce.claims import report_002 as report_002
from shoal.reproduce.claims import report_003 as report_003
from shoal.reproduce.claims import report_004 as report_004
from shoal.reproduce.claims.judging import JUDGES as JUDGES
from shoal.reproduce.claims.judging import ClaimDecision as ClaimDecision
from shoal.reproduce.claims.judging import not_run as not_run
