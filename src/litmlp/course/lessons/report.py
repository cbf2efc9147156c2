"""A lesson's outcome: a table on the console, verdict.json and lesson.png."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from litmlp.course.lessons.lesson import Lesson, Outcome
from litmlp.course.lessons.picture import draw
from litmlp.course.lessons.sweep_runs import Member, alike, axes
from litmlp.engine.figures.style import save
from litmlp.engine.folder import run_folder
from litmlp.engine.terminal.console import console, table


def conclude(lesson: Lesson, sweep: Path) -> None:
    """Judge a sweep, say what came of it and leave it in the sweep's folder.

    Raises:
        UserError: the sweep's folders lack what the lesson measures.
    """
    outcome = lesson.judge(sweep)
    content = run_folder.finite(as_json(lesson, outcome))
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (sweep / "verdict.json").write_text(text + "\n", encoding="utf-8")
    save(draw(lesson, outcome), sweep / "lesson.png")
    console.print(verdicts(lesson, outcome))
    console.print(f"picture      {sweep / 'lesson.png'}", soft_wrap=True)


def verdicts(lesson: Lesson, outcome: Outcome) -> Table:
    """A line a claim."""
    result = table(lesson.question, "verdict", "effect (95 % interval)", "seeds")
    for judgement in outcome.judgements:
        result.add_row(
            judgement.claim.says,
            judgement.verdict,
            str(judgement),
            str(judgement.seeds),
        )
    return result


def as_json(lesson: Lesson, outcome: Outcome) -> dict[str, Any]:
    """The verdicts, and the numbers that they rest on."""
    return {
        "question": lesson.question,
        "claims": [asdict(judgement) for judgement in outcome.judgements],
        "measures": {
            measure: by_setting(values) for measure, values in outcome.values.items()
        },
    }


def by_setting(values: Mapping[Member, float]) -> list[dict[str, Any]]:
    """A measure's mean and values in each setting of the sweep."""
    members = list(values)
    keys = axes(members)
    results = []
    for settings, group in alike(members, keys).items():
        numbers = [values[member] for member in group]
        results.append(
            {
                "settings": dict(zip(keys, settings, strict=True)),
                "mean": statistics.mean(numbers),
                "values": numbers,
            }
        )
    return results
