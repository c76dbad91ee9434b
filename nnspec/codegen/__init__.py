"""Graph to PyTorch source, and that very text to a module."""
