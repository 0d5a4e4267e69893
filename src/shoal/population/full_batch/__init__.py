"""Full-batch training: descent with line searches by SciPy, network by network."""
