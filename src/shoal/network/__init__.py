"""The chain: layers put together into a network, its parameters counted and its gradient assembled."""

from .chain import Costs as Costs
from .chain import Network as Network
from .compose import compose as compose
from .compose import compose_layers as compose_layers
from .given import by_name as by_name
from .given import given_parameters as given_parameters
from .given import parameter_names as parameter_names
from .naming import number_names as number_names
from .population import population_state_by_chunks as population_state_by_chunks
from .structure import ByLayer as ByLayer
from .summary import parameter_count as parameter_count
from .summary import summarize as summarize
