"""The folders of options: where ``conf/`` is."""

from pathlib import Path

import litmlp

_PACKAGE = Path(litmlp.__file__).parent
_CHECKOUT = _PACKAGE.parents[1] / "conf"

CONF = _CHECKOUT if (_CHECKOUT / "train.yaml").is_file() else _PACKAGE / "conf"
"""The engine's options: those of the checkout, or those in the installed package."""
