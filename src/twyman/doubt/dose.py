"""Is there an effect where nothing was delivered?

Who met the change and who didn't aren't alike: comparing them says nothing of the change. What was fixed before
exposure is: among the units of a platform, a country or a day that hardly any unit of a treatment met the change in,
both arms are as the draw made them, and a change that nobody met moves nothing. If the arms differ there
nevertheless, something else than the treatment does it, or the facts that show delivery are missing there.

Method: where at most 1 % met the change (the 95 % bound of Clopper and Pearson, so of 299 units or more), effects are
averaged by units; of that average is taken what those few could do, if it did to them what it did elsewhere (Wald's
ratio of effect and dose, at the far end of its 95 % interval), and the rest is held against its standard error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from scipy.special import betaincinv, ndtr

from twyman.doubt.check import Check, Status, p_text, share_text, tier
from twyman.stats.estimate import Contrast

HARDLY = 0.01
"""Share of an arm that may have met the change, where hardly anybody did: the upper end of what the count allows."""
MUCH = 0.2
"""By how much more of the treatment than of control met it, from which on an effect elsewhere is told by it."""
SURE, FAR = 0.95, 1.96
SHOWN = 3
"""Values named in a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosed:
    """One value of what was fixed before exposure: the effect there, and how many met the change.

    Attributes:
        value: The value; `""` for everybody.
        effect: The absolute effect there, with an error above 0.
        treatment, control: Units that met the change, and all units.
    """

    value: str
    effect: Contrast
    treatment: tuple[int, int]
    control: tuple[int, int]

    @property
    def dose(self) -> float:
        """By how much more of the treatment than of control met the change."""
        return _share(*self.treatment) - _share(*self.control)

    @property
    def most(self) -> float:
        """The largest share that may have met it in either arm."""
        return max(_upper(*self.treatment), _upper(*self.control))

    @property
    def nobody(self) -> bool:
        """Whether no unit met it in either arm."""
        return not self.treatment[0] and not self.control[0]

    @property
    def weight(self) -> float:
        """What the comparison weighs by its units."""
        treated, others = self.treatment[1], self.control[1]
        return treated * others / (treated + others)


def dose_incoherent(
    metric: str, arm: str, by: str, cells: Sequence[Dosed], *, what: str, checks: int = 1
) -> Check | None:
    """Test whether a metric moves where hardly anybody met the change.

    Args:
        metric: The metric.
        arm: The treatment.
        by: What the cells are values of, fixed before exposure; `""` where the one cell is everybody.
        cells: The effect and the delivery in each value.
        what: What is met, in words of the definition.
        checks: How many such checks are made: the loudness is by p times their number (Bonferroni).

    Returns:
        The check, a warning at most; `None` where the change was met everywhere, or too few units tell.

    Example:
        >>> phone = Dosed(value="phone", effect=Contrast(0.3, 0.1, None), treatment=(900, 1000), control=(0, 1000))
        >>> desk = Dosed(value="desk", effect=Contrast(0.5, 0.1, None), treatment=(0, 1000), control=(0, 1000))
        >>> seen = dose_incoherent("songs", "page", "device", [phone, desk], what="opened")
        >>> seen.status, seen.detail["values"]
        (<Status.WARN: 'warn'>, ['desk'])

    References:
        Angrist, J. D., Imbens, G. W. and Rubin, D. B. (1996). Identification of causal effects using instrumental
        variables. Journal of the American Statistical Association 91.

    See docs/explanation/root-causes.md
    """
    reached = [cell for cell in cells if cell.dose >= MUCH]
    missed = [cell for cell in cells if cell.most <= HARDLY and (reached or cell.nobody)]
    if not missed:
        return None
    there, elsewhere = _average(missed), _average(reached) if reached else None
    spared = _dose(missed, most=True) * _per_dose(elsewhere, _dose(reached)) if elsewhere else 0.0
    p_value = min(1.0, 2 * float(ndtr(-max(abs(there.estimate) - spared, 0.0) / there.se)) * checks)
    status = tier(p_value, loudest=Status.WARN)
    detail: dict[str, object] = {
        "by": by,
        "values": [cell.value for cell in missed],
        "met": _share(*map(sum, zip(*(cell.treatment for cell in missed), strict=True))),
        "effect": there.estimate,
        "se": there.se,
        "explained": spared,
        "met_elsewhere": _dose(reached) if reached else None,
        "effect_elsewhere": elsewhere.estimate if elsewhere else None,
    }
    text = f"{metric}: {_where(by, missed)} hardly anybody of {arm} met {what}"
    if status is Status.OK:
        text = f"{text}, and no effect is seen there ({p_text(p_value)})."
    else:
        text = (
            f"{text} ({share_text(float(str(detail['met'])))}), and yet it differs from control by "
            f"{there.estimate:+.3g} there ({p_text(p_value)}){_beside(elsewhere)}. A change that nobody met moves "
            f"nothing: another flag, test or release with the same split does, or {what} isn't logged there. Count "
            "it there, and compare what else those units were served."
        )
    return Check(
        code="dose_incoherent", status=status, text=text, p_value=p_value, metric=metric, arm=arm, detail=detail
    )


def _share(met: int, units: int) -> float:
    return met / units if units else 0.0


def _upper(met: int, units: int) -> float:
    """Return the largest share of which so few are still seen in one of twenty samples (Clopper and Pearson)."""
    return float(betaincinv(met + 1, units - met, SURE)) if met < units else 1.0


def _average(cells: Sequence[Dosed]) -> Contrast:
    """Return the effect of cells together, weighed by their units, which no outcome tells."""
    total = sum(cell.weight for cell in cells)
    effect = sum(cell.weight * cell.effect.estimate for cell in cells) / total
    return Contrast(effect, sqrt(sum((cell.weight * cell.effect.se) ** 2 for cell in cells)) / total, None)


def _dose(cells: Sequence[Dosed], *, most: bool = False) -> float:
    total = sum(cell.weight for cell in cells)
    return sum(cell.weight * (cell.most if most else cell.dose) for cell in cells) / total


def _per_dose(effect: Contrast, dose: float) -> float:
    """Return the most that a unit's meeting the change may have moved."""
    return (abs(effect.estimate) + FAR * effect.se) / dose


def _where(by: str, cells: Sequence[Dosed]) -> str:
    if not by:
        return "at all,"
    names = [cell.value for cell in cells]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"with {by} = {', '.join(names[:SHOWN])}{more}"


def _beside(elsewhere: Contrast | None) -> str:
    return f"; by {elsewhere.estimate:+.3g} where it was met" if elsewhere else ""
