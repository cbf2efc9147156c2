"""Predicts the rows of a CSV file: python predict.py new.csv predictions.csv

Needs the packages of requirements.txt, and the model.onnx beside this file.
"""

import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime import InferenceSession

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
MISSING, UNSEEN = -2, -1
TRUTH = {"true": 1.0, "false": 0.0}


def number(text: str, column: dict[str, Any]) -> float:
    """Return one value of a column as the model takes it."""
    words = MISSING_WORDS if column["missing"] is None else ("", *column["missing"])
    is_code = column["kind"] == "categorical"
    if text in words:
        return MISSING if is_code else np.nan
    if is_code:
        names = [name.strip() for name in column["categories"]]
        return names.index(text) if text in names else UNSEEN
    try:
        if column["kind"] == "datetime":
            time = datetime.fromisoformat(text)
            return (
                time if time.tzinfo else time.replace(tzinfo=UTC)
            ).timestamp() / 864e2
        return TRUTH[text.lower()] if text.lower() in TRUTH else float(text)
    except ValueError:
        sys.exit(f"column {column['name']}: {text!r} is no {column['kind']} value")


def predict(rows: list[dict[str, str]], model: Path) -> list[dict[str, Any]]:
    """Return the predictions of rows by the names of their columns."""
    session = InferenceSession(model.read_bytes())
    about = json.loads(session.get_modelmeta().custom_metadata_map["litmlp"])
    inputs = {}
    for given in session.get_inputs():
        are_codes = given.name == "codes"
        own = [c for c in about["columns"] if (c["kind"] == "categorical") == are_codes]
        if missing := [c["name"] for c in own if rows and c["name"] not in rows[0]]:
            sys.exit(f"the file has no column {', '.join(missing)}")
        values = [
            [number((row[c["name"]] or "").strip(), c) for c in own] for row in rows
        ]
        kinds = {"tensor(int64)": np.int64, "tensor(double)": np.float64}
        kind = kinds.get(given.type, np.float32)
        inputs[given.name] = np.array(values, kind).reshape(len(rows), len(own))
    (found,) = session.run(None, inputs)
    targets, classes = about["target_names"], about["class_names"]
    if classes:
        names = [f"probability_{name}" for name in classes]
        likeliest = [{f"predicted_{targets[0]}": classes[i]} for i in found.argmax(1)]
    else:
        more = [f"{name}_{bound:g}" for name in targets for bound in about["bounds"]]
        names = [f"{about['prefix']}_{name}" for name in (*targets, *more)]
        likeliest = [{} for _ in rows]
    each = (dict(zip(names, map(float, row), strict=True)) for row in found)
    return [first | more for first, more in zip(likeliest, each, strict=True)]


def main() -> None:
    """Predict the file that the first argument names, into that of the second."""
    if len(sys.argv) != 3:
        sys.exit("usage: python predict.py new.csv predictions.csv")
    with open(sys.argv[1], newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        sys.exit(f"{sys.argv[1]} has no rows")
    found = predict(rows, Path(__file__).with_name("model.onnx"))
    with open(sys.argv[2], "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    main()
