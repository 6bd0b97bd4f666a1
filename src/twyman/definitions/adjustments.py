"""Which covariates sharpen a metric (CUPED), and whether they are there."""

from collections.abc import Mapping
from datetime import timedelta

from twyman.definitions.metric_documents import CupedDocument, MetricDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import some_length
from twyman.definitions.values import CUPED_WINDOW, MetricSurroundings
from twyman.kernel.errors import Invalid, nearest
from twyman.metrics.metric import Adjustment, Metric, OutcomeValue, Quantile, Theta
from twyman.metrics.source import AttributeSource, Source


def adjustment(
    document: MetricDocument, subject: Subject, among: MetricSurroundings, *, on_facts: bool
) -> Adjustment | None:
    """Return the covariates that sharpen a metric; left out, its own value before exposure, or those of its table."""
    written = document.cuped
    if written is None:
        if not on_facts:
            return None if among.cuped is None else Adjustment()
        return None if among.cuped is None else Adjustment(window=among.cuped)
    if written == "none":
        return None
    if isinstance(written, str):
        window = subject.attempt("cuped", _cuped_window, written, CUPED_WINDOW)
        _refuse_window("cuped", subject, on_facts=on_facts)
        return Adjustment(window=window)
    return _long_adjustment(written, subject, among, on_facts=on_facts)


def _long_adjustment(
    written: CupedDocument, subject: Subject, among: MetricSurroundings, *, on_facts: bool
) -> Adjustment:
    window = (among.cuped or CUPED_WINDOW) if on_facts else None
    if written.window is not None:
        window = subject.attempt("cuped.window", _cuped_window, written.window, CUPED_WINDOW)
        _refuse_window("cuped.window", subject, on_facts=on_facts)
    if written.attributes and not on_facts:
        subject.refuse(
            "cuped.attributes", "a table of units is adjusted by its own covariates: name them under covariates instead"
        )
    return Adjustment(
        window=window,
        covariates=tuple(written.covariates or ()),
        attributes=tuple(written.attributes or ()),
        theta=Theta(written.theta),
    )


def _refuse_window(path: str, subject: Subject, *, on_facts: bool) -> None:
    if not on_facts:
        subject.refuse(
            path,
            "a table of units has no time before exposure: write cuped: none, or {covariates: […]} of the table",
        )


def _cuped_window(written: str) -> timedelta:
    if written.startswith("-"):
        raise Invalid(f"{written} has a sign, and a covariate window always lies before exposure: write {written[1:]}")
    return some_length(written)


def check_covariates(
    metric: Metric, metrics: Mapping[str, Metric], sources: Mapping[str, Source], subject: Subject
) -> None:
    """Note covariates and attributes that aren't defined; for metrics over facts, once all metrics are read."""
    adjustment = metric.adjustment
    if adjustment is None or any(isinstance(value, OutcomeValue) for value in metric.values):
        return
    for at, name in enumerate(adjustment.covariates):
        if name not in metrics:
            subject.refuse(f"cuped.covariates.{at}", f"covariate '{name}' is no metric: {nearest(name, metrics)}")
        elif any(isinstance(value, OutcomeValue) for value in metrics[name].values):
            subject.refuse(
                f"cuped.covariates.{at}",
                f"covariate '{name}' is an outcome of a table, without a time before exposure: use a metric over facts",
            )
        elif isinstance(metrics[name].kind, Quantile):
            subject.refuse(
                f"cuped.covariates.{at}",
                f"covariate '{name}' is a quantile, which no unit has by itself: use a mean, as of the same value",
            )
    for at, name in enumerate(adjustment.attributes):
        _check_attribute(name, f"cuped.attributes.{at}", sources, subject)


def _check_attribute(name: str, path: str, sources: Mapping[str, Source], subject: Subject) -> None:
    known = attribute_names(sources)
    if name not in known:
        subject.refuse(path, f"attribute '{name}' isn't defined, and is written source.column: {nearest(name, known)}")


def attribute_names(sources: Mapping[str, Source]) -> list[str]:
    """Return every attribute as `source.column`."""
    return [
        f"{name}.{column}"
        for name, source in sources.items()
        if isinstance(source, AttributeSource)
        for column in source.columns
    ]
