"""Our flags against other vendors' local evaluation: one country-targeted 50/50 flag, the same 10,000 users.

All in one process, in turn, so that ratios mean something on any machine. Peers get their contexts made beforehand,
in the shape that is quickest for them, and keep no record of what they answer. Runs in an environment of its own
(`make bench-flags` makes it): what it is compared with is no dependency of ours.
"""

import gzip
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from twyman.flags.compiled import Compiled
from twyman.flags.document import read, written
from twyman.flags.flag import Assigned, Flag, Rule, Split, Variant
from twyman.flags.resolve import Interpreter
from twyman.flags.slices import Claim, Slice
from twyman.flags.state import Segment, State
from twyman.flags.targeting import In, Where

FLAG = "start-page"
TARGETED = ("NZ", "AU")
ELSEWHERE = ("SE", "US")
USERS = [(f"user-{number}", (*TARGETED, *ELSEWHERE)[number % 4]) for number in range(10_000)]
CHECKED = 4_000
"""Users of each door whose answers are checked."""

ROUNDS = 9
SECONDS = 0.3
"""What a door may take in a round: a slow one is asked for fewer of the users."""


@dataclass
class Door:
    """One way to ask.

    Attributes:
        ask: Asks for the first so many users.
        variants: Returns what the first users are served: `control`, `treatment`, or anything else for neither.
        users: How many it can ask for.
    """

    ask: Callable[[int], object]
    variants: Callable[[], list[str]]
    users: int


def loop(ask: Callable[..., Any], contexts: list[Any], variant: Callable[[Any], str], *default: object) -> Door:
    """Return a door that is asked with the flag, a context, and a default where it wants one."""

    def ask_first(users: int) -> None:
        for context in contexts[:users]:
            ask(FLAG, context)

    def ask_first_with_default(users: int) -> None:
        [given] = default
        for context in contexts[:users]:
            ask(FLAG, context, given)

    return Door(
        ask_first_with_default if default else ask_first,
        lambda: [variant(ask(FLAG, context, *default)) for context in contexts[:CHECKED]],
        len(contexts),
    )


def state_of(experiments: int) -> State:
    """Return experiments as a project has them: each a flag, a segment, an allocation and a split of its own."""
    flags, segments = dict[str, Flag](), dict[str, Segment]()
    for number in range(experiments):
        name = f"{FLAG}-{number}" if number else FLAG
        variants = tuple(Variant(each, {"layout": each, "moments": each == "treatment"}) for each in ARMS)
        sides = Assigned((Slice(0, 500_000),), ARMS[0]), Assigned((Slice(500_000, 1_000_000),), ARMS[1])
        rule = Rule("ab", Split(sides, f"{name}-2015-04"), f"{name}-listeners", experiment=name)
        flags[name] = Flag(name, variants, (rule,), clients=("mobile", "desktop"))
        claim = Claim(f"{name}-listeners-2015-04", (Slice(0, 1_000_000),))
        segments[rule.segment] = Segment(rule.segment, Where("country", In(TARGETED)), (claim,))
    return State(flags, segments)


ARMS = ("control", "treatment")


def ours(contexts: list[dict[str, str]], resolver: type[Compiled] | type[Interpreter]) -> Door:
    """Ask a resolver of ours: what comes back has variant, value, reason, rule and assignments."""
    return loop(resolver(state_of(1)).evaluate, contexts, lambda answer: answer.variant)


def compiled() -> Door:
    """Ask the compiled resolver."""
    return ours([{"targeting_key": unit, "country": country} for unit, country in USERS], Compiled)


def compiled_for_targeted() -> Door:
    """Ask the compiled resolver for those users only whom the flag speaks to: each is hashed."""
    users = [(unit, country) for unit, country in USERS if country in TARGETED]
    return ours([{"targeting_key": unit, "country": country} for unit, country in users], Compiled)


def interpreter() -> Door:
    """Ask the plain resolver."""
    return ours([{"targeting_key": unit, "country": country} for unit, country in USERS], Interpreter)


def sdk() -> Door:
    """Ask the client in the process, which would log each exposure once, had it a place to."""
    twyman = importlib.import_module("twyman.sdk")
    client = twyman.Client(twyman.MemoryState(state_of(1)))
    contexts = [{"targeting_key": unit, "country": country} for unit, country in USERS]
    return loop(client.evaluate, contexts, lambda answer: answer.variant)


