"""What is seen in data, and what is guessed from them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnspec.cli.main import main
from nnspec.graph.network import parse_network
from nnspec.profiling.column import profile_column
from nnspec.profiling.guess import guess_spec
from nnspec.profiling.leaks import tells
from nnspec.spec.rewrite import format_text
from nnspec.tables import Table


def column(*values, name="c"):
    return profile_column(Table("t.csv", {name: np.array(values, dtype=object)}), name)


def mixed(rows=200, seed=0):
    """A CSV's text with gaps, categories, dates, ids, a constant, and a target that three columns tell of."""
    random = np.random.default_rng(seed)
    lines = ["passenger,name,sex,age,class,boarded,source,lived"]
    for i in range(rows):
        sex, rank = ("male", "female")[random.integers(2)], ("first", "second", "third")[random.integers(3)]
        age = "" if random.random() < 0.15 else f"{random.uniform(1, 80):.1f}"
        lived = "yes" if random.random() < 0.05 + 0.7 * (sex == "female") + 0.2 * (rank == "first") else "no"
        day = f"2024-{random.integers(1, 13):02}-{random.integers(1, 29):02}"
        lines.append(f"{i + 1},Mr Number{i},{sex},{age},{rank},{day},export,{lived}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mixed.csv").write_text(mixed())
    return tmp_path


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1.5", "2", "", "3"], "numbers"),
        (["4", "2", "2", "3"], "whole numbers"),
        (["1", "2", "3", "4"], "ids"),
        (["7", "7", "7"], "constant"),
        (["a", "b", "a", "b", "NA"], "categories"),
        (["2024-01-31", "2024-02-01", "2024-02-01"], "dates"),
        (["a.png", "b.PNG"], "images"),
        (["x1", "x2", "x3"], "ids"),
        (["this is a longer text", "and that is another one"], "texts"),
    ],
)
def test_a_column_is_what_its_values_are(values, kind):
    assert column(*values).kind == kind


def test_a_column_counts_gaps_and_spread():
    found = column("1", "", "nan", "4", "4")
    assert (found.rows, found.missing, found.distinct, found.low, found.high, found.mean) == (5, 2, 2, 1, 4, 3)


def test_one_column_may_tell_the_target():
    target = np.repeat(["a", "b"], 50)
    assert tells(np.arange(100.0), target) == pytest.approx(1)
    assert tells(np.tile([0.0, 1.0], 50), target) == 0
    assert tells(np.array([f"row {i}" for i in range(100)]), target) == 0  # a name of each row tells of no other
    assert tells(np.arange(100.0), np.arange(100.0) * 3) > 0.99


