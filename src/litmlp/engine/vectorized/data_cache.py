"""Data of many runs, each table read once and each split preprocessed once."""

import json
from weakref import WeakValueDictionary

from omegaconf import DictConfig, OmegaConf

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data

ORDER = ("batch_size", "order_seed")
SPLIT = (
    *(
        "test_share",
        "validation_share",
        "split_seed",
        "num_folds",
        "fold",
        "validation_folds",
    ),
    *("standardize_target", "preprocessing"),
)
SHARED = {
    "samples": ORDER + SPLIT,
    **dict.fromkeys(
        ("rows", "split_targets", "fitted_preprocessing", "split_features", "facts"),
        ORDER,
    ),
}
"""Parts of a data set, each with the config keys that may differ while it is shared."""


class DataCache:
    """Builds data as :func:`build_data` does, and shares what runs have in common.

    Shared parts are known for as long as a run holds them; the last table is kept for
    runs to come.
    """

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, Data] = WeakValueDictionary()
        self._last: Data | None = None

    def build(self, config: DictConfig) -> Data:
        """Return the data of a config, in torch's default floating-point type."""
        data = build_data(config)
        content = OmegaConf.to_container(config.data, resolve=True)
        assert isinstance(content, dict)
        for name, free in SHARED.items():
            own = {key: value for key, value in content.items() if key not in free}
            key = json.dumps([name, str(config.trainer.precision), own], sort_keys=True)
            known = self._known.setdefault(key, data)
            data.__dict__[name] = getattr(known, name)  # where cached_property keeps it
            if name == "samples":
                self._last = known
        return data
