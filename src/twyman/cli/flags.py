"""`twyman flags …`: check, evaluate, explain, compare, allocate and build a folder of flags."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING

from twyman.cli.exits import ANSWERED
from twyman.cli.output import deliver
from twyman.kernel.errors import Invalid, NotFound, nearest

if TYPE_CHECKING:
    from twyman.flags.evaluation import Evaluation

Command = Callable[..., argparse.ArgumentParser]


def add_flags(command: Command, add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `flags` and its commands to the parser; `command` makes one of a name, its help, and what it runs."""
    flags = add("flags", help="check, evaluate, explain, compare, allocate and build flags")
    words = flags.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = command(words.add_parser, "check", "check all flags of a folder, and what they need", _check)
    check.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER")

    _question(command(words.add_parser, "eval", "what a flag answers in a context", _evaluate))
    _question(command(words.add_parser, "explain", "for each rule, why it matched or not", _explain))

    diff = command(words.add_parser, "diff", "which units change variant between two versions, and how many", _diff)
    diff.add_argument("old", type=Path, metavar="OLD", help="a folder of YAML, or a state file")
    diff.add_argument("new", type=Path, metavar="NEW", help="a folder of YAML, or a state file")
    diff.add_argument("--sample", type=Path, required=True, metavar="FILE", help="contexts, one JSON object a line")
    diff.add_argument("--flag", action="append", metavar="NAME", help="only this flag; may be given several times")
    _asker(diff)

    allocate = command(words.add_parser, "allocate", "write the slices of every claim to allocations.lock", _allocate)
    allocate.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER")
    allocate.add_argument("--rename", action="append", default=[], metavar="OLD=NEW", help="a claim or group renamed")
    allocate.add_argument("--dry-run", action="store_true", help="say what would change, and write nothing")

    build = command(words.add_parser, "build", "write flags and all they need as one state file", _build)
    build.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER")
    build.add_argument("--output", type=Path, metavar="FILE", help="the file; left out, it is printed")


def _question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("flag", metavar="FLAG")
    parser.add_argument(
        "--context", default="{}", metavar="JSON", help="attributes, as JSON; @FILE reads them from one"
    )
    parser.add_argument("--flags", type=Path, default=Path(), metavar="PATH", help="a folder of YAML, or a state file")
    _asker(parser)


