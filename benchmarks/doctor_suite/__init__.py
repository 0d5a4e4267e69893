"""The gradient doctor's suite: plain NumPy networks with known mistakes, drawn, handed over and scored."""
