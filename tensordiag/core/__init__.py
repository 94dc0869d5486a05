"""Layer 1: the values, the NetworkX wiring, the operators and the function table."""