def _asker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--client", metavar="NAME", help="ask as this client; left out, every flag is seen")
    parser.add_argument(
        "--environment", action="append", metavar="NAME", help="ask from here; left out, the client's environments"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what to write")


def _check(options: argparse.Namespace) -> int:
    from twyman.wiring.flags import checked  # noqa: PLC0415 - loads what serves flags

    flags = checked(options.folder)
    notes = "".join(f"{problem}\n" for problem in flags.problems)
    count = f"{_counted(flags.state.flags, 'flag')}, {_counted(flags.state.segments, 'segment')}: all sound"
    deliver(f"{notes}{count}\n", None)
    return ANSWERED


def _counted(things: Sized, name: str) -> str:
    return f"{len(things):,} {name}{'' if len(things) == 1 else 's'}"


def _evaluate(options: argparse.Namespace) -> int:
    from twyman.flags.evaluation import Reason  # noqa: PLC0415 - loads what resolves flags
    from twyman.wiring.flags import asker, load  # noqa: PLC0415

    flags = load(options.flags)
    _warn(flags.problems)
    context = _context(options.context)
    answer = asker(flags.state, options.client, options.environment).evaluate(options.flag, context)
    if answer.reason is Reason.NOT_FOUND:
        raise _unknown(options.flag, flags.state.flags, options.client)
    deliver(_json(answer) if options.format == "json" else "\n".join(_lines(answer, context)), None)
    return ANSWERED


def _explain(options: argparse.Namespace) -> int:
    from twyman.flags.explain import explain  # noqa: PLC0415 - loads what resolves flags
    from twyman.wiring.flags import environments_of, load  # noqa: PLC0415

    flags = load(options.flags)
    _warn(flags.problems)
    environments = environments_of(flags.state, options.client, options.environment)
    found = flags.state.flags.get(options.flag)
    if found is None or not found.is_seen_by(options.client):
        raise _unknown(options.flag, flags.state.flags, options.client)
    context = _context(options.context)
    said = explain(flags.state, options.flag, context, client=options.client, environments=environments)
    deliver(_json(said) if options.format == "json" else str(said), None)
    return ANSWERED


def _diff(options: argparse.Namespace) -> int:
    from twyman.flags.diff import diff  # noqa: PLC0415 - loads what resolves flags
    from twyman.wiring.flags import asker, contexts, load  # noqa: PLC0415

    old, new = load(options.old), load(options.new)
    for name in options.flag or ():
        if name not in old.state.flags and name not in new.state.flags:
            raise _unknown(name, {**old.state.flags, **new.state.flags}, None)
    before, after = (asker(flags.state, options.client, options.environment) for flags in (old, new))
    said = diff(before, after, contexts(options.sample), flags=tuple(options.flag or ()))
    deliver(_json(said) if options.format == "json" else str(said), None)
    return ANSWERED


def _allocate(options: argparse.Namespace) -> int:
    from twyman.definitions.flags import allocate_folder  # noqa: PLC0415 - needs the YAML reader

    renamed = dict(_renaming(text) for text in options.rename)
    done = allocate_folder(options.folder, renamed=renamed, dry_run=options.dry_run)
    changes = "\n".join(done.changes) or "every claim has its slices; nothing changed"
    written = "nothing was written" if options.dry_run or not done.changes else f"written to {done.path}"
    deliver(f"{changes}\n{written}\n" if done.changes else changes, None)
    return ANSWERED


def _renaming(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise Invalid(f"--rename '{text}' names no two claims: write --rename OLD=NEW")
    return old, new


def _build(options: argparse.Namespace) -> int:
    from twyman.flags.document import written  # noqa: PLC0415 - loads what resolves flags
    from twyman.wiring.flags import load  # noqa: PLC0415

    flags = load(options.folder)
    if flags.problems:
        raise Invalid(f"state isn't built: {flags.problems[0]}" + _more(len(flags.problems) - 1))
    deliver(written(flags.state).decode(), options.output)
    return ANSWERED


def _context(text: str) -> Mapping[str, object]:
    from twyman.flags.context import with_targeting_key  # noqa: PLC0415 - loads what resolves flags
    from twyman.wiring.flags import context  # noqa: PLC0415

    if not text.startswith("@"):
        return with_targeting_key(context(text, "--context"))
    path = Path(text[1:])
    if not path.is_file():
        raise NotFound(f"--context '{text}': there is no file '{path}'; give JSON, or @ and a file of it")
    return with_targeting_key(context(path.read_bytes(), str(path)))


def _unknown(flag: str, known: Iterable[str], client: str | None) -> NotFound:
    if client is not None and flag in known:
        return NotFound(f"flag '{flag}' isn't for client '{client}': name the client under its `clients`")
    return NotFound(f"flag '{flag}' isn't defined: {nearest(flag, known)}")


def _lines(answer: "Evaluation", context: Mapping[str, object]) -> Iterator[str]:
    """Say an answer as a person would."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from twyman.flags.exposure import exposures_of  # noqa: PLC0415

    served = f"variant '{answer.variant}'" if answer.variant else "the caller's own default"
    rule = f"rule '{answer.rule}'" if answer.rule else _WHY.get(answer.reason.value, answer.reason.value)
    yield f"{answer.flag}: {served}, by {rule}" if answer.rule else f"{answer.flag}: {served}: {rule}"
    if answer.variant:
        yield f"  value     {_json(answer.value)}"
    if answer.detail:
        yield f"  because   {answer.detail}"
    for met in exposures_of(answer, context, at=datetime.fromtimestamp(0, UTC)):
        yield f"  exposure  of {met.unit} to experiment {met.experiment}, arm {met.arm}"


_WHY = {
    "no_match": "no rule serves this context",
    "archived": "the flag is archived",
    "unit_error": "the unit's id is no id",
    "broken": "the flag can't be resolved",
}


def _json(value: object) -> str:
    import msgspec  # noqa: PLC0415 - not for `--help`

    return msgspec.json.encode(value).decode()


def _warn(problems: Sequence[str]) -> None:
    if problems:
        things = "one thing" if len(problems) == 1 else f"{len(problems):,} things"
        sys.stderr.write(f"{things} in these flags can't be resolved ({problems[0]}): run twyman flags check\n")


def _more(count: int) -> str:
    return f"; and {count:,} more: run twyman flags check" if count > 0 else ""
