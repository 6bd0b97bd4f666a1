"""`twyman`, as it is typed."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from twyman.cli.aa import add_aa
from twyman.cli.all_experiments import analyzed_all
from twyman.cli.doubt import add_doubt
from twyman.cli.exits import ANSWERED, FAILED_ON_VERDICT, STOPPED, exit_code
from twyman.cli.explained import as_text, explained
from twyman.cli.flags import add_flags
from twyman.cli.gate import add_gate
from twyman.cli.output import deliver, ready
from twyman.cli.progress import Progress
from twyman.cli.serve import add_serve
from twyman.cli.stopping import stoppable
from twyman.cli.verify import add_verify
from twyman.cli.warehouse import add_warehouse
from twyman.kernel.errors import Invalid, TwymanError, nearest

ACTIONS = ("ship", "continue", "end", "abort", "hold")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code.

    0 answered; 2 what was asked can't be right; 3 not found; 4 conflict; 5 forbidden; 6 a peer
    didn't answer; 10 the verdict is one that `--fail-on` names; 130 it was stopped.
    """
    options = _parser().parse_args(arguments)
    try:
        with stoppable() if options.stoppable else nullcontext():
            return options.run(options)
    except TwymanError as error:
        sys.stderr.write(f"{error}\n")
        return exit_code(error)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"this command needs '{error.name}', which isn't installed: pip install 'twyman[warehouse]'\n")
        return exit_code(Invalid(""))
    except KeyboardInterrupt as stopped:
        sys.stderr.write(f"stopped; {str(stopped) or 'nothing was written'}\n")
        return STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twyman", description="An experimentation platform that doubts its own good news and says why."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    analyze = _command(commands.add_parser, "analyze", "from definitions and event tables to a verdict", _analyze)
    _experiment(analyze)
    analyze.add_argument("--all", action="store_true", help="every experiment of a folder, in one pass over its facts")
    analyze.add_argument("--explain", action="store_true", help="the SQL and what it would read, and run none of it")
    analyze.add_argument("--format", choices=("table", "json", "html"), default="table", help="what to write")
    analyze.add_argument("--output", type=Path, metavar="FILE", help="write to a file, whole or not at all")
    analyze.add_argument("--fail-on", metavar="ACTIONS", help="exit with 10 on these verdicts, as in hold,abort")

    check = _command(commands.add_parser, "check", "check all definitions of a folder", _check)
    check.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="FOLDER")

    sql = _command(commands.add_parser, "sql", "print the SQL that an analysis would run", _sql)
    _experiment(sql)

    schema = _command(commands.add_parser, "schema", "print the JSON Schema of definition files, for editors", _schema)
    schema.add_argument("kind", nargs="?", metavar="KIND", help="one kind only, as in experiment")

    add_flags(_command, commands.add_parser)
    add_serve(_command, commands.add_parser)
    add_warehouse(_command, commands.add_parser)
    add_verify(_command, commands.add_parser)
    add_aa(_command, commands.add_parser)
    add_gate(_command, commands.add_parser)
    add_doubt(_command, commands.add_parser)

    demo = _command(commands.add_parser, "demo", "replay the story on simulated users", _demo)
    demo.add_argument("folder", type=Path, nargs="?", default=Path("demo"), metavar="FOLDER")
    demo.add_argument("--seed", type=int, default=2015, help="of the simulated users")
    return parser


def _command(
    add: Callable[..., argparse.ArgumentParser], name: str, help_: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = add(name, help=help_, description=f"{help_[0].upper()}{help_[1:]}.")
    parser.set_defaults(run=run, stoppable=True)
    return parser


def _experiment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="EXPERIMENT.yaml")
    parser.add_argument("--experiment", metavar="NAME", help="which one, where the file holds several")
    parser.add_argument("--as-of", metavar="DATE", help="read as of this day; left out, the latest look that is due")


class _Version(argparse.Action):
    def __call__(self, *_: object) -> None:
        from twyman import __version__  # noqa: PLC0415 - the face

        sys.stdout.write(f"twyman {__version__}\n")
        sys.exit(ANSWERED)


def _analyze(options: argparse.Namespace) -> int:
    from twyman.wiring.analysis import analyze  # noqa: PLC0415 - loads numpy and duckdb, which `--help` doesn't need

    failing = _actions(options.fail_on)
    if options.explain:
        return explained(options)
    if options.all:
        return analyzed_all(options, failing)
    if options.output is not None:
        ready(options.output)
    with Progress() as told:
        analysis = analyze(options.file, name=options.experiment, as_of=options.as_of, told=told)
    written = {"table": analysis.to_text, "json": analysis.to_json, "html": analysis.to_html}[options.format]()
    deliver(written, options.output)
    met = {verdict.action for verdict in analysis.answer.verdicts} & failing
    return FAILED_ON_VERDICT if met else ANSWERED


def _actions(text: str | None) -> set[str]:
    actions = {part.strip() for part in (text or "").split(",") if part.strip()}
    for action in sorted(actions - set(ACTIONS)):
        raise Invalid(f"--fail-on '{action}' is no verdict: {nearest(action, ACTIONS)}")
    return actions


def _check(options: argparse.Namespace) -> int:
    from twyman.definitions import check  # noqa: PLC0415 - needs the YAML reader

    report = check(options.folder)
    deliver(str(report), None)
    return exit_code(report.errors[0]) if report.errors else ANSWERED


def _sql(options: argparse.Namespace) -> int:
    from twyman.wiring.explanation import explain  # noqa: PLC0415

    made = explain(options.file, name=options.experiment, as_of=options.as_of, costs=False)
    deliver(as_text(made, costs=False), None)
    return ANSWERED


def _schema(options: argparse.Namespace) -> int:
    from twyman.definitions import schema  # noqa: PLC0415

    deliver(json.dumps(schema(options.kind), indent=2, ensure_ascii=False), None)
    return ANSWERED


def _demo(options: argparse.Namespace) -> int:
    from twyman.demo import story  # noqa: PLC0415

    story.run(options.folder, seed=options.seed)
    return ANSWERED
