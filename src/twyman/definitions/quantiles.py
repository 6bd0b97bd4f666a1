"""Which quantile a metric asks for, and which words mean nothing beside it."""

from twyman.definitions.metric_documents import MetricDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import quantile
from twyman.metrics.metric import Kind, Missing, Quantile, Value


def quantile_of(document: MetricDocument, value: Value, subject: Subject) -> Quantile | None:
    """Return the quantile of a value; `None` where the document doesn't say which."""
    if document.quantile is None:
        subject.refuse("", "a quantile needs to say which: add one, such as quantile: 95%")
        return None
    return Quantile(value, subject.attempt("quantile", quantile, document.quantile, 0.5))


def check_quantile(document: MetricDocument, kind: Kind, subject: Subject) -> None:
    """Note words that a quantile has no use for, and a quantile of what is none."""
    if not isinstance(kind, Quantile):
        if document.quantile is not None:
            subject.refuse(
                "quantile", f"'quantile' belongs to type quantile, and this is a {document.type}: leave it out"
            )
        return
    if document.cap is not None:
        subject.refuse(
            "cap", "a quantile isn't moved by how large the largest values are, so nothing need be capped: leave it out"
        )
    if document.cuped not in (None, "none"):
        subject.refuse("cuped", "a quantile is compared as it is, and no covariate sharpens it: leave cuped out")
    if kind.of_facts and document.missing == "zero" and "missing" in subject.origin.lines:
        subject.refuse(
            "missing", "a fact that isn't there has no value, so a unit without facts counts for nothing: write drop"
        )


def missing_of(document: MetricDocument, kind: Kind) -> Missing:
    """Return what a unit without facts counts as: a quantile over facts has nothing of such a unit."""
    return Missing.DROP if isinstance(kind, Quantile) and kind.of_facts else Missing(document.missing)
