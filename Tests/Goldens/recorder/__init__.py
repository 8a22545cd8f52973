"""Records what PyTorch computes, for the parity tests; see ../README.md for the format."""
