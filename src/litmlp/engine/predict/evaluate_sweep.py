"""The mean of a sweep's runs, measured on the rows that the runs were tested on."""

import json
from pathlib import Path

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data
from litmlp.engine.folder import provenance, run_folder
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.sweep_folder import ENSEMBLE, statuses_of
from litmlp.engine.folder.untrusted import blame_folder
from litmlp.engine.predict.ensemble import Ensemble, ensemble
from litmlp.engine.predict.evaluate_run import measured
from litmlp.engine.run.test import Metrics, metrics_table
from litmlp.engine.terminal.console import shortest, show
from litmlp.errors import UserError


def evaluate_sweep(sweep: Path) -> Metrics:
    """Measure the mean of a sweep's runs on their own rows, into ``ensemble.json``.

    Raises:
        UserError: the runs cannot be averaged, or no rows are fair to all of them.
    """
    refuse_other_rows(sweep)
    with ensemble(sweep) as together:
        data = own_data(together)
        metrics = {
            f"{name}/{split}": value
            for split, rows in data.rows.items()
            for name, value in measured(
                together, data.samples.inputs[rows], data.samples.targets[rows]
            )[1].items()
        }
    names = [member.folder.name for member in together.members]
    content = run_folder.finite({"runs": names, "metrics": metrics})
    text = json.dumps(content, indent=2, ensure_ascii=False)
    replace(
        sweep / ENSEMBLE, lambda path: path.write_text(f"{text}\n", encoding="utf-8")
    )
    show(f"the mean of {len(names)} runs")
    show(metrics_table(metrics))
    show(f"{shortest(sweep / ENSEMBLE)}")
    return metrics


def refuse_other_rows(sweep: Path) -> None:
    """A row that any of the runs was trained on is no test row.

    Raises:
        UserError: the runs were not trained and tested on the same rows.
    """
    found = statuses_of(sweep)
    folders = [folder for folder in found if found[folder] == "done"]
    data = [run_folder.read_summary(folder).get("data") for folder in folders]
    if data and not (data[0] and all(own == data[0] for own in data)):
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
    with blame_folder(first.folder):
        data = build_data(first.config)
        found = provenance.of_data(data)
    if found != run_folder.read_summary(first.folder)["data"]:
        raise UserError(
            f"run={together.folder}: the data have changed since its runs were "
            "trained: give input=<file>, of rows that no run was trained on"
        )
    return data
