"""The answer inside a notebook's cell: verdict, health in a line, and the results; its style reaches nothing else."""

from twyman.app.views import Answer
from twyman.report.html import common, environment


def fragment(answer: Answer) -> str:
    """Return an HTML fragment for `_repr_html_`: no script, no network, styles scoped to it."""
    return environment().get_template("notebook.html").render(**common(answer))
