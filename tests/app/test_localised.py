"""Where a doubt has its seat, from what was measured; and what is kept silent while effects are hidden."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from twyman.app.audited import Activity, Audited, Together
from twyman.app.auditing import audit_checks
from twyman.app.localised import localised, told
from twyman.app.ports import Cell, Cohort, Drawn, Measured, Question
from twyman.app.root_cause import with_cause
from twyman.doubt.check import Check, Status
from twyman.experiments.delivery import Delivery
from twyman.experiments.experiment import Arm, Entry, Experiment, Role, Tracked
from twyman.metrics.catalogue import Catalogue
from twyman.metrics.metric import Aggregate, FactValue, Mean, Metric, Ratio, Window
from twyman.metrics.source import ExposureSource, Table, Timestamp
from twyman.stats.moments import Moments

PLAYS = FactValue("plays", Aggregate.COUNT)
MINUTES = Metric(name="minutes", kind=Mean(PLAYS), window=Window(length=timedelta(days=7)))
SKIPS = Metric(name="skips", kind=Ratio(PLAYS, PLAYS), window=Window(length=timedelta(days=7)))
EXPOSURES = ExposureSource(
    name="exposures",
    relation=Table("lake.exposed"),
    entities={"user": "user_id"},
    timestamp=Timestamp("at"),
    arm="variant",
)
CATALOGUE = Catalogue(sources={"exposures": EXPOSURES}, metrics={"minutes": MINUTES, "skips": SKIPS})
EXPERIMENT = Experiment(
    name="page",
    arms=(Arm("control", 0.5, control=True), Arm("page", 0.5)),
    tracked=(Tracked(metric="minutes", role=Role.SUCCESS), Tracked(metric="skips", role=Role.INFORMATION)),
    entry=Entry.EXPOSURES,
    source="exposures",
    entity="user",
    dimensions=("country",),
    enrol_from=datetime(2024, 3, 1, tzinfo=UTC),
)
DAYS = [date(2024, 3, day) for day in range(1, 9)]


def measured(*, ramp: bool = False, lost: float = 0.0, odd: float = 0.0, seed: int = 1) -> Measured:
    """Units by day and country, whose minutes fall from day to day; a ramp, a loss and an odd country on request."""
    rng, exposed = np.random.default_rng(seed), dict[tuple[str, date], int]()
    days = dict[tuple[str, str, date], Moments]()
    cells, counts = dict[Cell, Moments](), dict[str, int]()
    for place, arm in enumerate(("control", "page")):
        for index, day in enumerate(DAYS):
            share = 0.1 + 0.1 * index if ramp else 0.5
            count = int(rng.binomial(1_000, share if place else 1 - share))
            values = rng.normal(10 - index, 2, count)
            exposed[arm, day] = count
            days["minutes", arm, day] = Moments.of(values)
            days["skips", arm, day] = Moments.of(np.column_stack([values * 2 + rng.normal(0, 1, count), values + 30]))
        for country, size in (("SE", 5_000), ("NO", 2_500), ("NZ", 500)):
            kept = int(rng.binomial(size, 0.5 * (1 - lost * (place and country == "NZ"))))
            shift = odd if place and country == "NZ" else 0.0
            cells[Cell("minutes", arm, "country", country)] = Moments.of(rng.normal(10 + shift, 2, kept))
        for metric in ("minutes", "skips"):
            pooled = [moments for (name, side, _), moments in days.items() if (name, side) == (metric, arm)]
            cells[Cell(metric, arm)] = sum(pooled[1:], pooled[0])
        counts[arm] = sum(exposed[arm, day] for day in DAYS)
    return Measured(
        columns={"minutes": ("value",), "skips": ("numerator", "denominator")},
        cells=cells,
        units=counts,
        days=days,
        exposed=exposed,
        cohorts={
            (metric, arm): Cohort(entered=n, matured=n, measured=n)
            for arm, n in counts.items()
            for metric in ("minutes", "skips")
        },
    )


def found(seen: Measured) -> dict[str, list[Check]]:
    by_code = dict[str, list[Check]]()
    for check in localised(EXPERIMENT, CATALOGUE, seen):
        if check is not None:
            by_code.setdefault(check.code, []).append(check)
    return by_code


def test_healthy_experiments_are_quiet_and_say_what_was_checked() -> None:
    seen = [found(measured(seed=seed)) for seed in range(100)]

    loud = sum(any(one.status is Status.WARN for checks in by_code.values() for one in checks) for by_code in seen)
    blocked = sum(any(one.status is Status.BLOCK for checks in by_code.values() for one in checks) for by_code in seen)
    assert set(seen[0]) == {"srm_by_day", "srm_by_segment", "mix_shift", "effect_drift", "segment_concentration"}
    assert loud <= 8
    assert blocked <= 1


def test_a_ramp_is_found_by_day_and_in_the_mix_of_both_kinds_of_metric() -> None:
    by_code = found(measured(ramp=True))

    assert by_code["srm_by_day"][0].status is Status.BLOCK
    assert {one.metric for one in by_code["mix_shift"]} == {"minutes", "skips"}


def test_a_country_that_loses_units_or_carries_the_effect_is_named() -> None:
    lost, odd = found(measured(lost=0.4)), found(measured(odd=6.0))

    assert lost["srm_by_segment"][0].detail["values"] == ["NZ"]
    assert (odd["segment_concentration"][0].status, odd["segment_concentration"][0].detail["value"]) == (
        Status.WARN,
        "NZ",
    )


def test_where_clusters_were_drawn_nothing_is_said_of_units() -> None:
    drawn = Drawn(exposed={"control": 9, "page": 9}, crossed={}, analysed={"control": 9, "page": 9})

    assert list(localised(EXPERIMENT, CATALOGUE, replace(measured(ramp=True), drawn=drawn))) == []


def test_while_effects_are_hidden_nothing_tells_one() -> None:
    checks = [check for check in localised(EXPERIMENT, CATALOGUE, measured(ramp=True, odd=6.0)) if check is not None]

    hidden = told(checks, effects=False)

    assert told(checks, effects=True) == tuple(checks)
    assert {check.code for check in hidden} == {"srm_by_day", "srm_by_segment", "mix_shift"}
    assert not any({"pooled", "within"} & set(check.detail) for check in hidden)
    assert not any("effect is" in check.text for check in hidden)
    assert any("which moves the pooled effect by" in check.text for check in hidden)


def test_a_mismatch_gets_its_cause_in_the_users_words() -> None:
    question = Question(experiment=EXPERIMENT, catalogue=CATALOGUE)
    late = Check(
        code="srm_by_day",
        status=Status.BLOCK,
        text="",
        detail={"kind": "late_start", "from": "2024-03-01", "until": "2024-03-02"},
    )

    *kept, cause = with_cause(question, [late])

    assert kept == [late]
    assert "On 2024-03-01: enrolment starts." in cause.text
    assert cause.detail["next"] == (
        'select "variant", min("at") as first, max("at") as last from lake.exposed group by 1'
    )
    assert with_cause(question, [replace(late, status=Status.OK)]) == (replace(late, status=Status.OK),)


def activity(source: str, arm: str, *, keen: float = 1.0, seed: int = 1, repeated: int = 0) -> Activity:
    rng = np.random.default_rng([seed, len(source), len(arm)])
    level = rng.lognormal(1, 0.5, 2_000)
    rows = np.column_stack([rng.poisson(level * 14), rng.poisson(level / 24), rng.poisson(level * 14 * keen)])
    total = rows[:, 0] + rows[:, 2]
    return Activity(
        source=source, arm=arm, units=2_000, matured=2_000, rows=int(total.sum()), volume=Moments.of(rows),
        weeks=Moments.of(rows[:, [0, 0]] + rng.poisson(2, (2_000, 2))), active=1_990, with_rows=1_995, tested=4_000,
        repeated=repeated, repeating=repeated, busiest="7", most=int(total.max()),
        log_mean=float(np.log(total + 1).mean()), log_spread=float(np.log(total + 1).std()),
    )  # fmt: skip


def audit(**more: float) -> Audited:
    told = [
        activity(name, arm, **(more if arm == "page" else {}))
        for name in ("plays", "ads")
        for arm in ("control", "page")
    ]  # type: ignore[arg-type]
    return Audited(activity=tuple(told), exposed={"control": 2_000, "page": 2_000})


def test_a_healthy_audit_is_quiet_and_faults_are_named() -> None:
    healthy = audit_checks(EXPERIMENT, audit())
    logging = {one.code: one for one in audit_checks(EXPERIMENT, audit(keen=0.8))}
    doubled = {one.code: one for one in audit_checks(EXPERIMENT, audit(repeated=500))}

    assert {one.code for one in healthy} >= {"pre_period", "clock", "telemetry_volume", "joined", "bot", "srm_stage"}
    assert [one.text for one in healthy if one.status in {Status.WARN, Status.BLOCK}] == []
    assert logging["telemetry_volume"].status is Status.WARN
    assert doubled["repeated_facts"].status is Status.BLOCK


def test_clocks_and_late_rows_are_told_of_the_arm_and_source_that_has_them() -> None:
    plain = audit()
    seen = tuple(
        replace(one, ahead=300, late=10) if (one.source, one.arm) == ("ads", "page") else replace(one, ahead=2, late=9)
        for one in plain.activity
    )

    found = {one.code: one for one in audit_checks(EXPERIMENT, replace(plain, activity=seen))}

    assert (found["clock_by_arm"].status, found["late_by_arm"].status) == (Status.BLOCK, Status.OK)
    assert found["clock_by_arm"].detail["source"] == "ads"
    assert not {"clock_by_arm", "late_by_arm"} & {one.code for one in audit_checks(EXPERIMENT, plain)}


def test_sources_are_held_against_each_other_and_the_pair_that_comes_apart_is_named() -> None:
    rng = np.random.default_rng(1)

    def days(lost: float) -> Moments:
        plays, ads, pages = rng.random((3, 2_000, 10)) >= np.array([0.0, lost, lost])[:, None, None]
        pairs = (plays & ads, plays & pages, ads & pages)
        return Moments.of(np.column_stack([one.sum(axis=1) for one in (plays, ads, pages, *pairs)]))

    def found(lost: float) -> set[tuple[str, str, str]]:
        told = Together(sources=("plays", "ads", "pages"), days={"page": days(lost), "control": days(0.0)})
        checks = audit_checks(EXPERIMENT, replace(audit(), together=told))
        apart = [one for one in checks if one.code in {"sources_apart", "source_missing"}]
        return {(one.code, str(one.status), "-".join(one.detail["sources"])) for one in apart}  # type: ignore[arg-type]

    assert found(0.05) == {
        ("source_missing", "warn", "plays-ads"),
        ("source_missing", "warn", "plays-pages"),
        ("sources_apart", "block", "ads-pages"),
    }
    assert found(0.0) == {("sources_apart", "ok", "plays-ads")}


def test_while_effects_are_hidden_one_source_that_is_missing_is_hidden_with_them() -> None:
    checks = [Check(code=code, status=Status.WARN, text="") for code in ("sources_apart", "source_missing")]

    assert [one.code for one in told(checks, effects=False)] == ["sources_apart"]


def test_delivery_is_judged_where_it_is_declared_and_clusters_only_where_units_count() -> None:
    declared = replace(EXPERIMENT, delivery=Delivery("opened"))
    seen = replace(audit(), delivered={"control": 0, "page": 0})
    clustered = replace(declared, randomised_by="shop")

    assert [one.code for one in audit_checks(declared, seen) if one.status is Status.BLOCK] == ["not_delivered"]
    assert "not_delivered" not in {one.code for one in audit_checks(EXPERIMENT, seen)}
    assert {one.code for one in audit_checks(clustered, seen)} == {"bot", "not_delivered"}
