"""What is logged once."""

import threading

from hypothesis import given, settings, strategies as st

from twyman.sdk.outgoing.seen import Seen


class Steady:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def identity(number: int) -> tuple[str, ...]:
    return (f"u-{number}", "page")


def test_an_identity_is_new_once_until_its_time_is_over() -> None:
    steady = Steady()
    seen = Seen(100, 1000, steady)

    claims = []
    for steady.now in (0, 50, 99.9, 100, 150, 199, 201):
        claims.append(seen.claim(identity(1)))

    assert claims == [True, False, False, True, False, False, True]


def test_an_identity_met_all_the_time_is_new_again_when_its_time_is_over() -> None:
    steady = Steady()
    seen = Seen(100, 4, steady)

    claims = []
    for steady.now in range(0, 220, 10):
        claims.append(seen.claim(identity(0)))
        seen.claim(identity(int(steady.now) + 1))

    assert [place * 10 for place, claim in enumerate(claims) if claim] == [0, 100, 200]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 40), max_size=200), st.integers(2, 30))
def test_it_never_remembers_more_than_its_limit_nor_forgets_the_last_half_of_it(numbers: list[int], limit: int) -> None:
    seen, met = Seen(100, limit, Steady()), list[int]()

    for number in numbers:
        recent = set(list(dict.fromkeys(reversed(met)))[: limit // 2])
        is_new = seen.claim(identity(number))
        assert not (is_new and number in recent)
        met.append(number)
        assert len(seen) <= limit


def test_of_many_threads_that_claim_an_identity_one_gets_it() -> None:
    seen, won = Seen(100, 100_000, Steady()), list[int]()
    start = threading.Barrier(8)

    def claim() -> None:
        start.wait()
        won.extend(number for number in range(2_000) if seen.claim(identity(number)))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == list(range(2_000))


def test_what_is_forgotten_is_new() -> None:
    seen = Seen(100, 2, Steady())
    for number in range(3):
        seen.claim(identity(number))

    seen.forget(identity(1))

    assert seen.claim(identity(1))
