"""From a plan to a decision, with nothing but `twyman.stats`: a script, or a notebook cell by cell."""

# %% [markdown]
# # Size a test, analyse it at three looks, read the decision
#
# A music service wants to know whether a new home page keeps people listening. This script goes through
# an experiment with `twyman.stats` alone: no warehouse, no definitions, only arrays. Open it as a notebook
# (Jupyter and VS Code read `# %%` cells), or run it: `python examples/size_analyse_decide.py`.

# %%
import sys

import numpy as np

from twyman.stats import (
    AtLook,
    Design,
    GroupSequential,
    Intake,
    Moments,
    NonInferiority,
    NotEstimable,
    PlannedLooks,
    PowerSpending,
    SequentialPlan,
    SequentialState,
    adjusted,
    all_of,
    allocated,
    any_of,
    duration,
    effect,
    exaggeration,
    judged,
    means,
    noninferior,
    srm,
    superior,
    unharmed,
)

rng = np.random.default_rng(5)


def made(answer):  # noqa: ANN001, ANN201
    """Return an answer, or stop with the reason why there is none: every method says which of the two it is."""
    if isinstance(answer, NotEstimable):
        sys.exit(f"{answer.code}: {answer.text}")
    return answer


LOOKS = (1 / 3, 2 / 3, 1.0)
EARLY = PowerSpending(2)


def listeners(units: int, *, lift: float = 0.0, crashes: float = 0.02) -> np.ndarray:
    """Return one row a unit: minutes in the week after, minutes in the week before, whether the app crashed."""
    taste = rng.gamma(2.0, 30.0, units)
    before = taste * rng.gamma(4.0, 0.25, units)
    after = taste * rng.gamma(4.0, 0.25, units) * (1 + lift)
    return np.column_stack([after, before, rng.random(units) < crashes])


# %% [markdown]
# ## What must be shown
#
# Minutes must rise; crashes must not get worse by a quarter or more. The rule hands out the error rates: the success
# metric keeps alpha, the guardrail keeps alpha too (both must pass), and the chance of missing a real improvement
# is split over what has to pass.

# %%
minutes, crashes = superior("minutes"), noninferior("crashes", margin=0.25, improving=-1)
harm = unharmed("minutes")
rule = allocated(all_of(any_of(minutes), crashes, harm))
for share in rule.shares:
    print(f"{share.hypothesis.name:8} alpha {share.alpha:.3f}, power {share.power:.3f}")

# %% [markdown]
# ## How many units
#
# From last month's moments, by the code that will analyse the experiment: three looks, with minutes of the week before
# as a covariate. The same plan without it shows what it is worth. The guardrail has to be seen too, and here it is the
# guardrail that needs more units.

# %%
history = Moments.of(listeners(50_000))
success, guardrail = rule.shares
looks = GroupSequential(LOOKS, EARLY)
plain = Design(history.columns(0), alpha=success.alpha, power=success.power, looks=looks)
plan = Design(history.columns(0, 1), alpha=success.alpha, power=success.power, looks=looks)
guard = Design(
    history.columns(2),
    method="proportion",
    alpha=guardrail.alpha,
    power=guardrail.power,
    looks=looks,
    question=NonInferiority(margin=crashes.margin, improving=-1),
)
print(f"minutes, a lift of 3 %:             {made(plain.units(0.03)).total:,} units")
print(f"the same, with the week before:     {made(plan.units(0.03)).total:,} units")
print(f"crashes, not worse by a quarter:    {made(guard.units()).total:,} units")
sizes = max(made(plan.units(0.03)), made(guard.units()), key=lambda found: found.total)
intake = Intake.steady(1_500, days=60)
print(f"at 1,500 new listeners a day:       {made(duration(guard, intake)).days} days")

# %% [markdown]
# ## Three looks, and the decision at each
#
# A look first asks whether the split is what was planned, then compares adjusted means. The state can only be added
# to: a look that was taken stays as it was shown. Each hypothesis is judged by its repeated p-value, which is what a
# score is worth after having been looked at so often, and the rule is met when all that it asks for is shown.

# %%
each = max(sizes.arms)
arms = {"control": listeners(each), "new": listeners(each, lift=0.04)}
state: SequentialState | None = None
crash_information: list[float] = []
for number, share in enumerate(LOOKS, start=1):
    seen = {name: Moments.of(rows[: round(share * each)]) for name, rows in arms.items()}
    split = made(srm([seen["control"].count, seen["new"].count], [1, 1]))
    found = made(adjusted(seen["new"].columns(0, 1), seen["control"].columns(0, 1)))
    crash = made(means(seen["new"].columns(2), seen["control"].columns(2)))
    contrast = found.pair.contrast()
    if state is None:
        planned = 1 / contrast.se**2 / share
        state = SequentialState(SequentialPlan(spending=EARLY, alpha=success.alpha, planned=planned))
    last = number == len(LOOKS)
    state = state.look(f"look {number}", estimate=contrast.estimate, se=contrast.se, df=contrast.df, final=last)
    crash_information.append(crash.contrast().se ** -2)

    times = tuple(look.time for look in state.looks)
    information = tuple(look.information for look in state.looks)
    by = PlannedLooks(AtLook(information, times, alpha=success.alpha, spending=EARLY))
    guarded = AtLook(tuple(crash_information), times, alpha=guardrail.alpha, spending=EARLY, sides=1)
    watched = AtLook(information, times, alpha=rule.watches[0].alpha, spending=EARLY, sides=1)
    lift = made(effect(found.pair, by=by).relative)
    verdict = judged(
        rule,
        {
            minutes: lift.p_value,
            crashes: guarded.p_value(crashes.score(crash)),
            harm: watched.p_value(harm.score(found.pair)),
        },
    )

    print(f"look {number}: bound {state.looks[-1].bound:.2f}, split p {split.p_value:.2f}")
    print(f"  minutes {lift.estimate:+.1%} [{lift.lower:+.1%}, {lift.upper:+.1%}], p {lift.p_value:.4f}, {lift.method}")
    for outcome in (*verdict.outcomes, *verdict.harms):
        claim = outcome.share.hypothesis
        print(f"  {claim.name:8} {claim.claim:13} p {outcome.p_value:.4f}  {'passes' if outcome.passed else 'fails'}")
    if verdict.met:
        break
print("ship" if verdict.met else "don't ship")

# %% [markdown]
# A test that ends where it looks good looks better than it is. The stage-wise estimate, at the look that crossed, is
# too large as often as too small; and the exaggeration factor says by how much a significant estimate overstates, were
# the true effect the one that was planned for.

# %%
honest = made(state.after_stopping())
print(f"after stopping: {honest.estimate:+.2f} minutes [{honest.lower:+.2f}, {honest.upper:+.2f}]")
overstated = exaggeration(0.03 * float(history.means[0]), found.pair.contrast().se)
print(f"were the lift 3 %, a significant estimate would overstate it {overstated.type_m:.2f}-fold on average")
