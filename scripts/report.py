"""Report runs: python scripts/report.py runs=<folder>, or compare=[a,b]."""

import sys

from litmlp.__main__ import main

if __name__ == "__main__":
    main(["report", *sys.argv[1:]])
