"""History from definitions to the answer: rows, a table in memory, and looks of experiments that are over."""

from typing import Any

import pandas

import twyman

SIGNED = {"metric": "kept", "by": "Dana", "on": "2015-03-01", "estimate": "10%", "because": "seen twice"}
PAST = pandas.DataFrame(
    {
        "experiment": [f"old-{at}" for at in range(24)],
        "metric": "kept",
        "change": "layout",
        "lift": [0.006 * (-1) ** at * (1 + at % 3) / 2 for at in range(24)],
        "se": 0.003,
        "ended": "2014-05-01",
    }
)


def units() -> pandas.DataFrame:
    kept = [at % 2 == 0 for at in range(20_000)], [at % 100 < 55 for at in range(20_000)]
    return pandas.DataFrame({"version": ["control"] * 20_000 + ["page"] * 20_000, "kept": [*kept[0], *kept[1]]})


def analyzed(*more: dict[str, Any], **written: object) -> twyman.Analysis:
    experiment = {
        "kind": "experiment",
        "name": "page",
        "owner": "discovery",
        "units": "players",
        "arms": {"control": {}, "page": {}},
        "change": "layout",
        "enrol": {"from": "2015-01-01"},
        "metrics": {"kept": {"role": "success"}},
    }
    players = {
        "kind": "units",
        "name": "players",
        "table": units(),
        "row_is_unit": True,
        "arm": "version",
        "outcomes": ["kept"],
    }
    kept = {"kind": "metric", "name": "kept", "type": "proportion", "value": {"outcome": "kept"}}
    return twyman.analyze(experiment | written, definitions=[players, kept, *more])


def test_a_table_of_past_results_holds_what_nobody_expected_until_somebody_signs() -> None:
    history = {"kind": "history", "name": "past", "table": PAST}

    held, signed = analyzed(history), analyzed(history, sign_off=SIGNED)

    assert held.verdict.action == "hold"
    assert "24 past results on it by changes of class layout" in held.verdict.reasons[0].text
    assert signed.verdict.action == "ship"
    assert "signed off by Dana" in " ".join(signed.to_text().split())


def test_rows_and_tables_add_up() -> None:
    row = {
        "experiment": "one-more",
        "metric": "kept",
        "lift": "1%",
        "se": "0.3%",
        "ended": "2014-05-01",
        "change": "layout",
    }

    found = analyzed(
        {"kind": "history", "name": "rows", "rows": [row]}, {"kind": "history", "name": "past", "table": PAST}
    )

    plausible = found.answer.results[0].plausible
    assert plausible is not None
    assert plausible.experiments == 25


def test_without_a_start_no_history_is_read() -> None:
    found = analyzed({"kind": "history", "name": "past", "table": PAST}, enrol={})

    assert found.answer.results[0].plausible is not None
    assert found.answer.results[0].plausible.scope == "public"
