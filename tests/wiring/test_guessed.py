"""From two tables and no definition to an answer: each platform's export, and public experiments with their traps."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

import twyman
from twyman.app.views import Answer
from twyman.definitions import check
from twyman.definitions.guessing.guesses import Guesses
from twyman.kernel.errors import Invalid, NotFound
from twyman.wiring.analysis import use_case
from twyman.wiring.guessed import Guessed, guessed

START = datetime(2024, 3, 4, tzinfo=UTC)
UNITS = 600
Row = dict[str, Any]


def met() -> list[tuple[str, str, datetime]]:
    """Who met which arm, and when: 2 : 1, so that equal shares are a mismatch anybody sees."""
    rng = np.random.default_rng(3)
    arms = rng.permutation(["control"] * 400 + ["new"] * 200)
    return [(f"u{at}", str(arm), START + timedelta(minutes=20 * at)) for at, arm in enumerate(arms)]


def bought() -> list[tuple[str, datetime, float]]:
    """Each third unit buys a day later, and each sixth twice."""
    once = [
        (unit, at + timedelta(days=1), 5.0 + number % 7) for number, (unit, _, at) in enumerate(met()) if not number % 3
    ]
    return once + [(unit, at + timedelta(hours=1), price) for unit, at, price in once[::2]]


def views() -> list[tuple[str, datetime]]:
    return [(unit, at + timedelta(hours=2)) for unit, _, at in met()]


def millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def growthbook() -> tuple[list[Row], list[Row]]:
    seen = [
        {"user_id": u, "timestamp": at, "experiment_id": "page", "variation_id": str(int(arm == "new"))}
        for u, arm, at in met()
    ]
    return seen, [{"user_id": u, "timestamp": at, "event": e, "amount": p} for u, at, e, p in happened()]


def eppo() -> tuple[list[Row], list[Row]]:
    seen = [
        {"experiment": "page", "subject": u, "variation": arm, "timestamp": at, "featureFlag": "f"}
        for u, arm, at in met()
    ]
    return seen, [{"user_id": u, "ts": at, "event_name": e, "amount": p} for u, at, e, p in happened()]


def statsig() -> tuple[list[Row], list[Row]]:
    seen = [
        {"unit_id": u, "unit_type": "user_id", "user_id": u, "name": "page", "experiment_group": arm, "rule": "r",
         "first_exposure_utc": at}
        for u, arm, at in met()
    ]  # fmt: skip
    return seen, [{"unit_id": u, "timestamp": at, "event_name": e, "amount": p} for u, at, e, p in happened()]


def posthog() -> tuple[list[Row], list[Row]]:
    def properties(**held: object) -> str:
        return json.dumps({f"${name}": value for name, value in held.items()})

    rows = [
        {"uuid": f"s{u}", "event": "$feature_flag_called", "distinct_id": u, "timestamp": at,
         "properties": properties(feature_flag="page", feature_flag_response=arm)}
        for u, arm, at in met()
    ]  # fmt: skip
    rows += [
        {"uuid": f"e{at}", "event": e, "distinct_id": u, "timestamp": at, "properties": properties(amount=p)}
        for u, at, e, p in happened()
    ]
    return rows, rows


def launchdarkly() -> tuple[list[Row], list[Row]]:
    seen = [
        {"flag_key": "page", "context_key": u, "context_kind": "user", "variation_id": arm,
         "experiment_iteration_id": "i1", "received_time": at}
        for u, arm, at in met()
    ]  # fmt: skip
    seen += [{**row, "variation_id": "new", "experiment_iteration_id": None} for row in seen]  # no exposures
    return seen, [{"context_key": u, "received_time": at, "event_key": e, "amount": p} for u, at, e, p in happened()]


def optimizely() -> tuple[list[Row], list[Row]]:
    seen = [
        {"visitor_id": u, "experiment_id": "page", "variation_id": arm, "timestamp": millis(at), "is_holdback": False,
         "process_timestamp": millis(at + timedelta(minutes=5))}
        for u, arm, at in met()
    ]  # fmt: skip
    seen += [{**row, "variation_id": "new", "is_holdback": True} for row in seen]
    return seen, [
        {"visitor_id": u, "timestamp": millis(at), "event_name": e, "amount": p} for u, at, e, p in happened()
    ]


def amplitude() -> tuple[list[Row], list[Row]]:
    rows = [
        {"user_id": u, "event_type": "[Experiment] Exposure", "event_time": at,
         "event_properties": json.dumps({"flag_key": "page", "variant": arm})}
        for u, arm, at in met()
    ]  # fmt: skip
    rows += [
        {"user_id": u, "event_type": e, "event_time": at, "event_properties": json.dumps({"amount": p})}
        for u, at, e, p in happened()
    ]
    return rows, rows


def confidence() -> tuple[list[Row], list[Row]]:
    seen = [
        {"assignment_time": at, "targeting_key": u, "flag": "flags/p", "rule": "page", "variant": f"variants/{arm}",
         "assignment_id": arm}
        for u, arm, at in met()
    ]  # fmt: skip
    return seen, [{"user_id": u, "timestamp": at, "event": e, "amount": p} for u, at, e, p in happened()]


def happened() -> list[tuple[str, datetime, str, float | None]]:
    return [(u, at, "purchase", p) for u, at, p in bought()] + [(u, at, "view", None) for u, at in views()]


PLATFORMS: Mapping[str, Callable[[], tuple[list[Row], list[Row]]]] = {
    made.__name__: made
    for made in (growthbook, eppo, statsig, posthog, launchdarkly, optimizely, amplitude, confidence)
}


def stored(folder: Path, name: str, rows: Sequence[Row], ending: str) -> str:
    table = pa.Table.from_pylist(list(rows))
    file = folder / f"{name}.{ending}"
    if ending == "csv":
        csv.write_csv(table, file)
    elif ending == "jsonl":
        file.write_text("".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in rows))
    else:
        parquet.write_table(table, file)
    return file.name


def answered(found: Guessed) -> Answer:
    return use_case(found.project)(found.experiment, found.project.catalogue, zone=found.project.zone)


def loud(answer: Answer) -> dict[str, str]:
    return {one.code: one.text for one in answer.health.checks if one.status in ("warn", "block")}


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_export_gives_the_counts_that_its_rows_hold(
    platform: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tables = zip(("seen", "events"), PLATFORMS[platform](), strict=True)
    seen, events = (stored(tmp_path, name, rows, ending) for name, rows in tables)

    found = guessed(seen, [events], "page", Guesses())
    answer = answered(found)

    control, treatment = found.experiment.control.name, _other(found)
    assert answer.health.units == {control: 400, treatment: 200}
    assert "400" in loud(answer)["srm"]
    sizes, buyers = matured(bought())
    row = next(row for row in answer.results if row.metric == "purchase")
    assert (row.control.units, row.treatment.units) == (sizes["control"], sizes["new"])
    assert row.control.mean == pytest.approx(buyers["control"] / sizes["control"])
    assert row.treatment.mean == pytest.approx(buyers["new"] / sizes["new"])


def matured(events: Sequence[tuple[str, datetime, float]]) -> tuple[Counter[str], Counter[str]]:
    """Count, by arm, units whose three days are over at the midnight after the last row, and those with an event."""
    end = max(at for _, at, _, _ in happened()).replace(hour=0, minute=0) + timedelta(days=1)
    arms = {unit: arm for unit, arm, at in met() if at + timedelta(days=3) <= end}
    return Counter(arms.values()), Counter(arms[unit] for unit in {unit for unit, *_ in events} & set(arms))


def _other(found: Guessed) -> str:
    return next(arm.name for arm in found.experiment.arms if not arm.control)


def test_several_experiments_are_listed_and_one_is_asked_for(tmp_path: Path) -> None:
    seen, _ = growthbook()
    others = [{**row, "experiment_id": "cart"} for row in seen[:40]]
    file = tmp_path / stored(tmp_path, "seen", seen + others, "csv")

    with pytest.raises(Invalid, match=r"\('page' \(600 rows\), 'cart' \(40 rows\)\).*--experiment page"):
        guessed(str(file), [], None, Guesses())
    with pytest.raises(NotFound, match=r"'pages' isn't in column 'experiment_id' of 'seen.csv': did you mean 'page'"):
        guessed(str(file), [], "pages", Guesses())
    found = guessed(str(file), [], "cart", Guesses())
    assert sum(answered(found).health.units.values()) == 40


def test_the_only_experiment_is_taken_and_said(tmp_path: Path) -> None:
    found = guessed(str(tmp_path / stored(tmp_path, "seen", eppo()[0], "csv")), [], None, Guesses())

    assert "seen.csv: the experiment is 'page', the only one there" in found.said
    assert "no table of events is given, so what is measured are the exposures themselves" in found.said


def test_what_two_columns_may_be_is_settled_by_an_option(tmp_path: Path) -> None:
    rows = [{"user_id": u, "anonymous_id": f"a{u}", "ts": at, "arm": arm} for u, arm, at in met()]
    seen = str(tmp_path / stored(tmp_path, "seen", rows, "parquet"))

    with pytest.raises(Invalid, match=r"'user_id', 'anonymous_id', and which of them was randomised .* --unit user_id"):
        guessed(seen, [], None, Guesses())
    with pytest.raises(NotFound, match="--arm 'group' is a column of none of the tables"):
        guessed(seen, [], None, Guesses(unit=("user_id",), arm="group"))
    found = guessed(seen, [], None, Guesses(unit=("anonymous_id",)))
    assert found.documents[1]["entities"] == {"unit": "anonymous_id"}


def test_planned_shares_that_fit_leave_no_mismatch(tmp_path: Path) -> None:
    seen = str(tmp_path / stored(tmp_path, "seen", eppo()[0], "csv"))

    found = guessed(seen, [], "page", Guesses(shares={"control": "2/3", "new": "1/3"}))

    assert "srm" not in loud(answered(found))
    assert "shares are those of --shares" in found.said


def test_ids_meet_whether_a_table_holds_them_as_numbers_or_as_texts(tmp_path: Path) -> None:
    seen = [{"user_id": u[1:], "ts": at, "arm": arm} for u, arm, at in met()]
    events = [{"customer": int(u[1:]), "ts": at, "amount": p} for u, at, p in bought()]
    files = [stored(tmp_path, "seen", seen, "csv"), stored(tmp_path, "events", events, "parquet")]

    found = guessed(str(tmp_path / files[0]), [str(tmp_path / files[1])], None, Guesses())

    _, buyers = matured(bought())
    row = next(row for row in answered(found).results if row.metric == "any")
    assert (
        "events.parquet: the unit's id is 'customer' (a name of an id; the exposures call it 'user_id')" in found.said
    )
    assert row.treatment.mean == pytest.approx(buyers["new"] / row.treatment.units)


def estimates(answer: Answer) -> dict[str, float | None]:
    return {row.metric: row.absolute.estimate for row in answer.results if row.absolute is not None}


def test_definitions_written_give_the_same_answer(tmp_path: Path) -> None:
    seen, events = (stored(tmp_path, name, rows, "csv") for name, rows in zip(("s", "e"), growthbook(), strict=True))
    found = guessed(str(tmp_path / seen), [str(tmp_path / events)], "page", Guesses())

    files = found.write(tmp_path / "lab")

    again = twyman.analyze(files[-1]).answer
    assert estimates(again) == pytest.approx(estimates(answered(found)))  # the engine adds up in any order
    assert again.health.units == {"arm-0": 400, "arm-1": 200}
    assert check(tmp_path / "lab").ok


def test_shop_data_are_read_with_units_that_bought_nothing(shared: Path) -> None:
    place = shared / "data" / "globox"

    found = guessed(str(place / "groups.csv"), [str(place / "activity.csv")], None, Guesses(time=("join_dt",)))
    answer = answered(found)

    assert answer.health.units == {"a": 24_343, "b": 24_600}
    spent = next(row for row in answer.results if row.metric == "spent_sum")
    bought_ = next(row for row in answer.results if row.metric == "any")
    assert spent.control.units == bought_.control.units > 19_000  # buyers alone would be a twentieth
    assert 0.03 < (bought_.control.mean or 0) < 0.05


def test_users_of_both_pages_and_rows_that_repeat_them_are_found(shared: Path) -> None:
    table = str(shared / "data" / "udacity_ab_data" / "ab_data.csv.gz")

    found = guessed(table, [table], None, Guesses())
    checks = {one.code: one.text for one in answered(found).health.checks if one.status != "ok"}

    assert "1,895 of 290,584 units" in checks["crossovers"]
    assert "1,999 rows repeat a unit" in checks["rows"]
    assert found.project.catalogue.metric("converted").is_binary


def test_actions_are_read_as_what_visitors_did(shared: Path) -> None:
    table = str(shared / "data" / "udacity_homepage_actions" / "homepage_actions.csv")

    with pytest.raises(NotFound, match=r"no column of 'homepage_actions.csv' is known to hold the unit's id .*--unit"):
        guessed(table, [table], None, Guesses())
    found = guessed(table, [table], None, Guesses(unit=("id",)))
    answer = answered(found)

    assert answer.health.units == {"control": 3_332, "experiment": 2_996}  # visitors; their actions are 4,264 and 3,924
    clicked = next(row for row in answer.results if row.metric == "click")
    assert clicked.control.mean == pytest.approx(932 / 3_332, abs=0.01)
