"""Which learning rates suit a study: a ramp in one pass, or a fresh network for each rate of a grid."""

from shoal.lr_range.ramp import grid_study as grid_study
from shoal.lr_range.ramp import ramp_study as ramp_study
from shoal.lr_range.run import run_ramp as run_ramp
