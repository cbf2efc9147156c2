from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf

from litmlp.engine.folder.saved_config import FOLDER, as_yaml, write_config

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]))
LOOK_ALIKES = st.sampled_from(
    ["yes", "null", "~", "1e3", "1e-3", ".5", "0x1F", "1_0", "1:30", ".inf", "nan"]
) | st.from_regex(r"[-+.\d_:e]{1,6}", fullmatch=True)
VALUES = TEXTS | LOOK_ALIKES | st.floats(allow_nan=False) | st.integers()
VALUES |= st.booleans() | st.none()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(LOOK_ALIKES | TEXTS.filter(bool), VALUES, min_size=1))
def test_yaml_is_read_as_it_was(content: dict[str, Any]) -> None:
    config = DictConfig({})
    for key, value in content.items():
        plain = not isinstance(value, str) or "${" not in value
        config[key] = value if plain else "a reference"
    assert OmegaConf.create(as_yaml(config)) == config


def test_interpolations_stay(tmp_path: Any) -> None:
    config = OmegaConf.create({"seed": 1, "seeds": {"order": "${seed}"}, "lr": "1e-3"})
    write_config(tmp_path, config)
    saved = tmp_path / FOLDER / "config.yaml"
    assert saved.read_text() == OmegaConf.to_yaml(config)
    assert [path.name for path in saved.parent.iterdir()] == ["config.yaml"]
