"""Steps without calls of empty hooks compute and count what Lightning's do."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import Compose
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import LambdaCallback

from litmlp.engine.config import build
from litmlp.engine.config.build import build_data
from litmlp.engine.config.complete_config import complete
from litmlp.engine.config.run_settings import run_settings
from litmlp.engine.process.lightning_internals import QuickEpochs
from litmlp.engine.run.prepare import Run, build_run
from litmlp.engine.run.train import fit

WINE = ("data=wine", "trainer.max_epochs=3", "trainer.accelerator=cpu")


class Counter(Callback):
    """A callback of a user, which counts batches."""

    def __init__(self) -> None:
        self.batches = 0

    def on_train_batch_end(self, *_: Any) -> None:
        self.batches += 1


def fitted(config: Compose, *overrides: str, more: tuple[Callback, ...] = ()) -> Run:
    composed = complete(config(*WINE, *overrides))
    with run_settings(composed):
        run = build_run(composed, Path(composed.folder), build_data(composed))
        run.trainer.callbacks.extend(more)  # type: ignore[attr-defined]  # set by Lightning, not declared
        fit(run, None)
    return run


@pytest.mark.parametrize(
    "overrides",
    [
        ("callbacks=full", "dropout=dropout"),
        ("scheduler=one_cycle", "trainer.gradient_clip_val=0.1", "averaging=ema"),
        ("optimizer=lbfgs", "trainer.max_epochs=2"),
        ("trainer.precision=bf16-mixed", "+trainer.val_check_interval=2"),
        ("ensemble=folds", "ensemble.size=2", "trainer.max_steps=5"),
        ("data=images", "data.path=images.npz", "data.flip=true", "data.shift=1"),
    ],
)
def test_quick_steps_are_those_of_lightning(
    overrides: tuple[str, ...],
    config: Compose,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (60, 5, 5), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=np.arange(60) % 3)
    quick = fitted(config, *overrides)
    monkeypatch.setattr(build, "quicken_steps", lambda trainer: None)
    slow = fitted(config, *overrides)
    loops = [run.trainer.fit_loop.epoch_loop for run in (quick, slow)]
    assert isinstance(loops[0], QuickEpochs)
    assert loops[0]._hooks
    assert not isinstance(loops[1], QuickEpochs)
    states = [run.trainer.fit_loop.state_dict() for run in (quick, slow)]
    assert states[0] == states[1]
    weights = [run.model.state_dict() for run in (quick, slow)]
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=0)
    metrics = [dict(run.trainer.callback_metrics) for run in (quick, slow)]
    for values in metrics:
        values.pop("samples_per_second")
    torch.testing.assert_close(metrics[0], metrics[1], rtol=0, atol=0)


def test_a_users_callback_sees_each_batch_in_lightnings_loop(
    config: Compose, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter()
    with caplog.at_level(logging.INFO, "litmlp"):
        run = fitted(config, more=(counter,))
    assert counter.batches == run.trainer.global_step > 0
    assert caplog.text.count("for hooks of Counter") == 1


def test_a_users_function_is_called_for_each_batch(config: Compose) -> None:
    seen: list[int] = []
    each = LambdaCallback(on_train_batch_end=lambda *hook: seen.append(hook[-1]))
    run = fitted(config, more=(each,))
    assert len(seen) == run.trainer.global_step > 0
