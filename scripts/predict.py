"""Predict rows: python scripts/predict.py run=<folder> input=new.csv output=out.csv."""

import sys

from litmlp.__main__ import main

if __name__ == "__main__":
    main(["predict", *sys.argv[1:]])
