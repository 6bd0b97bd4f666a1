"""Who signed which surprise off, as an experiment's file says it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from twyman.definitions.experiment_documents import ExperimentDocument, SignOffDocument
from twyman.definitions.subject import Subject
from twyman.definitions.terms import effect, moment
from twyman.experiments.sign_off import SignOff, refuse_insider
from twyman.kernel.errors import Invalid, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffs:
    """Reads an experiment's sign-offs; what is wrong with them is noted with the subject.

    Attributes:
        teams: Members by team, as far as the project names them.
    """

    document: ExperimentDocument
    subject: Subject
    treatments: tuple[str, ...]
    start: datetime | None
    zone: str
    teams: Mapping[str, Collection[str]]

    def read(self) -> tuple[SignOff, ...]:
        """Return the sign-offs that can be read."""
        said = self.document.sign_off
        several = [(f"sign_off.{at}", each) for at, each in enumerate(said)] if isinstance(said, list) else []
        written = several if said is None or isinstance(said, list) else [("sign_off", said)]
        return tuple(made for path, each in written if (made := self._one(path, each)) is not None)

    def _one(self, path: str, written: SignOffDocument) -> SignOff | None:
        before = len(self.subject.errors)
        self._check_metric(path, written)
        self._check_signer(path, written)
        arm = self._arm(path, written)
        on = self.subject.attempt(f"{path}.on", lambda text: moment(text, self.zone), written.on, None)
        estimate = self.subject.attempt(f"{path}.estimate", effect, written.estimate, 0.0)
        if on is None or len(self.subject.errors) > before:
            return None
        if self.start is not None and on < self.start:
            self.subject.refuse(
                f"{path}.on",
                f"it was signed off on {written.on}, before enrolment began, and there was nothing to look at: "
                "correct the date",
            )
            return None
        return SignOff(
            metric=written.metric,
            arm=arm,
            by=written.by.strip(),
            on=on.astimezone(ZoneInfo(self.zone)).date(),
            estimate=estimate,
            because=written.because.strip(),
        )

    def _check_metric(self, path: str, written: SignOffDocument) -> None:
        if written.metric not in self.document.metrics:
            hint = nearest(written.metric, self.document.metrics)
            self.subject.refuse(f"{path}.metric", f"'{written.metric}' is no metric of this experiment: {hint}")

    def _check_signer(self, path: str, written: SignOffDocument) -> None:
        if not written.because.strip():
            self.subject.refuse(
                f"{path}.because", "a sign-off without a reason can't be judged later: write what was looked into"
            )
        owner = self.document.owner or ""
        try:
            refuse_insider(written.by, owner=owner, members=self.teams.get(owner, ()))
        except Invalid as error:
            self.subject.adopt(f"{path}.by", error)

    def _arm(self, path: str, written: SignOffDocument) -> str:
        if written.arm is None and len(self.treatments) == 1:
            return self.treatments[0]
        if written.arm in self.treatments:
            return written.arm
        what = f"'{written.arm}' is no treatment of this experiment" if written.arm else "it doesn't say of which arm"
        self.subject.refuse(f"{path}.arm", f"{what}: {nearest(written.arm or '', self.treatments)}")
        return ""
