"""Adds the pages of the site: files of the repository, options, and notebooks."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter
from option_pages import group_page, options_page

from litmlp.engine.project.options import groups

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
    pages = {"conf/options.md": options_page()}
    pictures = {
        path.relative_to(GALLERY).as_posix(): path for path in GALLERY.glob("*/*.png")
    }
    for group in groups():
        pages[f"conf/{group}.md"] = group_page(group, pictures)
    for name, path in pictures.items():
        picture = path.read_bytes()
        files.append(File.generated(config, f"conf/gallery/{name}", content=picture))
    for notebook in sorted(Path(__file__).parent.glob("notebooks/*.ipynb")):
        add_notebook(notebook, files, config)
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))


def add_notebook(path: Path, files: Files, config: MkDocsConfig) -> None:
    """Add an executed notebook as a page, with the pictures of its outputs."""
    name = path.relative_to(ROOT).with_suffix("").as_posix()
    exporter = MarkdownExporter()  # type: ignore[no-untyped-call,unused-ignore]  # untyped, where installed
    resources = {"unique_key": path.stem, "output_files_dir": f"{path.stem}_files"}
    text, found = exporter.from_filename(str(path), resources)
    text = text.replace(".ipynb)", ".md)")  # links between notebooks
    files.append(File.generated(config, f"{name}.md", content=text))
    for output, content in found["outputs"].items():
        place = f"{Path(name).parent.as_posix()}/{output}"
        files.append(File.generated(config, place, content=content))
