"""Data of many runs, each read, split and preprocessed once."""

import json
from collections import deque
from weakref import WeakValueDictionary

from omegaconf import DictConfig, OmegaConf

from litmlp.data.data_module import Data
from litmlp.engine.config.build import build_data

ORDER = ("batch_size", "order_seed")
SPLIT = (
    *("test_share", "validation_share", "split_seed", "num_folds", "fold"),
    *("standardize_target", "preprocessing"),
)

OF_A_SPLIT = ("rows", "split_targets", "fitted_preprocessing", "facts")
SHARED = {"samples": ORDER + SPLIT} | dict.fromkeys(OF_A_SPLIT, ORDER)
"""What two data have in common that differ in nothing but some keys."""


RECENT = 8
"""Tables that are kept for the runs to come, though no run holds them now."""


class SharedData:
    """Builds data as :func:`build_data`, but reads nothing twice.

    Raw rows are held once, and read again only after other tables. What is a split's
    own (the numbers of its rows, their targets, statistics) is known for as long as a
    run holds it; its rows are preprocessed whenever they are taken.
    """

    def __init__(self) -> None:
        self._alike: WeakValueDictionary[str, Data] = WeakValueDictionary()
        self._recent: deque[Data] = deque(maxlen=RECENT)

    def build(self, config: DictConfig) -> Data:
        """The data of a config, in the floating-point type of now."""
        data = build_data(config)
        content = OmegaConf.to_container(config.data, resolve=True)
        assert isinstance(content, dict)
        for name, free in SHARED.items():
            own = {key: value for key, value in content.items() if key not in free}
            key = json.dumps([name, str(config.trainer.precision), own], sort_keys=True)
            known = self._alike.setdefault(key, data)
            if name == "samples" and known not in self._recent:
                self._recent.append(known)
            data.__dict__[name] = getattr(known, name)  # where cached_property keeps it
        data.__dict__["features"] = data.lazy_features()
        return data
