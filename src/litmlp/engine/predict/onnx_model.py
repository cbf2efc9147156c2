"""An exported ONNX file: what it says of itself, and predictions from it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.data.samples import Column
from litmlp.errors import UserError, prefixed

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

METADATA = "litmlp"
"""The key of a :class:`Description` in a file's metadata."""

MISSING, UNSEEN = -2, -1
"""Codes of no category, and of one that the vocabulary lacks."""

LONGEST = 60.0
"""Seconds for a batch; a graph from elsewhere can hold a loop without end."""

EXTERNAL = "session.model_external_initializers_file_folder_path"
"""The option of onnxruntime for where a model's weights may be other files."""

INPUTS = {
    "numbers": "[rows, columns that are not categorical]: NaN where missing, "
    "false and true as 0 and 1, times as days since 1970",
    "codes": "[rows, categorical columns]: the index of the category among its "
    f"column's categories, {UNSEEN} for any other, {MISSING} where missing",
}


@dataclass(frozen=True, kw_only=True)
class Description:
    """What an exported file says of itself, as JSON in its metadata.

    Attributes:
        columns: the raw features; within an input they keep this order.
        target_names: one a target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        dropped: columns of the training table that are no features.
        inputs: what goes into each, for people.
        format_version: another one is refused.
    """

    columns: Sequence[Column]
    target_names: Sequence[str]
    class_names: Sequence[str]
    dropped: Sequence[str]
    inputs: dict[str, str]
    format_version: Literal[1] = 1

    @property
    def output(self) -> str:
        """The name of what comes out, [rows, classes] or [rows, targets]."""
        return "probabilities" if self.class_names else "values"


@dataclass(frozen=True, kw_only=True)
class Exported(Description):
    """A model from an ONNX file: see ``prediction.Predictor``."""

    path: Path
    session: "InferenceSession"

    def predict(self, inputs: Tensor) -> Tensor:
        """Raw rows [N, columns] → probabilities [N, classes] or values [N, targets].

        Raises:
            UserError: the graph takes or gives something else than the metadata say.
        """
        batches = torch.split(inputs, EVALUATION_BATCH_SIZE)
        with prefixed(str(self.path)):
            return torch.cat([self._predict(batch) for batch in batches])

    def _predict(self, batch: Tensor) -> Tensor:
        try:
            found = run_session(self.session, split_inputs(batch, self.columns))
        except UserError:
            raise
        except Exception as error:  # onnxruntime's errors share no class
            raise UserError(f"its metadata do not fit its graph: {error}") from error
        wanted = len(batch), len(self.class_names or self.target_names)
        if found.shape != wanted:
            given = tuple(found.shape)
            raise UserError(f"gives {given} for {wanted[0]} row(s), not {wanted}")
        return found


@contextmanager
def exported(path: Path) -> Iterator[Exported]:
    """The model of an ONNX file, within the floating-point type that it takes.

    Raises:
        UserError: there is no such file, or it is none of ``scripts/export.py``.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    session = open_session(path.read_bytes(), str(path))
    before = torch.get_default_dtype()
    exact = session.get_outputs()[0].type == "tensor(double)"
    torch.set_default_dtype(torch.float64 if exact else torch.float32)
    try:
        model = Exported(path=path, session=session, **vars(describe(session, path)))
        model.predict(torch.zeros(1, len(model.columns)))  # before a table is read
        yield model
    finally:
        torch.set_default_dtype(before)


def open_session(content: bytes, name: str) -> "InferenceSession":
    """A model's bytes, ready to run; the name is for messages.

    Raises:
        UserError: onnxruntime is not installed, or cannot run the model.
    """
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError as error:
        raise UserError(
            f"{name} needs onnxruntime: pip install litmlp[onnx]"
        ) from error
    options = SessionOptions()
    options.log_severity_level = 4  # its errors are raised, too
    options.add_session_config_entry(EXTERNAL, os.devnull)  # else any file from here
    try:
        # Its fallback would only say the same again, on stdout.
        return InferenceSession(content, options, enable_fallback=0)
    except Exception as error:  # onnxruntime's errors share no class
        raise UserError(f"{name}: onnxruntime cannot run it: {error}") from error


def run_session(session: "InferenceSession", inputs: dict[str, Tensor]) -> Tensor:
    """What a model makes of its inputs.

    Raises:
        UserError: it takes too long.
    """
    from onnxruntime import RunOptions

    arrays = {name: values.numpy() for name, values in inputs.items()}
    options = RunOptions()
    limit = Timer(LONGEST, setattr, (options, "terminate", True))
    limit.start()
    try:
        return torch.from_numpy(session.run(None, arrays, options)[0])
    except Exception as error:
        if options.terminate:
            raise UserError(f"a batch is not done within {LONGEST:g} s") from error
        raise
    finally:
        limit.cancel()


def describe(session: "InferenceSession", path: Path) -> Description:
    """What a file says of itself.

    Raises:
        UserError: nothing, or nothing that can be understood.
    """
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA, "null")
        return TypeAdapter(Description).validate_json(text)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: its metadata are no text") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(map(str, [METADATA, *wrong["loc"]]))
        raise UserError(
            f"{path} was not written by scripts/export.py of this version: in its "
            f"metadata, {key}: {wrong['msg']}"
        ) from error


def split_inputs(inputs: Tensor, columns: Sequence[Column]) -> dict[str, Tensor]:
    """Raw rows [N, columns] → an exported model's inputs: those that have columns."""
    is_code = torch.tensor([column.kind == "categorical" for column in columns])
    codes = inputs[:, is_code].nan_to_num(nan=MISSING).long()
    parts = {"numbers": inputs[:, ~is_code], "codes": codes}
    return {name: part for name, part in parts.items() if part.shape[1]}
