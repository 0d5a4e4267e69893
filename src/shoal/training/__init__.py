"""One network in training: schedules, batches, optimizers, the step and its measurements. Compiled by JAX."""