def sdk_by_openfeature() -> Door:
    """Ask OpenFeature's own client, with our provider behind it."""
    twyman, provider = importlib.import_module("twyman.sdk"), importlib.import_module("twyman.sdk.openfeature")
    api = importlib.import_module("openfeature.api")
    api.set_provider_and_wait(provider.TwymanProvider(twyman.Client(twyman.MemoryState(state_of(1)))), "ours")
    client, contexts = api.get_client("ours"), openfeature_contexts()
    default = {"layout": "list"}

    def ask(flag: str, context: Any) -> Any:  # noqa: ANN401 - of a package that this environment may lack
        return client.get_object_details(flag, default, context)

    return loop(ask, contexts, lambda answer: answer.variant or "")


def openfeature_contexts() -> list[Any]:
    """Return the users as OpenFeature has them."""
    context = importlib.import_module("openfeature.evaluation_context").EvaluationContext
    return [context(unit, {"country": country}) for unit, country in USERS]


def growthbook() -> Door:
    """Ask GrowthBook's client: attributes are set on it, as a request does."""
    rule = {
        "condition": {"country": {"$in": list(TARGETED)}},
        "variations": list(ARMS),
        "weights": [0.5, 0.5],
        "key": "ab",
    }
    feature = {"defaultValue": "", "rules": [{**rule, "coverage": 1, "hashAttribute": "id"}]}
    client = importlib.import_module("growthbook").GrowthBook(features={FLAG: feature})

    def ask(flag: str, attributes: dict[str, str]) -> Any:  # noqa: ANN401
        client.set_attributes(attributes)
        return client.eval_feature(flag)

    return loop(ask, [{"id": unit, "country": country} for unit, country in USERS], lambda answer: answer.value)


def flagd() -> Door:
    """Ask flagd's in-process core."""
    core = importlib.import_module("openfeature.contrib.tools.flagd.core").FlagdCore()
    deal = {"fractional": [[arm, 50] for arm in ARMS]}
    flag = {"state": "ENABLED", "variants": {arm: arm for arm in (*ARMS, "none")}, "defaultVariant": "none"}
    targeting = {"if": [{"in": [{"var": "country"}, TARGETED]}, deal, None]}
    core.set_flags(json.dumps({"flags": {FLAG: {**flag, "targeting": targeting}}}))

    def ask(flag: str, context: Any) -> Any:  # noqa: ANN401
        return core.resolve_string_value(flag, "", context)

    return loop(ask, openfeature_contexts(), lambda answer: answer.variant)


def unleash() -> Door:
    """Ask Unleash's engine, compiled from Rust, without its counting."""
    engine = importlib.import_module("yggdrasil_engine.engine").UnleashEngine()
    strategy = {
        "name": "flexibleRollout",
        "constraints": [{"contextName": "country", "operator": "IN", "values": TARGETED}],
        "parameters": {"rollout": "100", "stickiness": "userId", "groupId": FLAG},
        "variants": [{"name": arm, "weight": 500, "stickiness": "userId"} for arm in ARMS],
    }
    feature = {"name": FLAG, "type": "experiment", "enabled": True, "strategies": [strategy]}
    engine.take_state(json.dumps({"version": 2, "features": [feature]}))
    contexts = [{"userId": unit, "properties": {"country": country}} for unit, country in USERS]
    return loop(engine.check_variant, contexts, lambda answer: answer.variant.name)


def launchdarkly() -> Door:
    """Ask LaunchDarkly's client, its flags from a file, with the reason."""
    ld, config = importlib.import_module("ldclient"), importlib.import_module("ldclient.config")
    files = importlib.import_module("ldclient.integrations").Files
    clause = {"attribute": "country", "op": "in", "values": TARGETED}
    rollout = {"variations": [{"variation": 0, "weight": 50_000}, {"variation": 1, "weight": 50_000}]}
    flag = {"key": FLAG, "version": 1, "on": True, "salt": "s", "variations": [*ARMS, ""], "offVariation": 2}
    rules = {"rules": [{"id": "ab", "clauses": [clause], "rollout": rollout}], "fallthrough": {"variation": 2}}
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump({"flags": {FLAG: {**flag, **rules}}}, file)
    source = files.new_data_source(paths=[file.name])
    client = ld.LDClient(config.Config("none", update_processor_class=source, send_events=False))
    Path(file.name).unlink()
    contexts = [ld.Context.builder(unit).set("country", country).build() for unit, country in USERS]
    return loop(client.variation_detail, contexts, lambda answer: answer.value, "")


