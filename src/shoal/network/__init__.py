"""The chain: layers put together into a network, its parameters counted and its gradient assembled."""

from shoal.network.batch_statistics import batch_statistics_by_chunks as batch_statistics_by_chunks
from shoal.network.compose import compose as compose
from shoal.network.compose import compose_layers as compose_layers
from shoal.network.naming import number_names as number_names
from shoal.network.network import ByLayer as ByLayer
from shoal.network.network import Costs as Costs
from shoal.network.network import Network as Network
from shoal.network.parameters import by_name as by_name
from shoal.network.parameters import given_parameters as given_parameters
from shoal.network.parameters import parameter_names as parameter_names
from shoal.network.summary import parameter_count as parameter_count
from shoal.network.summary import summarize as summarize