def test_a_spec_is_guessed_with_reasons(folder, capsys):
    assert main(["new", "--from", "mixed.csv", "-o", "net.yaml"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "wrote net.yaml; next:",
        "  nnspec data net.yaml",
        "  nnspec check net.yaml",
        "  nnspec train net.yaml",
    ]
    text = Path("net.yaml").read_text()
    assert text == GUESSED
    assert format_text(text, "net.yaml") == text


GUESSED = """# Guessed from 200 rows of mixed.csv. Each guess says why; change what you know better.
nnspec: 1

data:
  source: mixed.csv
  split: {stratify: true}  # because lived has classes

inputs:
  numbers:  # because age is a number
    columns: [age]
    prepare: [{Impute: median}, Standardize]  # because values go from 1.9 to 79.3; age has gaps
  sex: {column: sex, prepare: [{OneHot: 2}]}  # because it has 2 different texts
  class_column: {column: class, prepare: [{OneHot: 3}]}  # because it has 3 different texts
  boarded:  # because each value is a date, as 2024-03-23
    column: boarded
    prepare: [{Datetime: {parts: [year, month, day, weekday]}}, Standardize]
  # left out: passenger, because every row has a whole number of its own, which tells nothing of another row
  # left out: name, because every value stands there once, which tells nothing of another row
  # left out: source, because it has one value, which tells nothing of another row

layers:
  - Concat: {}
    from: [numbers, sex, class_column, boarded]
  - Linear: 32  # because 200 rows are few
  - ReLU
  - Dropout: 0.1
  - Linear: 32
  - ReLU
  - Linear: 2  # because lived has 2 classes

outputs:
  # because it is the last column that could be learnt, and no name tells; --target names another
  lived:
    loss: CrossEntropyLoss  # because it has 2 different texts
    metrics: [Accuracy, AUROC]

optimizer: {AdamW: {lr: 3e-3}}  # because AdamW needs little tuning
train:
  epochs: 100
  batch_size: 32  # because 200 rows make 4 steps an epoch
  early_stopping: {patience: 15}  # because more epochs than are needed learn rows by heart
"""


def test_what_is_guessed_trains_and_beats_the_most_frequent_class(folder, capsys):
    assert main(["new", "--from", "mixed.csv", "-o", "net.yaml"]) == 0
    assert main(["train", "net.yaml", "--run", "run", "--quiet", "--set", "train.epochs=15"]) == 0
    result = json.loads(Path("run/result.json").read_text())
    assert result["parts"]["test"]["metrics"]["lived"]["AUROC"] > 0.75
    Path("new.csv").write_text("\n".join(mixed().splitlines()[:4]) + "\n")
    assert main(["predict", "run/model.onnx", "new.csv"]) == 0
    assert main(["evaluate", "run/model.onnx", "--data", "mixed.csv", "--by", "sex", "--bootstrap", "0"]) == 0


@pytest.mark.parametrize(
    ("data", "loss", "classes"),
    [("iris", "CrossEntropyLoss", 3), ("wine", "CrossEntropyLoss", 3), ("breast_cancer", "CrossEntropyLoss", 2)],
)
def test_sets_of_classes_are_guessed(data, loss, classes):
    from nnspec.cli.measuring import read_given

    text = guess_spec(read_given(f"sklearn:{data}"), f"sklearn:{data}")
    spec = parse_network(text).spec
    (output,) = spec.outputs.values()
    assert (type(output.loss).__name__, output.column) == (loss, "target")
    assert f"- Linear: {classes}  # because target has {classes} classes" in text


def test_a_number_is_learnt_in_its_own_units():
    from nnspec.cli.measuring import read_given

    text = guess_spec(read_given("sklearn:diabetes"), "sklearn:diabetes")
    assert "prepare: [Standardize]  # because it goes from 25 to 346; answers come in its own units" in text
    assert "loss: MSELoss  # because it is a number with 214 different values" in text


def test_names_that_are_no_names_are_given_others(tmp_path):
    table = Table(
        "odd: name.csv",
        {
            "class": np.array(["a", "b"] * 20, dtype=object),
            "for": np.array(["x", "y"] * 20, dtype=object),
            "Größe, in: cm": np.arange(40) * 1.5,
            "no": np.arange(40) % 7,
        },
    )
    spec = parse_network(guess_spec(table, "odd: name.csv", "class")).spec
    assert [given.columns for given in spec.inputs.values()] == [("Größe, in: cm", "no"), ("for",)]
    assert [output.column for output in spec.outputs.values()] == ["class"]


def test_the_data_of_a_spec_are_shown(folder, capsys):
    main(["new", "--from", "mixed.csv", "-o", "net.yaml"])
    capsys.readouterr()
    assert main(["data", "net.yaml"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0] == "mixed.csv: 200 rows, 8 columns"
    assert re.search(r"\nage +numbers +input numbers +\d+ ", text)
    assert re.search(r"\ntrain +1\d\d +\d\d%\nvalidation +\d\d +\d\d%\ntest +\d\d +\d\d%", text)


def test_what_should_make_one_wary_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i % 50},{i % 2},{i},5,{'yes' if i % 2 else 'no'}" for i in range(200)]
    Path("rows.csv").write_text("a,leak,id,same,y\n" + "\n".join(rows) + "\n")
    Path("net.yaml").write_text(
        "nnspec: 1\ndata: rows.csv\ninputs: {x: {columns: [a, leak, same]}}\nlayers: [Linear: 2]\n"
        "outputs: {y: {loss: CrossEntropyLoss}}\n"
    )
    assert main(["data", "net.yaml"]) == 0
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
    assert warnings == [
        "warning: column 'same' has one value: it tells nothing",
        "warning: 30 of 30 validation rows have the inputs of a training row",
        "warning: 30 of 30 test rows have the inputs of a training row",
        "warning: column 'leak' alone tells 'y' nearly always (100.0% of what there is)",
    ]


def test_a_page_stands_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(
        "nnspec: 1\ndata: sklearn:digits\ninputs: {image: {shape: [8, 8]}}\nlayers: [Flatten, Linear: 10]\n"
        "outputs: {digit: {column: target, loss: CrossEntropyLoss}}\n"
    )
    assert main(["data", "net.yaml", "--html", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert page.count('<img alt="" src="data:image/png;base64,') == 10
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "<script" not in page


def test_names_in_data_are_text_in_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("<script>alert(1)</script>,y\n<b>x</b>,1\n<i>y</i>,2\n")
    assert main(["data", "rows.csv", "--html", "page.html"]) == 0
    page = Path("page.html").read_text()
    assert not re.search(r"<(script|b|i)>", page)


def test_json_is_plain(folder, capsys):
    assert main(["data", "mixed.csv", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], [each["kind"] for each in found["columns"]]) == (
        200,
        ["ids", "ids", "categories", "numbers", "categories", "dates", "constant", "categories"],
    )


def test_a_target_that_is_not_there_is_told(folder, capsys):
    assert main(["new", "--from", "mixed.csv", "--target", "livd"]) == 1
    assert capsys.readouterr().err == (
        "command line:1:10: error[unknown-column]: mixed.csv has no column 'livd'\n"
        "    1 | --target livd\n"
        "      |          ^^^^\n"
        "  help  did you mean 'lived'?\n"
    )


def test_a_series_is_shown_with_the_parts_that_its_windows_make(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("spots\n" + "\n".join(str((7 * i) % 101) for i in range(100)) + "\n")
    Path("net.yaml").write_text(
        "nnspec: 1\ndata: {source: rows.csv, window: {length: 10}}\n"
        "inputs: {past: {column: spots, shape: [10]}}\nlayers: [Linear: 1]\n"
        "outputs: {next: {column: spots, loss: MSELoss}}\n"
    )
    assert main(["data", "net.yaml", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 100
    assert found["roles"] == {"spots": "input past, target of next"}
    assert (sum(found["parts"].values()), found["warnings"]) == (90, [])


def test_texts_are_guessed_as_bags_of_words():
    texts = [f"the {'red' if row % 2 else 'blue'} house has number {row}" for row in range(40)]
    labels = ["a" if row % 2 else "b" for row in range(40)]
    table = Table("t.csv", {"said": np.array(texts, dtype=object), "label": np.array(labels, dtype=object)})
    lines = guess_spec(table, "t.csv").splitlines()
    start = lines.index("  said:  # because its values have 6 words on average")
    assert lines[start + 1 : start + 8] == [
        "    column: said",
        "    prepare: [{Tokenize: 6}, {Vocabulary: 7}]"
        "  # because most texts have at most 6 words, and 6 words stand there more than once",
        "",
        "layers:",
        "  - EmbeddingBag: {num_embeddings: 7, embedding_dim: 64, padding_idx: 0}"
        "  # because the mean of its words' vectors tells much of a text",
        "    name: said_vector",
        "    from: said",
    ]
    parse_network("\n".join(lines))


def test_a_folder_of_images_is_guessed_by_the_first_and_trains(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for row in range(40):
        path = Path("photos", "dark" if row % 2 else "light", f"{row}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (256, 128), row if row % 2 else 255 - row).save(path)
    assert main(["new", "--from", "photos", "-o", "net.yaml"]) == 0
    assert (
        "    prepare: [{Image: {size: [32, 64], mode: L}}, ToChannelsFirst,"
        " {NormalizeImage: {mean: [0.5], std: [0.5]}}]"
        "  # because 'dark/1.png' is 128×256, grey; larger ones take long to learn from\n"
    ) in Path("net.yaml").read_text()
    assert main(["train", "net.yaml", "--run", "run", "--quiet", "--set", "train.epochs=2"]) == 0


def test_an_image_that_cannot_be_looked_at_gets_a_usual_size(tmp_path):
    columns = {"photo": np.array(["a.png", "b.png"] * 20, dtype=object), "label": np.arange(40) % 3}
    text = guess_spec(Table("rows.csv", columns, folder=tmp_path), "rows.csv")
    assert "[{Image: {size: [64, 64]}}, ToChannelsFirst, NormalizeImage]" in text
    assert "# because it is a usual size: 'a.png' can't be looked at\n" in text
    parse_network(text)