def confidence() -> Door:
    """Ask Confidence's provider, its resolver compiled to WebAssembly, without exposures."""
    provider = importlib.import_module("confidence.provider").ConfidenceProvider(
        "secret",
        "0" * 64,
        3600,
        3600,
        3600,
        state_fetcher=_Fetched(),
        flag_logger=_Silent(),
        disable_exposure_collection=True,
    )
    provider.initialize(None)
    default: dict[str, str] = {}

    def ask(flag: str, context: Any) -> Any:  # noqa: ANN401
        return provider.resolve_object_details(flag, default, context)

    return loop(ask, openfeature_contexts(), lambda answer: (answer.variant or "").rpartition("/")[2])


class _Fetched:
    """Gives Confidence's provider the flag, in place of its network."""

    def fetch(self) -> tuple[bytes, str, bool, list[int]]:
        """Return the state, the account, whether it is new, and where logs go."""
        kind = importlib.import_module("confidence.proto.confidence.flags.admin.v1.resolver_pb2").ResolverState
        as_state = importlib.import_module("google.protobuf.json_format").ParseDict
        return as_state(self._state(), kind()).SerializeToString(), "account", True, []

    def _state(self) -> dict[str, Any]:
        countries = {"values": [{"stringValue": country} for country in TARGETED]}
        criterion = {"attribute": {"attributeName": "country", "setRule": countries}}
        segment = {"name": "segments/ab", "targeting": {"criteria": {"c": criterion}, "expression": {"ref": "c"}}}
        name = f"flags/{FLAG}"
        return {
            "flags": [
                {
                    "name": name,
                    "state": "ACTIVE",
                    "clients": ["clients/web"],
                    "variants": [{"name": f"{name}/variants/{arm}", "value": {"layout": arm}} for arm in ARMS],
                    "rules": [
                        {
                            "name": f"{name}/rules/ab",
                            "segment": "segments/ab",
                            "enabled": True,
                            "assignmentSpec": {
                                "bucketCount": 2,
                                "assignments": [
                                    {
                                        "assignmentId": arm,
                                        "variant": {"variant": f"{name}/variants/{arm}"},
                                        "bucketRanges": [{"lower": place, "upper": place + 1}],
                                    }
                                    for place, arm in enumerate(ARMS)
                                ],
                            },
                        }
                    ],
                }
            ],
            "segmentsNoBitsets": [segment],
            "bitsets": [{"segment": "segments/ab", "fullBitset": True}],
            "clients": [{"name": "clients/web"}],
            "clientCredentials": [{"name": "clients/web/credentials/one", "clientSecret": {"secret": "secret"}}],
        }


class _Silent:
    """Takes Confidence's logs, and keeps none."""

    def write(self, request_bytes: bytes) -> None:
        """Take a log."""

    def shutdown(self) -> None:
        """End."""


OURS = {
    "twyman, compiled": compiled,
    "twyman, compiled; targeted users only": compiled_for_targeted,
    "twyman, client in the process": sdk,
    "twyman, through OpenFeature's client": sdk_by_openfeature,
    "twyman, plain": interpreter,
}
PEERS = {
    "growthbook": growthbook,
    "openfeature-flagd-core": flagd,
    "yggdrasil-engine": unleash,
    "launchdarkly-server-sdk": launchdarkly,
    "confidence-openfeature-provider": confidence,
}


