"""The site: its pages say what conf/ and src/ say, its links lead somewhere."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import CONF, ROOT

DOCS = ROOT / "scripts" / "docs"
NOTEBOOKS = sorted(DOCS.glob("notebooks/*.ipynb"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "scripts/README.md")),
    *(*CONF.rglob("README.md"), *DOCS.glob("*.md"), *NOTEBOOKS),
]


def markdown_of(path: Path) -> str:
    """The text of a page, of a notebook that of its Markdown cells."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] != "code")


def anchors_of(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)", markdown_of(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", t).strip().lower().replace(" ", "-") for t in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", markdown_of(page)):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.fixture
def option_pages(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS)
    import option_pages

    return option_pages


def test_each_option_is_on_the_page_of_its_group(option_pages: ModuleType) -> None:
    for folder in filter(Path.is_dir, CONF.iterdir()):
        page = option_pages.group_page(folder.name, [])
        for path in folder.rglob("*.yaml"):
            name = path.relative_to(folder).with_suffix("").as_posix()
            assert f"{{#{name}}}\n" in page or path.parts[-2:] == (
                "hydra",
                "default.yaml",
            )


def test_a_page_says_what_file_and_target_say(option_pages: ModuleType) -> None:
    page = option_pages.group_page("activation", ["activation/leaky_relu.png"])
    assert "The default is [relu](activation.md#relu)." in page
    _, _, part = page.partition("## `activation=leaky_relu` {#leaky_relu}\n")
    part, _, _ = part.partition("\n## ")
    assert "Target: `torch.nn.LeakyReLU`" in part
    row = "| `activation.negative_slope` | float | `0.01` | slope for x &lt; 0; 1 would"
    assert row in part
    assert "`+activation.…`: `inplace=false`" in part
    assert "(gallery/activation/leaky_relu.png)" in part
    data = option_pages.group_page("data", [])
    assert data.count("`data.split_seed`") == 1  # once for all data sets


def texts_of_src() -> str:
    """Texts between the values of all strings of src, one per line."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(" ".join(node.value.split()))
    return "\n".join(found)


def test_lines_to_solve_are_lines_of_src() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    lines = re.findall(r"^\| `(.+?)` \|", page, flags=re.MULTILINE)
    assert len(lines) > 20
    texts = texts_of_src()
    pieces = [piece.strip() for line in lines for piece in line.split("…")]
    assert not [piece for piece in pieces if piece not in texts]


def commands_of(path: Path) -> list[str]:
    blocks = re.findall(r"```(?:console|bash)\n(.*?)```", path.read_text("utf-8"), re.S)
    return [line.split(" #")[0].strip() for b in blocks for line in b.splitlines()]


def test_the_chinese_readme_has_the_commands_of_the_english_one() -> None:
    english, chinese = ROOT / "README.md", DOCS / "README.zh.md"
    assert commands_of(chinese) == commands_of(english)
    sections = [
        re.findall(r"^## ", p.read_text("utf-8"), re.M) for p in (english, chinese)
    ]
    assert len(sections[0]) == len(sections[1])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_as_it_was_run(path: Path) -> None:
    cells = [
        c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"
    ]
    assert [c["execution_count"] for c in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    kinds = {output["output_type"] for output in outputs}
    assert kinds <= {"stream", "execute_result", "display_data"}  # no error
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not re.search(r"/(home|root|tmp|work|Users)/", json.dumps(outputs))
    assert path.stat().st_size < 150_000


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason='needs the extra "docs"')
    nbformat = pytest.importorskip("nbformat", reason='needs the extra "docs"')
    folder = tmp_path / "scripts" / "docs" / "notebooks"
    folder.mkdir(parents=True)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    notebook = nbformat.read(path, as_version=4)
    stored = [text_of(cell) for cell in notebook.cells]
    place = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, resources=place).execute()
    assert [text_of(cell) for cell in notebook.cells] == stored


def text_of(cell: Any) -> list[str]:
    outputs = [output for output in cell.get("outputs", []) if "text" in output]
    return [output["text"] for output in outputs]


LOADED = re.compile(
    r"""<(?:script|img)[^>]*\ssrc="([^"]*)|<link(?![^>]*canonical)[^>]*href="([^"]*)"""
)
"""Addresses of what a page loads."""


@pytest.mark.slow
def test_the_site_is_built_and_needs_no_other(tmp_path: Path) -> None:
    pytest.importorskip("material", reason='needs the extra "docs"')
    config = str(DOCS / "mkdocs.yml")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config]
    subprocess.run([*command, "--site-dir", str(tmp_path)], check=True)
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 40
    for path in pages:
        loaded = ["".join(found) for found in LOADED.findall(path.read_text("utf-8"))]
        assert not [address for address in loaded if urlsplit(address).netloc], path
