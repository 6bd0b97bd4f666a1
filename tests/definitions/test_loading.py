"""Which files make a project, which experiment is meant, and what a project says of itself."""

from pathlib import Path

import pytest

from twyman.definitions import check, load, load_experiment, project_of
from twyman.definitions.yaml_text import _documents
from twyman.kernel.errors import Invalid, NotFound
from twyman.kernel.time import duration
from twyman.metrics.source import Table, UnitSource

PROJECT = "kind: project\nname: music\nwarehouse: {engine: duckdb, path: warehouse/}\ntimezone: Pacific/Auckland\n"
METRIC = "kind: metric\nname: {}\ntype: mean\nvalue: {{outcome: spend}}\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        file = folder / (name.replace("__", "/") + ".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_a_project_is_the_nearest_folder_upwards_with_a_project_file(here: Path) -> None:
    write(here, twyman=PROJECT, metrics__a=METRIC.format("a"), deep__er__b=METRIC.format("b"))

    project = load(here / "deep/er/b.yaml")

    assert (project.root, project.name, project.zone) == (here, "music", "Pacific/Auckland")
    assert set(project.catalogue.metrics) == {"a", "b"}
    assert project.warehouse.path == str(here / "warehouse")
    assert project.counts == {"project": 1, "metric": 2}


def test_without_a_project_file_the_folder_of_the_file_is_the_project(here: Path, music: Path) -> None:
    project = load(music)

    assert (project.root, project.warehouse.engine, project.warehouse.path, project.zone) == (
        here,
        "duckdb",
        str(here),
        "UTC",
    )


def test_files_of_others_and_of_tools_are_left_alone(here: Path) -> None:
    other = METRIC.format("other")
    write(here, twyman=PROJECT, a=METRIC.format("a"), nested__twyman=PROJECT, nested__b=other)
    for folder in (".hidden", ".twyman", ".venv", "node_modules"):
        write(here, **{f"{folder}__b": other})

    assert set(load(here).catalogue.metrics) == {"a"}


def test_the_file_asked_for_is_read_wherever_it_lies(here: Path) -> None:
    write(here, **{"twyman": PROJECT, ".drafts__a": METRIC.format("a")})
    (here / "b.txt").write_text(METRIC.format("b"))

    assert set(load(here / ".drafts/a.yaml").catalogue.metrics) == {"a"}
    assert set(load(here / "b.txt").catalogue.metrics) == {"b"}


def test_beside_a_lone_file_may_lie_any_yaml(here: Path) -> None:
    write(here, a=METRIC.format("a"), compose="services: {web: {}}\n", pod="kind: Pod\nspec: !x {a: 1}\n")

    assert set(load(here / "a.yaml").catalogue.metrics) == {"a"}


def test_json_is_read_as_well(here: Path) -> None:
    (here / "a.twyman.json").write_text('{"kind": "metric", "name": "a", "type": "mean", "value": {"outcome": "x"}}')

    assert set(load(here).catalogue.metrics) == {"a"}


def test_empty_documents_and_comments_say_nothing(here: Path) -> None:
    write(here, a="# nothing\n---\n---\n" + METRIC.format("a") + "---\n")

    assert load(here).counts == {"metric": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: metrik\nname: x", "a.yaml:1: metrik 'x': kind 'metrik' isn't known: did you mean 'metric'?"),
        (
            "kimd: metric\nname: x",
            "a.yaml:1: definition 'x': nothing says what this definition is, unless 'kimd' is meant",
        ),
        ("- kind: metric", "a.yaml:1: document isn't a mapping, and every definition is one: begin with kind: metric"),
        (
            "kind: project",
            "a.yaml:1: project: a project stands in twyman.yaml, where it is looked for: rename this file",
        ),
        ("kind: metric\ntype: mean", "a.yaml:1: metric: has no 'name', which it needs: add name: minutes_per_user"),
    ],
)
def test_documents_that_do_not_say_what_they_are_are_refused(here: Path, text: str, said: str) -> None:
    write(here, a=text)

    assert said in "\n".join(map(str, check(here / "a.yaml").errors))


def test_a_name_means_one_thing_and_both_places_are_named(here: Path) -> None:
    write(here, a=METRIC.format("x"), b="\n" + METRIC.format("x"))

    assert [str(error) for error in check(here).errors] == [
        "b.yaml:3: metric 'x': metric 'x' is defined twice, first at a.yaml:2, and a name means one thing: "
        "rename one of the two"
    ]


