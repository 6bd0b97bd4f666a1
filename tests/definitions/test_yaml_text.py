"""YAML as definitions take it: the core schema, places, and bounds."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from twyman.definitions import check
from twyman.definitions.core_schema import core
from twyman.definitions.node import Mapped, lines
from twyman.definitions.reading import builtins
from twyman.definitions.yaml_text import yaml_documents
from twyman.kernel.errors import Invalid, TwymanError


def plain(text: str) -> object:
    (node,) = yaml_documents(text.encode(), "a.yaml")
    return builtins(node)


def refusal(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Invalid) as caught:
        yaml_documents(data, "a.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    "word", ["NO", "no", "off", "on", "Yes", "y", "12:30", "2015-06-01", "1_000", "5.2.0", "0b1", "+.x"]
)
def test_words_that_yaml_1_1_changed_stay_words(word: str) -> None:
    assert plain(f"key: {word}") == {"key": word}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("1e3", 1000.0),
    ],
)
def test_the_core_schema_has_nothing_truths_and_numbers(written: str, value: object) -> None:
    assert core(written) == value
    assert type(core(written)) is type(value)


def test_keys_are_words_whatever_they_look_like() -> None:
    assert plain("NO: 1\ntrue: 2\n5.20: 3") == {"NO": 1, "true": 2, "5.20": 3}


def test_quoted_blocks_and_tagged_text_are_text() -> None:
    assert plain("a: '1'\nb: |\n  true\nc: !!str 3\nd: >-\n  2.0") == {"a": "1", "b": "true\n", "c": "3", "d": "2.0"}


def test_every_key_and_item_knows_its_line() -> None:
    (node,) = yaml_documents(b"# first\na:\n  b: 1\n  c:\n    - x\n    - y\n", "a.yaml")
    assert isinstance(node, Mapped)
    assert dict(lines(node)) == {"a": 2, "a.b": 3, "a.c": 4, "a.c.0": 5, "a.c.1": 6}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: 1\nb: 2\na: 3",
            "a.yaml:3: key 'a' stands twice, first on line 1, and only one can count: delete one of them",
        ),
        ("x: {b: 1,\n b: 2}", "a.yaml:2: key 'b' stands twice, first on line 1"),
        ("a: 1\nb: !python/object:os.system x", "a.yaml:2: tag !python/object:os.system isn't read"),
        ("a: !!set {x}", "a.yaml:1: tag tag:yaml.org,2002:set isn't read"),
        (
            "a: &a {x: 1}\nb:\n  <<: *a",
            "a.yaml:3: merge key << isn't read, since YAML 1.2 has none: write the keys out",
        ),
        ("a: .nan", "a.yaml:1: number .nan is none that can be reckoned with: write a finite number"),
        ("a: 1\nb: -.inf", "a.yaml:2: number -.inf"),
        ("a: 1e999", "a.yaml:1: number 1e999 is too large to be reckoned with"),
        ("a: " + "9" * 5000, "has more than 18 digits: quote it, if it is an id"),
        ("a:\n\tb: 1", "a.yaml:2: line is indented with a tab, and YAML knows spaces only: indent with spaces"),
        ("a: [1\nb: 2", "a.yaml:2: text isn't YAML"),
        ("a: 'x", "a.yaml:1: text isn't YAML"),
        ("a: 1\n? [x]\n: 2", "a.yaml:2: key isn't a word, and every key is: write one word before the colon"),
        ('a:\n  "x\\ud800": 1', "a.yaml:2: text holds half a character (a lone surrogate): write the whole one"),
        ("a: *b", "a.yaml:1: alias *b has no anchor &b before it: write its value out"),
        ("a: &x 1\n---\nb: *x", "a.yaml:3: alias *x has no anchor &x before it"),
        ("a: 1\n--- \nb: &x [*x]", "a.yaml:3: alias *x stands inside what it repeats, which would never end"),
        ("a: b\nc: \x00", "a.yaml:2: file isn't YAML"),
    ],
)
def test_what_would_surprise_is_refused_at_its_line(text: str, said: str) -> None:
    assert said in refusal(text)


def test_text_that_is_not_utf_8_is_refused_at_its_line() -> None:
    assert refusal(b"a: 1\nb: \xe9\n") == (
        "a.yaml:2: byte 0xe9 isn't UTF-8, the only encoding of definitions: save the file as UTF-8"
    )


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert builtins(yaml_documents("\ufeffkind: metric".encode(), "a.yaml")[0]) == {"kind": "metric"}


def laughs(levels: int) -> str:
    laughter = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    laughter += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(laughter)


@pytest.mark.parametrize(
    ("bomb", "said"),
    [
        (laughs(12), "a.yaml:5: file holds more than 50,000 values, counting what aliases repeat: split it"),
        ("[" * 100_000, "a.yaml:1: file nests deeper than 50 levels, as no definition does: write it flatter"),
        ("{a: " * 20_000, "a.yaml:1: file nests deeper than 50 levels"),
        ("\n".join("  " * n + f"k{n}:" for n in range(400)), "a.yaml:51: file nests deeper than 50 levels"),
        (
            "a: " + "x" * (1 << 20),
            "a.yaml:1: file is larger than 1024 KiB, and definitions are written by hand: split it",
        ),
    ],
    ids=["billion laughs", "brackets", "braces", "indents", "mebibyte"],
)
def test_bombs_are_refused_before_they_go_off(bomb: str, said: str) -> None:
    assert said in refusal(bomb)


def test_a_few_repetitions_by_alias_are_fine() -> None:
    assert plain("a: &a [x, y]\nb: [*a, *a]") == {"a": ["x", "y"], "b": [["x", "y"], ["x", "y"]]}


yamlish = st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"%@#?,.~<\n\t 01"), max_size=60)
definitions = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def refused(data: bytes) -> TwymanError | None:
    try:
        yaml_documents(data, "a.yaml")
    except TwymanError as error:
        return error
    return None


@given(data=(yamlish | st.text(max_size=60)).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary())
@settings(max_examples=500, deadline=None)
def test_nothing_raises_anything_but_our_own_errors_and_each_has_its_line(data: bytes) -> None:
    error = refused(data)

    assert error is None or re.match(r"a\.yaml:\d+: ", str(error))


KEYS = ["arms", "metrics", "value", "table", "entities", "cuped", "window", "analysis", "expect", "columns", "decide"]


@given(
    kind=st.sampled_from(["metric", "experiment", "facts", "units", "aggregates", "project", "flag", "nonsense"]),
    body=st.dictionaries(st.sampled_from(KEYS), yamlish | definitions.map(repr), max_size=5),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_definition_raises_anything_but_our_own_errors(tmp_path: Path, kind: str, body: dict[str, str]) -> None:
    text = f"kind: {kind}\nname: x\n" + "".join(f"{key}: {value}\n" for key, value in body.items())
    (tmp_path / "twyman.yaml").write_text(text, encoding="utf-8", errors="replace")

    report = check(tmp_path / "twyman.yaml")

    assert all(isinstance(error, TwymanError) for error in report.errors)
