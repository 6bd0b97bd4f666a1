"""What the answer to one experiment tells of sealed ones that its units met: that they conflict, and whom to ask.

Whoever asks for a sealed experiment itself sees it: its own names are never kept back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from msgspec.structs import replace as replace_fields

from twyman.app.ports import Question
from twyman.app.sweep import key_of
from twyman.app.views import Dossier, Doubt
from twyman.doubt.check import Check, Status
from twyman.doubt.sealed import A_SEALED_ONE, veiled_beside
from twyman.experiments.experiment import Experiment


@dataclass(frozen=True, slots=True)
class Sealing:
    """The sealed experiments beside one.

    Attributes:
        owners: Of each, by its name, by what the data call it, and by its flag.
    """

    owners: Mapping[str, str]

    def check(self, check: Check) -> Check:
        """Return a check as others may see it."""
        return veiled_beside(check, self.owners)

    def dossier(self, dossier: Dossier) -> Dossier:
        """Return a dossier as others may see it: what isn't named weighs as all else does."""
        shown, told = list[Doubt](), set[tuple[str, str]]()
        for one in dossier.doubts:
            doubt = self._doubt(one)
            if doubt is one or (doubt.code, doubt.text) not in told:
                shown.append(doubt)
            told.add((doubt.code, doubt.text))
        return replace_fields(dossier, doubts=shown)

    def _doubt(self, one: Doubt) -> Doubt:
        seen = Check(code=one.code, status=Status(one.status), text=one.text, detail=one.detail)
        check = self.check(seen)
        if check is seen:
            return one
        return replace_fields(one, text=check.text, p_value=None, metric=None, arm=None, detail=dict(check.detail))

    def checks(self, checks: Iterable[Check]) -> tuple[Check, ...]:
        """Return checks as others may see them; of those that say the same now, the first."""
        shown, told = list[Check](), set[tuple[str, str]]()
        for one in checks:
            check = self.check(one)
            if check is one or (check.code, check.text) not in told:
                shown.append(check)
            told.add((check.code, check.text))
        return tuple(shown)

    def statements(self, sql: Iterable[str]) -> tuple[str, ...]:
        """Return the statements that tell no sealed experiment."""
        return tuple(one for one in sql if not self.told_by(one))

    def told_by(self, text: str) -> bool:
        """Whether a text holds any of the names as words of its own, however they are quoted or joined.

        Example:
            >>> known = Sealing({"no-ads": "ada"})
            >>> known.told_by("FROM no_ads_exposures"), known.told_by("FROM no_adsorbed")
            (True, False)
        """
        words = _words(text)
        return any(_words(name) in words for name in self.owners)

    def named(self, several: Sequence[Question]) -> str:
        """List experiments as the data call them; those that are sealed without a name."""
        names = [A_SEALED_ONE if key_of(one) in self.owners else f"'{key_of(one)}'" for one in several]
        return ", ".join(dict.fromkeys(names))


def sealing(question: Question, neighbours: Sequence[Experiment]) -> Sealing:
    """Return which of a project's experiments aren't to be named in the answer to one.

    Args:
        question: The experiment that is asked for.
        neighbours: All experiments of the project.
    """
    own = {*_names(question, question.experiment)}
    sealed = [one for one in neighbours if one.sealed and one.name != question.experiment.name]
    return Sealing({name: one.owner for one in sealed for name in _names(question, one) if name not in own})


def _names(question: Question, one: Experiment) -> Iterator[str]:
    yield from (name for name in (one.name, key_of(replace(question, experiment=one)), one.flag) if name)


def _words(text: str) -> str:
    """Return the letters and digits of a text, one space around each run of them."""
    runs = groupby(text.casefold(), key=str.isalnum)
    return f" {' '.join(''.join(run) for is_word, run in runs if is_word)} "
