"""Answers to draw: invented, but with numbers that agree with each other.

Effects, intervals and p-values are computed from the arms' counts, means and deviations, as a normal test would.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from math import erfc, sqrt
from typing import Any

import msgspec
from msgspec.structs import replace

from twyman.app.views import (
    Answer,
    Check,
    Effect,
    Engine,
    Expected,
    Health,
    Interval,
    LookView,
    Method,
    Point,
    Reason,
    Result,
    Ruling,
    Segment,
    Series,
    Side,
    Verdict,
    Why,
)

Z = 1.959964
METHOD = Method(estimate="cuped-per-arm", test="welch", lift="fieller", sequential="group")
SQL = """\
with exposures as (
  select user_id as unit, arm, min(exposed_at) as exposed_at
  from read_parquet('warehouse/exposures/*.parquet')
  where experiment = 'moment-page' and not is_bot
  group by user_id, arm
),
per_unit as (
  select e.arm, e.exposed_at::date as day, e.unit,
    sum(f.played_ms / 1000.0) filter (where f.played_at >= e.exposed_at) as seconds
  from exposures as e left join read_parquet('warehouse/listening/*.parquet') as f on f.user_id = e.unit
  group by all
)
select arm, day, count(*) as units, avg(seconds) as mean_1, var_pop(seconds) * count(*) as squares_1_1
from per_unit group by arm, day"""


def interval(estimate: float, se: float, z: float, level: float) -> Interval:
    """Return a normal interval and its two-sided p-value."""
    statistic = estimate / se
    return Interval(
        lower=estimate - z * se,
        upper=estimate + z * se,
        level=level,
        p_value=erfc(abs(statistic) / sqrt(2)),
        statistic=statistic,
    )


def effects(control: Side, treatment: Side, *, bound: float | None = 2.24) -> tuple[Effect, Effect]:
    """Return difference and lift of two arms."""
    if control.mean is None or treatment.mean is None or control.sd is None or treatment.sd is None:
        raise ValueError("an effect needs means and deviations")
    v_t, v_c = treatment.sd**2 / treatment.units, control.sd**2 / control.units
    difference, se = treatment.mean - control.mean, sqrt(v_t + v_c)
    ratio = treatment.mean / control.mean
    lift, lift_se = ratio - 1, sqrt(v_t + ratio**2 * v_c) / abs(control.mean)

    def effect(estimate: float, se: float) -> Effect:
        repeated = interval(estimate, se, bound, 0.95) if bound else None
        return Effect(estimate=estimate, se=se, fixed=interval(estimate, se, Z, 0.95), repeated=repeated)

    return effect(difference, se), effect(lift, lift_se)


def ruling(state: str, p: float | None, **more: Any) -> Ruling:
    """Return a decision with the usual error rates."""
    fields: dict[str, Any] = {"null": 0.0, "side": "two", "alpha": 0.05, "alpha_spent": 0.025, "bound": 2.24}
    return Ruling(**(fields | {"p_value": p, "p_adjusted": p, "state": state} | more))


def result(
    names: tuple[str, str, str], arms: tuple[Side, Side], state: str, *, arm: str = "moments", **more: Any
) -> Result:
    """Return a result whose effects are computed from its arms (control, treatment)."""
    metric, title, role = names
    control, treatment = arms
    decision = {key: more.pop(key) for key in ("null", "side", "smallest_effect", "within") if key in more}
    absolute, relative = effects(control, treatment, bound=more.pop("bound", 2.24))
    p = absolute.fixed.p_value if absolute.fixed else None
    if decision.get("null") and relative.se:
        p = erfc((relative.estimate - decision["null"]) / relative.se / sqrt(2)) / 2
    fields: dict[str, Any] = {
        "direction": "increase",
        "method": METHOD,
        "segment": None,
        "decision": ruling(state, p, **decision) if state != "described" else None,
    }
    return Result(
        metric=metric,
        title=title,
        role=role,
        arm=arm,
        control=control,
        treatment=treatment,
        absolute=absolute,
        relative=relative,
        **(fields | more),
    )


def share(units: int, mean: float, adjusted: float | None = None) -> Side:
    """Return an arm of a proportion."""
    return Side(units=units, mean=mean, adjusted_mean=adjusted, sd=sqrt(mean * (1 - mean)))


def amount(units: int, mean: float, sd: float, adjusted: float | None = None) -> Side:
    """Return an arm of a mean."""
    return Side(units=units, mean=mean, adjusted_mean=adjusted, sd=sd)


RETENTION = ("retention_week_4", "Still listening in week 4", "success")
MINUTES = ("minutes_per_user", "Minutes listened", "guardrail")
SKIPS = ("skip_rate", "Skip rate", "guardrail")
ADS = ("ads_per_hour", "Ads per hour", "must_not_move")
SEARCHES = ("searches_per_user", "Searches", "information")


def expected(status: str, z: float, *, holds: bool = False) -> Expected:
    """Return the story's expectation."""
    because = "no page in 40 experiments moved it by more than 2.6 %"
    return Expected(
        status=status,
        surprise_z=z,
        low=0.005,
        likely=0.02,
        high=0.03,
        scale="relative",
        ceiling=0.04,
        because=because,
        holds=holds,
    )


