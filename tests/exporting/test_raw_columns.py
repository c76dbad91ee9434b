"""Raw columns in, answers out: gaps, texts, unseen categories and dates go through training, proof and prediction."""

import json

import numpy as np
import onnxruntime
import pytest

from nnspec import verbs
from nnspec.diagnostics import SpecError
from nnspec.exporting import verify_model
from nnspec.runs import open_run

SPEC = """\
nnspec: 1
name: people
data: {source: people.csv, split: {validation: 0.2, test: 0.2}}
inputs:
  numbers: {columns: [age, income], prepare: [{Impute: {strategy: median, indicator: true}}, Standardize]}
  city: {column: city, prepare: [{OneHot: 3}]}
  town: {column: city, prepare: [{Vocabulary: 6}]}
  joined: {column: joined, prepare: [{Datetime: {parts: [year], cycles: [month]}}, Standardize]}
layers:
  - {Embedding: {num_embeddings: 6, embedding_dim: 2}, from: town}
  - {Flatten: {}, name: where}
  - {Concat: {dim: 1}, from: [numbers, city, where, joined]}
  - Linear: 2
outputs: {buys: {loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {AdamW: {lr: 0.01}}
train: {epochs: 2, device: cpu}
"""
CITIES = ["Rome", "Zürich", "東京", "Paris", ""]


def people(rows=60, **changed):
    random = np.random.default_rng(1)
    lines = ["age,income,city,joined,buys"]
    for row in range(rows):
        age = "" if row % 7 == 0 else f"{random.normal(40, 9):.1f}"
        income = "NA" if row % 11 == 5 else f"{random.lognormal(10, 1):.2f}"
        fields = [age, income, CITIES[row % 5], f"2020-{row % 12 + 1:02}-{row % 28 + 1:02}", ["no", "yes"][row % 2]]
        lines.append(",".join(changed.get(str(row), fields)))
    return "\n".join(lines) + "\n"


def written(folder, spec=SPEC, data=None):
    (folder / "people.csv").write_text(data or people(), encoding="utf-8")
    (folder / "people.yaml").write_text(spec, encoding="utf-8")
    return folder / "people.yaml"


def told(call):
    with pytest.raises(SpecError) as caught:
        call()
    return str(caught.value)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    made = verbs.train(str(written(folder)), run=folder / "run")
    proof = verbs.export(made)
    assert proof.proven
    return made


def test_the_file_takes_raw_columns_by_name_and_says_what_it_does_with_them(run):
    session = onnxruntime.InferenceSession(run.file("model.onnx"))
    assert {given.name: given.type for given in session.get_inputs()} == {
        "numbers": "tensor(float)",
        "city": "tensor(string)",
        "town": "tensor(string)",
        "joined": "tensor(int64)",
    }
    described = json.loads(session.get_modelmeta().custom_metadata_map["nnspec.inputs"])
    assert described["numbers"] == {"columns": ["age", "income"], "shape": [2], "dtype": "float32", "missing": True}
    assert described["joined"] == {
        "columns": ["joined"],
        "shape": [1],
        "dtype": "int64",
        "before": [{"Timestamp": {"format": None}, "state": {}}],
        "holds": "string",
    }


def test_gaps_and_unseen_categories_get_an_answer_each(run, tmp_path):
    (tmp_path / "new.csv").write_text(
        "age,income,city,joined\n41,30000,Rome,2020-02-03\n,NA,Atlantis,2031-12-31\n 20 ,1e5, Rome,2022-05-05T08:00\n"
    )
    answers = verbs.predict(run.file("model.onnx"), tmp_path / "new.csv")["buys"]
    assert len(answers.answers) == 3 and set(answers.answers) <= {"no", "yes"}
    assert np.isfinite(answers.probabilities).all()


def test_arrays_by_input_name_give_the_same_answers_as_columns(run, tmp_path):
    (tmp_path / "new.csv").write_text("age,income,city,joined\n41,NaN,Rome,1970-01-02\n")
    arrays = {
        "numbers": np.array([[41, np.nan]], np.float32),
        "city": np.array([["Rome"]]),
        "town": np.array([["Rome"]]),
        "joined": np.array([[86_400]]),
    }
    by_columns = verbs.predict(run.file("model.onnx"), tmp_path / "new.csv")["buys"].probabilities
    assert np.array_equal(by_columns, verbs.predict(run.file("model.onnx"), arrays)["buys"].probabilities)


