"""Tables of pandas and Arrow in all their types, in files of each and in memory."""

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from random_columns import RandomColumn, as_floats, in_days, moments, some_missing
from test_random_tables import check

from litmlp.data.frame import FrameData, to_polars
from litmlp.data.table import TableData
from litmlp.data.tables.tabular import Tabular
from litmlp.errors import UserError

ROWS = 40
COLORS = ["red", "blue", "grün"]
pytestmark = pytest.mark.slow


def raw(draw: random.Random, make: Callable[[], Any]) -> list[Any]:
    return some_missing(draw, [make() for _ in range(ROWS)])


def arrow_columns(draw: random.Random) -> Iterator[RandomColumn]:
    pa = pytest.importorskip("pyarrow")
    whole = raw(draw, lambda: draw.randint(0, 100))
    for name in ("int", "uint"):
        for bits in (8, 16, 32, 64):
            kind = getattr(pa, f"{name}{bits}")()
            yield RandomColumn(pa.array(whole, kind), as_floats(whole))
    halves = [None if v is None else np.float16(v / 8) for v in whole]
    yield RandomColumn(pa.array(halves, pa.float16()), as_floats(halves))
    for kind in (pa.decimal32(7, 2), pa.decimal128(12, 2), pa.decimal256(50, 2)):
        exact = [None if v is None else Decimal(v) / 4 for v in whole]
        yield RandomColumn(pa.array(exact, kind), as_floats(exact))
    bits = raw(draw, lambda: draw.random() < 0.5)
    yield RandomColumn(pa.array(bits, pa.bool_()), as_floats(bits))
    texts = raw(draw, lambda: draw.choice(COLORS))
    for kind in (
        *(pa.string(), pa.large_string(), pa.string_view()),
        *(
            pa.dictionary(pa.int8(), pa.string()),
            pa.dictionary(pa.uint32(), pa.string()),
        ),
    ):
        yield RandomColumn(pa.array(texts, kind), texts)
    drawn = some_missing(draw, moments(draw, ROWS))
    meant = in_days(drawn)
    for unit in ("s", "ms", "us", "ns"):
        zone = draw.choice([None, "UTC", "Europe/Rome", "+02:00"])
        yield RandomColumn(pa.array(drawn, pa.timestamp(unit)), meant)
        yield RandomColumn(pa.array(drawn, pa.timestamp(unit, zone)), meant)
        spans = [v and v - moments(random.Random(0), 1)[0] for v in drawn]
        yield RandomColumn(pa.array(spans, pa.duration(unit)), in_days(spans))
    dates = [v and v.date() for v in drawn]
    for kind in (pa.date32(), pa.date64()):
        yield RandomColumn(pa.array(dates, kind), in_days(dates))
    clock = [v and v.time() for v in drawn]
    for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")):
        yield RandomColumn(pa.array(clock, kind), in_days(clock))
    yield RandomColumn(pa.nulls(ROWS), [None] * ROWS)
    yield RandomColumn(
        pa.RunEndEncodedArray.from_arrays([20, 40], [1, 2]), [1.0] * 20 + [2.0] * 20
    )
    for value, kind in (
        *(([1], None), ([1, 2], pa.list_(pa.int8(), 2)), ({"a": 1}, None)),
        *((b"00", None), (b"00", pa.binary(2)), (b"00", pa.binary_view())),
        *(
            ((1, 2, 3), pa.month_day_nano_interval()),
            ([("k", 1)], pa.map_("str", "int8")),
        ),
        *((b"0123456789abcdef", pa.uuid()), ('{"a": 1}', pa.json_())),
    ):
        yield RandomColumn(pa.array([value] * ROWS, kind), None)