def series(result: Result, *, by: str, count: int, first: str = "2015-04-13", planned: float = 1.0) -> Series:
    """Return how the result's lift became known: intervals shrink as units come in, and end at the result's own."""
    if result.relative is None or result.relative.estimate is None or result.relative.se is None:
        raise ValueError("a history needs a lift")
    step = timedelta(days=7 if by == "look" else 1)
    start, points = date.fromisoformat(first), list[Point]()
    wobble = (0.9, -0.7, 0.45, -0.3, 0.35, -0.15, 0.2, -0.1)
    for number in range(1, count + 1):
        share_seen = number / count
        se = result.relative.se / sqrt(share_seen)
        estimate = result.relative.estimate + (0 if number == count else se * wobble[number % 8] * (1 - share_seen / 2))
        outer = Z + 0.28 + 1.6 * (1 - share_seen * planned)
        points.append(
            Point(
                at=(start + step * (number - 1)).isoformat() + ("T00:00:00Z" if by == "look" else ""),
                estimate=estimate,
                lower=estimate - Z * se,
                upper=estimate + Z * se,
                repeated_lower=estimate - outer * se if by == "look" else None,
                repeated_upper=estimate + outer * se if by == "look" else None,
                look=number if by == "look" else None,
                reconstructed=by == "look" and number <= 2,
            )
        )
    return Series(metric=result.metric, arm=result.arm, by=by, scale="relative", points=points)


def exposed(units: dict[str, int], days: int, first: str = "2015-04-06") -> list[dict[str, Any]]:
    """Return units by day of first exposure: many at first, ever fewer, summing to the arms' units."""
    weights = [1 / (1 + 0.15 * day) for day in range(days)]
    start = date.fromisoformat(first)
    rows: list[dict[str, Any]] = [
        {"day": (start + timedelta(days=day)).isoformat(), "units": {}} for day in range(days)
    ]
    for arm, total in units.items():
        counts = [round(total * weight / sum(weights)) for weight in weights]
        counts[0] += total - sum(counts)
        for row, count in zip(rows, counts, strict=True):
            row["units"][arm] = count
    return rows


SOURCES: list[dict[str, Any]] = [
    {
        "source": "listening",
        "rows": 20_481_770,
        "units": 158_204,
        "first": "2015-03-23T00:00:12Z",
        "last": "2015-05-31T23:59:51Z",
        "after_cutoff": 41_210,
        "late": 312,
    },
    {
        "source": "ads",
        "rows": 3_190_442,
        "units": 121_009,
        "first": "2015-03-23T00:01:40Z",
        "last": "2015-05-31T23:58:07Z",
        "after_cutoff": 0,
        "late": 0,
    },
]
ENTRANTS: dict[str, Any] = {
    "rows": 171_933,
    "units": 160_104,
    "in_two_arms": 4,
    "left_out": {"control": 602, "moments": 588},
    "kept": {"control": 85_512, "moments": 85_231},
    "repeated": 10_639,
    "without_unit": 0,
    "unknown_arms": {},
    "outside": 0,
}
SETTINGS: dict[str, Any] = {
    "alpha": 0.05,
    "power": 0.8,
    "alpha_deterioration": 0.01,
    "units": 160_000,
    "spending": "power-2",
    "looks": "every 7d",
    "test": "welch",
    "lift": "fieller",
    "zone": "UTC",
    "cuped": {"retention_week_4": "14d", "minutes_per_user": "14d", "skip_rate": None},
}
HYPOTHESIS = (
    "People listen for hours and want other music at other moments. If the start page offers it, more of them stay."
)


