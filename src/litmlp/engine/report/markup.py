"""Parts of an HTML page; every text that comes from files is escaped."""

import base64
import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from litmlp.engine.report.text_tables import TextTable
from litmlp.engine.terminal.console import printable

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 72rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem;
  border-bottom: 1px solid #ccc; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.2rem; }
dt { color: #666; } dd { margin: 0; overflow-wrap: anywhere; }
.again { font-family: monospace; background: #f4f4f4; }
.wide { overflow: auto; max-height: 40rem; } .wide, img { margin: 1rem 0; }
img { max-width: 100%; display: block; }
table { border-collapse: collapse; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th { box-shadow: 0 1.5px #555; position: sticky; top: 0; background: #fff; }
td { border-bottom: 1px solid #e4e4e4; }
th, td { padding: .25rem .8rem .25rem 0; text-align: right; white-space: nowrap; }
.text { text-align: left; }
"""

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Return a page as one file, pictures included; it loads nothing."""
    body = "\n".join([heading(1, title), *parts])
    return printable(HTML.format(title=escape(title), style=STYLE, body=body))


def heading(level: int, text: str) -> str:
    """Return a heading; level 1 is the page's."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """Return a paragraph."""
    return f"<p>{escape(text)}</p>"


def lines(texts: Iterable[tuple[str, str]]) -> str:
    """Return texts beside their labels; STYLE may know a label."""
    rows = (
        f'<dt>{escape(label)}</dt><dd class="{escape(label)}">{escape(text)}</dd>'
        for label, text in texts
    )
    return f"<dl>{''.join(rows)}</dl>"


def picture(path: Path, text: str) -> str:
    """Return a PNG file's picture, with a text for readers who cannot see it."""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'


def table(content: TextTable, home: Path) -> str:
    """Return a table, with links from a page in ``home`` to the folders of its rows."""
    head = table_row("th", content.columns, content.left)
    lines = [table_row("td", row, content.left) for row in content.rows]
    if content.folders:
        links = [f"<td>{link(Path(folder), home)}</td>" for folder in content.folders]
        lines = [line + end for line, end in zip(lines, links, strict=True)]
        head += "<th></th>"
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    inner = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    return f'<div class="wide">{inner}</div>'


def link(folder: Path, home: Path) -> str:
    """Return a link from a page in ``home`` to a folder."""
    address = quote(Path(os.path.relpath(folder.resolve(), home.resolve())).as_posix())
    return f'<a href="{escape(address)}/">folder</a>'


def table_row(tag: str, row: Sequence[str], left: int) -> str:
    """Return the cells of a line; the first ones, which hold words, have a class."""
    opening = [f'<{tag} class="text">'] * left + [f"<{tag}>"] * (len(row) - left)
    return "".join(
        f"{start}{escape(text)}</{tag}>"
        for start, text in zip(opening, row, strict=True)
    )
