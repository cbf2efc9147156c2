"""Events that TensorBoard's public writer cannot write are read as they were meant."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
from torch.utils.tensorboard import SummaryWriter

from litmlp.engine.folder import tensorboard_internals as internals

PNG = b"\x89PNG of bytes that nobody reads"


@pytest.mark.parametrize("succeeded", [True, False])
def test_events_are_read_as_they_were_meant(succeeded: bool, tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        for summary in (
            internals.scalars({"loss/train": 0.5, "loss/val": 0.25}),
            internals.picture("residuals", PNG),
            internals.session_start({"lr": 0.1, "activation": "relu"}, "a run"),
            internals.session_end(succeeded=succeeded),
        ):
            writer.file_writer.add_summary(summary, 7)  # type: ignore[union-attr]  # it is open
    events = EventAccumulator(str(tmp_path)).Reload()
    read = {tag: events.Scalars(tag)[0] for tag in ("loss/train", "loss/val")}
    assert {tag: (event.step, event.value) for tag, event in read.items()} == {
        "loss/train": (7, 0.5),
        "loss/val": (7, 0.25),
    }
    assert events.Images("residuals")[0].encoded_image_string == PNG
    sessions = events.PluginTagToContent("hparams")
    start = metadata.parse_session_start_info_plugin_data(
        sessions[metadata.SESSION_START_INFO_TAG]
    )
    assert start.hparams["lr"].number_value == 0.1
    assert start.hparams["activation"].string_value == "relu"
    end = metadata.parse_session_end_info_plugin_data(
        sessions[metadata.SESSION_END_INFO_TAG]
    )
    assert end.status == (STATUS_SUCCESS if succeeded else STATUS_FAILURE)