def checks(*more: Check) -> list[Check]:
    """Return the checks that pass, and some that don't."""
    passed = [
        Check(code="srm", status="ok", text="Units are split as planned (50 : 50): p = 0.75.", p_value=0.75),
        Check(
            code="crossovers", status="ok", text="4 of 160,104 units were seen in two arms, evenly; they count in none."
        ),
        Check(code="freshness", status="ok", text="listening reaches to 31 May 2015, a minute before the cut-off."),
        Check(code="zone", status="ok", text="Zoneless times of listening were read in UTC."),
    ]
    return [*more, *passed]


def answer(verdicts: list[Verdict], results: list[Result], **more: Any) -> Answer:
    """Return an answer of the story's experiment."""
    units = {"control": results[0].control.units} | {row.arm: row.treatment.units for row in results if not row.segment}
    fields: dict[str, Any] = {
        "experiment": "moment-page",
        "title": "A start page for the moment",
        "owner": "start-page",
        "control": next(iter(units)),
        "hypothesis": HYPOTHESIS,
        "claims": "claims about New Zealand only",
        "as_of": "2015-06-01T00:00:00Z",
        "engine": Engine(twyman="0.1.0", warehouse="duckdb 2.0.0"),
        "look": LookView(
            number=6,
            planned=8,
            cutoff={"events": "2015-06-01T00:00:00Z", "arrivals": "2015-06-03T00:00:00Z"},
            information=0.71,
            reconstructed=False,
            next="2015-06-08T00:00:00Z",
        ),
        "health": Health(
            units=units,
            crossovers={"control": 3, "moments": 1},
            shares=dict.fromkeys(units, 1 / len(units)),
            checks=checks(),
            entrants=ENTRANTS,
            sources=SOURCES,
            exposed=exposed(units, 28),
        ),
        "series": _series(results),
        "settings": SETTINGS,
        "sql": [SQL],
    }
    return Answer(verdict=verdicts[0], verdicts=verdicts, results=results, **(fields | more))


def _series(results: Iterable[Result]) -> list[Series]:
    whole = [row for row in results if row.segment is None and row.relative and row.relative.se]
    looks = [series(row, by="look", count=6, first="2015-04-27") for row in whole]
    return looks + [series(row, by="exposure", count=28, first="2015-04-06") for row in whole]


