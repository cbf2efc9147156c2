"""Base of the tables that explain the first iterations (steps) of a small MLP."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from litmlp.engine.figures.style import report_failed_picture
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.engine.terminal.console import show, table
from litmlp.errors import UserError
from litmlp.mlp import MLP
from litmlp.supervised import Supervised

Line = dict[str, str]
"""A line of a table: texts by column."""


class WorkedExample(Callback):
    """Explains the first iterations (steps) of a small MLP in a table, after training.

    The table goes to the console, to the log and to TensorBoard's text tab. A subclass
    collects the numbers of an iteration.

    Args:
        max_lines: longest table; later iterations are not explained.
    """

    title: str
    columns: Sequence[str]

    def __init__(self, *, max_lines: int = 60) -> None:
        self.max_lines = max_lines
        self.iterations: list[list[Line]] = []
        self._too_many = 0

    def setup(self, trainer: Trainer, model: LightningModule, stage: str) -> None:
        self.model = cast(Supervised, model)
        if not isinstance(self.model.network, MLP):
            raise UserError(
                f"{self.title}: the table is for litmlp.mlp.MLP, not "
                f"{type(self.model.network).__name__}: choose callbacks=minimal"
            )
        self.network = self.model.network

    def has_room(self, lines: int) -> bool:
        """Return whether the table has room for more lines; if not, it is closed."""
        if sum(map(len, self.iterations)) + lines > self.max_lines:
            self._too_many = self._too_many or lines
        return not self._too_many

    def state_dict(self) -> dict[str, Any]:
        return {"iterations": self.iterations, "too_many": self._too_many}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.iterations, self._too_many = state["iterations"], state["too_many"]

    @report_failed_picture()
    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        if not self.iterations:
            show(
                f"{self.title}: an iteration fills {self._too_many:,} lines, more than "
                f"the table's max_lines={self.max_lines}"
            )
            return
        shown = f"{len(self.iterations)} of {trainer.global_step:,}"
        show(f"{self.title}, iterations explained: {shown}")
        overview = table(*self.columns)
        for lines in self.iterations:
            overview.add_section()
            for line in lines:
                overview.add_row(*self._cells(line))
        show(overview)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoard):
                logger.log_texts({f"worked_example/{self.title}": self._markdown()})

    def _cells(self, line: Line) -> list[str]:
        return [line.get(column, "") for column in self.columns]

    def _markdown(self) -> str:
        rows = [self._cells(line) for lines in self.iterations for line in lines]
        table = [list(self.columns), ["---"] * len(self.columns), *rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


class Recorder:
    """Records inputs and outputs of modules at their first call."""

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        self.inputs: dict[nn.Module, tuple[Tensor, ...]] = {}
        self.outputs: dict[nn.Module, Tensor] = {}
        self._hooks = [m.register_forward_hook(self._note) for m in modules]

    def stop(self) -> None:
        """Record no further calls."""
        for hook in self._hooks:
            hook.remove()

    def _note(self, module: nn.Module, inputs: Any, outputs: Tensor) -> None:
        self.inputs.setdefault(module, inputs)
        self.outputs.setdefault(module, outputs)


def neuron_names(network: MLP) -> list[list[str]]:
    """Return the names of inputs, hidden neurons and outputs, one list per layer.

    They are x1, x2, h1, h2, o1; with several hidden layers, h1.2 is the second neuron
    of the first.
    """
    depth = len(network.hidden)
    prefixes = ["h"] if depth == 1 else [f"h{layer + 1}." for layer in range(depth)]
    sizes = [network.linears[0].in_features, *(m.out_features for m in network.linears)]
    return [
        [f"{prefix}{neuron + 1}" for neuron in range(size)]
        for prefix, size in zip(["x", *prefixes, "o"], sizes, strict=True)
    ]


def number(value: Tensor) -> str:
    """Return nine decimals, or nine digits of a small number."""
    exact = value.item() + 0.0  # no −0
    return f"{exact:.9f}" if exact == 0 or abs(exact) >= 1e-4 else f"{exact:.8e}"
