"""The classifier: which outputs and targets meet which loss, and what it predicts."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn, tensor
from torchmetrics.classification import BinaryAccuracy, MulticlassAccuracy

from litmlp.classifier import Classifier
from litmlp.data.bundled import BundledData
from litmlp.data.scaling import Standardize
from litmlp.errors import UserError
from litmlp.loadable_module import Loss
from litmlp.losses import HalfSquaredError
from litmlp.mlp import MLP

BINARY_TARGETS = tensor([0, 1, 1, 0, 1])
CLASS_TARGETS = tensor([0, 2, 1, 2, 2])


def classifier(loss: Loss, num_outputs: int, **changes: Any) -> Classifier:
    softmax = lambda: nn.Softmax(dim=1)  # noqa: E731  # as short as the class beside it
    arguments: dict[str, Any] = {
        "network": nn.Identity(),
        "class_names": ["a", "b", "c"][: max(2, num_outputs)],
        "output_activation": nn.Sigmoid if num_outputs == 1 else softmax,
        "metrics": {},
    }
    return Classifier(loss=loss, num_outputs=num_outputs, **(arguments | changes))


def logits(num_outputs: int) -> Tensor:
    return torch.randn(5, num_outputs, generator=torch.Generator().manual_seed(0))


SIGNS, SOFT = 2.0 * BINARY_TARGETS - 1, logits(3).flip(0).softmax(1)


@pytest.mark.parametrize(
    ("loss", "num_outputs", "targets", "expected"),
    [
        (nn.CrossEntropyLoss(), 3, CLASS_TARGETS, F.cross_entropy),
        (nn.CrossEntropyLoss(), 3, SOFT, F.cross_entropy),
        (F.cross_entropy, 3, CLASS_TARGETS, F.cross_entropy),
        (nn.MultiMarginLoss(), 3, CLASS_TARGETS, F.multi_margin_loss),
        (
            nn.BCEWithLogitsLoss(),
            1,
            BINARY_TARGETS,
            lambda o, t: F.binary_cross_entropy(o.sigmoid().squeeze(1), t.float()),
        ),
        (
            nn.SoftMarginLoss(),
            1,
            BINARY_TARGETS,
            lambda o, t: F.soft_margin_loss(o.squeeze(1), SIGNS),
        ),
    ],
)
def test_a_loss_of_classes_takes_logits(
    loss: Loss, num_outputs: int, targets: Tensor, expected: Any
) -> None:
    outputs = logits(num_outputs)
    value = classifier(loss, num_outputs).compute_loss(outputs, targets)
    torch.testing.assert_close(value, expected(outputs, targets))


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (nn.MSELoss(), F.mse_loss),
        (HalfSquaredError(), lambda o, t: (o - t).square().sum(1).mean() / 2),
    ],
)
def test_regression_loss_compares_probabilities_with_one_hot(
    loss: nn.Module, reference: Any
) -> None:
    multiclass = classifier(loss, 3).compute_loss(logits(3), CLASS_TARGETS)
    one_hot = torch.eye(3)[CLASS_TARGETS]
    torch.testing.assert_close(multiclass, reference(logits(3).softmax(1), one_hot))
    binary = classifier(loss, 1).compute_loss(logits(1), BINARY_TARGETS)
    expected = reference(logits(1).sigmoid(), BINARY_TARGETS[:, None].float())
    torch.testing.assert_close(binary, expected)


def test_predictions_are_probabilities_of_each_class() -> None:
    multiclass = classifier(nn.CrossEntropyLoss(), 3).predict(logits(3))
    torch.testing.assert_close(multiclass, logits(3).softmax(1))
    binary = classifier(nn.BCEWithLogitsLoss(), 1).predict(logits(1))
    assert binary.shape == (5, 2)
    torch.testing.assert_close(binary.sum(1), torch.ones(5))
    torch.testing.assert_close(binary[:, 1], logits(1).sigmoid().squeeze(1))


def test_predict_preprocesses_raw_rows_rests_dropout_and_restores_the_mode() -> None:
    network = MLP(
        num_features=2,
        num_outputs=3,
        hidden_sizes=[8],
        dropout=nn.Dropout,
        output_initializer=nn.init.normal_,
    )
    raw = 100 + 10 * torch.randn(6, 2)
    scale = Standardize(raw)
    model = classifier(
        nn.CrossEntropyLoss(), 3, network=network, preprocessing=scale
    ).train()
    predicted = model.predict(raw)
    assert model.training
    assert network.training
    with torch.no_grad():
        expected = network.eval()(scale(raw)).softmax(1)
    torch.testing.assert_close(predicted, expected)


def test_metrics_see_probabilities_and_classes() -> None:
    accuracy = MulticlassAccuracy(num_classes=3, average="micro")
    model = classifier(nn.CrossEntropyLoss(), 3)
    wins = (logits(3).argmax(1) == CLASS_TARGETS).float().mean()
    assert accuracy(*model.for_metrics(logits(3), CLASS_TARGETS)) == wins
    one_hot = torch.eye(3)[CLASS_TARGETS]
    assert accuracy(*model.for_metrics(logits(3), one_hot)) == wins
    binary = classifier(nn.BCEWithLogitsLoss(), 1)
    wins = ((logits(1).squeeze(1) > 0) == BINARY_TARGETS.bool()).float().mean()
    seen = binary.for_metrics(logits(1), BINARY_TARGETS)
    assert BinaryAccuracy()(*seen) == wins


@pytest.mark.parametrize(
    ("loss", "num_outputs", "class_names", "words"),
    [
        (nn.CrossEntropyLoss(), 3, ["a", "b"], "3 outputs for 2 classes"),
        (nn.BCEWithLogitsLoss(), 1, ["a", "b", "c"], "got 3 .*choose task=multiclass"),
        (nn.CrossEntropyLoss(), 1, ["a", "b"], "choose loss=binary_cross_entropy"),
        (nn.MultiMarginLoss(), 1, ["a", "b"], "MultiMarginLoss does not fit a binary"),
        (nn.BCEWithLogitsLoss(), 2, ["a", "b"], "choose loss=cross_entropy"),
        (nn.SoftMarginLoss(), 3, ["a", "b", "c"], "does not fit a multiclass task"),
    ],
)
def test_what_does_not_fit_is_refused(
    loss: nn.Module, num_outputs: int, class_names: Sequence[str], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        classifier(loss, num_outputs, class_names=class_names)


def test_a_loss_of_ones_own_says_what_it_takes() -> None:
    def brier(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs - targets).square().sum(1).mean()

    brier.takes = "values"  # type: ignore[attr-defined]  # as the README says
    one_hot = torch.eye(3)[CLASS_TARGETS]
    value = classifier(brier, 3).compute_loss(logits(3), CLASS_TARGETS)
    torch.testing.assert_close(value, brier(logits(3).softmax(1), one_hot))


def test_a_model_that_moves_to_a_device_leaves_the_data_where_they_are() -> None:
    data = BundledData(name="iris")
    model = classifier(
        nn.CrossEntropyLoss(), 3, preprocessing=data.fitted_preprocessing
    )
    model.to("meta")  # like a GPU, but there on every machine
    assert model.preprocessing.get_buffer("numeric").is_meta
    assert data.split_features["train"].shape == (96, 4)
    assert data.split_features["train"].device.type == "cpu"