def test_sources_of_two_kinds_share_their_names(here: Path) -> None:
    units = "kind: units\nname: x\ntable: t\nrow_is_unit: true\narm: a\n"
    counts = "kind: aggregates\nname: x\ntable: t\narm: a\ncolumns: [n]\n"
    write(here, a=f"{units}---\n{counts}")

    assert "source 'x' is defined twice, first at a.yaml:2" in str(check(here).errors[0])


def test_every_error_of_a_folder_is_raised_at_once(here: Path) -> None:
    write(here, a="kind: metric\nname: A", b="kind: metric\nname: [", c=METRIC.format("c"))

    with pytest.raises(Invalid) as caught:
        load(here)

    assert str(caught.value).splitlines() == [str(error) for error in check(here).errors]
    assert {error.place.file for error in check(here).errors if error.place} == {"a.yaml", "b.yaml"}


def test_a_report_counts_what_is_there_and_lists_what_is_wrong(here: Path, music: Path) -> None:
    assert str(check(music)) == (
        "all 6 definitions are sound: 1 facts, 1 attributes, 1 exposures, 2 metric, 1 experiment"
    )

    write(here, b="kind: metric\nname: b\n")
    assert str(check(here)).endswith("1 error in: 1 facts, 1 attributes, 1 exposures, 3 metric, 1 experiment")


def test_what_is_not_there_is_not_found(here: Path, music: Path) -> None:
    with pytest.raises(NotFound, match="'nowhere' isn't there: check the path"):
        load(Path("nowhere"))
    with pytest.raises(NotFound, match="experiment 'pag' isn't defined: did you mean 'page'"):
        load_experiment(music, "pag")
    write(here / "empty", a="x: 1")
    with pytest.raises(Invalid, match="holds no definitions: name a folder"):
        check(here / "empty")


def test_a_file_with_one_experiment_needs_no_name(music: Path) -> None:
    project, experiment = load_experiment(music)

    assert experiment is project.experiments["page"]


def test_a_file_without_or_with_several_experiments_needs_one(here: Path, music: Path) -> None:
    body = "arms: {control: {}, b: {}}\nexposures: exposures\nmetrics: {skip_rate: {role: success}}\n"
    write(here, two=f"kind: experiment\nname: a\n{body}---\nkind: experiment\nname: b\n{body}", m=METRIC.format("m"))

    with pytest.raises(Invalid, match=r"holds several experiments \('a', 'b'\).*name one, as in --experiment a"):
        load_experiment(here / "two.yaml")
    with pytest.raises(Invalid, match="holds no experiment: name a file that has a document with kind: experiment"):
        load_experiment(here / "m.yaml")
    assert load_experiment(here / "two.yaml", "b")[1].name == "b"
    assert load_experiment(here / "m.yaml", "page")[1].origin.file == music.name


def test_another_experiments_errors_do_not_stop_this_one(here: Path, music: Path) -> None:
    write(here, draft="kind: experiment\nname: draft\narms: {}\nmetrics: {}\n")

    assert load_experiment(music)[1].name == "page"
    with pytest.raises(Invalid, match="experiment 'draft'"):
        load_experiment(here / "draft.yaml")
    with pytest.raises(Invalid, match="experiment 'draft'"):
        load(music)


@pytest.mark.parametrize("written", ["$DATA_FOLDER/x", "${DATA_FOLDER}/x"])
def test_the_warehouses_path_may_name_the_environment(
    here: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    write(here, twyman=f"kind: project\nwarehouse: {{path: '{written}'}}\n")

    monkeypatch.setenv("DATA_FOLDER", str(here / "data"))
    assert load(here).warehouse.path == str(here / "data/x")

    monkeypatch.delenv("DATA_FOLDER")
    with pytest.raises(Invalid, match=r"twyman.yaml:2: .*variable DATA_FOLDER isn't set, and .* needs it: set it"):
        load(here)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("timezone: Mars", "twyman.yaml:2: project, timezone: time zone 'Mars' isn't known"),
        ("warehouse: {engine: sparc}", "engine 'sparc' isn't known: did you mean 'spark'?"),
        ("warehouse: {engine: spark}", "spark needs to know where it runs: write url: local[*], or sc://host:port"),
        ("warehouse: {engine: postgres}", "postgres is a server, and needs its address: write url: $WAREHOUSE_URL"),
        ("warehouse: {engine: postgres, url: 'postgres://me:hush@db/x'}", "the url holds a password, and definitions"),
        ("warehouse: {engine: postgres, url: $UNSET_URL}", "environment variable UNSET_URL isn't set"),
        ("warehouse: {url: x}", "duckdb reads a folder or a file, and has no url: write path instead"),
        ("defaults: {alpha: 0}", "twyman.yaml:2: project, defaults.alpha: 0 is no error rate and no power"),
        ("defaults: {cuped: two weeks}", "defaults.cuped: duration 'two weeks' isn't a length of time"),
        ("entities: {user: {type: uuid}}", "'uuid' isn't one of the words known here: known are 'integer', 'string'"),
        ("defauls: {alpha: 5%}", "key 'defauls' isn't known: did you mean 'defaults'?"),
    ],
)
def test_projects_that_cannot_be_right_are_refused(here: Path, line: str, said: str) -> None:
    write(here, twyman=f"kind: project\n{line}\n")

    assert said in str(check(here).errors[0])


