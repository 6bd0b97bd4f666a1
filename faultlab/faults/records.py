"""Faults of the records: what is logged, joined and left out after everything has happened."""

import numpy as np

from faultlab.trial import HISTORY
from faultlab.world import DAY, NEVER, Facts, World


def bot(made: World, size: float, chance: np.random.Generator) -> None:
    """Let one unit of an arm play day and night: thousands of rows, from its exposure on."""
    user = _one(made, chance)
    rows = int(size)
    start = made.epoch + DAY * made.exposed[user] + DAY // 2
    at = start + chance.integers(6 * DAY, size=rows)
    songs = chance.integers(20, 60, size=rows)
    listening = Facts(
        np.full(rows, user), at, at + 60_000_000, {"songs": songs, "seconds": songs * 31, "skipped": songs * 0}
    )
    made.facts["listening"] = _joined(made.facts["listening"], listening)


def duplicate_events(made: World, size: float, chance: np.random.Generator) -> None:
    """Send rows of one arm twice: its client tries again where the answer is slow."""
    arm = bool(chance.random() < 0.8)
    for name, facts in made.facts.items():
        twice = _since(made, facts, treated=arm) & (chance.random(len(facts.user)) < size)
        made.facts[name] = _joined(facts, facts.rows(twice))


def telemetry(made: World, size: float, chance: np.random.Generator) -> None:
    """Log only a part of the rows of one arm, in every source: its new client drops batches."""
    arm = bool(chance.random() < 0.8)
    for name, facts in made.facts.items():
        lost = _since(made, facts, treated=arm) & (chance.random(len(facts.user)) < size)
        made.facts[name] = facts.rows(~lost)


def outlier(made: World, size: float, chance: np.random.Generator) -> None:
    """Count something a thousand times over in one row: a counter that was never set back."""
    user, facts = _one(made, chance), made.facts["listening"]
    rows = np.flatnonzero((facts.user == user) & _since(made, facts, treated=bool(made.treated[user])))
    for name in ("songs", "seconds"):
        facts.measures[name][rows[0]] = int(size * (1 if name == "songs" else 249))


def join_fan_out(made: World, size: float, chance: np.random.Generator) -> None:
    """Join facts to a table of devices, in which the treatment's new log-in adds a row: all of theirs count twice."""
    twice = made.treated & (made.exposed >= 0) & (chance.random(made.trial.users) < size)
    for name, facts in made.facts.items():
        made.facts[name] = _joined(facts, facts.rows(twice[facts.user]))


def clock_skew(made: World, size: float, chance: np.random.Generator) -> None:
    """Stamp facts of the treatment's client some hours off: what follows an exposure lies before it, or too late."""
    hours = size * chance.choice((-1, 1))
    wrong = made.users.version == chance.integers(2)
    for facts in made.facts.values():
        skewed = _since(made, facts, treated=True) & wrong[facts.user]
        facts.at[skewed] += int(hours * 3_600_000_000)


def post_exposure_filter(made: World, size: float, chance: np.random.Generator) -> None:
    """Analyse only who came back within two days: which the treatment moves some to do who'd have come later."""
    days = np.arange(made.trial.days)
    soon = (days > made.exposed[:, None]) & (days <= made.exposed[:, None] + 2)
    back = (made.visits & soon).any(axis=1)
    moved = made.treated & ~back & (chance.random(made.trial.users) < size)
    made.filter = back | moved


def _one(made: World, chance: np.random.Generator) -> int:
    """Return one unit, of the treatment in two of three cases."""
    arm = bool(chance.random() < 2 / 3)
    met = (made.exposed != NEVER) & (made.exposed < HISTORY + 3)
    return int(chance.choice(np.flatnonzero(met & (made.treated == arm))))


def _since(made: World, facts: Facts, *, treated: bool) -> np.ndarray:
    """Return which rows were logged of an arm since its units' exposure."""
    day = (facts.at - made.epoch) // DAY
    exposed = made.exposed[facts.user]
    return (made.treated[facts.user] == treated) & (exposed != NEVER) & (day >= exposed)


def _joined(facts: Facts, more: Facts) -> Facts:
    """Return the rows of both."""
    measures = {name: np.concatenate((values, more.measures[name])) for name, values in facts.measures.items()}
    return Facts(
        np.concatenate((facts.user, more.user)),
        np.concatenate((facts.at, more.at)),
        np.concatenate((facts.arrived, more.arrived)),
        measures,
    )
