"""Studies whose members are minimized by SciPy on all training examples at once."""
