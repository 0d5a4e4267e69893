"""Someone's code as it was handed in: loading it, its layout, its gradients."""
