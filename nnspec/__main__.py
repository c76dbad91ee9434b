"""`python -m nnspec` is the `nnspec` command."""

import sys

from nnspec.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
