"""What became of all experiments of a project: a line each for people, one document for programs."""

from collections.abc import Sequence

import msgspec

from twyman.app.analyze_all import Outcome
from twyman.report.json import json_text as answer_json
from twyman.report.words import ACTIONS


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a line an experiment: its verdict and the first reason for it, or its error.

    Args:
        outcomes: What became of each.

    Returns:
        Lines that end in a newline.
    """
    width = max((len(one.experiment) for one in outcomes), default=0)
    return "".join(f"{_line(one, width)}\n" for one in outcomes)


def json_text(outcomes: Sequence[Outcome]) -> str:
    """Return one JSON object: answers as `analyze --format json` gives them, and errors, by experiment."""
    answers = {one.experiment: msgspec.Raw(answer_json(one.answer).encode()) for one in outcomes if one.answer}
    errors = {one.experiment: str(one.error) for one in outcomes if one.error}
    written = msgspec.json.encode({"experiments": answers, "errors": errors})
    return msgspec.json.format(written, indent=2).decode() + "\n"


def _line(one: Outcome, width: int) -> str:
    name = one.experiment.ljust(width)
    if one.answer is None:
        return f"{name}  ! not answered: {one.error}"
    word = ACTIONS[one.answer.verdict.action]
    why = one.answer.verdict.reasons[0].text if one.answer.verdict.reasons else ""
    return f"{name}  {word.sign} {word.word:<9} {one.answer.verdict.arm}: {why}"
