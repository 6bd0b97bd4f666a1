"""States to be served, of every kind of flag."""

from hashlib import sha256

from twyman.flags.flag import Assigned, Flag, Outcome, Rule, Split, Variant
from twyman.flags.schema import Field, Type
from twyman.flags.slices import Slice
from twyman.flags.state import Client, Credential, State
from twyman.flags.targeting import In, Where

ON = Variant("on", value=True)
WHOLE = (Slice(0, 1_000_000),)
MOBILE, DESKTOP = "mobile-secret", "desktop-secret"


def everybody(variant: str, name: str = "all") -> Rule:
    return Rule(name, Split((Assigned(WHOLE, variant),)))


def static(name: str, value: object = None, *, type_: Type | None = None, **more: object) -> Flag:
    schema = Field(type_) if type_ else None
    return Flag(name, (Variant("on", True if value is None else value),), (everybody("on"),), schema=schema, **more)  # type: ignore[arg-type]


def halved(name: str = "start-page") -> Flag:
    halves = Split((Assigned((Slice(0, 500_000),), "old"), Assigned((Slice(500_000, 1_000_000),), "new")), f"{name}-1")
    rule = Rule("moments", halves, when=Where("country", In(("NZ", "SE"))), experiment="moment-page")
    return Flag(name, (Variant("old", "classic"), Variant("new", "cards")), (rule,), default="old")


def flags() -> dict[str, Flag]:
    nz = Rule("nz", Split((Assigned(WHOLE, "on"),)), when=Where("country", In(("NZ",))))
    left = Rule("left", Split((Assigned(WHOLE, "", Outcome.CLIENT_DEFAULT),)))
    every = (
        static("a-bool", value=False),
        static("a-text", "héllo"),
        static("a-whole", 42),
        static("a-double", 3, type_=Type.DOUBLE),
        static("an-object", {"rows": 12, "deep": {"on": True}}),
        static("a-list", [1, 2]),
        static("dots.and/slashes"),
        static("retired", archived=True, default="on"),
        Flag("broken", (), broken="schema says string, value is 7"),
        Flag("to-the-caller", (ON,), (left,)),
        Flag("targeted", (ON,), (nz,)),
        halved(),
    )
    return {flag.name: flag for flag in every}


def credential(secret: str, *environments: str) -> Credential:
    return Credential("key", sha256(secret.encode()).hexdigest(), environments)


def with_clients() -> State:
    hidden = static("desktop-only", clients=("desktop",))
    here = Rule("here", Split((Assigned(WHOLE, "on"),)), environments=("production",))
    local = Flag("in-production", (ON,), (here,))
    clients = {
        "mobile": Client("mobile", ("production",), (credential(MOBILE), credential("staging-secret", "staging"))),
        "desktop": Client("desktop", (), (credential(DESKTOP),)),
    }
    return State({"desktop-only": hidden, "in-production": local, "start-page": halved()}, clients=clients)