def test_a_date_that_cannot_be_read_is_told_with_its_line(run, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("age,income,city,joined\n41,1,Rome,2020-02-03\n41,1,Rome,3.2.2020\n")
    assert told(lambda: verbs.predict(run.file("model.onnx"), file)) == (
        f"{file}:3: error[data-value]: column 'joined': '3.2.2020' is not a date\n"
        "  help  write 2024-01-31 or 2024-01-31T08:30"
    )


def test_the_bare_network_takes_prepared_arrays_and_is_proven(run, tmp_path):
    file = tmp_path / "bare.onnx"
    assert verbs.export(run, file, prepare=False).proven
    session = onnxruntime.InferenceSession(file)
    assert [(given.name, given.type, given.shape[1]) for given in session.get_inputs()] == [
        ("numbers", "tensor(float)", 4),
        ("city", "tensor(float)", 3),
        ("town", "tensor(int64)", 1),
        ("joined", "tensor(float)", 3),
    ]
    assert [(given.name, given.shape) for given in session.get_outputs()] == [("buys", ["batch", 2])]
    assert verify_model(file, run).proven
    table = tmp_path / "new.csv"
    table.write_text("numbers\n1\n")
    assert told(lambda: verbs.predict(file, table)) == (
        f"error[model-file]: {file} is a bare network: it takes prepared arrays, and {table} holds raw columns\n"
        "  help  export the run without --no-prepare; or give arrays by the names of its inputs"
    )


def test_the_spec_may_ask_for_the_bare_network(run, tmp_path):
    made = verbs.train(str(written(tmp_path, SPEC + "export: {prepare: false}\n")), run=tmp_path / "run")
    assert verbs.export(made).proven
    names = [given.name for given in onnxruntime.InferenceSession(made.file("model.onnx")).get_outputs()]
    assert names == ["buys"]


def test_gaps_that_nothing_fills_are_refused_and_impute_is_named(tmp_path):
    spec = SPEC.replace("{Impute: {strategy: median, indicator: true}}, ", "")
    path = written(tmp_path, spec)
    assert (
        told(lambda: verbs.train(str(path), run=tmp_path / "run"))
        == (
            "people.csv:2: error[data-value]: column 'age': 9 of its 60 rows lack a value, the first is line 2\n"
            "  help  fill them in: `prepare: [{Impute: median}]`; or leave those rows out\n"
            "people.csv:7: error[data-value]: column 'income': 5 of its 60 rows lack a value, the first is line 7\n"
            "  help  fill them in: `prepare: [{Impute: median}]`; or leave those rows out"
        ).split("\npeople.csv:7")[0]
    )


def test_a_model_that_was_trained_without_gaps_refuses_them(tmp_path):
    spec = SPEC.replace("{Impute: {strategy: median, indicator: true}}, ", "").replace("[age, income]", "[size]")
    data = "\n".join(f"{line},{number}" for number, line in enumerate(people().splitlines()))
    path = written(tmp_path, spec, data.replace("buys,0", "buys,size") + "\n")
    made = verbs.train(str(path), run=tmp_path / "run")
    verbs.export(made)
    file = tmp_path / "new.csv"
    file.write_text("size,city,joined\n,Rome,2020-02-03\n")
    assert told(lambda: verbs.predict(made.file("model.onnx"), file)) == (
        f"{file}:2: error[data-value]: column 'size': one row lacks a value, the first is line 2\n"
        "  help  the model takes none: fill them in, or train it with `Impute` among the input's steps"
    )


def test_a_column_without_any_number_is_told_with_the_step_that_needs_one(tmp_path):
    data = "\n".join(
        ",".join(
            ["income" if field == "income" else "" if at == 1 and row else field for at, field in enumerate(fields)]
        )
        for row, fields in enumerate(line.split(",") for line in people().splitlines())
    )
    path = written(tmp_path, data=data + "\n")
    assert told(lambda: verbs.train(str(path), run=tmp_path / "run")) == (
        f"{path}:5:47: error[data-value]: Impute of input numbers: column 'income': no training row has a value\n"
        f"    5 | {SPEC.splitlines()[4]}\n"
        f"      |{' ' * 47}{'^' * 45}\n"
        "  help  leave it out of the input's columns"
    )


def test_a_preparation_that_was_changed_is_refused(run, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for file in (path for path in run.path.iterdir() if path.is_file()):
        (folder / file.name).write_bytes(file.read_bytes())
    preparation = json.loads((folder / "preparation.json").read_text())
    del preparation["inputs"]["city"][0]["state"]["values"]
    (folder / "preparation.json").write_text(json.dumps(preparation))
    assert told(lambda: verbs.export(open_run(folder))) == (
        f"error[run-folder]: {folder / 'preparation.json'} cannot be used: "
        "it has not learnt what prepares the input city\n"
        "  help  it is another run's, or was changed: train again"
    )
