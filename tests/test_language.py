"""The cheap rules of plain language, which a machine can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

FILES = sorted((ROOT / "src").rglob("*.py"))
TEXTS = [
    *FILES,
    *sorted((ROOT / "scripts").glob("*.py")),
    *sorted((ROOT / "conf").rglob("*.yaml")),
    *(p for name in ("", "conf", "scripts") for p in (ROOT / name).glob("*.md")),
]

RIDDLES = re.compile(r"(What|Of|That|Those|Who|Whose|Which|Where|Its|Likewise)\b")
"""Openings of a docstring that does not stand alone in a tooltip."""

PER = re.compile(
    r"\b(one|row|line|number|chart|checkpoint|seed|choices|batches|s|ms|µs) "
    r"an? (layer|row|run|class|column|feature|process|thread|core|epoch|batch|group"
    r"|iteration|unit)\b"
)
"""``one a layer``, where plain English says one per layer."""


def docstrings(text: str) -> Iterator[str]:
    """The docstrings of a module, its classes and its functions."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, kinds) and (docstring := ast.get_docstring(node)):
            yield docstring


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT))
def test_docstrings_open_with_a_verb_or_a_noun(path: Path) -> None:
    first = [docstring.splitlines()[0] for docstring in docstrings(path.read_text())]
    assert not [line for line in first if RIDDLES.match(line)]
    assert not [line for line in first if line in ("Raises:", "Args:", "Returns:")]


def test_one_per_layer_is_written_with_per() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in TEXTS
        for match in PER.finditer(path.read_text())
    }
    assert not found
