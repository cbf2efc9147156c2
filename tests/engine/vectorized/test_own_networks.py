"""A network of one's own is stacked, too, by torch's vectorizing map."""

import pytest
import torch
from conftest import Compose
from grouped_and_alone import GAUSS, TINY, assert_same_as_alone, varied
from torch import Tensor, nn

from litmlp import construct

NUMBERS = {"seed": [0, 1, 2], "optimizer__lr": [0.01, 0.1, 0.03]}


class TwoPaths(nn.Module):
    """No MLP, with all that a stack must not mix up.

    It has a parameter of no dimensions, two layers that share their weights, a dropout
    that is called twice, and buffers of its own, one of which no checkpoint holds.
    """

    def __init__(self, *, num_features: int, num_outputs: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.full((num_features,), 0.5))
        self.register_buffer("scale", torch.ones(()), persistent=False)
        self.share = nn.Parameter(torch.tensor(0.5))
        self.direct = nn.Linear(num_features, num_outputs)
        self.inner = nn.Linear(num_features, 6, bias=False)  # a batchnorm has one
        self.norm = nn.Sequential(nn.BatchNorm1d(6), nn.LayerNorm(6), nn.ReLU())
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.dropout = nn.Dropout(0.3)
        self.outer = nn.Linear(6, num_outputs)

    def forward(self, features: Tensor) -> Tensor:
        if self.training:
            self.centre.mul_(0.9).add_(0.1 * features.mean(dim=0))
        hidden = self.norm(self.inner((features - self.centre) * self.scale))
        hidden = self.dropout(torch.relu(self.first(hidden)))
        hidden = self.dropout(torch.relu(self.second(hidden)))
        outputs: Tensor = self.direct(features) + self.share * self.outer(hidden)
        return outputs


@pytest.mark.parametrize("batch_size", ["16", "full"])
def test_a_network_of_ones_own_is_stacked(
    config: Compose, batch_size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(construct.ALLOWED, f"{__name__}.", nn.Module)
    size = f"data.batch_size={batch_size}"
    base = config(*TINY, *GAUSS, "penalty=elastic_net", size)
    base.model = {
        "_target_": f"{__name__}.TwoPaths",
        "num_features": "???",
        "num_outputs": "${task.num_outputs}",
    }
    assert_same_as_alone(varied(base, **NUMBERS))


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_networks_without_hidden_layers_are_stacked(
    config: Compose, model: str
) -> None:
    chosen = [f"model={model}"] if model != "mlp" else ["model.hidden_sizes=[]"]
    tiny = [text for text in TINY if not text.startswith("model.")]
    assert_same_as_alone(varied(config(*tiny, *GAUSS, *chosen), **NUMBERS))
