"""What a result means: final values, intervals, paired effects, the best cell. Draws nothing."""

from shoal.analysis.averages import PairMeans as PairMeans
from shoal.analysis.averages import pair_means as pair_means
from shoal.analysis.best import Ranking as Ranking
from shoal.analysis.best import rank_cells as rank_cells
from shoal.analysis.curves import Curve as Curve
from shoal.analysis.curves import curves as curves
from shoal.analysis.curves import time_axis as time_axis
from shoal.analysis.effects import Difference as Difference
from shoal.analysis.effects import FactorEffect as FactorEffect
from shoal.analysis.effects import factor_effects as factor_effects
from shoal.analysis.effects import paired_difference as paired_difference
from shoal.analysis.factors import Factor as Factor
from shoal.analysis.factors import by_cell as by_cell
from shoal.analysis.factors import cell_levels as cell_levels
from shoal.analysis.factors import factors as factors
from shoal.analysis.factors import find_cell as find_cell
from shoal.analysis.final import final_values as final_values
from shoal.analysis.final import last_recorded as last_recorded
from shoal.analysis.final import ranking_metric as ranking_metric
from shoal.analysis.intervals import Interval as Interval
from shoal.analysis.intervals import mean_interval as mean_interval
from shoal.analysis.intervals import t_intervals as t_intervals
from shoal.analysis.intervals import wilson as wilson
from shoal.analysis.multiple import holm as holm
from shoal.analysis.table import Row as Row
from shoal.analysis.table import rows as rows
