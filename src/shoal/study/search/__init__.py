"""Search: a strategy chooses which members train next, the population trains them."""
