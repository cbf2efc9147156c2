"""A page as Markdown and as HTML; whatever comes from files is escaped."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from litmlp.engine.terminal.console import printable


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the page's."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True)
class Command:
    """What to type in a shell."""

    text: str


@dataclass(frozen=True)
class Rows:
    """A table: texts to the left, or numbers to the right, by the column.

    Args:
        columns: their names.
        rows: a text a column.
        texts: how many columns, from the left, hold texts.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1


@dataclass(frozen=True)
class Picture:
    """A PNG file beside the page, and what it shows."""

    path: Path
    text: str


Block = Heading | Paragraph | Command | Rows | Picture

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 72rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem;
  border-bottom: 1px solid #ccc; } h3 { font-size: 1.05rem; margin-top: 1.8rem; }
pre { background: #f4f4f4; padding: .7rem 1rem; white-space: pre-wrap; }
.wide { overflow-x: auto; } .wide, img { margin: 1rem 0; } img { max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th { border-bottom: 1.5px solid #555; } td { border-bottom: 1px solid #e4e4e4; }
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


def as_markdown(blocks: Sequence[Block]) -> str:
    """The page for GitHub and editors; pictures stay files beside it."""
    return printable("\n\n".join(map(markdown_block, blocks))) + "\n"


def markdown_block(block: Block) -> str:
    """A block without the empty lines around it."""
    match block:
        case Heading(level, text):
            return f"{'#' * level} {plain(text)}"
        case Paragraph(text):
            return plain(text)
        case Command(text):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}console\n{text}\n{fence}"
        case Picture(path, text):
            return f"![{plain(text)}]({path.name})"
        case Rows(columns, rows, texts):
            rule = ["---"] * texts + ["---:"] * (len(columns) - texts)
            lines = [map(plain, columns), rule, *(map(plain, row) for row in rows)]
            return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """A text in which Markdown sees no signs of its own, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def as_html(blocks: Sequence[Block]) -> str:
    """The page as one file, pictures included; it loads nothing."""
    title = next(block.text for block in blocks if isinstance(block, Heading))
    body = "\n".join(map(html_block, blocks))
    return printable(HTML.format(title=escape(title), style=STYLE, body=body))


def html_block(block: Block) -> str:
    """A block as an element."""
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>"
        case Command(text):
            return f"<pre>{escape(text)}</pre>"
        case Picture(path, text):
            data = base64.b64encode(path.read_bytes()).decode()
            return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'
        case Rows(columns, rows, texts):
            head = html_row("th", columns, texts)
            body = "\n".join(html_row("td", row, texts) for row in rows)
            table = f"<table><thead>{head}</thead>\n<tbody>{body}</tbody></table>"
            return f'<div class="wide">{table}</div>'


def html_row(cell: str, row: Sequence[str], texts: int) -> str:
    """A line of a table."""
    classes = [' class="text"'] * texts + [""] * (len(row) - texts)
    pairs = zip(classes, row, strict=True)
    return f"<tr>{''.join(f'<{cell}{c}>{escape(t)}</{cell}>' for c, t in pairs)}</tr>"
