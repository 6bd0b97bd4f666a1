"""The lab's machinery: it reads the product from outside, counts what it says, and writes down what it learned."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faultlab.evidence import BINS, bins
from faultlab.faults.registry import CAUSES, FAULTS
from faultlab.fit import CHANCE, MEANS, ODDLY, PRIORS, counted, sharpness, signatures, threshold, write
from faultlab.lab import FIRST, keep, kept, planned, run_all
from faultlab.learned import Learned, learned
from faultlab.outcome import outcome
from faultlab.posterior import HEALTHY, named, posterior
from faultlab.report import BEGIN, END, between, insert, report

from faultlab import experiment

ROOT = Path(__file__).resolve().parents[2]


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_lab_knows_the_product_by_its_face_only() -> None:
    files = [*(ROOT / "faultlab").rglob("*.py")]
    asked = {name for path in files for name in imported(path) if name.startswith("twyman")}

    assert len(files) > 20
    assert asked == {"twyman"}


def check(code: str, status: str = "ok", p_value: float | None = None) -> dict[str, Any]:
    return {"code": code, "status": status, "p_value": p_value}


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([check("srm", "ok", 0.2)], "ok"),
        ([check("srm", "block", 1e-7)], "extreme"),
        ([check("srm", "block", 1e-13)], "certain"),
        ([check("crossovers", "block", 0.6)], "block"),
        ([check("freshness", "warn")], "warn"),
        ([check("telemetry_volume", "note", 1e-9)], "note"),
        ([check("pre_period", "ok", 0.5), check("pre_period", "warn", 0.004)], "warn"),
    ],
)
def test_evidence_is_the_loudest_status_and_beyond_a_block_the_p_value(
    checks: list[dict[str, Any]], expected: str
) -> None:
    (place,) = bins({"health": {"checks": checks}}).values()

    assert BINS[place] == expected


def test_doubts_of_results_are_evidence_and_those_of_health_count_once() -> None:
    doubts = [check("must_not_move", "block", 1e-4), check("srm", "block", 1e-20)]
    said = {"health": {"checks": [check("srm", "ok", 0.3)]}, "dossier": {"doubts": doubts}}

    assert bins(said) == {"srm": BINS.index("ok"), "must_not_move": BINS.index("block")}


def reading(*, day: int = 14, action: str = "end", probability: float | None = None, **seen: int) -> dict[str, Any]:
    causes = [["redirect_loss", 0.6], ["leak", 0.3], ["bot", 0.1]] if probability is not None else []
    return {
        "day": day,
        "units": 100 * day,
        "action": action,
        "reasons": ["doubtful"] if (probability or 0) >= 0.5 else ["no_effect"],
        "bins": seen,
        "alarms": ["srm"] if seen.get("srm", 0) > 2 else [],
        "srm": 1e-4 if seen.get("srm", 0) > 3 else 0.5,
        "probability": probability,
        "causes": causes,
    }


def record(fault: str, *readings: dict[str, Any], matters: bool = True, healthy: float = 0.0) -> dict[str, Any]:
    seen = {"lift": 0.6 if fault == "bot" else 0.01, "se": 0.01}
    return {
        "fault": fault,
        "matters": matters,
        "calibrated": True,
        "users": 1_400,
        "healthy": {"lift": healthy, "se": 0.01},
        "damaged": seen,
        "readings": list(readings),
    }


def training() -> list[dict[str, Any]]:
    quiet = [record("", reading(srm=1, freshness=1)) for _ in range(300)]
    lost = [record("redirect_loss", reading(srm=5, freshness=1)) for _ in range(20)]
    unseen = [record("redirect_loss", reading(srm=1, freshness=1)) for _ in range(20)]
    return [*quiet, *lost, *unseen]


def test_signatures_are_probabilities_and_say_what_was_counted() -> None:
    found = signatures(counted(training()))

    assert set(found) == {HEALTHY, *CAUSES} == set(PRIORS)
    assert len({frozenset(rows) for rows in found.values()}) == 1
    assert {"srm", "freshness", *MEANS} == set(found[HEALTHY])
    assert all(
        sum(row) == pytest.approx(1, abs=0.02) and min(row) > 0 for rows in found.values() for row in rows.values()
    )
    assert found["redirect_loss"]["srm"][BINS.index("extreme")] == pytest.approx(20.5 / 43.5, abs=0.01)
    assert found["redirect_loss"]["freshness"] == found[HEALTHY]["freshness"]
    assert found["cache"]["srm"] == found[HEALTHY]["srm"]
    assert pytest.approx(1) == CHANCE.sum()
    assert found[HEALTHY]["srm"][BINS.index("extreme")] < 0.002


def test_evidence_names_the_cause_that_it_was_counted_under() -> None:
    found = signatures(counted(training()))
    probability, causes = named(posterior({"srm": 5, "freshness": 1}, found, PRIORS, ODDLY))
    calm, _ = named(posterior({"srm": 1, "freshness": 1}, found, PRIORS, ODDLY))

    assert causes[0] == "redirect_loss"
    assert probability > 0.9
    assert calm < 0.05
    assert named(posterior({"srm": 5, "freshness": 1}, found, PRIORS, ODDLY, 0.1))[0] < probability


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    records = training()
    found = signatures(counted(records))
    sharp = sharpness(records, found)
    write(tmp_path / "signatures.py", found, sharp, threshold(records, found, sharp))

    known = learned(tmp_path / "signatures.py")
    assert known.signatures == found
    assert known.priors == pytest.approx(PRIORS, rel=1e-5)
    assert known.sharpness == sharp
    assert 0 < known.threshold < 1


def knowledge() -> Learned:
    found = signatures(counted(training()))
    return Learned(found, PRIORS, ODDLY, 1.0, 0.5)


def test_a_fault_is_caught_by_a_hold_or_by_its_probability_before_the_decision() -> None:
    held = outcome(record("bot", reading(day=2, action="continue", srm=1), reading(action="hold", srm=1)), knowledge())
    said = outcome(record("bot", reading(day=2, action="continue", srm=5), reading(srm=1)), knowledge())
    missed = outcome(record("bot", reading(day=2, action="continue", srm=1), reading(srm=1)), knowledge())

    assert held.doubted is not None
    assert held.doubted["day"] == 14
    assert said.doubted is not None
    assert said.doubted["day"] == 2
    assert missed.doubted is None
    assert missed.by_cap
    assert not missed.by_generic


def test_the_products_own_probability_goes_before_the_labs() -> None:
    own = outcome(record("redirect_loss", reading(probability=0.9, srm=1)), knowledge())
    calm = outcome(record("redirect_loss", reading(probability=0.1, srm=6)), knowledge())

    assert own.by_product
    assert own.named
    assert own.probability == 0.9
    assert calm.doubted is None


def test_the_report_counts(tmp_path: Path) -> None:
    turned = [record("redirect_loss", reading(srm=place), healthy=0.03) for place in (6, 1)]
    records = [*training(), *turned, record("bot", reading(srm=1), matters=False)]
    text = report(records, knowledge())
    (row,) = [line for line in text.splitlines() if line.startswith("| Redirect")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]

    assert cells[1:8] == ["42", "100 %", "50 % [35, 65]", "4.8 %", "50 % [6, 94]", "50 %", "1,400"]
    assert cells[9:12] == ["100 %", "100 %", "50 %"]
    assert "| 80 % intervals of owners cover 80 % | 300 | 0 % [0.0, 0.8] |" in text
    assert "differ by" in text
    assert "| `srm` | block | 21 | 0 | " in text
    page = tmp_path / "page.md"
    page.write_text(f"# Doubt\n\n{BEGIN}\nold\n{END}\n\nrest\n")
    insert(page, text)
    insert(page, text)
    assert page.read_text() == f"# Doubt\n\n{BEGIN}\n\n{text}\n{END}\n\nrest\n"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert between(0, 0) == "–"


def test_experiments_are_dealt_evenly_and_training_is_apart() -> None:
    jobs = planned(3_000, "train")
    counts = {name: sum(fault == name for _, fault in jobs) for name in ("", *FAULTS)}

    assert counts[""] == 900
    assert max(counts[name] for name in FAULTS) - min(counts[name] for name in FAULTS) <= 1
    assert len({seed for seed, _ in jobs}) == 3_000
    assert not {seed for seed, _ in jobs} & {seed for seed, _ in planned(3_000, "report")}
    assert set(FIRST) == {"train", "report"}


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    keep(iter([{"seed": 1}, {"seed": 2}]), path)
    path.write_text(path.read_text() + '{"seed": 3, "fau')

    assert kept(path) == [{"seed": 1}, {"seed": 2}]
    assert keep(iter([{"seed": 3}]), path, kept(path)) == [{"seed": 1}, {"seed": 2}, {"seed": 3}] == kept(path)
    assert kept(tmp_path / "none.jsonl") == []


def test_the_product_reads_a_healthy_world_and_an_aliased_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    jobs = [(5, ""), (5, "aliased_twin")]
    healthy, twin = keep(run_all(jobs, workers=1), tmp_path / "kept" / "some.jsonl")

    assert kept(tmp_path / "kept" / "some.jsonl") == [healthy, twin]
    assert [one["readings"][0]["day"] for one in (healthy, twin)] == [2, 2]
    assert healthy["readings"][0]["action"] == "continue"
    assert twin["readings"][0]["action"] == "hold"
    assert healthy["healthy"] == healthy["damaged"]
    assert twin["healthy"]["lift"] == pytest.approx(healthy["healthy"]["lift"], abs=2 * healthy["healthy"]["se"])
    assert twin["matters"]
    assert not (tmp_path / ".twyman").exists()
    assert np.isfinite(twin["damaged"]["lift"])
    again = experiment.run(5)["readings"]
    assert [(one["action"], one["bins"]) for one in again] == [
        (one["action"], one["bins"]) for one in healthy["readings"]
    ]
