"""The words of a study file, as models that validate it whole."""

from shoal.study.spec.study import Cell as Cell
from shoal.study.spec.study import Factor as Factor
from shoal.study.spec.study import Settings as Settings
from shoal.study.spec.study import Study as Study
