"""Many networks: the study file, its plan, the population that trains it, its results and its folder."""
