"""The format of a file by its content, and refusals that say what to do instead."""

import gzip
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal, cast

from litmlp.errors import UserError

Format = Literal["csv", "parquet", "arrow", "arrow stream", "ndjson"]
HEAD = 2**16
"""Bytes that are looked at."""
PARQUET = (".parquet", ".pq")
GZIP = b"\x1f\x8b"
KNOWN: dict[bytes, Format] = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow stream",
}
CSV_FROM_EXCEL = "save it as CSV UTF-8"
REFUSED = {
    rb"PK\x03\x04(?s:.*)xl/": ("an Excel file", CSV_FROM_EXCEL),
    rb"\xd0\xcf\x11\xe0": ("an old Excel file", CSV_FROM_EXCEL),
    rb"PK\x03\x04": ("a zip archive", "unpack it"),
    rb"BZh|\xfd7zXZ|\x28\xb5\x2f\xfd": ("compressed", "unpack it, or use gzip"),
    rb"\xff\xfe|\xfe\xff": ("UTF-16 text", CSV_FROM_EXCEL),
    rb"version https://git-lfs": ("a pointer of Git LFS", "run git lfs pull"),
    rb"(?i)\s*@relation": ("an ARFF file", "write it as CSV, or use data=openml"),
    rb"(?i)\s*<(!doctype|html|table|div|\?xml)": (
        "a web page or XML",
        "download the table",
    ),
    rb"\s*\[\s*[\[{]|\s*\{\s*\"": (
        "JSON",
        "write one object per line: pandas' to_json(orient='records', lines=True)",
    ),
}
"""How other files begin: what they are, and what to do."""


def existing_file(path: str) -> Path:
    """Return the path of a file; ``~`` is the home folder."""
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", path):
        raise UserError(f"{path} is an address: download the file and give its path")
    file = Path(path).expanduser()
    if file.is_dir():
        raise UserError(f"{path} is a folder: give one file of it")
    if not file.is_file():
        raise UserError(f"{path}: no such file")
    return file


def open_bytes(file: Path) -> BinaryIO:
    """Open a file for reading, unpacked if it is packed by gzip."""
    with file.open("rb") as start:
        packed = start.read(2) == GZIP
    return cast(BinaryIO, gzip.open(file)) if packed else file.open("rb")


def format_of(file: Path) -> Format:
    """Return the format of a file by its first bytes.

    Raises:
        UserError: the file is no table that can be read.
    """
    try:
        with open_bytes(file) as content:
            head = content.read(HEAD)
    except (OSError, EOFError) as error:
        raise UserError(f"{file} cannot be read: {error}") from error
    for magic, found in KNOWN.items():
        if head.startswith(magic):
            return found
    with suppress(ValueError):
        if isinstance(json.loads(head.split(b"\n")[0]), dict):
            return "ndjson"
    for start, (what, cure) in REFUSED.items():
        if re.match(start, head):
            raise UserError(f"{file} is {what}, not a table: {cure}")
    return "csv"
