"""Evaluation of the mean of a sweep's runs, on the rows of these runs."""

from pathlib import Path

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data
from litmlp.engine.folder import provenance, run_folder
from litmlp.engine.folder.sweep_folder import ENSEMBLE, statuses_of
from litmlp.engine.predict.averaged_runs import Ensemble, ensemble
from litmlp.engine.predict.evaluate_run import measure_rows
from litmlp.engine.run.test import Metrics, metrics_table
from litmlp.engine.terminal.console import shortest, show
from litmlp.errors import UserError


def evaluate_sweep(sweep: Path) -> Metrics:
    """Measure the mean of a sweep's runs on their own rows, into ``ensemble.json``.

    Raises:
        UserError: the runs cannot be averaged, or no rows are fair to all of them.
    """
    check_same_rows(sweep)
    with ensemble(sweep) as together:
        data = own_data(together)
        inputs, targets = data.samples.inputs, data.samples.targets
        metrics = {
            f"{name}/{split}": value
            for split, rows in data.rows.items()
            for name, value in measure_rows(together, inputs[rows], targets[rows])[
                1
            ].items()
        }
    names = [run.folder.name for run in together.runs]
    run_folder.write_json(sweep / ENSEMBLE, {"runs": names, "metrics": metrics})
    show(f"the mean of {len(names)} runs")
    show(metrics_table(metrics))
    show(f"{shortest(sweep / ENSEMBLE)}")
    return metrics


def check_same_rows(sweep: Path) -> None:
    """Check that runs have the same rows: a row that one has learned is no test row."""
    found = statuses_of(sweep)
    folders = [folder for folder in found if found[folder] == "done"]
    data = [run_folder.read_summary(folder).get("data") for folder in folders]
    first = data[0] if data else None
    if data and not all(
        first and own and not provenance.changes_of_data(first, own) for own in data
    ):
        raise UserError(
            f"run={sweep}: its runs were trained on different rows, so none is fair to "
            "all of them: give input=<file>, of rows that no run was trained on"
        )


def own_data(together: Ensemble) -> Data:
    """Return the data that the runs were trained and tested on.

    Raises:
        UserError: they have changed since.
    """
    first = together.runs[0]
    data = build_data(first.config)
    before = run_folder.read_summary(first.folder)["data"]
    if changes := provenance.changes_of_data(before, provenance.of_data(data)):
        raise UserError(
            f"run={together.folder}: the data have changed since its runs were "
            f"trained ({'; '.join(changes)}): give input=<file>, of rows that no run "
            "was trained on"
        )
    return data
