"""The check of any two functions, a loss and its gradients, from their values alone."""

from .check import check as check
from .result import BlockResult as BlockResult
from .result import Entry as Entry
from .result import FunctionCheck as FunctionCheck
