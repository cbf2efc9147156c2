"""A tip can be pasted into a shell, whatever the column is called."""

import shlex

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from litmlp.data.tables.column_kinds import drop_override, kind_override, kinds_by_name

NAMES = [
    *("id", "price (USD)", "x, y", "a[0]", "a{b}", "q=1", "a:b", "it's", 'say "hi"'),
    *(
        "größe",
        "名前",
        "#1",
        "100%",
        "a;b",
        "a b",
        " lead",
        "tab\there",
        "*",
        "~",
        "!x",
    ),
    *("null", "True", "nan", "1", "1e3", "$x^2$", "${oc.env:HOME}", "a\\${x}", "$${x}"),
    *("a\\b", "end\\", 'b\\"c', "a\\\\", "\\${", "a'b\"c", "?", ""),
]


def read_as_hydra_does(typed: str) -> list[str]:
    (override,) = shlex.split(typed)
    value = OverridesParser.create().parse_override(override).value()
    config = OmegaConf.create({"value": value})
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return list(
        kinds_by_name(plain["value"]) if "kinds" in override else plain["value"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_tip_names_the_column(name: str) -> None:
    assert read_as_hydra_does(drop_override(name)) == [name]
    assert read_as_hydra_does(kind_override(name, "numeric")) == [name]


def test_kinds_are_given_by_column_or_by_kind() -> None:
    by_kind = {"categorical": ["x, y", "zip"], "numeric": ["n"]}
    assert kinds_by_name(by_kind) == {"x, y": "categorical", "zip": "categorical"} | {
        "n": "numeric"
    }
    assert kinds_by_name({"categorical": "numeric"}) == {"categorical": "numeric"}
    assert kinds_by_name(None) == {}
