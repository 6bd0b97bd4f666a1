"""Did units come through: assigned, exposed, met by what the treatment is about, with facts?"""

from collections.abc import Mapping

from twyman.doubt.check import BLOCK, Check, Status, p_text, share_text
from twyman.stats.balance import srm
from twyman.stats.estimate import NotEstimable
from twyman.stats.lift import absolute
from twyman.stats.moments import Moments
from twyman.stats.proportion import proportions


def stage(counts: Mapping[str, Mapping[str, int]], shares: Mapping[str, float]) -> Check | None:
    """Name the stage at which the split leaves its plan: assigned, exposed, with facts.

    Args:
        counts: Units by arm, by stage in order.
        shares: Planned share of each arm.

    Example:
        >>> found = stage({"assigned": {"a": 5000, "b": 5010}, "exposed": {"a": 4990, "b": 4500}}, {"a": 0.5, "b": 0.5})
        >>> found.status, found.detail["stage"]
        (<Status.BLOCK: 'block'>, 'exposed')

    See docs/explanation/root-causes.md
    """
    p_values = dict[str, float]()
    for name, units in counts.items():
        balance = srm([units.get(arm, 0) for arm in shares], list(shares.values()))
        if not isinstance(balance, NotEstimable):
            p_values[name] = balance.p_value
    if len(p_values) < 2:
        return None
    least = min(1.0, min(p_values.values()) * len(p_values))
    first = next((name for name, p in p_values.items() if p < BLOCK), None)
    if first == "exposed" and "assigned" not in counts:  # nothing is known of the stage before: `srm` says it
        return None
    status = Status.OK if first is None else Status.WARN if first == WITH_FACTS else Status.BLOCK
    said = ", ".join(f"{name} {p_text(p)}" for name, p in p_values.items())
    text = f"The split is as planned at every stage: {said}."
    if first is not None:
        text = f"The split leaves its plan at stage '{first}' ({said}): {_LAYER[first]}"
    detail: dict[str, object] = {
        "stage": first,
        "p_values": p_values,
        "units": {name: dict(units) for name, units in counts.items()},
    }
    return Check(code="srm_stage", status=status, text=text, p_value=least, detail=detail)


WITH_FACTS = "with facts"
_LAYER = {
    "assigned": "the draw itself, or the ids that it is drawn by. Recompute the assignment of some ids.",
    "exposed": "units are lost between assignment and exposure. Look at redirects, crashes, load times, and at how "
    "each arm logs exposures.",
    WITH_FACTS: "units are lost between exposure and facts, or the change makes them do nothing. Look for facts that "
    "find no unit.",
}


def delivery(treatment: tuple[str, int, int], control: tuple[str, int, int], *, what: str) -> Check:
    """Judge whether what the treatment is about was met by its units, and not by control's.

    Args:
        treatment: Its name, units that met it after exposure, all units.
        control: The same of control.
        what: What is met, in words of the definition.

    Example:
        >>> delivery(("page", 950, 1000), ("control", 0, 1000), what="opened").status
        <Status.OK: 'ok'>
        >>> delivery(("page", 0, 1000), ("control", 0, 1000), what="opened").code
        'not_delivered'

    See docs/explanation/root-causes.md
    """
    (arm, met, units), (base, others_met, others) = treatment, control
    reached, leaked = met / units if units else 0.0, others_met / others if others else 0.0
    pair = proportions(Moments.binary(met, units), Moments.binary(others_met, others), test="score")
    p_value = 1.0 if isinstance(pair, NotEstimable) else absolute(pair).p_value
    found = f"{share_text(reached)} of {arm} and {share_text(leaked)} of {base} met {what} ({p_text(p_value)})"
    detail: dict[str, object] = {
        "treatment": reached,
        "control": leaked,
        "delivered": reached - leaked,
        "met": {arm: met, base: others_met},
        "of": {arm: units, base: others},
    }
    code, status, text = "delivery", Status.OK, f"{found}."
    if units + others >= 2 * TOLD and (reached <= leaked or p_value >= BLOCK):
        code, status = "not_delivered", Status.BLOCK
        text = f"{found}: the treatment isn't delivered, and no metric can show what it does. Correct the release."
    elif leaked > LEAKED:
        code, status = "contaminated", Status.WARN
        text = f"{found}: control met it, too, so that the effect is thinned out by about {share_text(leaked)}."
    elif units and reached < DELIVERED:
        code, status = "partly_delivered", Status.WARN
        text = (
            f"{found}: effects are of being offered it, thinned out to {share_text(reached)}. A cache, an old client, "
            "or a place that few reach? If few reach it by design, trigger the analysis there."
        )
    tested = None if code == "contaminated" else p_value  # that the arms differ in it is no evidence of a mixture
    return Check(code=code, status=status, text=text, p_value=tested, arm=arm, detail=detail)


TOLD = 20
"""Units an arm below which nobody can say that nothing is delivered."""
DELIVERED, LEAKED = 0.8, 0.02
"""Share of a treatment that meets it, below which it is partly delivered; of control, above which it is mixed up."""
