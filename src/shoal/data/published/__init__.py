"""The published data sets: where they lie, fetching and reading them."""
