"""No way leads from a config to code that is not allowed."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from strangers import copied, run_and_table, spoil
from torch import Tensor
from torch.optim.lr_scheduler import StepLR

from litmlp.construct import ALLOWED, resolve
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.predict.evaluate_run import evaluate_run
from litmlp.engine.predict.trained_model import trained
from litmlp.errors import UserError

MARK = "touched"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_and_table(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil, as if it came from a stranger."""
    return copied(finished, tmp_path)


TARGETS: dict[str, Any] = {
    "a function of the system": {"_target_": "os.system", "command": f"touch {MARK}"},
    "through a library": {"_target_": "torch.nn.functional.torch.os.system"},
    "a loader of pickles": {"_target_": "torch.load", "f": "evil.pkl"},
    "in a list": [{"_target_": "os.system", "command": f"touch {MARK}"}],
    "in an argument": {
        "_target_": "torch.nn.BCEWithLogitsLoss",
        "pos_weight": {"_target_": "os.system", "command": f"touch {MARK}"},
    },
    "in a partial": {
        "_target_": "torch.nn.ReLU",
        "_partial_": True,
        "inplace": {
            "_target_": "subprocess.run",
            "_partial_": True,
            "args": ["touch", MARK],
        },
    },
    "by reference": "${evil}",
    "made of text": f"${{oc.create:{{_target_:os.system,command:'touch {MARK}'}}}}",
    "with its name by reference": {"_target_": "${evil._target_}"},
    "no name": {"_target_": ["os.system"]},
    "of this project": {"_target_": "litmlp.engine.report.make_report.report_runs"},
    "of its callbacks": {"_target_": "litmlp.callbacks.publish_figure.publish"},
    "a hook": {"_target_": "torch.nn.modules.module.register_module_forward_hook"},
    "a metric with a download": {"_target_": "torchmetrics.text.bert.BERTScore"},
}


@pytest.mark.parametrize("section", ["loss", "model", "task", "optimizer"])
@pytest.mark.parametrize("attack", TARGETS)
def test_no_way_to_a_target_of_ones_own(
    attack: str, section: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    def edit(content: dict[str, Any]) -> None:
        content["evil"] = TARGETS["a function of the system"]
        content[section] = TARGETS[attack]

    spoil(folder, edit)
    with pytest.raises(UserError), trained(folder):
        pass
    assert not (folder / MARK).exists()


def test_what_may_be_built_is_of_the_kind_that_its_place_wants() -> None:
    built_in = {prefix for prefix in ALLOWED if prefix.startswith("litmlp.")}
    assert all(ALLOWED[prefix] is not object for prefix in built_in)
    for path in (
        "litmlp.engine.report.make_report.report_runs",
        "litmlp.data.tables.read.read_table",
    ):
        with pytest.raises(UserError, match="is not allowed"):
            resolve(path, "here")


def test_a_package_of_ones_own_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text("def answer(*, to: int) -> int:\n    return to\n")
    monkeypatch.syspath_prepend(tmp_path)
    node = OmegaConf.create({"_target_": "mine.answer", "to": 42})
    with pytest.raises(UserError, match=r"List a package of your own in pyproject"):
        construct_node(node, "here")
    monkeypatch.setattr("litmlp.construct.OWN_PACKAGES", {"mine"})
    assert construct_node(node, "here") == 42
    sys.modules.pop("mine")


def test_an_argument_that_litmlp_sets_cannot_be_slipped_in(folder: Path) -> None:
    callbacks = {"_target_": "lightning.pytorch.callbacks.DeviceStatsMonitor"}
    spoil(folder, lambda content: content["trainer"].update(callbacks=callbacks))
    with pytest.raises(UserError, match=r"trainer\.callbacks is set by litmlp"):
        evaluate_run(folder)


def test_losses_and_schedules_may_be_functions_or_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def own(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).mean()

    own.__module__, own.__qualname__ = "litmlp.losses", "own"
    monkeypatch.setattr("litmlp.losses.own", own, raising=False)
    kind = type("Own", (StepLR,), {"__module__": "litmlp.schedulers"})
    monkeypatch.setattr("litmlp.schedulers.Own", kind, raising=False)
    assert resolve("litmlp.losses.own", "loss") is own
    assert resolve("litmlp.schedulers.Own", "scheduler") is kind
    node = OmegaConf.create({"_target_": "litmlp.losses.own", "_partial_": True})
    assert construct_node(node, "loss")(torch.ones(2), torch.ones(2)) == 0


def test_keys_of_a_dictionary_stay_numbers() -> None:
    name = "lightning.pytorch.callbacks.GradientAccumulationScheduler"
    node = OmegaConf.create({"_target_": name, "scheduling": {0: 1, 4: 2}})
    assert construct_node(node, "callbacks.accumulate").scheduling == {0: 1, 4: 2}
