"""The schema of options: it allows what conf/ holds, and knows a mistake."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CONF, ROOT

from litmlp.__main__ import main
from litmlp.engine.project.schema import schema

CASES = {
    case["if"]["properties"]["_target_"]["const"]: case["then"]
    for case in schema()["definitions"]["node"]["allOf"][1:]
}
"""The schema of the arguments of each target."""


def nodes(content: Any) -> Iterator[dict[str, Any]]:
    """The nodes with a target, at any depth."""
    if isinstance(content, dict):
        if "_target_" in content:
            yield content
        content = list(content.values())
    for each in content if isinstance(content, list) else []:
        yield from nodes(each)


def test_every_option_has_the_keys_that_its_target_takes() -> None:
    found = [
        (path.name, key)
        for path in CONF.rglob("*.yaml")
        for node in nodes(yaml.safe_load(path.read_text()))
        if node["_target_"] in CASES
        for key in node
        if key not in CASES[node["_target_"]]["properties"]
        and not CASES[node["_target_"]]["additionalProperties"]
    ]
    assert not found
    assert len(CASES) > 80


def test_types_and_names_come_from_the_constructor() -> None:
    dropout = CASES["torch.nn.Dropout"]
    assert {"type": "number"} in dropout["properties"]["p"]["anyOf"]
    assert not dropout["additionalProperties"]
    kinds = CASES["litmlp.data.bundled.BundledData"]["properties"]["name"]["anyOf"]
    assert {
        "enum": ["iris", "wine", "breast_cancer", "digits", "diabetes"],
        "type": "string",
    } in kinds


def test_a_project_gets_the_schema_of_its_own_options_and_keeps_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["new", "kestrel"])
    monkeypatch.chdir("kestrel")
    monkeypatch.syspath_prepend("src")
    main(["schema"])
    target = '"const": "kestrel.networks.ResidualNetwork"'
    assert target in Path(".vscode/options.schema.json").read_text()
    ours = json.loads((ROOT / ".vscode" / "settings.json").read_text())
    written = json.loads(Path(".vscode/settings.json").read_text())
    assert written == {"yaml.schemas": ours["yaml.schemas"]}
    Path(".vscode/settings.json").write_text("{}")
    main(["schema"])
    assert Path(".vscode/settings.json").read_text() == "{}"
