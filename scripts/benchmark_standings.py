"""The results of benchmark_tables.py, compared: as tables and as a picture."""

import polars as pl
from benchmark_models import LITMLP, MODELS, TREES
from matplotlib.figure import Figure
from rich.table import Table

from litmlp.engine.figures.style import COLORS, as_label, new_figure
from litmlp.engine.report.intervals import margin
from litmlp.engine.terminal.console import table
from litmlp.engine.terminal.wording import number

STYLES = dict(zip(MODELS, zip(COLORS, "o*s^vDP", strict=True), strict=True))


def compare(results: pl.DataFrame) -> pl.DataFrame:
    """Return a row per table and model, with the mean over seeds, rank and error.

    The relative error is that against the best tree, or the best model without trees.
    """
    half_row = pl.max_horizontal(1 - pl.col("score"), 0.5 / pl.col("rows"))
    error = pl.when(task="regression").then("score").otherwise(half_row)
    groups = results.group_by("table", "task", "model", maintain_order=True).agg(
        pl.col("score", "log_loss", "seconds").mean(),
        std=pl.col("score").std(),
        seeds=pl.len(),
        # The order of equal values changes the last digits of their mean.
        error=error.mean().round_sig_figs(9),
        total=pl.col("seconds").sum(),
    )
    error, is_tree = pl.col("error"), pl.col("model").is_in([*TREES])
    best = pl.coalesce(error.filter(is_tree).min(), error.min())
    return groups.with_columns(
        margin=pl.Series(margin(groups["std"].to_numpy(), groups["seeds"].to_numpy())),
        rank=error.rank().over("table"),
        relative=error / best.over("table"),
    )


def show_table(name: str, rows: pl.DataFrame) -> Table:
    """Return the models of one table."""
    metric = "RMSE" if rows["task"][0] == "regression" else "accuracy"
    result = table(name, metric, "± 95 %", "log loss", "seconds", "rank")
    for row in rows.sort("rank").iter_rows(named=True):
        half = number(row["margin"]) if row["seeds"] > 1 else ""
        result.add_row(
            *(row["model"], number(row["score"]), half, number(row["log_loss"])),
            *(f"{row['seconds']:.1f}", f"{row['rank']:g}"),
        )
    return result


def wins(rows: pl.DataFrame, model: str, other: str) -> str:
    """Return wins–ties–losses over the tables that both models have predicted."""
    ours, theirs = (rows.filter(model=each) for each in (model, other))
    both = ours.join(theirs, on="table")
    gain = both["error_right"] - both["error"]
    counts = (gain > 0).sum(), (gain == 0).sum(), (gain < 0).sum()
    return "" if model == other else "–".join(map(str, counts))


def show_all(rows: pl.DataFrame) -> Table:
    """Return the models over all tables."""
    ours = [model for model in LITMLP if model in rows["model"]]
    means = rows.group_by("model").agg(
        pl.col("rank").mean(),
        pl.col("relative").log().mean().exp(),
        pl.col("total").sum(),
        tables=pl.len(),
    )
    result = table(
        *("", "tables", "mean rank", "error / best tree", "total seconds"),
        *(f"{model}: wins–ties–losses" for model in ours),
    )
    for row in means.sort("rank").iter_rows(named=True):
        result.add_row(
            *(row["model"], str(row["tables"]), f"{row['rank']:.2f}"),
            *(f"{row['relative']:.3f}", f"{row['total']:.0f}"),
            *(wins(rows, model, row["model"]) for model in ours),
        )
    return result


def draw(rows: pl.DataFrame) -> Figure:
    """Draw one line per table, with one point per model."""
    order = rows["table"].unique(maintain_order=True).to_list()
    figure, [panel] = new_figure(width=7.5, height=1.5 + 0.42 * len(order))
    panel.axvline(1, color="#888888", lw=1)
    for index, (model, (color, marker)) in enumerate(STYLES.items()):
        of_model = rows.filter(model=model)
        shift = 0.07 * (index - len(STYLES) // 2)  # equal errors stay visible
        places = [order.index(name) + shift for name in of_model["table"]]
        size, layer = (10, 3) if model in LITMLP else (6, 2)
        if places:
            (points,) = panel.plot(of_model["relative"], places, marker, color=color)
            points.set(label=model, markersize=size, alpha=0.85, zorder=layer)
    panel.set_title("Error / error of the best tree: left is better")
    panel.set(xscale="log", yticks=range(len(order)), yticklabels=map(as_label, order))
    panel.set_ylim(len(order) - 0.5, -0.5)
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter("{x:g}")  # a range below a decade has only these
    panel.grid(axis="x", which="both", alpha=0.15)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure
