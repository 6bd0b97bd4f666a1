"""The page: what was simulated, what came out, and what to make of it. The same findings give the same bytes."""

from collections.abc import Sequence

from calibration.study import FEW_RUNS, RUNS, SEED, Finding, Promise, Section

HEADER = """\
# Calibration

Every method of `twyman.stats` promises something about its own error: "in 5 of 100 experiments without an effect I
will claim one", "my interval holds the truth in 95 of 100". This page counts whether they do. Populations are made
up, so that the truth is known; experiments are simulated by the thousand; and each is analysed by the same code that
analyses yours. Where a promise is broken the row says so, and under which condition it would have held.

```console
$ make calibrate      # this page and its pictures, anew; a quarter of an hour on two cores
$ make calibration    # fewer experiments and the same promises, in a minute: a part of `make check`
```

This page is written by the first of these; the studies are values in `calibration/studies/`, and adding one adds rows
here. Seed {seed}; each study has a generator of its own, seeded by its name, so that the numbers depend neither on
the order nor on how many cores there are. With the locked requirements the same seed gives the same page, byte for
byte.

## How to read it

- *promised* is what the method says of itself: exactly, at most (≤) or at least (≥). Conservative methods have a band
  on one side only, the power of a plan on both: a plan with more power than it says was too expensive.
- *measured* is how often it happened in *runs* simulated experiments: {runs:,} unless said otherwise, {few:,} for
  methods that resample.
- *band* is where a method that keeps its promise lands, but for one time in 2,000 at each end (exact binomial limits;
  for averages of shares, such as a false discovery rate, normal ones). At 5 % and {runs:,} runs that is {low:.3f} to
  {high:.3f}.
- *verdict*: *holds*; or *warned*, with a note that says under which condition it does; anything else is a bug, and
  `make calibrate` fails.

With {promises:,} promises below, about {chance:.1f} would lie out of band by chance alone. Of them {holding:,} hold,
{warned:,} are warned of, {out:,} are out of band.

## What is out of band, and why

{lessons}

## Pictures

{pictures}
"""

LESSONS = """\
Nothing here is news to statisticians; it is what to look for in one's own data.

- **Few big spenders, in arms of different size.** A mean over people of whom nine in ten spend nothing is lopsided, and
  its standard error goes along: who draws a big spender has a higher mean *and* a wider interval. Two arms of one size
  cancel each other's lopsidedness, and err in 5 % however few they are; 500 against 4,500 don't, and nearly all of the
  error is on one side. With 355 × skewness² units in the smaller arm the same population behaves. Capping helps
  before that; resampling doesn't.
- **Rare events, counted too few.** Below some 100 successes an arm what can happen are a few lumps, and promises are
  kept on average only.
- **A borrowed variance.** The score test uses the variance under "no effect", and promises nothing about intervals far
  from there. Student's t lends each arm the other's variance: with a noisy small arm it errs in one of five.
- **A noisy baseline.** With the control mean five standard errors from zero or nearer, symmetric intervals of a lift
  miss on one side (delta) or are too wide (log). Fieller's aren't, and are refused where they have no end.
- **Few clusters.** Plain sandwich errors err in one of five experiments on 3 + 3 clusters. CR2 doesn't.
- **Stopping at the best moment.** Peeking at a fixed test errs in two of five experiments; and an estimate at which a
  test was stopped, even rightly, is more often too high than too low. Bounds mend the first, stage-wise estimates the
  second.
- **Plans that know too little.** A plan for a multiplicative effect finds it less often than it says, unless it is told
  that the treated will vary more. Where big spenders decide both mean and error it finds increases more often.
- **Beliefs that aren't history.** A posterior promises what it does under *its* prior. Shrinkage estimates its prior,
  and with ten experiments it doesn't know it: intervals of 95 % hold 86.
- **Approximations at their edge.** A trend over days, an F test of several contrasts and an adaptive discovery rate are
  off by a few thousandths with few units, which takes 20,000 experiments to see.
"""

COLUMNS = ("method", "population", "units", "looks", "runs", "what", "promised", "measured", "band", "verdict")


def page(sections: Sequence[Section], findings: Sequence[Finding], pictures: str, lessons: str) -> str:
    """Return the page in Markdown."""
    low, high = Promise("", 0.05).band(RUNS)
    held = sum(finding.within for finding in findings)
    out = sum(not finding.within and not finding.promise.holds_when for finding in findings)
    head = HEADER.format(
        seed=SEED,
        runs=RUNS,
        few=FEW_RUNS,
        low=low,
        high=high,
        promises=len(findings),
        chance=len(findings) / 1000,
        holding=held,
        warned=len(findings) - held - out,
        out=out,
        lessons=lessons.strip(),
        pictures=pictures.strip(),
    )
    parts = [_section(part, [one for one in findings if one.study in part.studies]) for part in sections]
    return "\n".join([head, *parts])


def _section(section: Section, findings: Sequence[Finding]) -> str:
    notes = list(dict.fromkeys(one.promise.holds_when for one in findings if one.verdict == "warned"))
    rows = [_row(finding, notes) for finding in findings]
    table = [_line(COLUMNS), "|---|---|---|---|---|---|---|---|---|---|", *map(_line, rows)]
    told = ["", "Warned rows hold when:", "", *(f"{i}. {note}." for i, note in enumerate(notes, 1))] if notes else []
    return "\n".join([f"## {section.title}", "", section.about, "", *table, *told, ""])


def _row(finding: Finding, notes: list[str]) -> tuple[str, ...]:
    study, promise = finding.study, finding.promise
    sign = {"exactly": "", "at most": "≤ ", "at least": "≥ "}[promise.side]
    note = f" ({notes.index(promise.holds_when) + 1})" if finding.verdict == "warned" else ""
    return (
        promise.method or study.method,
        study.population,
        study.units,
        f"{study.looks}",
        f"{finding.runs:,}",
        promise.what,
        f"{sign}{promise.rate:g}",
        f"{finding.measured:.4f}",
        f"{max(finding.low, 0):.4f}–{min(finding.high, 1):.4f}",
        f"{finding.verdict}{note}",
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
