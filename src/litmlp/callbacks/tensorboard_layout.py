"""TensorBoard's custom-scalars tab with all charts of a run, and its graph tab."""

import warnings
from collections.abc import Sequence
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.engine.config.launch_command import this_command
from litmlp.engine.figures.style import report_failed_picture
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.supervised import Supervised

Layout = dict[str, dict[str, list[Any]]]


class Dashboard(Callback):
    """Lays out the charts of a run, and draws a single run's network as a graph."""

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoard) and not trainer.ckpt_path:
                metrics = cast(Supervised, model).metric_names
                logger.experiment.add_custom_scalars(layout(metrics))

    def on_fit_end(self, trainer: Trainer, model: LightningModule) -> None:
        if this_command().in_sweep:  # torch never frees what it traces
            return
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoard) and trainer.is_global_zero:
                draw_graph(logger, trainer, cast(Supervised, model))


def layout(metrics: Sequence[str]) -> Layout:
    """Return charts by category; each shows the curves whose tags match.

    Args:
        metrics: names of a model's metrics, the loss first.
    """

    def lines(*tags: str) -> list[Any]:
        return ["Multiline", [f"^{tag}$" for tag in tags]]

    fit = {name: lines(f"{name}/(train|val)") for name in metrics}
    gap = {"generalization gap: loss/val − loss/train": lines("generalization_gap")}
    first, others = dict(list(fit.items())[:2]), dict(list(fit.items())[2:])
    pages = {
        "fit": first | gap,
        "gradient flow": {
            "length of the gradient, by layer": lines("gradient_norm/.*"),
            "update divided by the weights, by layer": lines("update_ratio/.*"),
        },
        "unit health": {
            # In one chart, since an activation has the one or the other.
            "dead units, or saturated outputs": lines("(dead|saturated)_share/.*"),
            "spread of activations": lines("activation_spread/.*"),
            "mean activation": lines("activation_mean/.*"),
        },
        "pace": {
            "learning rate": lines("lr"),
            "momentum": lines("momentum"),
            "samples per second": lines("samples_per_second"),
        },
        "other metrics": others,
    }
    return {title: charts for title, charts in pages.items() if charts}


@report_failed_picture()
def draw_graph(logger: TensorBoard, trainer: Trainer, model: Supervised) -> None:
    """Draw the network's operations on a batch, by module."""
    features, *_ = next(iter(trainer.train_dataloader))  # type: ignore[arg-type]  # one loader
    network, training = model.shown_network, model.training
    network.eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch's own tracer calls itself deprecated
        inputs = model.encoding(features[:2].to(model.device))
        logger.experiment.add_graph(network, inputs)
    network.train(training)
