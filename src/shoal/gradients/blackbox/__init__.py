"""The check of any two functions, a loss and its gradients, from their values alone."""

from . import html as html  # draws a FunctionCheck
from .check import check as check
from .result import BlockResult as BlockResult
from .result import Entry as Entry
from .result import FunctionCheck as FunctionCheck