def test_declared_entities_are_the_only_ones(here: Path) -> None:
    write(
        here,
        twyman="kind: project\nentities: {user: {type: string}, household: }\n",
        a="kind: facts\nname: f\ntable: t\nentities: {usr: id}\ntimestamp: at\n",
    )

    assert "a.yaml:4: facts 'f': entity 'usr' isn't in the project's entities: did you mean 'user'?" in str(
        check(here).errors[0]
    )
    assert load_of_entities() == {"user": "string", "household": "string"}


def load_of_entities() -> dict[str, str]:
    return dict(project_of([{"kind": "project", "entities": {"user": {}, "household": None}}]).catalogue.entities)


def test_defaults_of_a_project_are_read() -> None:
    project = project_of([{"kind": "project", "defaults": {"alpha": "10%", "cuped": "7d"}}])

    assert (project.defaults.alpha, project.defaults.power, project.cuped) == (0.1, 0.8, duration("7d"))


def test_plain_dictionaries_have_no_place_and_the_same_errors() -> None:
    with pytest.raises(Invalid, match=r"^metric 'm': key 'windw' isn't known: did you mean 'window'"):
        project_of([{"kind": "metric", "name": "m", "type": "mean", "value": {"outcome": "x"}, "windw": "7d"}])
    with pytest.raises(Invalid, match=r"where is a object, which no definition holds"):
        project_of([{"kind": "facts", "where": object()}])
    with pytest.raises(Invalid, match="scale is nan"):
        project_of([{"kind": "metric", "value": {"scale": float("nan")}}])


def test_a_definition_that_holds_itself_is_refused() -> None:
    endless: dict[str, object] = {"kind": "metric"}
    endless["value"] = endless

    with pytest.raises(Invalid, match="nests deeper than 50 levels"):
        project_of([endless])


def test_surfaces_are_recognised_and_left_alone(here: Path) -> None:
    write(here, a="kind: surface\nname: x\nanything: {at: [all]}\n---\nkind: surface\nname: x\n")

    (error,) = check(here).errors
    assert "surface 'x' is defined twice" in str(error)


def test_five_hundred_metrics_are_read_once(here: Path) -> None:
    body = "facts: f\nvalue: {sum: seconds, scale: 1/60}\nwhere: seconds >= 30\nwindow: 7d\ncap: {percentile: 99}\n"
    write(here, f="kind: facts\nname: f\ntable: t\nentities: {user: id}\ntimestamp: at\n")
    for number in range(500):
        write(here, **{f"m{number}": f"kind: metric\nname: m{number}\ntitle: A metric\ntype: mean\n{body}"})
    _documents.cache_clear()

    project = load(here)
    read = _documents.cache_info().misses
    load(here)

    assert len(project.catalogue.metrics) == 500
    assert _documents.cache_info().misses == read


def test_a_lone_file_means_its_own_names_whatever_lies_beside_it(tmp_path: Path) -> None:
    body = (
        "kind: units\nname: players\ntable: {table}\nrow_is_unit: true\narm: v\noutcomes: [kept]\n---\n"
        "kind: metric\nname: kept\ntype: proportion\nvalue: {{outcome: kept}}\n---\n"
        "kind: experiment\nname: gate\nunits: players\narms: {{old: {{control: true}}, new: {{}}}}\n"
        "metrics: {{kept: {{role: success}}}}\n"
    )
    (tmp_path / "a.yaml").write_text(body.format(table="a.csv"))
    (tmp_path / "b.yaml").write_text(body.format(table="b.csv"))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.yaml").write_text(body.format(table="c.csv"))

    project, _ = load_experiment(tmp_path / "b.yaml")

    assert project.catalogue.source("players", UnitSource).relation == Table("b.csv")