def story() -> Answer:
    """The +6 % that nobody doubted: held by its ceiling and by the ads."""
    n_c, n_t = 80_113, 79_987
    retention = result(
        RETENTION,
        (share(n_c, 0.8001, 0.8003), share(n_t, 0.8489, 0.8486)),
        "superior",
        expectation=expected("above_ceiling", 5.2, holds=True),
        variance_reduction=0.118,
    )
    ads = result(ADS, (amount(n_c, 6.12, 3.9), amount(n_t, 0.04, 0.31)), "changed", within=0.02)
    minutes = result(
        MINUTES, (amount(n_c, 412.6, 388.0), amount(n_t, 441.9, 402.3)), "non_inferior", null=-0.01, side="lower"
    )
    skips = result(
        SKIPS,
        (amount(n_c, 0.2412, 0.31), amount(n_t, 0.2408, 0.31)),
        "inconclusive",
        direction="decrease",
        smallest_effect=0.0182,
    )
    searches = result(SEARCHES, (amount(n_c, 3.41, 5.2), amount(n_t, 3.46, 5.3)), "described", bound=None)
    reasons = [
        Reason(
            code="must_not_move_changed",
            metric="ads_per_hour",
            text="Ads per hour fell by 99.3 %, and this change can't touch ads: another change reaches the same units. "
            "List what else is live for this cohort, and compare it between the arms.",
        ),
        Reason(
            code="above_ceiling",
            metric="retention_week_4",
            text="Still listening in week 4 rose by 6.1 %, above its ceiling of 4 % (no page in 40 experiments moved "
            "it by more than 2.6 %): too good to be true until someone outside the team has signed it off.",
        ),
    ]
    note = Check(
        code="immature",
        status="note",
        metric="retention_week_4",
        text="4,212 of 160,100 units haven't lived through their window of 28 days and count from a later look on.",
    )
    warn = Check(
        code="pre_period",
        status="warn",
        p_value=0.0031,
        text="Before exposure, ads per hour already differed between the arms (p = 0.0031): "
        "treatment may have been given earlier than logged.",
    )
    whole = [retention, minutes, skips, ads, searches]
    made = answer(
        [Verdict(arm="moments", action="hold", reasons=reasons)], [*whole, *_segments(n_c, n_t)], series=_series(whole)
    )
    return msgspec.structs.replace(made, health=msgspec.structs.replace(made.health, checks=checks(note, warn)))


def _segments(n_c: int, n_t: int) -> list[Result]:
    cut = {"country": {"NZ": 0.94, "AU": 0.06}, "plan": {"free": 0.71, "premium": 0.29}}
    base = {"NZ": 0.0, "AU": 0.004, "free": -0.022, "premium": 0.055}
    lift = {"NZ": 0.049, "AU": 0.046, "free": 0.067, "premium": 0.003}
    rows: list[Result] = []
    for names, control, add, sd in ((RETENTION, 0.8, 1.0, 0.0), (MINUTES, 412.6, 590.0, 388.0)):
        for dimension, values in cut.items():
            for value, part in values.items():
                before = control * (1 + base[value])
                after = before + add * lift[value]
                sides = (
                    (amount(round(n_c * part), before, sd), amount(round(n_t * part), after, sd))
                    if sd
                    else (share(round(n_c * part), before), share(round(n_t * part), after))
                )
                rows.append(
                    result(names, sides, "described", bound=None, segment=Segment(dimension=dimension, value=value))
                )
    return rows


def ships() -> Answer:
    """A change that does what was hoped, within what was expected."""
    n_c, n_t = 80_113, 79_987
    retention = result(
        RETENTION,
        (share(n_c, 0.8001, 0.8003), share(n_t, 0.8139, 0.8141)),
        "superior",
        expectation=expected("within", -0.2),
        variance_reduction=0.118,
    )
    minutes = result(
        MINUTES, (amount(n_c, 412.6, 388.0), amount(n_t, 418.9, 390.1)), "non_inferior", null=-0.01, side="lower"
    )
    skips = result(
        SKIPS,
        (amount(n_c, 0.2412, 0.31), amount(n_t, 0.2408, 0.31)),
        "inconclusive",
        direction="decrease",
        smallest_effect=0.0182,
    )
    ads = result(ADS, (amount(n_c, 6.12, 3.9), amount(n_t, 6.13, 3.9)), "unmoved", within=0.02, smallest_effect=0.0089)
    reasons = [
        Reason(
            code="goal_met",
            metric="retention_week_4",
            text="Still listening in week 4 rose by 1.7 %, within what was expected (0.5 % to 3 %).",
        ),
        Reason(code="guardrails", text="Minutes listened is shown not to have lost more than its margin of 1 %."),
        Reason(code="sound", text="No metric deteriorated, and the data are sound."),
    ]
    look = LookView(
        number=8,
        planned=8,
        cutoff={"events": "2015-06-15T00:00:00Z", "arrivals": "2015-06-17T00:00:00Z"},
        information=1.02,
        reconstructed=False,
        final=True,
    )
    return answer(
        [Verdict(arm="moments", action="ship", reasons=reasons)],
        [retention, minutes, skips, ads],
        look=look,
        as_of="2015-06-17T00:00:00Z",
        claims="",
    )


