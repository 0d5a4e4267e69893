"""A result as one self-contained page, and as a table in the terminal."""

from shoal.report.page import render as render
from shoal.report.page import write_report as write_report
from shoal.report.terminal import print_summary as print_summary
from shoal.report.terminal import sentences as sentences
from shoal.report.terminal import summary_table as summary_table
