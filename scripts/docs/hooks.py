"""Adds the pages of the site: files of the repository, options, and notebooks."""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter
from option_pages import group_page, options_page

from litmlp.engine.project.option_commands import groups

ROOT = Path(__file__).resolve().parents[2]
GALLERY = ROOT / "logs" / "gallery"
SOURCES = (
    *("*.md", "conf/**/README.md", "scripts/README.md", "scripts/docs/*.md"),
    *(".github/*.md", ".github/images/*.png", "scripts/docs/*.svg"),
)


def on_config(config: MkDocsConfig) -> None:
    """Put a page per group into the navigation."""
    pages = [f"conf/{group}.md" for group in groups()]
    for part in config.nav or []:
        for entries in part.values():
            for entry in entries if isinstance(entries, list) else []:
                entry |= {name: pages for name in entry if entry[name] == "GROUPS"}


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add all pages and pictures, each under its path in the repository."""
    for path in sorted(path for each in SOURCES for path in ROOT.glob(each)):
        name = path.relative_to(ROOT).as_posix()
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    pictures = {
        path.relative_to(GALLERY).as_posix(): path for path in GALLERY.glob("*/*.png")
    }
    made: dict[str, str | bytes] = {"conf/options.md": options_page()}
    made |= {f"conf/{group}.md": group_page(group, pictures) for group in groups()}
    made |= {f"conf/gallery/{n}": path.read_bytes() for n, path in pictures.items()}
    for notebook in sorted(ROOT.glob("scripts/docs/notebooks/*.ipynb")):
        made |= page_of(notebook)
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))


def on_page_content(html: str, **_: Any) -> str:
    """Leave out the marks before names in docstrings, which Markdown does not know."""
    return re.sub(r":(class|meth|func):(?=<code>)", "", html)


def page_of(notebook: Path) -> dict[str, str | bytes]:
    """Return an executed notebook as a page, with the pictures of its outputs."""
    exporter = MarkdownExporter()  # type: ignore[no-untyped-call,unused-ignore]  # untyped, where installed
    text, found = exporter.from_filename(str(notebook), {"unique_key": notebook.stem})
    folder = notebook.parent.relative_to(ROOT).as_posix()
    page = text.replace(".ipynb)", ".md)")  # links between notebooks
    outputs = {f"{folder}/{name}": data for name, data in found["outputs"].items()}
    return {f"{folder}/{notebook.stem}.md": page, **outputs}
