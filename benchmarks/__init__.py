"""The benchmark: own workloads against NumPy by hand, JAX and PyTorch."""
