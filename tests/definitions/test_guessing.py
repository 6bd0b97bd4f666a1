"""Which column is what: every export as its platform documents it, and refusals where nobody can tell."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from twyman.definitions import load, project_of
from twyman.definitions.guessing.arms import arms, slug
from twyman.definitions.guessing.columns import column, refuse_unused, some_column
from twyman.definitions.guessing.exposing import exposing
from twyman.definitions.guessing.guesses import Guesses
from twyman.definitions.guessing.measures import MOST_NAMES, Happening, metrics, numeric
from twyman.definitions.guessing.places import placed
from twyman.definitions.guessing.windows import window
from twyman.definitions.guessing.writing import write
from twyman.kernel.errors import Conflict, Invalid, NotFound

EXPORTS = {
    "GrowthBook": (
        "user_id timestamp experiment_id variation_id browser",
        "user_id timestamp experiment_id variation_id",
    ),
    "Eppo": (
        "experiment subject variation timestamp subjectAttributes featureFlag allocation",
        "subject timestamp experiment variation",
    ),
    "Eppo, own names": (
        "ts_assigned experiment_name variant_name user_id",
        "user_id ts_assigned experiment_name variant_name",
    ),
    "Statsig": (
        "company_id unit_id unit_type exposure_type name rule experiment_group first_exposure_utc "
        "as_of_pst_date user_id",
        "unit_id first_exposure_utc name experiment_group",
    ),
    "PostHog, a query": (
        "event timestamp distinct_id properties.$feature_flag properties.$feature_flag_response",
        "distinct_id timestamp properties.$feature_flag properties.$feature_flag_response",
    ),
    "LaunchDarkly": (
        "event_id flag_key context_key context_kind variation_id variation_value experiment_iteration_id received_time",
        "context_key received_time flag_key variation_id",
    ),
    "Optimizely": (
        "uuid timestamp account_id visitor_id session_id campaign_id experiment_id variation_id is_holdback "
        "process_timestamp",
        "visitor_id timestamp experiment_id variation_id",
    ),
    "Amplitude, flat": (
        "event_type event_time user_id flag_key variant experiment_key server_upload_time",
        "user_id event_time flag_key variant",
    ),
    "Confidence": (
        "assignment_time resolve_id targeting_key targeting_key_selector flag rule variant assignment_id client "
        "segment",
        "targeting_key assignment_time rule assignment_id",
    ),
    "nobody's, in any spelling": ("userId ExposedAt Experiment-Key VARIANT", "userId ExposedAt Experiment-Key VARIANT"),
}


@pytest.mark.parametrize(("columns", "roles"), EXPORTS.values(), ids=EXPORTS)
def test_an_export_is_read_as_its_platform_documents_it(columns: str, roles: str) -> None:
    found = exposing(columns.split(), Guesses(), table="seen.parquet")

    assert [found.unit, found.time, found.key, found.arm] == roles.split()
    assert all(f"'{role}'" in "\n".join(found.said) for role in roles.split())


@pytest.mark.parametrize(
    ("columns", "condition"),
    [
        ("event timestamp distinct_id $feature_flag $feature_flag_response", "\"event\" = '$feature_flag_called'"),
        ("uuid visitor_id experiment_id variation_id timestamp is_holdback", 'NOT coalesce("is_holdback", false)'),
        (
            "flag_key context_key variation_id received_time experiment_iteration_id",
            '"experiment_iteration_id" IS NOT NULL',
        ),
        ("flag_key context_key variation_id received_time", ""),
        ("user_id timestamp experiment_id variation_id", ""),
    ],
)
def test_only_rows_that_are_exposures_count(columns: str, condition: str) -> None:
    found = exposing(columns.split(), Guesses(), table="seen.parquet")

    assert found.sql == (f'SELECT * FROM "seen.parquet" WHERE {condition}' if condition else "")


def test_json_properties_become_columns() -> None:
    columns = ["uuid", "event", "distinct_id", "properties", "timestamp"]

    found = exposing(columns, Guesses(), table="shop.events")

    assert found.sql == (
        'SELECT *, json_extract_string("properties", \'$."$feature_flag"\') AS experiment_key, '
        'json_extract_string("properties", \'$."$feature_flag_response"\') AS arm_value '
        'FROM "shop"."events" WHERE "event" = \'$feature_flag_called\''
    )
    assert (found.key, found.arm) == ("experiment_key", "arm_value")


@pytest.mark.parametrize(
    ("role", "columns", "named"),
    [
        ("unit", ["user_id", "anonymous_id", "ts"], "'user_id', 'anonymous_id'"),
        ("unit", ["user_id", "userId"], "'user_id', 'userId'"),
        ("arm", ["variation_id", "variation_name"], "'variation_id', 'variation_name'"),
        ("time", ["assigned_at", "exposed_at"], "'assigned_at', 'exposed_at'"),
        ("time", ["join_dt", "birth_date"], "'join_dt', 'birth_date'"),
        ("key", ["experiment_id", "experiment_name", "flag_key"], "'experiment_id', 'experiment_name'"),
    ],
)
def test_two_columns_of_one_rank_are_nobodys_to_choose_between(role: str, columns: list[str], named: str) -> None:
    with pytest.raises(Invalid, match=f"'seen' has {named}, and .* isn't ours to guess: .* --{role} {columns[0]}"):
        column(role, columns, table="seen")


@pytest.mark.parametrize(
    ("role", "columns", "taken"),
    [
        ("unit", ["user_id", "unit_id"], "unit_id"),
        ("time", ["received_at", "timestamp", "sent_at"], "timestamp"),
        ("time", ["timestamp", "exposed_at"], "exposed_at"),
        ("time", ["dt", "received_at"], "received_at"),
        ("time", ["format", "played_at"], "played_at"),
        ("time", ["playedAt", "ts"], "ts"),
        ("key", ["feature_flag", "experiment"], "experiment"),
        ("event", ["event_type", "event_name"], "event_name"),
    ],
)
def test_the_better_name_goes_first(role: str, columns: list[str], taken: str) -> None:
    assert column(role, columns, table="seen").column == taken


def test_what_is_named_is_taken_in_any_case_and_what_no_table_has_is_refused() -> None:
    given = ("Anonymous_ID",)

    assert column("unit", ["user_id", "anonymous_id"], table="seen", given=given).column == "anonymous_id"
    refuse_unused("unit", given, {"seen": ["anonymous_id"], "plays": ["ts"]})
    with pytest.raises(NotFound, match="--unit 'anonimous_id' is a column of none of the tables: did you mean"):
        refuse_unused("unit", ("anonimous_id",), {"seen": ["anonymous_id"]})


def test_an_option_goes_before_what_an_export_says() -> None:
    columns = EXPORTS["Confidence"][0].split()

    found = exposing(columns, Guesses(key="flag", arm="variant"), table="seen")

    assert (found.key, found.arm) == ("flag", "variant")


def test_a_role_that_no_column_is_known_for_is_refused_with_the_columns() -> None:
    with pytest.raises(
        NotFound, match=r"no column of 'seen' is known to hold the unit's id \(it has 'x', 'y'\).*--unit"
    ):
        column("unit", ["x", "y"], table="seen")
    assert some_column("event", ["x", "y"], table="seen") is None


@given(st.sampled_from([names for names, _ in EXPORTS.values()]), st.randoms(use_true_random=False))
def test_neither_order_nor_case_of_columns_matters(names: str, chance: object) -> None:
    columns = names.split()
    shuffled = sorted(columns, key=lambda _: chance.random())  # type: ignore[attr-defined]
    before = exposing(columns, Guesses(), table="seen")

    loud = exposing([name.upper() for name in shuffled], Guesses(), table="seen")

    assert [loud.unit, loud.time, loud.arm] == [name.upper() for name in (before.unit, before.time, before.arm)]
    assert loud.key == before.key.upper() if before.key else loud.key is None


@pytest.mark.parametrize(
    ("values", "control"),
    [
        (["treatment", "control"], "control"),
        (["Control", "off"], "Control"),
        (["on", "off"], "off"),
        (["1", "0"], "0"),
        (["A", "B"], "A"),
        (["true", "false"], "false"),
        (["flags/page/variants/control", "flags/page/variants/blue"], "flags/page/variants/control"),
    ],
)
def test_the_control_is_known_by_its_name(values: list[str], control: str) -> None:
    found = arms(dict.fromkeys(values, 10), Guesses(), column="arm", table="seen")

    (name,) = [name for name, arm in found.written.items() if arm.get("control")]
    assert found.written[name].get("is", name) == control


@pytest.mark.parametrize("values", [["blue", "red"], ["off", "baseline", "new"]])
def test_without_one_name_for_it_the_control_is_asked_for(values: list[str]) -> None:
    counted = dict.fromkeys(values, 10)

    with pytest.raises(Invalid, match=r"nothing says which of the arms .* is the control: name it, as in --control"):
        arms(counted, Guesses(), column="arm", table="seen")
    found = arms(counted, Guesses(control=values[1]), column="arm", table="seen")
    assert found.written[values[1]] == {"control": True}


def test_shares_are_said_to_be_equal_or_are_those_given_and_then_name_the_arms() -> None:
    counted = {"control": 90, "new": 10, "error": 1}

    equal = arms(counted, Guesses(), column="arm", table="seen")
    given_ = arms(counted, Guesses(shares={"control": "90%", "new": "10%"}), column="arm", table="seen")

    assert "equal ones are taken" in equal.said[-1]
    assert given_.written == {"control": {"share": "90%", "control": True}, "new": {"share": "10%"}}
    assert given_.said[1] == "seen: --shares leaves out error (1 rows)"


@pytest.mark.parametrize(
    ("counted", "options", "said"),
    [
        ({"control": 1}, Guesses(), "holds only 'control' for this experiment"),
        ({}, Guesses(), "holds no value for this experiment"),
        ({f"v{at}": 1 for at in range(30)}, Guesses(), "holds 30 values"),
        ({"a": 1, "b": 1}, Guesses(control="c"), "arm 'c' isn't in column 'arm'"),
        ({"a": 1, "b": 1, "c": 1}, Guesses(control="c", shares={"a": "50%", "b": "50%"}), "control 'c' has no share"),
    ],
)
def test_what_can_be_no_comparison_is_refused(counted: dict[str, int], options: Guesses, said: str) -> None:
    with pytest.raises((Invalid, NotFound), match=said):
        arms(counted, options, column="arm", table="seen")


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_value_makes_a_name_that_definitions_take(one: str, other: str) -> None:
    counted = {one: 1, other: 1, "third": 1}
    found = arms(counted, Guesses(control=one), column="arm", table="seen")
    rows = {"entities": {"u": "u"}, "timestamp": "t"}

    made = project_of(
        [
            {"kind": "exposures", "name": "seen", "table": "s.csv", "arm": "a", **rows},
            {"kind": "facts", "name": "f", "table": "f.csv", **rows},
            {"kind": "metric", "name": slug(one, "event"), "facts": "f", "type": "proportion"},
            {
                "kind": "experiment", "name": f"audit-{slug(other, 'of')}", "exposures": "seen", "arms": found.written,
                "metrics": {slug(one, "event"): {"role": "information"}},
            },
        ]
    )  # fmt: skip

    (experiment,) = made.experiments.values()
    assert {arm.value for arm in experiment.arms} == set(counted)
    assert experiment.control.value == one


def test_events_become_a_share_and_a_count_each_and_numbers_a_sum_or_a_share() -> None:
    happening = Happening(
        source="events",
        title="events.csv",
        day="date_trunc('day', \"ts\")",
        event="event",
        names={"it's on": 3, "buy": 2},
        sums=["revenue"],
        truths=["paid"],
    )

    made, said = metrics([happening], window="7d")

    assert [each["name"] for each in made] == [
        "any", "rows", "days_active", "it-s-on", "it-s-on_count", "buy", "buy_count", "revenue_sum", "paid",
    ]  # fmt: skip
    assert made[3]["where"] == "\"event\" = 'it''s on'"
    assert all(each["window"] == "7d" for each in made)
    assert said == []


def test_too_many_names_of_events_are_counted_together_and_that_is_said() -> None:
    names = {f"e{at}": 1 for at in range(MOST_NAMES + 1)}

    made, said = metrics([Happening(source="e", title="e.csv", day="d", event="event", names=names)], window=None)

    assert [each["name"] for each in made] == ["any", "rows", "days_active"]
    assert [each["cohort"] for each in made] == ["open"] * 3
    assert said == ["e.csv: 'event' holds more than 50 names, so rows are counted whatever they are"]


def test_ids_times_and_places_are_not_summed_unless_somebody_says_so() -> None:
    columns = ["revenue", "session_id", "sessionId", "server_time", "lat", "quantity", "user"]

    kept, said = numeric(columns, ["user"], Guesses(), table="orders")
    asked, _ = numeric(columns, ["user"], Guesses(value=("SESSION_ID",)), table="orders")

    assert (kept, asked) == (["revenue", "quantity"], ["session_id"])
    assert "'session_id', 'sessionId', 'server_time', 'lat'" in said


@pytest.mark.parametrize(
    ("over", "by_day", "length"),
    [
        ({7: 80, 3: 99, 1: 99}, False, "7d"),
        ({7: 79, 3: 80, 1: 99}, False, "3d"),
        ({0.25: 90}, False, "6h"),
        ({0.25: 90}, True, None),
        ({}, False, None),
    ],
)
def test_the_window_is_one_that_is_over_for_four_fifths(
    over: dict[float, int],
    by_day: bool,  # noqa: FBT001 - a case
    length: str | None,
) -> None:
    found, said = window(100, {timedelta(days=days): units for days, units in over.items()}, by_day=by_day)

    assert found == length
    assert ("described and not tested" in said) == (length is None)


def test_files_are_read_from_the_folder_that_holds_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert placed("a.csv", ["b/*.parquet"], "").warehouse["path"] == str(tmp_path / "here")
    beyond = placed("../a.csv", ["b/*.parquet"], "")
    assert (beyond.warehouse["path"], beyond.exposures, beyond.events) == (
        str(tmp_path),
        "a.csv",
        ("here/b/*.parquet",),
    )
    with pytest.raises(Invalid, match="lie in folders with nothing in common"):
        placed("/somewhere/a.csv", ["/elsewhere/b.csv"], "")
    with pytest.raises(NotFound, match="warehouse 'nowhere' isn't there"):
        placed("a", [], "nowhere")
    with pytest.raises(Invalid, match="no engine is known by 'oracle://'"):
        placed("a", [], "oracle://db")


def test_an_address_may_hide_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_URL", "postgresql://reader@db/lab")

    assert placed("seen", [], "$LAB_URL").warehouse == {"engine": "postgres", "url": "$LAB_URL"}
    monkeypatch.delenv("LAB_URL")
    with pytest.raises(Invalid, match="environment variable LAB_URL isn't set"):
        placed("seen", [], "$LAB_URL")


def test_the_warehouse_of_a_project_is_asked(tmp_path: Path) -> None:
    (tmp_path / "twyman.yaml").write_text("kind: project\nwarehouse: {engine: duckdb, path: data/, timeout: 10m}\n")
    (tmp_path / "data").mkdir()

    found = placed("seen.csv", [], str(tmp_path))

    assert found.warehouse == {"engine": "duckdb", "path": str(tmp_path / "data"), "timeout": "10m"}


def test_definitions_are_written_once_and_read_back(tmp_path: Path) -> None:
    documents: list[dict[str, object]] = [
        {"kind": "project", "name": "guessed"},
        {"kind": "facts", "name": "plays", "table": "p.csv", "entities": {"unit": "user_id"}, "timestamp": "ts"},
        {"kind": "metric", "name": "played", "facts": "plays", "type": "proportion", "where": "\"event\" = 'it''s on'"},
    ]

    files = write(documents, tmp_path / "lab", said=["p.csv: the time is 'ts'"])

    assert [file.name for file in files] == ["twyman.yaml", "sources.yaml", "metrics.yaml"]
    assert files[1].read_text().startswith("# p.csv: the time is 'ts'\nkind: facts\n")
    assert load(tmp_path / "lab").catalogue.metric("played").facts == ("plays",)
    with pytest.raises(Conflict, match="is there already"):
        write(documents, tmp_path / "lab")
