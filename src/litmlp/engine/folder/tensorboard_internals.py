"""TensorBoard's protocol buffers, for events that its public writer cannot write.

``SummaryWriter`` writes an event per value, encodes a picture anew, and opens another
event file for hyperparameters. Tests read what it wrote: values in ``test_loggers.py``,
pictures in ``test_publish_figure.py``, the HParams tab in ``test_hyperparameters.py``.
They fail where another version of TensorBoard reads these events in another way.
"""

import time
from collections.abc import Mapping
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams.summary_v2 import hparams_pb


def scalars(values: Mapping[str, float]) -> Summary:
    """Return one event for several values by tag."""
    return Summary(
        value=[
            Summary.Value(tag=tag, simple_value=float(value))
            for tag, value in values.items()
        ]
    )


def picture(tag: str, png: bytes) -> Summary:
    """Return the event of a picture from the content of its PNG file."""
    image = Summary.Image(encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=image)])


def session_start(hyperparameters: Mapping[str, Any], run: str) -> Summary:
    """Return the event that gives a run its row in the HParams tab.

    Without a summary of the whole experiment, which would fix the columns to those of
    a sweep's first run, TensorBoard shows the columns of all runs.
    """
    return hparams_pb(dict(hyperparameters), trial_id=run)


def session_end(*, succeeded: bool) -> Summary:
    """Return the event that tells the HParams tab how a run ended."""
    status = api_pb2.STATUS_SUCCESS if succeeded else api_pb2.STATUS_FAILURE
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
    data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    value = Summary.Value(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=metadata.create_summary_metadata(data),
        tensor=metadata.NULL_TENSOR,
    )
    return Summary(value=[value])
