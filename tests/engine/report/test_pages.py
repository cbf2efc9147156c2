"""Pages say what files hold and let none of it become markup."""

import base64
from html.parser import HTMLParser
from pathlib import Path

from litmlp.engine.report.markup import (
    Block,
    Command,
    Heading,
    Paragraph,
    Picture,
    Rows,
    as_html,
    as_markdown,
)

HOSTILE = "<script>alert(1)</script> & \"x\" 'y' | [a](b) `c` *d* _e_\n# f"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def page(folder: Path) -> list[Block]:
    picture = folder / "ranking.png"
    picture.write_bytes(PNG)
    return [
        Heading(1, HOSTILE),
        Paragraph(HOSTILE),
        Command(f"python scripts/train.py '{HOSTILE}'"),
        Picture(picture, HOSTILE),
        Rows(["name", HOSTILE], [[HOSTILE, "1.0"], ["b", "2.0"]]),
    ]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v or "" for name, v in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_escapes_and_loads_nothing(tmp_path: Path) -> None:
    reader = Reader()
    reader.feed(as_html(page(tmp_path)))
    assert "script" not in reader.tags
    assert "a" not in reader.tags
    assert reader.text.count(HOSTILE) == 6  # the title, and where it was put
    (link,) = reader.links
    assert base64.b64decode(link.removeprefix("data:image/png;base64,")) == PNG
    assert reader.tags.count("tr") == 3
    assert reader.tags.count("td") == 4


def test_markdown_escapes_and_keeps_to_its_lines(tmp_path: Path) -> None:
    lines = as_markdown(page(tmp_path)).splitlines()
    assert lines[0].startswith("# \\<script\\>alert(1)\\</script\\>")
    assert lines[0].endswith(r"\| \[a\](b) \`c\` \*d\* \_e\_ \# f")
    assert [line for line in lines if line.startswith("| ")][1] == "| --- | ---: |"
    assert lines[-1] == "| b | 2.0 |"
    assert any(line.endswith("(ranking.png)") for line in lines)


def test_a_command_cannot_end_its_block() -> None:
    text = as_markdown([Command("a\n```\n# b")])
    assert text == "````console\na\n```\n# b\n````\n"
