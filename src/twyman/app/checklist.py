"""What to look into before anybody signs a surprise off: likeliest causes first, named as this experiment has them."""

from collections.abc import Iterator

from twyman.app.expected import Seen
from twyman.app.ports import Measured
from twyman.app.trial import Trial
from twyman.experiments.expectation import Scale
from twyman.experiments.experiment import Experiment, Role


def checklist(experiment: Experiment, trial: Trial, measured: Measured, seen: Seen | None) -> tuple[str, ...]:
    """Return the steps between a held surprise and its signature."""
    return tuple(_steps(experiment, trial, measured, seen))


def _steps(experiment: Experiment, trial: Trial, measured: Measured, seen: Seen | None) -> Iterator[str]:
    arms = f"'{trial.arm}' and '{experiment.control.name}'"
    unmoved = [one.metric for one in experiment.with_role(Role.MUST_NOT_MOVE)]
    yield (
        f"Does another flag or experiment differ between {arms}? Check 'coexposure' lists what these units met; "
        "settings that log no exposure have to be asked for."
    )
    if unmoved:
        yield f"Did what must not move stay where it was: {', '.join(unmoved)}?"
    yield f"Is {_sources(experiment, trial)} logged the same way in {arms}, by the same version?"
    if experiment.trigger is not None:
        yield f"Does every arm log the trigger '{experiment.trigger.facts}' alike, also where it shows nothing new?"
    yield f"Who entered: {_entrants(measured)}. Did units drop out of one arm, or enter it late?"
    within = f"every {' and '.join(experiment.dimensions)}" if experiment.dimensions else "every market and platform"
    yield f"Does the effect show in {within}, and from the first day on?"
    yield _signature(trial, seen)


def _sources(experiment: Experiment, trial: Trial) -> str:
    return " and ".join(f"'{name}'" for name in trial.metric.facts or (experiment.source,))


def _entrants(measured: Measured) -> str:
    units = ", ".join(f"{count:,} units in {arm}" for arm, count in measured.units.items())
    crossed, out = sum(measured.crossovers.values()), sum(measured.entrants.left_out.values())
    more = [f"{crossed:,} in two arms"] if crossed else []
    more += [f"{out:,} rows left out by the filter of the source"] if out else []
    return "; ".join([units, *more])


def _signature(trial: Trial, seen: Seen | None) -> str:
    expectation = trial.tracked.expectations.get(trial.arm)
    absolute = expectation is not None and expectation.scale is Scale.ABSOLUTE
    estimate = "…" if seen is None else f"{seen.estimate:.4g}" if absolute else f"{seen.estimate * 100:.3g}%"
    return (
        "With each explained, somebody outside the team writes it into the experiment's file: sign_off: {metric: "
        f"{trial.tracked.metric}, arm: {trial.arm}, by: …, on: …, estimate: {estimate}, because: …}}"
    )