def triggered() -> Answer:
    """Households were drawn, and their listeners are analysed from the first search on: a third of all exposed."""
    whole, kept = {"control": 80_113, "moments": 79_987}, {"control": 26_704, "moments": 26_662}
    reached, drawn = 1 / 3, {"control": 19_220, "moments": 19_164}

    def spread(one: Result) -> Result:
        sides = [
            replace(side, clusters=drawn[arm]) for side, arm in ((one.control, "control"), (one.treatment, one.arm))
        ]
        if one.metric == "skip_rate":
            why = Why(
                code="not_additive", text="a ratio over all exposed needs the values of units that never triggered"
            )
            return replace(one, control=sides[0], treatment=sides[1], diluted=Effect(estimate=None, reason=why))
        assert one.absolute is not None
        assert one.absolute.estimate is not None
        assert one.absolute.se is not None
        estimate, se = one.absolute.estimate * reached, one.absolute.se * reached
        everybody = Effect(
            estimate=estimate, se=se, fixed=interval(estimate, se, Z, 0.95), repeated=interval(estimate, se, 2.24, 0.95)
        )
        return replace(one, control=sides[0], treatment=sides[1], diluted=everybody)

    found = ships()
    step = {"kind": "trigger", "name": "searches", "of": whole, "kept": kept}
    clusters = {"by": "household", "exposed": drawn, "crossed": {}, "analysed": drawn, "moved": 0, "lost": 0}
    results = [
        spread(
            result(
                (one.metric, one.title, one.role),
                tuple(
                    replace(side, units=kept[arm]) for side, arm in ((one.control, "control"), (one.treatment, one.arm))
                ),
                one.decision.state if one.decision else "inconclusive",
            )
        )
        for one in found.results
    ]
    return replace(found, health=replace(found.health, units=kept, kept=[step], clusters=clusters), results=results)


def aborts() -> Answer:
    """The launch to 1 % in four markets: retention falls."""
    n_c, n_t = 75_210, 74_981
    retention = result(
        RETENTION,
        (share(n_c, 0.8004), share(n_t, 0.7918)),
        "deteriorated",
        expectation=expected("far", -3.4),
        variance_reduction=0.11,
    )
    minutes = result(
        MINUTES,
        (amount(n_c, 412.6, 388.0), amount(n_t, 405.1, 380.3)),
        "inconclusive",
        null=-0.01,
        side="lower",
        smallest_effect=0.0131,
    )
    ads = result(ADS, (amount(n_c, 6.12, 3.9), amount(n_t, 6.11, 3.9)), "unmoved", within=0.02, smallest_effect=0.0089)
    reason = Reason(
        code="deteriorated",
        metric="retention_week_4",
        text="Still listening in week 4 fell by 1.1 %, on sound data. "
        "Return everybody to control, then find which part of the bundle hurts.",
    )
    return answer([Verdict(arm="moments", action="abort", reasons=[reason])], [retention, minutes, ads], claims="")


def three_arms() -> Answer:
    """Two treatments with two verdicts, and a metric that can't be estimated."""
    n = {"control": 33_402, "cards": 33_288, "video": 33_511}
    good = result(
        RETENTION,
        (share(n["control"], 0.8001), share(n["cards"], 0.8066)),
        "inconclusive",
        arm="cards",
        smallest_effect=0.0114,
    )
    bad = result(RETENTION, (share(n["control"], 0.8001), share(n["video"], 0.7902)), "deteriorated", arm="video")
    minutes = [
        result(
            MINUTES,
            (amount(n["control"], 412.6, 388.0), amount(n[arm], mean, 388.0)),
            state,
            arm=arm,
            null=-0.01,
            side="lower",
            **({"smallest_effect": 0.0204} if state == "inconclusive" else {}),
        )
        for arm, mean, state in (("cards", 420.4, "non_inferior"), ("video", 409.0, "inconclusive"))
    ]
    verdicts = [
        Verdict(
            arm="video",
            action="abort",
            reasons=[
                Reason(
                    code="deteriorated",
                    metric="retention_week_4",
                    text="Still listening in week 4 fell by 1.2 %, on sound data. "
                    "Return everybody of this arm to control.",
                )
            ],
        ),
        Verdict(
            arm="cards",
            action="continue",
            reasons=[
                Reason(
                    code="not_yet",
                    text="No bound is crossed at look 6 of 8 with 71 % of the planned information. "
                    "The next look is on 8 June 2015.",
                )
            ],
        ),
    ]
    results = [good, bad, *minutes, not_estimable("cards", n), not_estimable("video", n)]
    made = answer(verdicts, results)
    return msgspec.structs.replace(made, health=msgspec.structs.replace(made.health, crossovers=dict.fromkeys(n, 0)))


