"""The fragment in a notebook: one element, styles that reach nothing else, no script."""

import re

import samples

from twyman.report.notebook import fragment


def test_every_style_is_scoped_to_the_fragment() -> None:
    shown = fragment(samples.story())
    style = re.sub(r"@media[^{]*\{", "", shown[shown.index("<style>") + 7 : shown.index("</style>")])

    selectors = [part.strip() for rule in re.findall(r"([^{}]+)\{", style) for part in rule.split(",")]
    assert selectors
    assert all(selector.startswith(".twyman") for selector in selectors)


def test_it_is_one_element_without_script() -> None:
    shown = fragment(samples.hostile()).strip()

    assert shown.startswith("<div")
    assert shown.endswith("</div>")
    assert "<script" not in shown


def test_it_holds_verdict_health_and_results_and_no_sql() -> None:
    shown = fragment(samples.story())

    assert all(words in shown for words in ("Hold", "1 warning", "+6.10", "Must not move"))
    assert "with exposures as" not in shown
