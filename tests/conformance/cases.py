"""What every provider must answer on the flags of `flags/`: one table, and the few places where a provider can't.

A `Case` is asked in OpenFeature's words: a flag, a kind of value, a context, and the caller's default. `differs` holds,
by provider, what it makes of a right answer of ours, with the reason; everything else is the same for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

IN_PROCESS = "python, in process"
PYTHON = "python over OFREP"
NODE = "node over OFREP"
BROWSER = "browser over OFREP"
PROVIDERS = (IN_PROCESS, PYTHON, NODE, BROWSER)

KEY = {"web": "web-secret-for-tests", "mobile": "mobile-secret-for-tests"}
"""The clients' credentials; `flags/clients.yaml` holds their digests."""

CALLERS = object()
"""Stands for the caller's own default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back: the variant is empty where none was served, the error where there was none."""

    reason: str
    value: Any = CALLERS
    variant: str = ""
    error: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Case:
    """A question and its answer.

    Attributes:
        kind: `boolean`, `string`, `integer`, `float` or `object`; JavaScript has one kind of number.
        differs: By provider, the answer it gives instead.
        providers: Those that can be asked at all.
    """

    name: str
    flag: str
    kind: str
    context: Mapping[str, Any]
    answer: Answer
    default: Any = "callers"
    differs: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    providers: tuple[str, ...] = PROVIDERS

    @property
    def question(self) -> dict[str, Any]:
        """What a provider is given, as JSON."""
        return {name: getattr(self, name) for name in ("name", "flag", "kind", "context", "default")}

    def expected(self, provider: str) -> Answer:
        """Return what a provider must answer."""
        answer = self.differs.get(provider, self.answer)
        return replace(answer, value=self.default) if answer.value is CALLERS else answer


def ruled(rule: str, variant: str, value: Any, *, reason: str = "TARGETING_MATCH", experiment: str = "") -> Answer:
    """A rule serves a variant."""
    metadata = {"rule": rule, **({"experiment": experiment} if experiment else {})}
    return Answer(reason=reason, value=value, variant=variant, metadata=metadata)


def otherwise(variant: str, value: Any, reason: str = "DEFAULT") -> Answer:
    """The flag's default is served."""
    return Answer(reason=reason, value=value, variant=variant)


def failed(error: str) -> Answer:
    """The caller's default, and why."""
    return Answer(reason="ERROR", error=error)


def who(key: str | None = "u-1", **attributes: Any) -> Mapping[str, Any]:
    """A context, with a targeting key unless it is `None`."""
    return attributes if key is None else {"targetingKey": key, **attributes}


NIGHT = ruled("night-test", "night", "nuit 🌙", reason="SPLIT", experiment="night-mode")
CLASSIC = ruled("night-test", "classic", "classic", reason="SPLIT", experiment="night-mode")
LAYOUT = {"kind": "list", "rows": 20, "wide": False, "facets": {"price": [1, 2.5]}}
LARGEST_OF_JAVASCRIPT = 9_007_199_254_740_991

OLD_NODE = {NODE: failed("GENERAL")}
"""Node's newest provider is of a time when every success had a value: without one it says GENERAL."""

VALUES = (
    Case(
        "truth",
        "checkout",
        "boolean",
        who(),
        ruled("everybody", "on", value=True, reason="STATIC"),
        default=False,
    ),
    Case("text", "theme", "string", who(), otherwise("classic", "classic")),
    Case("whole number", "rows", "integer", who(), otherwise("few", 12), 7),
    Case("number", "rows", "integer", who(user_id="u-2"), ruled("testers", "many", LARGEST_OF_JAVASCRIPT), 7),
    Case("fraction of nothing", "discount", "float", who(), otherwise("none", 0.0), 0.5),
    Case("fraction", "discount", "float", who(plan="vip"), ruled("vip-fifth", "fifth", 0.2), 0.5),
    Case("whole fraction", "discount", "float", who(plan="staff"), ruled("staff-whole", "whole", 1.0), 0.5),
    Case("struct", "layout", "object", who(), otherwise("plain", LAYOUT), {}),
    Case("list", "genres", "object", who(), otherwise("all", ["metal", "jazz"]), []),
)

APP = {"version": "10.0.0"}
TARGETING = (
    Case("one half of a country", "theme", "string", who("u-2", country="NZ"), NIGHT),
    Case("other half of a country", "theme", "string", who("u-1", country="NZ"), CLASSIC),
    Case("id that isn't ASCII", "theme", "string", who("Zoë 🐙", country="NZ"), NIGHT),
    Case("split without an id", "theme", "string", who(None, country="NZ"), otherwise("classic", "classic")),
    Case("other unit", "household", "string", who(household_id=42), ruled("by-household", "a", "a", reason="SPLIT")),
    Case("version in a struct", "player", "string", who(app=APP), ruled("new-app", "new", "new")),
    Case("version before", "player", "string", who(app={"version": "9.1.0"}), otherwise("old", "old")),
    Case(
        "list, number and truth",
        "concerts",
        "boolean",
        who(genres=["pop", "jazz"], age=18, logged_in=True),
        ruled("grown-up-jazz", "on", value=True),
        default=False,
    ),
)

DEFAULTS = (
    Case("caller's default", "beta", "string", who(), Answer(reason="DEFAULT"), differs=OLD_NODE),
    Case("no default, served", "beta", "string", who(country="NZ"), ruled("new-zealand", "beta", "beta")),
    Case("archived", "banner", "string", who(), otherwise("old", "old", "DISABLED")),
    Case("archived, bare", "sign", "string", who(), Answer(reason="DISABLED"), differs=OLD_NODE),
)

FAILURES = (
    Case("no such flag", "nowhere", "string", who(), failed("FLAG_NOT_FOUND")),
    Case("another client's flag", "phones", "boolean", who(), failed("FLAG_NOT_FOUND"), default=False),
    Case("circle", "loop", "boolean", who(), failed("PARSE_ERROR"), default=True),
    Case("what can't be read", "unreadable", "boolean", who(), failed("PARSE_ERROR"), default=True),
    Case("text as truth", "theme", "boolean", who(), failed("TYPE_MISMATCH"), default=True),
    Case("truth as text", "checkout", "string", who(), failed("TYPE_MISMATCH")),
    Case("struct as number", "layout", "integer", who(), failed("TYPE_MISMATCH"), 7),
    Case("number as list", "rows", "object", who(), failed("TYPE_MISMATCH"), [1]),
    Case(
        "fraction as whole number",
        "discount",
        "integer",
        who(plan="vip"),
        failed("TYPE_MISMATCH"),
        7,
        providers=(IN_PROCESS, PYTHON),
    ),
    Case("id too long", "theme", "string", who("u" * 101, country="NZ"), failed("INVALID_CONTEXT")),
    Case("id that is a list", "household", "string", who(household_id=["h-1"]), failed("INVALID_CONTEXT")),
)

CASES = (*VALUES, *TARGETING, *DEFAULTS, *FAILURES)
