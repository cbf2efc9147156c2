"""The page shows every text of the files as text, never as markup."""

import base64
from html.parser import HTMLParser
from pathlib import Path

from litmlp.engine.report.markup import (
    document,
    heading,
    lines,
    link,
    paragraph,
    picture,
    table,
)
from litmlp.engine.report.text_tables import TextTable

HOSTILE = "<script>alert(1)</script> & \"x\" 'y' | [a](b) `c` *d* _e_\n# f"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


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


def test_the_page_escapes_and_loads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ranking.png"
    path.write_bytes(PNG)
    rows = [[HOSTILE, "1.0"], ["b", "2.0"]]
    parts = [
        *(heading(2, HOSTILE), paragraph(HOSTILE), lines([(HOSTILE, HOSTILE)])),
        *(picture(path, HOSTILE), table(TextTable(["name", HOSTILE], rows), tmp_path)),
    ]
    reader = Reader()
    reader.feed(document(HOSTILE, parts))
    assert "script" not in reader.tags
    assert "a" not in reader.tags
    assert reader.text.count(HOSTILE) == 8  # twice the title, and where it was put
    (link,) = reader.links
    assert base64.b64decode(link.removeprefix("data:image/png;base64,")) == PNG
    assert reader.tags.count("tr") == 3
    assert reader.tags.count("td") == 4


def test_a_link_leads_to_the_folder_whatever_its_name(tmp_path: Path) -> None:
    home = tmp_path / "report"
    folder = tmp_path / 'a "b" <c>?#d'
    address = "../a%20%22b%22%20%3Cc%3E%3F%23d/"
    assert link(folder, home) == f'<a href="{address}">folder</a>'
