"""The check of any two functions, a loss and its gradients, from their values alone."""

from shoal.gradients.functions import html as html
from shoal.gradients.functions.check import check as check
from shoal.gradients.functions.result import BlockResult as BlockResult
from shoal.gradients.functions.result import Entry as Entry
from shoal.gradients.functions.result import FunctionCheck as FunctionCheck
