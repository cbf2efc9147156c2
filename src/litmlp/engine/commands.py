"""The commands ``litmlp train``, ``evaluate`` and so on: each calls one function."""

import sys
from collections.abc import Callable
from pathlib import Path

from omegaconf import DictConfig, ListConfig

from litmlp.engine.folder.run_folder import named_run
from litmlp.engine.hydra_call import run
from litmlp.engine.option_folders import open_project
from litmlp.engine.project.new import new_project
from litmlp.engine.project.option_commands import copy_option, list_options, show_status
from litmlp.errors import UserError

# Loading takes seconds, for which --help does not wait: hence the inner imports.


def train(config: DictConfig) -> float:
    """Train one run."""
    from litmlp.engine.run.train import train

    return train(config)


def evaluate(config: DictConfig) -> None:
    """Measure a run on its data or on a file."""
    folder = named_run(str(config.run))
    by = None if config.by is None else str(config.by)
    if not isinstance(config.importance, bool):  # "no" would count as true
        raise UserError(f"importance={config.importance}: must be true or false")
    if config.input is not None:
        from litmlp.engine.predict.evaluate_file import evaluate_file
        from litmlp.engine.predict.trained_model import trained

        with trained(folder) as model:
            evaluate_file(model, config.input, by=by, with_importance=config.importance)
    else:
        from litmlp.engine.predict.evaluate_run import evaluate_run

        evaluate_run(folder)
        if by is not None or config.importance:
            from litmlp.engine.predict.evaluate_file import explain_own_rows

            explain_own_rows(folder, by=by, with_importance=config.importance)


def predict(config: DictConfig) -> None:
    """Predict the rows of a file."""
    from litmlp.engine.predict.predict_file import predict_file
    from litmlp.engine.predict.trained_model import trained

    with trained(named_run(str(config.run))) as model:
        predict_file(model, config.input, config.output, keep=config.keep)


def export(config: DictConfig) -> None:
    """Write a run as one file that predicts from raw rows."""
    from litmlp.engine.predict.export import export

    export(named_run(str(config.run)), format=config.format, output=config.output)


def report(config: DictConfig) -> None:
    """Report the results of many runs, or the differences of two."""
    from litmlp.engine.report.compare_runs import compare_runs
    from litmlp.engine.report.make_report import report_runs

    if config.compare is not None:
        return compare_runs(list(config.compare))
    if config.runs is None:
        raise UserError("runs is needed: give runs=…, or compare=[a,b]")
    several = isinstance(config.runs, ListConfig)
    patterns = list(config.runs) if several else [config.runs]
    report_runs(patterns, config.output)


TASKS = {task.__name__: task for task in (train, evaluate, predict, export, report)}
"""The commands that Hydra reads a config for, each from the file of its name."""


def gallery(choices: list[str]) -> None:
    """Draw options of ``conf/``."""
    from litmlp.course.gallery.draw import draw_gallery

    open_project()
    failures = draw_gallery(choices, Path("logs/gallery"))
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)


def schema() -> None:
    """Write the schema by which an editor completes and checks options."""
    from litmlp.engine.project.schema import write_schema

    write_schema()


PLAIN: dict[str, Callable[..., None]] = {
    "gallery": gallery,
    "new": new_project,
    "list": list_options,
    "copy": copy_option,
    "status": show_status,
    "schema": schema,
}
"""The commands without a config, which get their arguments as keywords."""


def call_task(name: str, arguments: list[str]) -> None:
    """Call a task with the config that the arguments compose, and end the process."""
    sys.argv = [sys.argv[0], *arguments]  # Hydra reads it
    run(TASKS[name], config=name)
