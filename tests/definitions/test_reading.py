"""Unknown keys, missing keys, wrong types: each at its line, with its cure."""

from collections.abc import Callable

Spoilt = Callable[..., list[str]]


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_right_one(spoilt: Spoilt) -> None:
    assert spoilt("enrol: {from", "enroll: {from") == [
        "a.yaml:41: experiment 'page': key 'enroll' isn't known: did you mean 'enrol'?"
    ]


def test_a_key_inside_a_part_is_named_with_the_part(spoilt: Spoilt) -> None:
    assert spoilt("{sum: seconds, scale: 1/60}", "{sum: seconds, scael: 1/60}") == [
        "a.yaml:26: metric 'minutes_per_user': key 'scael' isn't known in 'value': did you mean 'scale'?"
    ]


def test_a_missing_key_is_named_with_what_could_stand_there(spoilt: Spoilt) -> None:
    assert (
        "a.yaml:22: metric 'minutes_per_user': has no 'type', which it needs: add type: funnel or mean or"
        in spoilt("type: mean\n", "")[0]
    )


def test_all_errors_of_a_folder_are_shown_in_the_order_of_lines(spoilt: Spoilt) -> None:
    found = spoilt("timestamp: played_at\nmeasures", "tymestamp: played_at\nwindow: 3\nmeasures")

    assert [line.split(" ", 1)[0] for line in found] == ["a.yaml:1:", "a.yaml:5:", "a.yaml:6:"]


def test_a_number_where_text_is_wanted_says_to_quote_it(spoilt: Spoilt) -> None:
    assert spoilt("name: page\n", "name: page\ntitle: 5.20\n") == [
        "a.yaml:39: experiment 'page': 'title' '5.20' is read as the number 5.2, not as text: quote it, as in \"5.20\""
    ]


def test_a_truth_where_text_is_wanted_says_to_quote_it(spoilt: Spoilt) -> None:
    assert (
        'is read as the truth true, not as text: quote it, as in "true"'
        in spoilt("name: page\n", "name: page\nowner: true\n")[0]
    )


def test_a_key_without_a_value_is_refused(spoilt: Spoilt) -> None:
    assert spoilt("window: 7d\n---\nkind: metric\nname: skip", "window:\n---\nkind: metric\nname: skip") == [
        "a.yaml:27: metric 'minutes_per_user': 'window' has no value: write one, or leave the key out"
    ]


def test_a_word_out_of_a_list_of_words_gets_the_nearest(spoilt: Spoilt) -> None:
    assert spoilt("direction: decrease", "direction: decreese") == [
        "a.yaml:35: metric 'skip_rate': 'direction' 'decreese' isn't one of the words known here: "
        "did you mean 'decrease'?"
    ]


def test_a_list_where_a_mapping_is_wanted_is_refused(spoilt: Spoilt) -> None:
    assert (
        "'enrol' is a list, and must be a mapping: give it the keys from, until"
        in spoilt("enrol: {from: 2015-04-06, until: 2015-05-04}", "enrol: [2015-04-06]")[0]
    )


def test_a_name_out_of_shape_gets_one_in_shape(spoilt: Spoilt) -> None:
    assert spoilt("name: page\n", "name: Start Page!\n") == [
        "a.yaml:38: experiment 'Start Page!': 'name' 'Start Page!' isn't a name: "
        "write lower-case letters, digits, - and _, starting with a letter, as in start-page"
    ]


def test_an_arm_named_as_the_data_name_it_is_told_where_that_goes(spoilt: Spoilt) -> None:
    assert "'Mens E-Mail' in 'arms' isn't a name" in spoilt("moments: {}", "Mens E-Mail: {}")[0]
    assert (
        "what the data call it goes into the arm, as in {is: Mens E-Mail}"
        in spoilt("moments: {}", "Mens E-Mail: {}")[0]
    )


def test_a_number_is_a_fine_expression(spoilt: Spoilt) -> None:
    assert spoilt("skipped: skipped}", "skipped: 1}") == []
