"""The launch gate, put together: a folder's flags and experiments, and contexts that stand for everybody."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from twyman.app.gate_experiments import GateExperiments, Launches
from twyman.app.gate_views import GateReport
from twyman.cohorts.distribution import Contexts
from twyman.definitions.project import Reading, raise_all, read_path
from twyman.flags.allocation import Wanted
from twyman.flags.bucketing import BUCKETS
from twyman.kernel.errors import Invalid, NotFound, TwymanError, nearest
from twyman.kernel.time import Clock, system_clock
from twyman.wiring.contexts import sample
from twyman.wiring.flags import refuse_unknown


def gate(
    folder: Path | str,
    *,
    experiment: str = "",
    contexts: str = "",
    environments: Sequence[str] = (),
    clock: Clock = system_clock,
) -> GateReport:
    """Gate the experiments of a folder that have a flag, or one of them.

    Args:
        folder: A file or folder of the project.
        experiment: One only, by its name; it may be switched off, or over.
        contexts: Name of the contexts to take, or a file of them; left out: the only ones that are defined.
        environments: Where contexts ask from; left out: from each that a rule names, by itself.
        clock: Tells the time: what is switched off and over by now isn't resolved.

    Raises:
        NotFound: If a folder, a file, the experiment or the contexts aren't there, or nothing names an environment.
        Invalid: If flags or experiments can't be read, or no contexts are given.

    Example:
        >>> gate("music").passes  # doctest: +SKIP
        True
    """
    reading = read_path(Path(folder))
    raise_all(_in_the_way(reading, experiment))
    flags, project = reading.flags, reading.project
    launches = Launches(
        state=flags.state,
        experiments=project.experiments,
        wanted=flags.wanted,
        sealed=flags.sealed,
        owners=flags.owners,
        origins=flags.origins,
        past=project.history.pairs,
        asked=experiment,
        environments=tuple(environments),
    )
    if not any(each.flag for each in project.experiments.values()):
        raise Invalid(f"no experiment in '{folder}' has a flag, so there is nothing to gate: name one under flag:")
    chosen, root = _chosen(project.contexts, contexts), project.root
    if chosen.table == contexts != "":
        root = Path.cwd()
    refuse_unknown(environments, flags.state)
    taken = sample(chosen, flags.state, root=root)
    return GateExperiments(taken, clock())(launches)


def _in_the_way(reading: Reading, experiment: str) -> Iterable[TwymanError]:
    """Return what is wrong with flags, contexts and the experiments at the gate; not slices that no group has."""
    wanted = reading.flags.wanted
    over_full = [name for name in wanted.groups if _asked(wanted, name) > BUCKETS]
    later = {*reading.flags.lock_errors} if over_full else set[TwymanError]()
    of_flags = {owner for owner in reading.faults if owner.startswith("flag")}
    experiments = {each.name for each in reading.documents if each.kind == "experiment" and each.node.text("flag")}
    owners = of_flags | {"contexts"} | ({experiment} if experiment else experiments)
    wrong = {error for owner in owners for error in reading.faults.get(owner, ())} | {*reading.folder.errors}
    return [error for error in reading.errors if error in wrong and error not in later]


def _asked(wanted: Wanted, group: str) -> int:
    return wanted.groups[group].holdback + sum(wanted.groups[group].claims.values())


def _chosen(known: Mapping[str, Contexts], asked: str) -> Contexts:
    """Return the contexts that are asked for by name or as a file, or else the only ones."""
    if asked in known:
        return known[asked]
    if asked and Path(asked).suffix:
        return Contexts(name=Path(asked).stem, table=asked)
    if asked:
        raise NotFound(f"contexts '{asked}' aren't defined: {nearest(asked, known)}")
    if len(known) == 1:
        return next(iter(known.values()))
    if known:
        raise Invalid(f"several contexts are defined ({', '.join(sorted(known))}): choose by --contexts NAME")
    raise Invalid(
        "nothing says who asks for flags, so none can be resolved: add a document with kind: contexts and draw: or "
        "table:, or give --contexts FILE with real ones"
    )
