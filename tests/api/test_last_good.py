"""What breaks is served as it last was, and nothing else is."""

from tests.api.states import static

from twyman.api.last_good import LastGood
from twyman.flags.flag import Flag
from twyman.flags.state import Segment, State
from twyman.flags.targeting import Broken

BROKEN = Flag("a", (), broken="no")


def values(state: State) -> dict[str, object]:
    return {name: flag.variants[0].value if flag.variants else None for name, flag in state.flags.items()}


def good(**flags: object) -> State:
    return State({name: static(name, value) for name, value in flags.items()})


def test_a_broken_flag_stays_as_it_was_and_its_neighbours_change() -> None:
    last = LastGood()
    last.over(good(a=1, b=1), ())

    assert values(last.over(State({"a": BROKEN, "b": static("b", 2)}), ("a is broken",))) == {"a": 1, "b": 2}


def test_a_mended_flag_is_served_as_it_is() -> None:
    last = LastGood()
    last.over(good(a=1), ())
    last.over(State({"a": BROKEN}), ("a is broken",))

    assert values(last.over(good(a=3), ())) == {"a": 3}


def test_a_flag_that_never_was_good_is_broken() -> None:
    assert LastGood().over(State({"a": BROKEN}), ("a is broken",)).flags["a"].broken


def test_a_flag_of_a_file_that_cannot_be_read_stays_until_it_can() -> None:
    last = LastGood()
    last.over(good(a=1, b=1), ())

    assert values(last.over(good(b=2), ("a.yaml can't be read",))) == {"a": 1, "b": 2}
    assert values(last.over(good(b=3), ("a.yaml can't be read",))) == {"a": 1, "b": 3}
    assert values(last.over(good(b=3), ())) == {"b": 3}


def test_a_flag_taken_away_goes_though_something_else_has_been_wrong_for_long() -> None:
    last = LastGood()
    last.over(good(a=1, b=1), ("an old problem",))

    assert values(last.over(good(b=1), ("an old problem",))) == {"b": 1}


def test_a_flag_kept_for_one_file_is_kept_while_another_is_taken_away() -> None:
    last = LastGood()
    last.over(good(a=1, b=1, c=1), ())
    last.over(good(b=1, c=1), ("a.yaml can't be read",))

    assert values(last.over(good(c=1), ("a.yaml can't be read",))) == {"a": 1, "c": 1}


def test_when_nothing_can_be_read_everything_stays() -> None:
    last = LastGood()
    last.over(good(a=1, b=1), ())

    assert values(last.refused("folder isn't there")) == {"a": 1, "b": 1}
    assert values(last.over(good(b=2), ())) == {"b": 2}


def test_a_broken_segment_stays_as_it_was() -> None:
    last = LastGood()
    last.over(State(segments={"s": Segment("s")}), ())

    kept = last.over(State(segments={"s": Segment("s", Broken("no"))}), ("s is broken",))

    assert kept.segments["s"].when is None