def pandas_columns(draw: random.Random) -> Iterator[RandomColumn]:
    pd = pytest.importorskip("pandas")
    whole = raw(draw, lambda: draw.randint(0, 100))
    for kind in ("Int8", "Int64", "UInt8", "UInt64", "Float32", "Float64"):
        yield RandomColumn(pd.Series(whole, dtype=kind), as_floats(whole))
    for kind in ("float16", "float64", "object", "int64[pyarrow]"):
        yield RandomColumn(pd.Series(whole).astype(kind), as_floats(whole))
    known = [v or 0 for v in whole]
    yield RandomColumn(pd.Series(pd.arrays.SparseArray(known)), as_floats(known))
    bits = raw(draw, lambda: draw.random() < 0.5)
    for kind in ("boolean", "object"):
        yield RandomColumn(pd.Series(bits, dtype=kind), as_floats(bits))
    texts = raw(draw, lambda: draw.choice(COLORS))
    for kind in ("str", "string", "object", "category"):
        yield RandomColumn(pd.Series(texts, dtype=kind), texts)
    for values in (whole, bits):
        named = [None if v is None else str(v) for v in values]
        yield RandomColumn(pd.Series(values, dtype="category"), named)
    drawn = some_missing(draw, moments(draw, ROWS))
    stamps = pd.Series(drawn, dtype="datetime64[us]")
    for kind in ("datetime64[s]", "datetime64[ns]", "object"):
        yield RandomColumn(stamps.astype(kind), in_days(drawn))
    zoned = stamps.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    yield RandomColumn(zoned, in_days(drawn))
    spans = [v and v - moments(random.Random(0), 1)[0] for v in drawn]
    for kind in ("timedelta64[s]", "timedelta64[ns]"):
        yield RandomColumn(pd.Series(spans).astype(kind), in_days(spans))
    for values in ([v and v.date() for v in drawn], [v and v.time() for v in drawn]):
        yield RandomColumn(pd.Series(values, dtype=object), in_days(values))
    months = pd.Series(moments(draw, ROWS)).dt.to_period("M")
    yield RandomColumn(months, None)
    yield RandomColumn(
        pd.Series([1, "a", 2.5, None] * 10), ["1", "a", "2.5", None] * 10
    )
    yield RandomColumn(pd.Series([complex(1, 2)] * ROWS), None)


KINDS = ("memory", "stream", "feather", "int96", "brotli", "csv", "csv.gz", "json")


def opened(column: Any, target: str, kind: str, path: Path) -> Tabular:
    """A table of columns x and y, of pandas or Arrow, in memory or in a file."""
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    columns = {"x": column, "y": [i / 7 for i in range(ROWS)]}
    is_arrow = isinstance(column, pa.Array)
    if kind == "memory":
        table = pa.table(columns) if is_arrow else pd.DataFrame(columns)
        return FrameData(frame=to_polars(table), target=target)
    arrow = pa.table(columns if is_arrow else pd.DataFrame(columns))
    if kind == "stream":
        with pa.ipc.new_stream(path, arrow.schema) as stream:
            stream.write_table(arrow)
    elif kind == "feather":
        pytest.importorskip("pyarrow.feather").write_feather(arrow, str(path))
    elif kind in ("int96", "brotli"):
        options: dict[str, Any] = {
            "int96": {"use_deprecated_int96_timestamps": True},
            "brotli": {"compression": "brotli", "version": "1.0"},
        }
        parquet = pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow, path, **options[kind])
    elif kind == "json":
        iso: dict[str, Any] = {"orient": "records", "lines": True, "date_format": "iso"}
        arrow.to_pandas().to_json(path, **iso)
    else:
        is_packed = kind == "csv.gz"
        arrow.to_pandas().to_csv(
            path, index=False, na_rep="NA", compression="gzip" if is_packed else None
        )
    return TableData(path=str(path), target=target)


@pytest.mark.parametrize("make", [arrow_columns, pandas_columns])
@pytest.mark.parametrize("kind", KINDS)
def test_a_type_of_pandas_or_arrow_is_read_said_or_refused(
    kind: str, make: Callable[..., Iterator[RandomColumn]], tmp_path: Path
) -> None:
    pa = pytest.importorskip("pyarrow")
    as_text = kind in ("csv", "csv.gz", "json")
    for seed in range(5):
        for drawn in make(random.Random(seed)):
            if as_text and drawn.meant is None:
                continue  # such a file has a text of it
            for target in "yx":
                try:
                    data = opened(drawn.stored, target, kind, tmp_path / "t")
                except UserError:
                    continue
                except (pa.ArrowException, OverflowError, TypeError):
                    if kind == "memory":
                        raise
                    continue  # the writer lacks the type
                is_feature = target == "y" and drawn.meant is not None
                try:
                    check(data, drawn)
                except UserError as error:
                    if is_feature and "cannot be read" not in str(error):
                        raise
