"""Export of a trained model to one file that runs without litmlp."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor

from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.run_folder import CARD
from litmlp.engine.predict.export_check import Predict, largest_difference
from litmlp.engine.predict.exported_model import (
    describe,
    empty_inputs,
    output_name,
    trace,
)
from litmlp.engine.predict.trained_model import TrainedModel, trained
from litmlp.engine.terminal.console import shortest, show
from litmlp.errors import UserError, nearest

OPSET = 18
"""The oldest opset that torch's exporter writes without a conversion. Older runtimes
read it, and in later ones onnxruntime lacks most activations in float64."""

METADATA = "litmlp"
"""Key of a file's description of itself, among its metadata."""

CURE = ": choose format=torch_export, which holds all operations of torch"

TOLERANCE = 1e-5
"""See ``export_check.largest_difference``."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file: how a model is written to its content and run from it."""

    suffix: str
    write: Callable[[TrainedModel], bytes]
    read: Callable[[bytes], Predict]


def export(folder: Path, *, format: str, output: str | None = None) -> None:
    """Write a run's best model, from raw features to predictions, to one file.

    The file is written once its content gives the checkpoint's predictions. The format
    ``folder`` adds a ``predict.py`` that needs onnxruntime alone, and the model card.

    Args:
        folder: of the run.
        format: ``onnx``, ``torch_export`` or ``folder``.
        output: ends in ``.onnx`` or ``.pt2``, or is a folder; by default
            ``exports/model`` in the run.

    Raises:
        UserError: no such run or format, a model that the format cannot hold, or other
            predictions than the checkpoint's.
    """
    if format not in FORMATS:
        known = nearest(str(format), FORMATS)
        raise UserError(f"format={format}: no such choice. {known}")
    chosen = FORMATS[format]
    target = Path(output or folder / "exports" / f"model{chosen.suffix}")
    if chosen.suffix and target.suffix != chosen.suffix:
        raise UserError(f"output={output}: format={format} must end in {chosen.suffix}")
    cure = "" if format == "torch_export" else CURE
    with trained(folder) as model, no_warnings():
        try:
            content = chosen.write(model)
            difference = largest_difference(model, chosen.read(content))
        except RuntimeError as error:
            raise UserError(
                f"format={format} cannot hold this model: {root_cause(error)}{cure}"
            ) from error
    if not difference <= TOLERANCE:
        raise UserError(
            f"format={format}: predictions differ from the checkpoint's by "
            f"{difference:.1e}, more than {TOLERANCE:.0e}: nothing is written{cure}"
        )
    if format == "folder":
        write_folder(target, folder, content)
    else:
        write_file(target, content)
    show(f"largest difference from the checkpoint's predictions: {difference:.1e}")
    show(f"{format} → {shortest(target.absolute())}")


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole, and make its folder if necessary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, lambda partial: partial.write_bytes(content), durable=False)


def write_folder(target: Path, run: Path, content: bytes) -> None:
    """Write the files of a folder that predicts without litmlp."""
    write_file(target / "model.onnx", content)
    program = Path(__file__).with_name("standalone.py")
    write_file(target / "predict.py", program.read_bytes())
    write_file(target / "requirements.txt", b"numpy\nonnxruntime>=1.20\n")
    if (card := run / CARD).is_file():  # runs of older versions have none
        write_file(target / CARD, card.read_bytes())


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silence the warnings and log lines of torch's exporter."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)


def root_cause(error: BaseException) -> BaseException:
    """Return the first error of a chain: torch wraps it in advice for its authors."""
    return root_cause(error.__cause__) if error.__cause__ else error


def to_onnx(model: TrainedModel) -> bytes:
    """Return the content of an ONNX file."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if find_spec(package) is None:
            raise UserError(f"format=onnx needs {package}: pip install litmlp[onnx]")
    inputs = list(empty_inputs(model))
    written = torch.onnx.export(
        # Decomposed by torch: ONNX's log-sigmoid is −∞ far below zero, and the
        # exporter's logit takes NaN for a number.
        trace(model).run_decompositions(),
        input_names=inputs,
        output_names=[output_name(model)],
        dynamic_shapes={name: {0: "batch"} for name in inputs},
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert written is not None
    written.model.metadata_props[METADATA] = describe(model)
    content: bytes = written.model_proto.SerializeToString()
    return content


def from_onnx(content: bytes) -> Predict:
    """Return the predictions of an ONNX file's content, by onnxruntime."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4  # onnxruntime also raises the errors that it logs
    try:
        # The fallback would only repeat the error, on stdout.
        session = InferenceSession(content, options, enable_fallback=0)
    except Exception as error:  # onnxruntime's errors share no class
        raise RuntimeError(f"onnxruntime cannot run it: {error}") from error

    def predict(inputs: dict[str, Tensor]) -> Tensor:
        arrays = {name: values.numpy() for name, values in inputs.items()}
        return torch.from_numpy(session.run(None, arrays)[0])

    return predict


def to_torch_export(model: TrainedModel) -> bytes:
    """Return the content of ``torch.export.save``, the description as an extra file."""
    buffer = BytesIO()
    extra = {f"{METADATA}.json": describe(model)}
    torch.export.save(trace(model), buffer, extra_files=extra)
    return buffer.getvalue()


def from_torch_export(content: bytes) -> Predict:
    """Return the predictions of ``torch.export.save``'s content, never a stranger's."""
    module = torch.export.load(BytesIO(content)).module()
    return lambda inputs: module(**inputs)


def to_plain_onnx(model: TrainedModel) -> bytes:
    """Return the content of an ONNX file whose columns ``predict.py`` can read."""
    for column in model.columns:
        if column.form not in ("", "ISO"):
            raise UserError(
                f"format=folder: column {column.name} is written as {column.form}, and "
                "predict.py reads plain numbers and dates like 2026-01-31: choose "
                "format=onnx, or train on plain numbers"
            )
    return to_onnx(model)


FORMATS = {
    "onnx": Format(suffix=".onnx", write=to_onnx, read=from_onnx),
    "folder": Format(suffix="", write=to_plain_onnx, read=from_onnx),
    "torch_export": Format(
        suffix=".pt2", write=to_torch_export, read=from_torch_export
    ),
}
