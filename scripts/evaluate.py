"""Measure a run: python scripts/evaluate.py run=<folder> [input=labelled.csv]."""

import sys

from litmlp.__main__ import main

if __name__ == "__main__":
    main(["evaluate", *sys.argv[1:]])