@contextmanager
def quiet() -> Iterator[Path]:
    """Send what is written to standard error, by native code too, to a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        os.dup2(file.fileno(), 2)
    try:
        yield Path(file.name)
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def opened(makers: dict[str, Callable[[], Door]]) -> dict[str, Door]:
    """Return the doors that can be asked, and say why the others can't; stop where one doesn't do what is asked."""
    doors = dict[str, Door]()
    for name, make in makers.items():
        try:
            doors[name] = make()
            served = doors[name].variants()
        except Exception as error:  # noqa: BLE001 - whatever a peer fails with is told
            doors.pop(name, None)
            print(f"  {name:<42} isn't measured: {type(error).__name__}: {str(error).splitlines()[0]:.120}")
        else:
            check(name, served)
    return doors


def check(name: str, served: list[str]) -> None:
    """Stop unless those targeted, and nobody else, are dealt out about evenly."""
    users = [country for _, country in USERS if country in TARGETED or "targeted" not in name]
    strangers = [arm for country, arm in zip(users, served, strict=False) if country not in TARGETED and arm in ARMS]
    dealt = Counter(arm for country, arm in zip(users, served, strict=False) if country in TARGETED)
    if strangers or set(dealt) != set(ARMS) or abs(dealt[ARMS[0]] - dealt[ARMS[1]]) > 5 * sum(dealt.values()) ** 0.5:
        raise SystemExit(f"{name} doesn't do what is asked: {dealt}, and {len(strangers)} strangers served")


def microseconds(doors: dict[str, Door]) -> dict[str, float]:
    """Return the median time of an evaluation by each door, over rounds in which each has its turn."""
    taken: dict[str, list[float]] = {name: [] for name in doors}
    users = {name: max(100, min(door.users, int(SECONDS / timed(door, 100)))) for name, door in doors.items()}
    for _ in range(ROUNDS):
        for name, door in doors.items():
            taken[name].append(timed(door, users[name]) * 1e6)
    return {name: statistics.median(times) for name, times in taken.items()}


def timed(door: Door, users: int) -> float:
    """Return the seconds of an evaluation, over so many users."""
    start = time.perf_counter()
    door.ask(users)
    return (time.perf_counter() - start) / users


def evaluations() -> None:
    """Compare the doors."""
    print(
        f"a country-targeted 50/50 flag, {len(USERS):,} users, half of them targeted: aim at most 1 µs, 10 times faster"
    )
    with quiet() as log:
        doors = opened({**OURS, **PEERS})
        times = microseconds(doors)
    best = times["twyman, compiled"]
    for name, taken in times.items():
        note = "" if name in OURS else version(name)
        print(f"  {name:<42}{taken:>9.3f} µs{taken / best:>9.1f} times   {note}")
    fastest = min(taken for name, taken in times.items() if name in PEERS)
    print(f"  the fastest peer takes {fastest / best:.1f} times as long")
    said = log.read_text(errors="replace").splitlines()
    if said:
        print(f"  (peers said {len(said):,} lines on standard error; the last: {said[-1]:.150})")
    log.unlink()
    sys.stdout.flush()


def shipped() -> None:
    """Print the size of what is shipped."""
    document = written(state_of(1000))
    print("state of 1,000 experiments on the wire (flag, segment, allocation and split each): aim under 1 MB")
    print(f"  plain {len(document) / 1e6:.3f} MB   gzipped {len(gzip.compress(document, 6)) / 1e6:.3f} MB")


def resident() -> float:
    """Return the megabytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def loaded(file: Path) -> None:
    """Read a document and compile all of its flags, in a process that does nothing else."""
    document, before, start = file.read_bytes(), resident(), time.perf_counter()
    state = read(document)
    at_read, has_read = time.perf_counter(), resident()
    resolver = Compiled(state)
    at_checked = time.perf_counter()
    for name in resolver.flags:
        resolver.evaluate(name, {"targeting_key": "user-1", "country": "NZ"})
    at_end, now = time.perf_counter(), resident()
    print(f"  state {has_read - before:.1f} MB, all compiled {now - before:.1f} MB")
    print(f"  read in {at_read - start:.2f} s, checked in {at_checked - at_read:.2f} s, ", end="")
    print(f"all compiled and asked once in {at_end - at_checked:.2f} s (a flag is compiled when it is first asked for)")


def memory() -> None:
    """Print what 10,000 live flags take."""
    print("10,000 live flags in memory, state and all, in a process of their own: aim under 50 MB")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_bytes(written(state_of(10_000)))
        subprocess.run([sys.executable, __file__, str(file)], check=True)


if __name__ == "__main__":
    if sys.argv[1:]:
        loaded(Path(sys.argv[1]))
    else:
        evaluations()
        shipped()
        memory()
        os._exit(0)  # peers leave threads that wait for a network which isn't there
