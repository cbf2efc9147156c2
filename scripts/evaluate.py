"""Measure a run, or a sweep averaged: evaluate.py run=<folder> [input=labelled.csv]."""

from pathlib import Path

from omegaconf import DictConfig

from litmlp.engine.command_line import run
from litmlp.engine.folder.sweep_folder import holds_runs


def main(config: DictConfig) -> None:
    folder = Path(str(config.run))
    # Loading takes seconds, for which --help does not wait.
    if config.input is not None:
        from litmlp.engine.predict.ensemble import one_or_all
        from litmlp.engine.predict.evaluate_file import evaluate_file

        with one_or_all(folder) as model:
            evaluate_file(model, config.input)
    elif holds_runs(folder):
        from litmlp.engine.predict.evaluate_ensemble import evaluate_sweep

        evaluate_sweep(folder)
    else:
        from litmlp.engine.predict.evaluate_run import evaluate_run

        evaluate_run(folder)


if __name__ == "__main__":
    run(main, config="evaluate")
