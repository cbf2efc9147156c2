"""The program ``litmlp``, also ``python -m litmlp``, and the commands it knows."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

from litmlp.errors import UserError, nearest

TASKS = {
    "train": "train one run, or a sweep of many runs with -m; --check tries one batch",
    "evaluate": "measure a run: run=<folder>",
    "predict": "predict the rows of a file: run=<folder> input=new.csv output=out.csv",
    "export": "write one file that predicts from raw rows: run=<folder> format=onnx",
    "report": "report many runs: runs=<folder>, or compare two: compare=[a,b]",
}
"""Commands whose arguments are overrides; ``litmlp train --help`` lists them."""

GALLERY = """\
Draw options of conf/: litmlp gallery activation optimizer=adam.

Groups: activation, initializer, loss, optimizer, scheduler, dropout. Without arguments,
or with `all`, every option of these groups is drawn. Values can be set as in a run:
activation=leaky_relu activation.negative_slope=0.3.
"""

COMPLETION = "-sc"
"""Option by which a shell asks for words that complete a command line."""

CHECK, JSON = "--check", "--json"
"""Options of ``train``: one batch is tried, no file is left; the result as JSON."""

TRACEBACK = "--traceback"


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are reported as all others are."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; {self.prog} --help says more")


def main(arguments: Sequence[str] | None = None) -> None:
    """Call a command.

    Args:
        arguments: the command's name and its arguments; default: those typed.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    # Loading takes a second, for which `litmlp --help` does not wait.
    try:
        if typed[:1] == [COMPLETION]:
            typed = [command_to_complete(), *typed]
        if typed[:1] == ["train"] and CHECK in typed:
            from litmlp.engine.python_api.check import check_command

            words = [t for t in typed[1:] if t not in (CHECK, JSON, TRACEBACK)]
            check_command(words, as_json=JSON in typed, full=TRACEBACK in typed)
        if typed and typed[0] in TASKS:
            from litmlp.engine.commands import call_task

            call_task(typed[0], typed[1:])
        given = vars(parse([text for text in typed if text != TRACEBACK]))
        from litmlp.engine.commands import PLAIN

        PLAIN[given.pop("command")](**given)
    except Exception as error:
        from litmlp.engine.terminal.mistakes import fail

        fail(error, TRACEBACK in typed)


def parse(typed: Sequence[str]) -> argparse.Namespace:
    """Return the command and the arguments of its function.

    Raises:
        UserError: no such command, or its arguments do not fit.
    """
    top = Parser(
        prog="litmlp",
        description="Train, measure and compare MLP classifiers and regressors.",
        epilog=f"{TRACEBACK} shows where a mistake was found.",
    )
    commands = top.add_subparsers(dest="command", metavar="command", required=True)
    for name, meaning in TASKS.items():
        commands.add_parser(name, help=meaning)
    if find_spec("litmlp.course"):  # a folder that may be deleted
        gallery = commands.add_parser(
            "gallery",
            help="draw options of conf/",
            description=GALLERY,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        gallery.add_argument("choices", nargs="*", metavar="group[=option]")
    commands.add_parser("schema", help="let an editor complete and check options")
    new = commands.add_parser(
        "new", help="make a project of your own: litmlp new churn"
    )
    new.add_argument("name", help="of its folder and its package")
    new.add_argument("--here", action="store_true", help="add it to the clone here")
    new.add_argument("--table", help="a .csv or .parquet file to train on")
    new.add_argument("--target", help="the column of the table to predict")
    listed = commands.add_parser("list", help="list options, and whose they are")
    listed.add_argument("group", nargs="?", help="default: all groups")
    copied = commands.add_parser("copy", help="copy an option into your project")
    copied.add_argument(
        "option", help="optimizer/adam, to change conf/optimizer/adam.yaml"
    )
    commands.add_parser("status", help="say what your project has in place of litmlp's")
    if typed and not typed[0].startswith("-") and typed[0] not in commands.choices:
        known = nearest(typed[0], commands.choices)
        raise UserError(f"{typed[0]}: no such command. {known}")
    return top.parse_args(typed or ["--help"])


def command_to_complete() -> str:
    """Return the command that a shell wants completed, and take it off its line.

    Hydra completes ``app data=w``; here it is ``litmlp train data=w``.
    """
    _, _, line = os.environ.get("COMP_LINE", "litmlp train ").partition(" ")
    name, ends, rest = line.lstrip().partition(" ")
    if not ends:
        from litmlp.engine.commands import PLAIN

        print(*[each for each in [*TASKS, *PLAIN] if each.startswith(name)])
    if name not in TASKS:
        sys.exit()
    os.environ["COMP_LINE"] = f"litmlp {rest}"
    return name


if __name__ == "__main__":
    main()
