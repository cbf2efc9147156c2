"""The worked examples, run as a user would: the figures of the lecture notes."""

from statistics import mean

import pytest
import torch
from conftest import Run
from explained import EXACT, Explained, run_explained
from torch import nn


def run_example(run: Run, name: str, *overrides: str) -> Explained:
    return run_explained(run, f"experiment=example/{name}", *overrides)


def test_backpropagation_is_that_of_the_notes(run: Run) -> None:
    done = run_example(run, "backpropagation")
    neurons, weights = done.lines("neurons"), done.lines("weights")
    expected = {
        ("h1", "net"): 0.3775,
        ("h1", "out"): 0.593269992,
        ("h2", "out"): 0.596884378,
        ("o1", "net"): 1.105905967,
        ("o1", "out"): 0.75136507,
        ("o1", "error"): 0.274811083,
        ("o1", "∂E/∂out"): 0.74136507,
        ("o1", "∂out/∂net"): 0.186815602,
        ("o2", "out"): 0.772928465,
        ("o2", "error"): 0.023560026,
    }
    for (neuron, column), value in expected.items():
        cell = neurons[neuron, "1", "1"][column]
        assert float(cell) == pytest.approx(value, abs=EXACT), (neuron, column)
    error = float(neurons["E", "1", ""]["error"])
    assert error == pytest.approx(0.298371109, abs=EXACT)
    w5 = weights["w5  h1 → o1", "1"]
    assert float(w5["∂net/∂w"]) == pytest.approx(0.593269992, abs=EXACT)
    assert float(w5["∂E/∂w"]) == pytest.approx(0.082167041, abs=EXACT)
    after = [0.35891648, 0.408666186, 0.511301270, 0.561370121]
    saved = done.weights()["output.weight"].flatten().tolist()
    assert saved == pytest.approx(after, abs=EXACT)
    new = [
        float(line["new value"]) for key, line in weights.items() if key[0][0] == "w"
    ]
    assert new[4:] == pytest.approx(after, abs=EXACT)
    assert done.logged("loss/train") == pytest.approx([0.298371109], abs=EXACT)
    for place in (done.ended.out, (done.folder / "train.log").read_text()):
        for shown in ("∂out/∂net", "0.186815602", "w5  h1 → o1", "0.358916480"):
            assert shown in place


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ("optimizer=momentum", [0.99, 0.9711]),
        ("optimizer=adagrad", [0.99, 0.98296455]),
        ("optimizer=rmsprop", [0.9, 0.83291798]),
        ("optimizer=adam optimizer.betas=[0.9,0.99]", [0.99, 0.98000252]),
    ],
)
def test_optimizer_steps_are_those_of_the_notes(
    overrides: str, expected: list[float], run: Run
) -> None:
    done = run_example(run, "optimizer_steps", *overrides.split())
    steps = list(done.lines("weights").values())
    assert [float(s["new value"]) for s in steps] == pytest.approx(expected, abs=EXACT)
    values = [float(step["value"]) for step in steps]
    assert values == pytest.approx([1.0, expected[0]], abs=EXACT)
    assert [float(step["∂E/∂w"]) for step in steps] == values
    saved = done.weights()["output.weight"].item()
    assert saved == pytest.approx(expected[1], abs=EXACT)
    losses = [w**2 / 2 for w in values]
    assert done.logged("loss/train") == pytest.approx(losses, abs=EXACT)


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("cross_entropy", 1.1200755),
        ("binary_cross_entropy", 0.6867941),
        ("mae", 0.7),
        ("mse", 0.67),
        ("smooth_l1", 1.14),
    ],
)
def test_losses_are_those_of_the_notes_and_the_mean_of_their_rows(
    name: str, figure: float, run: Run
) -> None:
    done = run_example(run, name)
    assert done.logged("loss/train") == pytest.approx([figure], abs=5e-8)
    assert done.summary["metrics"]["loss/train"] == pytest.approx(figure, abs=5e-8)
    lines = done.lines("neurons").items()
    rows = [float(line["error"]) for key, line in lines if key[0] == "E" and key[2]]
    assert len(rows) > 1
    assert mean(rows) == pytest.approx(figure, abs=5e-8)


def test_a_loss_of_ones_own_outputs(run: Run) -> None:
    done = run_example(
        run, "mae", "data.inputs=[[1,5]]", "data.targets=[[2,2]]", "loss=huber"
    )
    assert done.logged("loss/train") == pytest.approx([(0.5 + 2.5) / 2], abs=EXACT)
    lines = done.lines("neurons")
    assert float(lines["o2", "1", "1"]["error"]) == pytest.approx(2.5, abs=EXACT)


def test_50000_samples_are_1960_iterations(run: Run) -> None:
    done = run_example(run, "iterations")
    plan = [" ".join(line.split()) for line in done.ended.out.splitlines()]
    assert "train samples 50,000" in plan
    assert "iterations per epoch 196" in plan
    assert "iterations in all 1,960" in plan
    assert done.summary["iterations"] == 1960
    assert done.summary["epochs"] == 10


def test_the_network_with_choices_per_layer(run: Run) -> None:
    done = run_example(run, "per_layer")
    assert done.summary["parameters"] == 26
    assert done.summary["metrics"]["accuracy/train"] == 1.0
    lines = [" ".join(line.split()) for line in done.ended.out.splitlines()]
    assert "hidden.0.activation Sigmoid batch × 3 0 0" in lines
    assert "hidden.1.activation ReLU batch × 2 0 0" in lines
    counts = [line.split()[-2:] for line in lines if " Linear " in line]
    assert counts == [["9", "3"], ["6", "2"], ["4", "2"]]


def test_the_network_with_choices_per_layer_starts_as_chosen(run: Run) -> None:
    first = run_example(run, "per_layer", "trainer.max_epochs=0").weights("best")
    torch.manual_seed(1)
    layers = [nn.Linear(3, 3), nn.Linear(3, 2), nn.Linear(2, 2)]
    xavier = nn.init.xavier_normal_(layers[0].weight)
    kaiming = nn.init.kaiming_normal_(layers[1].weight)
    assert torch.equal(first["hidden.0.linear.weight"], xavier)
    assert torch.equal(first["hidden.1.linear.weight"], kaiming)
    assert (first["hidden.0.linear.bias"] == 0).all()
