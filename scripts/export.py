"""Export a run as one file: python scripts/export.py run=<folder> format=onnx."""

import sys

from litmlp.__main__ import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]])
