"""An exported ONNX file: its description of itself, and predictions from it."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.data.samples import Column
from litmlp.errors import UserError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

METADATA = "litmlp"
"""Key of a :class:`Description` in a file's metadata."""

MISSING, UNSEEN = -2, -1
"""Codes of a missing category, and of one that the vocabulary lacks."""

EXTERNAL = "session.model_external_initializers_file_folder_path"
"""Option of onnxruntime for the folder where a model's weights may be other files."""

INPUTS = {
    "numbers": "[rows, columns that are not categorical]: NaN where missing, "
    "false and true as 0 and 1, times as days since 1970",
    "codes": "[rows, categorical columns]: the index of the category among its "
    f"column's categories, {UNSEEN} for any other, {MISSING} where missing",
}


@dataclass(frozen=True, kw_only=True)
class Description:
    """Description of an exported file, as JSON in its metadata.

    Attributes:
        columns: the raw features; within an input they keep this order.
        target_names: one per target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        dropped: columns of the training table that are no features.
        inputs: a text per input that explains it to people.
        bounds: probabilities of the bounds that follow the values.
        prefix: of the values' names, ``probability`` for those of labels.
        format_version: another one is refused.
    """

    columns: Sequence[Column]
    target_names: Sequence[str]
    class_names: Sequence[str]
    dropped: Sequence[str]
    inputs: dict[str, str]
    bounds: Sequence[float] = ()
    prefix: str = "predicted"
    format_version: Literal[1] = 1

    @property
    def output(self) -> str:
        """Name of the output [rows, classes] or [rows, targets]."""
        are_labels = self.prefix == "probability"
        return "probabilities" if self.class_names or are_labels else "values"

    def to_json(self) -> str:
        """Return the text that a file's metadata hold."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class OnnxModel(Description):
    """A model from an ONNX file: see ``predict_file.Predictor``."""

    path: Path
    session: "InferenceSession"

    def predict(self, inputs: Tensor) -> Tensor:
        """Map raw rows [N, columns] to predictions [N, classes or targets]."""
        batches = torch.split(inputs, EVALUATION_BATCH_SIZE)
        parts = [split_inputs(batch, self.columns) for batch in batches]
        return torch.cat([run_session(self.session, part) for part in parts])


@contextmanager
def open_onnx(path: Path) -> Iterator[OnnxModel]:
    """Open an ONNX file, and set torch's default floating-point type to the model's.

    Raises:
        UserError: there is no such file, or ``litmlp export`` has not written it.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    session = open_session(path.read_bytes(), str(path))
    before = torch.get_default_dtype()
    exact = session.get_outputs()[0].type == "tensor(double)"
    torch.set_default_dtype(torch.float64 if exact else torch.float32)
    try:
        about = vars(read_description(session, path))
        model = OnnxModel(path=path, session=session, **about)
        try:
            row = model.predict(torch.zeros(1, len(model.columns)))
        except Exception as error:  # onnxruntime's errors share no class
            raise UserError(
                f"{path}: its metadata do not fit its graph: {error}"
            ) from error
        names = model.class_names or model.target_names
        check_width(str(path), row, names, model.bounds)
        yield model
    finally:
        torch.set_default_dtype(before)


def check_width(
    name: str, row: Tensor, names: Sequence[str], bounds: Sequence[float]
) -> None:
    """Check that the prediction of a row [1, …] has a value per name and bound."""
    found, wanted = tuple(row.shape), (1, len(names) * (1 + len(bounds)))
    if found != wanted:
        raise UserError(f"{name}: returns {found} for a row, not {wanted}")


def open_session(content: bytes, name: str) -> "InferenceSession":
    """Make an ONNX file's bytes ready to run; messages name the file or format."""
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError as error:
        raise UserError(
            f"{name} needs onnxruntime: pip install litmlp[onnx]"
        ) from error
    options = SessionOptions()
    options.log_severity_level = 4  # onnxruntime also raises the errors that it logs
    # Otherwise weights may be read from any file of the working directory.
    options.add_session_config_entry(EXTERNAL, os.devnull)
    try:
        # The fallback would only repeat the error, on stdout.
        return InferenceSession(content, options, enable_fallback=0)
    except Exception as error:  # onnxruntime's errors share no class
        raise UserError(f"{name}: onnxruntime cannot run it: {error}") from error


def run_session(session: "InferenceSession", inputs: dict[str, Tensor]) -> Tensor:
    """Map a model's inputs by name to its output [rows, classes or targets]."""
    arrays = {name: values.numpy() for name, values in inputs.items()}
    return torch.from_numpy(session.run(None, arrays)[0])


def read_description(session: "InferenceSession", path: Path) -> Description:
    """Read a file's description of itself."""
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA, "null")
        return TypeAdapter(Description).validate_json(text)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: its metadata are no text") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(map(str, [METADATA, *wrong["loc"]]))
        raise UserError(
            f"{path} was not written by `litmlp export` of this version: in its "
            f"metadata, {key}: {wrong['msg']}"
        ) from error


def split_inputs(inputs: Tensor, columns: Sequence[Column]) -> dict[str, Tensor]:
    """Split raw rows [N, columns] into the inputs of an exported model, see ``INPUTS``.

    An input [N, columns of its kind] that would have no columns is left out.
    """
    is_code = torch.tensor([column.kind == "categorical" for column in columns])
    codes = inputs[:, is_code].nan_to_num(nan=MISSING).long()
    parts = {"numbers": inputs[:, ~is_code], "codes": codes}
    return {name: part for name, part in parts.items() if part.shape[1]}
