"""Is who is analysed still a fair split: after segments left out, after a trigger, where clusters were drawn?

What is asked before exposure can't tell arms apart but by chance. A trigger comes after it, so that arms keep
comparable only where each of them logs it alike, shown or not (Kohavi, Tang and Xu 2020, chapter 20).
"""

from collections.abc import Mapping

from twyman.doubt.check import Check, Status, p_text, share_text, tier
from twyman.stats.balance import srm
from twyman.stats.estimate import NotEstimable

FEW_CLUSTERS = 40
"""Fewer clusters than this make the plain variance too small, and intervals too narrow."""
SHARED = 0.01
"""Share of ids of several owners beyond which the link is to be looked at."""


def balanced_step(kind: str, name: str, of: Mapping[str, int], kept: Mapping[str, int], *, clustered: bool) -> Check:
    """Test whether what was known before exposure leaves out as large a share of every arm.

    Args:
        kind: `population` or `exclude`.
        name: The segment left out.
        of: Units that came to this step, by arm.
        kept: Those that it kept.
        clustered: Whether units were drawn together: then counts of units vary more than this test allows for.
    """
    what = f"Leaving out '{name}'" if kind == "exclude" else "The population"
    shares = ", ".join(f"{share_text(kept[arm] / of[arm])} of {arm}" for arm in of if of[arm])
    found = f"{what} keeps {shares}"
    balance = srm([kept[arm] for arm in of if of[arm]], _parts(of))
    detail: dict[str, object] = {"of": dict(of), "kept": dict(kept), "segment": name}
    if isinstance(balance, NotEstimable):
        return Check(code=kind, status=Status.OK, text=f"{found}.", detail=detail)
    status = tier(balance.p_value, loudest=Status.NOTE if clustered else Status.BLOCK)
    text = f"{found} ({p_text(balance.p_value)})."
    if status is not Status.OK:
        text = (
            f"{text} What was known before exposure should be alike in all arms: "
            "look for attributes that one arm's code writes, or for units lost in one of them."
        )
    return Check(code=kind, status=status, text=text, p_value=balance.p_value, detail=detail)


def _parts(of: Mapping[str, int]) -> list[float]:
    total = sum(of.values())
    return [of[arm] / total for arm in of if of[arm]]


def triggered_ratio(
    triggered: Mapping[str, int], shares: Mapping[str, float], *, exposed: Mapping[str, int], of: str = "units"
) -> Check:
    """Compare what triggered in each arm with the planned shares, by Pearson's chi-square.

    Args:
        triggered: Units (or clusters) that reached the trigger, by arm.
        shares: Planned shares.
        exposed: Units that could have reached it.
        of: What is counted in `triggered`.

    Example:
        >>> seen = triggered_ratio({"a": 400, "b": 520}, {"a": 0.5, "b": 0.5}, exposed={"a": 1000, "b": 1000})
        >>> seen.status
        <Status.BLOCK: 'block'>
    """
    balance = srm([triggered.get(arm, 0) for arm in shares], list(shares.values()))
    counts = " : ".join(f"{triggered.get(arm, 0):,} {arm}" for arm in shares)
    detail: dict[str, object] = {"triggered": dict(triggered), "exposed": dict(exposed), "planned": dict(shares)}
    if isinstance(balance, NotEstimable):
        return Check(
            code="triggered_srm", status=Status.NOTE, text=f"The triggered split can't be checked: {balance.text}."
        )
    status = tier(balance.p_value)
    found = f"{counts} {of} reached the trigger ({p_text(balance.p_value)})"
    text = {
        Status.OK: f"The triggered split is as planned: {found}.",
        Status.NOTE: f"The triggered split is a little off: {found}. Fair splits do this once in 20 experiments.",
        Status.WARN: f"Mismatch among triggered {of} likely: {found}. Compare how arms log the trigger.",
        Status.BLOCK: f"Mismatch among triggered {of}: {found}. Triggered arms are not comparable: log the trigger "
        "alike in every arm, shown or not, or analyse all exposed.",
    }[status]
    return Check(code="triggered_srm", status=status, text=text, p_value=balance.p_value, detail=detail)


def missing_counterfactual(facts: str) -> Check:
    """Say that a trigger which not every arm logs selects different units in each."""
    text = (
        f"The trigger in '{facts}' isn't logged in every arm (counterfactual: missing), so those who triggered in one "
        "arm need not be those who would have in another, and a difference may be theirs and not the change's: log it "
        "where the change isn't shown too, or analyse all exposed."
    )
    return Check(code="counterfactual_missing", status=Status.WARN, text=text, detail={"facts": facts})


def few_clusters(analysed: Mapping[str, int], by: str) -> Check:
    """Say whether clusters are enough for their sums to be near normal.

    Example:
        >>> few_clusters({"a": 12, "b": 11}, "shop").status
        <Status.WARN: 'warn'>
    """
    least = min(analysed.values(), default=0)
    counts = " : ".join(f"{count:,} {arm}" for arm, count in analysed.items())
    detail: dict[str, object] = {"clusters": dict(analysed), "by": by}
    found = f"Arms were drawn by {by}, so each {by} counts once in variances: {counts}."
    if least * 2 >= FEW_CLUSTERS:
        return Check(code="clusters", status=Status.OK, text=found, detail=detail)
    text = (
        f"{found} With fewer than {FEW_CLUSTERS} of them intervals come out too narrow: take p-values near a limit "
        "for none, or compare them by twyman.stats.clusters.cluster_means, which corrects for it."
    )
    return Check(code="clusters", status=Status.WARN, text=text, detail=detail)


def odd_members(moved: int, lost: int, by: str) -> list[Check]:
    """Count units met in two clusters, and units of none."""
    found = list[Check]()
    if moved:
        text = f"{moved:,} units were met in two of {by}, and count in the first that each was met in."
        found.append(Check(code="moved_units", status=Status.NOTE, text=text, detail={"units": moved}))
    if lost:
        text = f"{lost:,} units are of no known {by}, or of several at once, and left out: correct their ids."
        found.append(Check(code="without_cluster", status=Status.NOTE, text=text, detail={"units": lost}))
    return found


def shared_ids(entity: str, ids: int, shared: int) -> Check | None:
    """Count ids through which facts find their units, of which several units claim one."""
    if not shared:
        return None
    status = Status.WARN if shared > SHARED * ids else Status.NOTE
    text = f"{shared:,} of {ids:,} {entity} ids are of several units at once, and their facts count for none of them."
    return Check(code="shared_ids", status=status, text=text, detail={"ids": ids, "shared": shared, "entity": entity})
