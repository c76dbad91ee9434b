"""The `nnspec` command: arguments, one call, what is printed."""
