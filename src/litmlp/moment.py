"""When something was measured."""

from typing import NamedTuple


class Moment(NamedTuple):
    """How far a training is, by each measure that a chart can have below its curves.

    Args:
        step: iterations done.
        epoch: epochs done.
        samples: rows that the network was trained on, each as often as it was.
    """

    step: int
    epoch: int
    samples: int

    def as_metrics(self) -> dict[str, int]:
        """What is logged beside the values of this moment."""
        return {"epoch": self.epoch, "samples": self.samples}
