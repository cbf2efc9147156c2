"""All pictures have one style."""

from litmlp.engine.figures.style import as_png, new_figure


def test_letters_that_the_font_lacks_are_no_warning() -> None:
    figure, (panel,) = new_figure()
    panel.set_title("名前")
    assert as_png(figure).startswith(b"\x89PNG")  # warnings are errors in tests
