"""One state as one client sees it: its resolver, its version, and answers kept ready."""

from functools import cached_property
from gzip import compress

from twyman.api.answer import FAILURES, answer
from twyman.api.asker import Asker
from twyman.api.part import part_of
from twyman.api.reply import Reply
from twyman.flags.compiled import Compiled
from twyman.flags.document import versioned, written
from twyman.flags.evaluation import Evaluation, Reason
from twyman.flags.state import State

Answers = dict[int, tuple[Evaluation, Reply]]
"""Answers by the identity of their evaluations, which they keep alive."""
MOST_KEPT = 100_000
"""Answers kept ready; beyond it they are made anew."""


class View:
    """A state in the eyes of a client.

    Attributes:
        asker: Who sees it.
        version: Digest of the part that the client is shown: what else changes doesn't touch it.
        resolver: Answers for the client.
        flags: Names of all flags that the client sees, the archived ones as well: an answer left out is none.
        stamp: The version with the environments, in bytes: all that an answer depends on, but the context.
    """

    def __init__(self, state: State, asker: Asker) -> None:
        self._state = state
        self._part = versioned(part_of(state, asker.client, asker.environments))
        self._answers: Answers = {}
        self._items: Answers = {}
        self.asker = asker
        self.version = self._part.version
        self.resolver = Compiled(state, client=asker.client, environments=asker.environments)
        self.flags = tuple(name for name, flag in state.flags.items() if flag.is_seen_by(asker.client))
        self.stamp = "\0".join((self.version, *asker.environments)).encode()

    def answer(self, evaluation: Evaluation) -> Reply:
        """Return OFREP's answer for an evaluation that was asked for alone."""
        return self._answered(self._answers, evaluation, self.version)

    def item(self, evaluation: Evaluation) -> bytes:
        """Return it as one of the answers for all flags.

        The whole says which version decided, and no item does: browsers compare items to tell which flags changed.
        """
        return self._answered(self._items, evaluation, "").body

    def _answered(self, kept: Answers, evaluation: Evaluation, version: str) -> Reply:
        """Return an answer, encoded once.

        Resolvers give one evaluation to all units that one side of a rule serves. An evaluation that names its
        context (what is kept, what was asked for) is not kept.
        """
        found = kept.get(id(evaluation))
        if found is not None and found[0] is evaluation:
            return found[1]
        made = answer(evaluation, self._state, version)
        lasting = not evaluation.keep and (evaluation.reason not in FAILURES or evaluation.reason is Reason.BROKEN)
        if lasting and len(kept) < MOST_KEPT:
            kept[id(evaluation)] = evaluation, made
        return made

    @cached_property
    def document(self) -> bytes:
        """The part of the state that the client is shown, as a document."""
        return written(self._part)

    @cached_property
    def compressed(self) -> bytes:
        """The same, in gzip."""
        return compress(self.document, mtime=0)
