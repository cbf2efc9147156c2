"""What a sweep's runs come to together, on the rows that they were tested on."""

import json
from pathlib import Path

import torch
from torch import Tensor

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data
from litmlp.engine.folder import provenance, run_folder
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.sweep_folder import ENSEMBLE, saw_the_same_rows, with_result
from litmlp.engine.folder.untrusted import rebuilding
from litmlp.engine.predict.ensemble import Ensemble, ensemble
from litmlp.engine.predict.evaluate_run import measured
from litmlp.engine.process.memory import available
from litmlp.engine.run.test import Metrics, metrics_table
from litmlp.engine.terminal.console import shortest, show, unsaid
from litmlp.errors import UserError

BYTES = 16
"""Of a parameter of a rebuilt model, with its copies while it is built."""


def evaluate_sweep(sweep: Path) -> Metrics:
    """Measure the mean of a sweep's runs and show what it is worth.

    Raises:
        UserError: see :func:`leave_average`.
    """
    metrics = leave_average(sweep)
    show(f"the mean of {len(with_result(sweep))} runs")
    show(metrics_table(metrics))
    show(f"{shortest(sweep / ENSEMBLE)}")
    return metrics


def leave_average(sweep: Path) -> Metrics:
    """Measure the mean of a sweep's runs on their own rows, into ``ensemble.json``.

    Raises:
        UserError: the runs cannot be averaged, or there are no rows that are fair to
            all of them.
    """
    refuse_other_rows(sweep)
    with ensemble(sweep) as together:
        data = own_data(together)
        metrics = {
            f"{name}/{split}": value
            for split, rows in data.rows.items()
            for name, value in on_rows(together, data, rows).items()
        }
    names = [member.folder.name for member in together.members]
    content = run_folder.finite({"runs": names, "metrics": metrics})
    text = json.dumps(content, indent=2, ensure_ascii=False)
    replace(
        sweep / ENSEMBLE, lambda path: path.write_text(f"{text}\n", encoding="utf-8")
    )
    return metrics


def average_if_fair(sweep: Path) -> None:
    """Leave ``ensemble.json`` if a sweep's runs can be averaged, else none."""
    try:
        with unsaid():
            refuse_costly(sweep)
            leave_average(sweep)
    except UserError:
        (sweep / ENSEMBLE).unlink(missing_ok=True)


def refuse_costly(sweep: Path) -> None:
    """What nobody has asked for should not bring a machine to its limits.

    Raises:
        UserError: the networks together are large.
    """
    summaries = map(run_folder.read_summary, with_result(sweep))
    parameters = sum(summary.get("parameters") or 0 for summary in summaries)
    if parameters * BYTES > available(torch.device("cpu")):
        raise UserError(f"{sweep}: its networks do not fit into memory together")


def refuse_other_rows(sweep: Path) -> None:
    """A row that any of the runs was trained on is no test row.

    Raises:
        UserError: the runs were not trained and tested on the same rows.
    """
    folders = with_result(sweep)
    if folders and not saw_the_same_rows(folders):
        raise UserError(
            f"run={sweep}: its runs were trained on different rows, so none is fair to "
            "all of them: give input=<file>, of rows that no run was trained on"
        )


def own_data(together: Ensemble) -> Data:
    """The data that the runs were trained and tested on.

    Raises:
        UserError: they have changed since.
    """
    first = together.members[0]
    with rebuilding(first.folder):
        data = build_data(first.config)
        found = provenance.of_data(data)
    if found != run_folder.read_summary(first.folder)["data"]:
        raise UserError(
            f"run={together.folder}: the data have changed since its runs were "
            "trained: give input=<file>, of rows that no run was trained on"
        )
    return data


def on_rows(together: Ensemble, data: Data, rows: Tensor) -> Metrics:
    """The metrics of the mean on some of the rows."""
    samples = data.samples
    return measured(together, samples.inputs[rows], samples.targets[rows])[1]
