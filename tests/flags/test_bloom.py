"""A Bloom filter is built of ids: it forgets none, and takes about as many strangers in as was said."""

import pytest

from twyman.flags.population import BloomFilter

IDS = [f"u-{number}" for number in range(5_000)]


def test_a_filter_never_forgets_a_member() -> None:
    made = BloomFilter.of(IDS, false_positives=0.01)

    assert all(member in made for member in IDS)


@pytest.mark.parametrize("rate", [0.1, 0.01])
def test_strangers_get_in_at_the_rate_that_was_chosen(rate: float) -> None:
    made = BloomFilter.of(IDS, false_positives=rate)
    taken = sum(f"stranger-{number}" in made for number in range(20_000))

    assert taken == pytest.approx(20_000 * rate, abs=5 * (20_000 * rate) ** 0.5)


def test_sizes_are_guavas() -> None:
    made = BloomFilter.of(IDS, false_positives=0.01)

    assert (made.hashes, made.bits, len(made.data)) == (7, 47_936, 5_992)  # 47,925 optimal bits, in whole words


def test_the_same_ids_in_any_order_make_the_same_bytes() -> None:
    assert BloomFilter.of(IDS) == BloomFilter.of(reversed(IDS)) == BloomFilter.of([*IDS, *IDS])
    assert "ü-🤘" in BloomFilter.of(["ü-🤘"])
    assert "anybody" not in BloomFilter.of([])


@pytest.mark.parametrize("rate", [0, 1, -0.1, 2])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="isn't between 0 and 1"):
        BloomFilter.of(IDS, false_positives=rate)
