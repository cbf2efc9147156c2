"""Draw the options in conf/: python scripts/gallery.py activation optimizer=adam.

Groups: activation, initializer, loss, optimizer, scheduler, dropout. Without arguments,
or with `all`, every option of these groups is drawn. Values can be set as in a run:
activation=leaky_relu activation.negative_slope=0.3.
"""

import argparse
import sys
from pathlib import Path

from litmlp.engine.terminal.mistakes import fail
from litmlp.errors import UserError


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "choices",
        nargs="*",
        metavar="group[=option]",
        help="what to draw; default: all",
    )
    parser.add_argument(
        "--traceback", action="store_true", help="show where a mistake was found"
    )
    arguments = parser.parse_args()
    # Loading takes seconds, for which --help does not wait.
    from litmlp.course.gallery.draw import draw_gallery

    try:
        failures = draw_gallery(arguments.choices, Path("logs/gallery"))
    except UserError as error:
        fail(error, arguments.traceback)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
