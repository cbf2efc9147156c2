"""Data of many runs, each read, split and preprocessed once."""

import json
from typing import Any

from omegaconf import DictConfig, OmegaConf

from litmlp.build import build_data
from litmlp.data.module import Data

ORDER = ("batch_size", "order_seed")
SPLIT = (
    *("test_share", "validation_share", "split_seed", "num_folds", "fold"),
    *("standardize_target", "preprocessing"),
)

SHARED = {"samples": ORDER + SPLIT, "rows": ORDER, "features": ORDER, "facts": ORDER}
"""What two data have in common that differ in nothing but some keys."""


class SharedData:
    """Builds data as :func:`~litmlp.build.build_data`, but reads nothing twice."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def build(self, config: DictConfig) -> Data:
        """The data of a config, in the floating-point type of now."""
        data = build_data(config)
        content = OmegaConf.to_container(config.data, resolve=True)
        assert isinstance(content, dict)
        for name, free in SHARED.items():
            own = {key: value for key, value in content.items() if key not in free}
            key = json.dumps([name, str(config.trainer.precision), own], sort_keys=True)
            if key in self._known:
                data.__dict__[name] = self._known[key]  # where cached_property keeps it
            else:
                self._known[key] = getattr(data, name)
        return data