def not_estimable(arm: str, units: dict[str, int]) -> Result:
    """A metric whose number doesn't exist, and why."""
    return Result(
        metric="party_minutes",
        title="Minutes in party mode",
        role="information",
        arm=arm,
        segment=None,
        direction="increase",
        method=None,
        control=Side(units=units["control"], mean=0.0),
        treatment=Side(units=units[arm], mean=0.0),
        absolute=None,
        relative=None,
        reason=Why(
            code="no_variance",
            text="no unit varies: every unit of both arms has the value 0. Was the mode switched on?",
        ),
    )


def units_table() -> Answer:
    """A table of units without dates: one look, no history."""
    visit = result(
        ("visit", "Visited the site", "success"),
        (share(21_306, 0.1062), share(21_387, 0.1514)),
        "superior",
        arm="womens",
        bound=None,
    )
    mens = result(
        ("visit", "Visited the site", "success"),
        (share(21_306, 0.1062), share(21_307, 0.1828)),
        "superior",
        arm="mens",
        bound=None,
    )
    spend = result(
        ("spend", "Dollars spent", "success"),
        (amount(21_306, 0.6528, 11.59), amount(21_387, 1.0772, 15.64)),
        "superior",
        arm="womens",
        bound=None,
    )
    verdicts = [
        Verdict(
            arm=arm,
            action="ship",
            reasons=[Reason(code="goal_met", metric="visit", text=f"Visited the site rose by {up}.")],
        )
        for arm, up in (("womens", "42.5%"), ("mens", "72.1%"))
    ]
    look = LookView(number=1, planned=1, cutoff=None, information=None, reconstructed=False, final=True)
    units = {"control": 21_306, "womens": 21_387, "mens": 21_307}
    health = Health(
        units=units,
        crossovers={},
        shares=dict.fromkeys(units, 1 / 3),
        checks=checks()[:1],
        entrants={"rows": 64_000, "units": 64_000},
    )
    return answer(
        verdicts,
        [visit, mens, spend],
        experiment="hillstrom",
        title="Two e-mails to last year's customers",
        owner="",
        hypothesis="",
        claims="",
        look=look,
        health=health,
        series=[],
    )


def hostile() -> Answer:
    """Names and reasons that try to be markup."""
    script = "<script>alert('x')</script>[bold]&amp;"
    made = aborts()
    verdict = Verdict(arm=script, action="abort", reasons=[Reason(code=script, text=script, metric=script)])
    renamed = [msgspec.structs.replace(row, title=script, metric=script, arm=script) for row in made.results]
    units = {script + "control": 75_210, script: 74_981}
    health = msgspec.structs.replace(
        made.health,
        units=units,
        shares=dict.fromkeys(units, 0.5),
        checks=[Check(code=script, status="warn", text=script)],
        exposed=exposed(units, 4),
        entrants={script: script},
        sources=[{"source": script}],
    )
    lines = [msgspec.structs.replace(line, metric=script, arm=script) for line in made.series]
    return msgspec.structs.replace(
        made,
        experiment=script,
        title=script,
        owner=script,
        hypothesis=script,
        claims=script,
        verdict=verdict,
        verdicts=[verdict],
        health=health,
        results=renamed,
        series=lines,
        settings={script: {script: [script]}},
        sql=[script],
    )


ALL = {
    "ships": ships,
    "triggered": triggered,
    "story": story,
    "aborts": aborts,
    "three_arms": three_arms,
    "units_table": units_table,
    "hostile": hostile,
}
"""Every sample, by name."""
