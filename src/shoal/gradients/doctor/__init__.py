"""The gradient doctor: which layer, which parameter, which mistake."""
