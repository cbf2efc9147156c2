"""Checks and decisions before a run begins."""

from pathlib import Path

import pytest
from conftest import CONF, Compose, Run
from lightning.pytorch import Callback, Trainer, callbacks

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.data.batches import auto_batch_size, auto_max_epochs
from litmlp.engine.config.build import build_data, build_model
from litmlp.engine.run.prepare import (
    UNFIT,
    auto_precision,
    build_run,
    check_callbacks,
    check_monitor_is_defined,
)
from litmlp.errors import UserError

SPOILING = {
    "WeightAveraging": callbacks.WeightAveraging(),
    "EMAWeightAveraging": callbacks.EMAWeightAveraging(decay=0.9),
    "StochasticWeightAveraging": callbacks.StochasticWeightAveraging(swa_lrs=0.01),
    "ModelPruning": callbacks.ModelPruning("l1_unstructured"),
    "LearningRateFinder": callbacks.LearningRateFinder(),
    "BatchSizeFinder": callbacks.BatchSizeFinder(),
    "BackboneFinetuning": callbacks.BackboneFinetuning(),
}


def trainer_with(*more: Callback) -> Trainer:
    own = BestAndLast(folder="unused", monitor="loss/val", mode="min")
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", logger=False, callbacks=[own, *more], **quiet)


@pytest.mark.parametrize("name", SPOILING)
def test_a_callback_that_replaces_the_weights_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"^callbacks: {name} is not supported: "):
        check_callbacks(trainer_with(SPOILING[name]))


def test_other_callbacks_of_lightning_are_welcome() -> None:
    accumulation = callbacks.GradientAccumulationScheduler({0: 1, 4: 2})
    check_callbacks(trainer_with(callbacks.LearningRateMonitor(), accumulation))
    assert set(UNFIT) <= set(SPOILING)


def test_sizes_that_are_auto_follow_from_the_number_of_training_rows() -> None:
    rows = [1, 150, 2_000, 2_100, 10_000, 50_000, 1_000_000]
    assert [auto_batch_size(n) for n in rows] == [32, 32, 32, 64, 128, 256, 512]
    batches = [1, 5, 16, 32, 79, 1_954]
    assert [auto_max_epochs(n) for n in batches] == [128, 128, 125, 62, 25, 16]


def test_the_saved_config_has_the_sizes_and_not_auto(
    config: Compose, tmp_path: Path
) -> None:
    auto = ("data.batch_size=auto", "trainer.max_epochs=auto", "trainer.precision=auto")
    composed = config("data=gauss", "data.num_samples=20000", *auto, "logger=none")
    run = build_run(composed, tmp_path, build_data(composed))
    size = auto_batch_size(len(run.data.rows["train"]))
    assert run.config.data.batch_size == run.data.train_batches.sizes[0] == size > 32
    epochs = auto_max_epochs(len(run.data.train_batches))
    assert run.config.trainer.max_epochs == run.trainer.max_epochs == epochs < 128
    assert run.config.trainer.precision == run.trainer.precision != "auto"


def test_precision_auto_is_what_the_processor_is_made_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for able, precision in ((True, "bf16-mixed"), (False, "32-true")):
        known = {"amx_bf16": able}
        monkeypatch.setattr("torch.cpu.get_capabilities", known.copy, raising=False)
        assert auto_precision("auto") == auto_precision("cpu") == precision
        assert auto_precision("mps") == "32-true"
    monkeypatch.delattr("torch.cpu.get_capabilities")
    assert auto_precision("cpu") == "32-true"
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: True)
    assert [auto_precision(a) for a in ("auto", "gpu")] == ["bf16-mixed"] * 2
    assert auto_precision("cpu") == "32-true"


def test_a_monitor_that_rows_of_one_class_leave_undefined_is_refused(
    config: Compose,
) -> None:
    composed = config("data=xor")
    data = build_data(composed)
    model = build_model(composed, data)
    data.split_targets["val"].zero_()
    for monitor in ("loss/val", "accuracy/val", "auroc/train"):
        check_monitor_is_defined(monitor, model, data)
    for name in ("auroc", "recall"):
        words = rf"all \d+ rows are of class orange, for which {name} is undefined"
        with pytest.raises(UserError, match=words):
            check_monitor_is_defined(f"{name}/val", model, data)


def test_a_run_does_not_go_on_with_other_data(run: Run, tmp_path: Path) -> None:
    rows = (CONF.parent / "tests" / "people.csv").read_text().splitlines()
    (tmp_path / "people.csv").write_text("\n".join(rows))
    own = ("data=table", "data.path=people.csv", "data.target=income", "trainer=cpu")
    quick = ("trainer.max_epochs=1", "callbacks=minimal", "logger=csv")
    assert run("train", *own, *quick).code == 0
    (folder,) = tmp_path.glob("logs/default/runs/*")
    before = (folder / "summary.json").read_bytes()
    for other in ([rows[0], *reversed(rows[1:])], rows[:-1]):
        (tmp_path / "people.csv").write_text("\n".join(other))
        ended = run("train", f"resume={folder}", "trainer.max_epochs=2")
        assert ended.code == 1
        assert "the data have changed since this run began" in ended.err
        assert (folder / "summary.json").read_bytes() == before
    (tmp_path / "people.csv").write_text("\n".join(rows))
    assert run("train", f"resume={folder}", "trainer.max_epochs=2").code == 0
