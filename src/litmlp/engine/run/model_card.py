"""The model card of a run: what was learned from which rows, how well, its limits."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import NormalDist

from litmlp.data.data_module import Data
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.run_folder import CARD, Summary
from litmlp.engine.run.prepare import Run
from litmlp.engine.run.run_messages import grid
from litmlp.engine.run.split_metrics import Metrics

MOST_NAMES = 20
"""Columns and classes that a card names."""

FEW_ROWS = 100
"""With fewer test rows, a card says that chance may decide."""


def write_card(run: Run, summary: Summary) -> None:
    """Write ``model_card.md`` into the folder of a run that has been tested."""
    text = "\n\n".join(sections(run, summary)) + "\n"
    path = run.folder / CARD
    replace(path, lambda part: part.write_text(text, encoding="utf-8"), durable=False)


def sections(run: Run, summary: Summary) -> Iterator[str]:
    """Yield the paragraphs of a card as Markdown; names are escaped as in HTML."""
    samples, best = run.data.samples, summary["monitor"]["metric"]
    yield f"# Model card of {plain(run.folder.name)}"
    yield (
        f"A network of {summary['parameters']:,} parameters that predicts "
        f"{listed(samples.target_names)} (task {run.config.task.name}), trained by "
        f"litmlp on {summary['started'][:10]}."
    )
    yield "## Data"
    yield grid(
        ("split", "rows"), [(s, f"{len(r):,}") for s, r in run.data.rows.items()]
    )
    yield f"Features: {listed([column.name for column in samples.columns])}."
    if samples.class_names:
        yield f"Classes: {listed(samples.class_names)}."
    yield "## Metrics"
    yield f"They are those of epoch {summary['best_epoch']}, the best by {best}."
    yield metrics_with_intervals(run.data, summary["metrics"], summary["baselines"])
    yield "## Settings that are no defaults"
    yield "\n".join(f"- {plain(text)}" for text in summary["overrides"]) or "None."
    yield "## Limits"
    yield "\n".join(f"- {line}" for line in limits(run.data, summary))
    yield "## Versions"
    versions = summary["versions"] | {"git commit": summary["git_commit"] or "none"}
    yield grid(("what", "version"), versions.items())


def metrics_with_intervals(
    data: Data, metrics: Metrics, baselines: Mapping[str, Metrics]
) -> str:
    """Return a table of metrics by split, and by baseline those of the test rows."""
    sources = {split: (metrics, split) for split in data.rows}
    sources |= {f"{each} (test)": (baselines[each], "test") for each in baselines}
    rows = [
        [name, *(cell(data, found, name, split) for found, split in sources.values())]
        for name in dict.fromkeys(tag.split("/")[0] for tag in metrics)
    ]
    return grid(("metric", *sources), rows)


def cell(data: Data, metrics: Metrics, name: str, split: str) -> str:
    """Return the text of a metric; accuracy has its interval of 95 %."""
    value = metrics.get(f"{name}/{split}")
    if value is None:
        return ""
    if math.isnan(value):
        return "undefined"
    if name != "accuracy" or not 0 <= value <= 1:
        return f"{value:.4g}"
    low, high = interval(value, len(data.rows[split]))
    return f"{value:.4g} ({low:.3f} to {high:.3f})"


def interval(fraction: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a fraction of some rows.

    Source: Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953
    """
    square = NormalDist().inv_cdf(0.975) ** 2
    center = fraction + square / (2 * count)
    variance = fraction * (1 - fraction) / count + square / (4 * count**2)
    half = math.sqrt(square * variance)
    scale = 1 + square / count
    return (center - half) / scale, (center + half) / scale


def limits(data: Data, summary: Summary) -> Iterator[str]:
    """Yield sentences on what the metrics do not say, and what went wrong."""
    tested = len(data.rows.get("test", ()))
    if not tested:
        yield "No row was tested on: new rows will be predicted worse than these."
    elif tested < FEW_ROWS:
        yield f"There are {tested} test rows: much of the test metrics is chance."
    yield (
        "The test rows come from the same source as the training rows. Nothing was "
        "measured for other places, times or groups: `evaluate.py by=<column>` does."
    )
    yield "Rows unlike the training rows get predictions as sure as those of others."
    if data.samples.class_names:
        yield (
            "Probabilities are as the network gives them: `evaluate.py input=<file>` "
            "compares them with what happened, in `calibration.csv`."
        )
    yield from (plain(note) for note in summary["doctors_note"])
    if summary["diverged"]:
        yield f"The training diverged: {plain(summary['diverged'])}"


def listed(names: Sequence[str]) -> str:
    """Return the first names of a sequence, and how many there are more."""
    every = [plain(name) for name in names]
    more = len(every) - MOST_NAMES
    return ", ".join(every[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def plain(text: object) -> str:
    """Return a text of the data as one line that a viewer of Markdown only shows."""
    return escape(" ".join(str(text).split()), quote=False)
