"""Train one run, or many with -m: python scripts/train.py data=wine optimizer=sgd."""

import sys

from litmlp.__main__ import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
