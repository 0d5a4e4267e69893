"""Which networks to train next: random and grid points, Optuna, halving, zooming in."""
