"""A report as a page: all of it, with pictures."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from litmlp.engine.figures.style import report_failed_picture, save
from litmlp.engine.report import markup
from litmlp.engine.report.sections import Section

HOW_TO_READ = (
    "± is the standard deviation over runs that differ only by seed or fold. The 95 % "
    "interval of their mean follows Student's t distribution; over folds, whose "
    "training rows overlap, it is too narrow.",
    "Choices are ranked by the mean of the monitored metric alone. Tied: the 95 % "
    "interval of the difference from the best choice contains 0, seed by seed where "
    "both were run with the same seeds. The best of many choices owes some of its rank "
    "to luck; trust its value on the test rows, which chose nothing.",
    "Fraction of variance: the part of the differences between all runs that lies "
    "between the means of an axis's levels. In a full grid the fractions add up to at "
    "most 100 %, and the rest is interaction and chance; where combinations are "
    "missing, they overlap. Those of a search are of the variance between trials "
    "(fANOVA), of choices that every trial made; an outlier counts as the value at "
    "which outliers begin.",
    "Baselines are simple models on the test rows, as the mean over runs.",
    "All numbers are beside this page: runs.csv has one row per run, choices.csv one "
    "row per choice with every metric; the .parquet files hold the same.",
)


def page(title: str, summary: str, sections: Iterable[Section], home: Path) -> str:
    """Return the page, and write the pictures beside it in the folder ``home``."""
    parts = [part for section in sections for part in parts_of(section, home)]
    how = markup.heading(2, "How to read this"), *map(markup.paragraph, HOW_TO_READ)
    return markup.document(title, [markup.paragraph(summary), *parts, *how])


def parts_of(section: Section, home: Path) -> Iterator[str]:
    """Yield a section in the order in which it is read."""
    yield markup.heading(2, section.heading)
    if section.lines:
        yield markup.lines(section.lines)
    if section.table:
        yield markup.table(section.table, home)
    for name, draw in section.pictures.items():
        path = home / f"{'-'.join(filter(None, (section.name, name)))}.png"
        with report_failed_picture():
            if figure := draw():
                save(figure, path)
                yield markup.picture(path, name)
    if section.details:
        yield markup.table(section.details, home)
