"""Draw the options in conf/: python scripts/gallery.py activation optimizer=adam."""

import sys

from litmlp.__main__ import main

if __name__ == "__main__":
    main(["gallery", *sys.argv[1:]])
