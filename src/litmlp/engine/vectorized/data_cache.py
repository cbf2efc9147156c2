"""Data of many runs, each table read once and each split preprocessed once."""

import json
from collections.abc import Sequence
from weakref import WeakValueDictionary

from omegaconf import DictConfig, OmegaConf

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data

ORDER = ("batch_size", "order_seed")
SPLIT = (
    *("test_share", "validation_share", "split_seed", "num_folds", "fold"),
    *("validation_folds", "standardize_target", "preprocessing"),
)
"""Keys of data that may differ while the table is shared, and while its split is."""

OF_SPLIT = (
    *("rows", "split_targets", "fitted_preprocessing", "split_features", "facts"),
)


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
        self._last = self._earlier(data, config, free=ORDER + SPLIT)
        data.__dict__["samples"] = self._last.samples  # as a cached_property does
        of_same_split = self._earlier(data, config, free=ORDER)
        for name in OF_SPLIT:
            data.__dict__[name] = getattr(of_same_split, name)
        return data

    def _earlier(self, data: Data, config: DictConfig, free: Sequence[str]) -> Data:
        """Return the first data whose config differs in some keys at most."""
        content = OmegaConf.to_container(config.data, resolve=True)
        assert isinstance(content, dict)
        own = {key: value for key, value in content.items() if key not in free}
        key = json.dumps([free, str(config.trainer.precision), own], sort_keys=True)
        return self._known.setdefault(key, data)
