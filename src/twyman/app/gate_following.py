"""Another flag that asks for an experiment's own: does it differ between the arms for that reason?"""

from collections.abc import Collection

from msgspec.structs import replace

from twyman.app.gate_sight import Entrants, Sight
from twyman.doubt.gate.joint import Table, counted


def without(sight: Sight, entrants: Entrants, flag: str, places: Collection[int]) -> Table:
    """Return an experiment's units by arm and value of another flag, had that flag not some of its rules.

    Args:
        sight: The sample, and the state as it would be.
        entrants: The experiment's units.
        flag: The other flag.
        places: Its rules that are left out.
    """
    whole = sight.state.flags[flag]
    rules = tuple(replace(rule, enabled=False) if place in places else rule for place, rule in enumerate(whole.rules))
    state = replace(sight.state, flags={**sight.state.flags, flag: replace(whole, rules=rules)})
    answers, values = sight.sample.under(state, sight.environments)(flag), sight.flags[flag].values
    codes = values.codes(answers.names)[answers.variants[entrants.rows]]
    return counted(entrants.arms, codes, of_arms=len(entrants.names), of_values=values.count)
