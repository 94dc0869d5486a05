"""`python -m tensordiag`, the same as the command `tensordiag`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
