"""The page: verdict first, every number written, everything from users escaped, nothing fetched."""

import itertools
import re
from html.parser import HTMLParser

import pytest
import samples
from msgspec.structs import replace

from twyman.app.views import Answer, LookView, Why
from twyman.report.html import html

VOID = {"meta", "link", "br", "img", "line", "path", "rect", "circle", "text", "g", "svg"}


class Page(HTMLParser):
    """Collects tags, headings, text and attributes; complains of tags closed out of order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def story() -> str:
    return html(samples.story())


@pytest.fixture(scope="module")
def hostile() -> str:
    return html(samples.hostile())


@pytest.mark.parametrize("name", ["ships", "triggered", "aborts", "three_arms", "units_table", "hostile"])
def test_every_sample_is_a_well_formed_page_in_english(name: str) -> None:
    page = Page(html(samples.ALL[name]()))

    assert page.open == []
    assert ("html", {"lang": "en"}) in page.tags


def test_verdict_and_reasons_come_before_health_and_numbers(story: str) -> None:
    places = [story.index(words) for words in ("Hold", "above its ceiling", "What now", 'id="health"', 'id="results"')]

    assert places == sorted(places)


def test_a_hold_says_what_to_do_and_a_ship_needs_no_list(story: str) -> None:
    assert "someone outside the team signs it off" in story
    assert "What now" not in html(samples.ships())


def test_a_trigger_says_what_it_comes_to_for_everybody_or_why_not() -> None:
    page = Page(html(samples.triggered())).text

    assert "on all exposed +0.0046 [+0.0020, +0.0072]" in page
    assert "on all exposed not given: a ratio over all exposed needs the values of units that never triggered" in page
    assert "on all exposed" not in html(samples.ships())


def test_what_was_drawn_stands_beside_the_units() -> None:
    page = Page(html(samples.triggered())).text

    assert "control 26,704 household: 19,220" in page
    assert "26,662 / 26,704 units in 19,164 / 19,220 clusters" in page
    assert "household" not in html(samples.ships())


def test_the_page_needs_no_network_and_no_script(story: str) -> None:
    page = Page(story)

    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [value for _, attrs in page.tags for name, value in attrs.items() if name in {"src", "href", "onload"}]
    assert not re.search(r"url\(|@import", story)


def test_what_users_wrote_is_never_markup(hostile: str) -> None:
    assert "<script" not in hostile
    assert "&lt;script&gt;" in hostile
    assert "script" not in {tag for tag, _ in Page(hostile).tags}


def test_hostile_text_reaches_the_reader_as_it_was_written(hostile: str) -> None:
    assert Page(hostile).text.count("<script>alert('x')</script>[bold]&amp;") > 10


def test_headings_go_down_one_level_at_a_time(story: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(story).tags if re.fullmatch(r"h\d", tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_picture_says_its_numbers_or_is_hidden_from_readers(story: str) -> None:
    pictures = [attrs for tag, attrs in Page(story).tags if tag == "svg"]
    named = [attrs for attrs in pictures if attrs.get("role") == "img"]

    assert all(re.search(r"\d", attrs["aria-label"] or "") for attrs in named)
    hidden = [attrs for attrs in pictures if attrs.get("aria-hidden") or attrs.get("viewbox") == "0 0 26 12"]
    assert len(named) + len(hidden) == len(pictures)


def test_ids_are_unique_although_pictures_are_drawn_apart(story: str) -> None:
    ids = [attrs["id"] for _, attrs in Page(story).tags if "id" in attrs]

    assert len(ids) == len(set(ids))


def test_a_lift_is_shown_with_interval_means_and_units(story: str) -> None:
    text = Page(story).text.replace("\u00a0", " ")

    for words in ("+6.10 %", "[+5.55 %, +6.65 %]", "0.8486 / 0.8003", "raw 0.8489 / 0.8001", "79,987 / 80,113 units"):
        assert words in text


def test_no_effect_is_shown_with_the_smallest_effect_that_could_have_been_seen(story: str) -> None:
    assert "could have seen 1.82\u00a0% or more" in story


def test_what_cannot_be_estimated_shows_its_reason_instead_of_numbers() -> None:
    page = html(samples.three_arms())

    row = page[page.index("Minutes in party mode") :]
    row = row[: row.index("</tr>")]
    assert "no unit varies" in row
    assert 'class="pic"' not in row
    assert "not estimable" in row


def test_effects_hidden_by_the_plan_are_called_hidden() -> None:
    made = samples.ships()
    bare = [
        replace(
            row,
            absolute=None,
            relative=None,
            decision=None,
            reason=Why(code="hidden_until_end", text="hidden until the end"),
        )
        for row in made.results
    ]

    page = Page(html(replace(made, results=bare, series=[]))).text

    assert "hidden until the end" in page
    assert "not shown" in page
    assert "not estimable" not in page


def test_checks_that_passed_are_folded_and_others_are_not(story: str) -> None:
    folded = story[story.index("<summary>What passed") :]
    folded = folded[: folded.index("</details>")]

    assert "split as planned" in folded
    assert "already differed between the arms" not in folded


def test_each_treatment_has_its_own_verdict() -> None:
    page = Page(html(samples.three_arms())).text

    assert "Abort : video against control" in page
    assert "Continue : cards against control" in page


def test_a_source_without_dates_has_no_pictures_over_time() -> None:
    page = html(samples.units_table())

    assert "over time" not in page
    assert "the only look" in page
    assert "as of 1 June" not in page


def test_a_reading_between_looks_says_so() -> None:
    look = LookView(number=3, planned=8, cutoff=None, information=None, reconstructed=False, between=True)

    assert "between planned looks: health only, no effects" in html(_with(samples.ships(), look))


def _with(answer: Answer, look: LookView) -> Answer:
    return replace(answer, look=look)
