"""Predictions for tables: columns picked by the file's own account, batches, and text that a person reads."""

import json
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from nnspec.diagnostics import SpecError
from nnspec.runtime import Session, open_session, predict
from nnspec.tables import Table

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def info(name: str, kind: int, *sizes: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["batch", *sizes])


def opened(nodes, takes, gives, constants=(), **metadata) -> Session:
    graph = helper.make_graph(nodes, "small", takes, gives, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    helper.set_model_props(model, {f"nnspec.{key}": json.dumps(value) for key, value in metadata.items()})
    return open_session(model.SerializeToString(), name="pets.onnx")


def classifier(**described) -> Session:
    """Weight and height are the probabilities of a cat and a dog; the answer is the likelier one."""
    names = helper.make_tensor("names", STRING, [2], [b"cat", b"dog"])
    return opened(
        [
            helper.make_node("Identity", ["size"], ["pet_probabilities"]),
            helper.make_node("ArgMax", ["pet_probabilities"], ["index"], axis=1, keepdims=0),
            helper.make_node("Gather", ["names", "index"], ["pet"]),
            helper.make_node("Neg", ["size"], ["next"]),
        ],
        [info("size", FLOAT, 2)],
        [info("pet", STRING), info("pet_probabilities", FLOAT, 2), info("next", FLOAT, 2)],
        [names],
        inputs={"size": {"columns": ["weight", "height"], "shape": [2], "dtype": "float32"}},
        outputs={
            "pet": {
                "reads": "classes",
                "classes": ["cat", "dog"],
                "answer": "pet",
                "probabilities": "pet_probabilities",
            },
            "next": {"reads": "values", "classes": [], "answer": "next", "probabilities": None},
        },
        **described,
    )


def text(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    return path


def complaint(model, data) -> str:
    with pytest.raises(SpecError) as error:
        predict(model, data)
    return str(error.value)


def test_a_csv_file_is_answered_row_by_row(tmp_path):
    rows = text(tmp_path, "name,height,weight\nMia,0.25,0.75\nRex,0.9,0.1\n")
    found = predict(classifier(), rows)
    assert found.providers == ("CPUExecutionProvider",)
    assert found["pet"].answers.tolist() == ["cat", "dog"]
    assert found["pet"].classes == ("cat", "dog")
    assert found.csv_text() == (
        "pet,pet_probability_cat,pet_probability_dog,next_0,next_1\ncat,0.75,0.25,-0.75,-0.25\ndog,0.1,0.9,-0.1,-0.9\n"
    )
    found.to_csv(tmp_path / "answers.csv")
    assert (tmp_path / "answers.csv").read_text(encoding="utf-8") == found.csv_text()


def test_batches_give_what_one_run_gives():
    rows = {"size": np.random.default_rng(0).normal(size=(1000, 2))}
    whole, parts = predict(classifier(), rows, batch_rows=1000), predict(classifier(), rows, batch_rows=7)
    for name, column in whole.columns().items():
        np.testing.assert_array_equal(parts.columns()[name], column)


def test_missing_columns_are_told_at_once(tmp_path):
    rows = text(tmp_path, "Weigth,age\n1,2\n")
    assert complaint(classifier(), rows) == (
        f"error[unknown-column]: {rows} lacks the columns 'weight', 'height', which the model reads\n"
        "  help  did you mean 'Weigth'?"
    )
    rows = text(tmp_path, "weight,age\n1,2\n")
    assert complaint(classifier(), rows) == (
        f"error[unknown-column]: {rows} lacks the column 'height', which the model reads\n"
        "  help  its columns are weight, age"
    )


def test_an_archive_may_hold_an_inputs_rows_under_its_name(tmp_path):
    np.savez(tmp_path / "examples.npz", size=[[0.75, 0.25]], pet=[1])
    assert predict(classifier(), tmp_path / "examples.npz")["pet"].answers.tolist() == ["cat"]
    np.savez(tmp_path / "examples.npz", size=[[1.0, 2.0]], weight=[3.0], height=[4.0])
    assert predict(classifier(), tmp_path / "examples.npz")["next"].answers.tolist() == [[-3.0, -4.0]]


def test_text_where_a_number_belongs_is_told_with_its_line(tmp_path):
    rows = text(tmp_path, "weight,height\n1,2\nheavy,3\n")
    assert complaint(classifier(), rows) == f"{rows}:3: error[data-value]: column 'weight': 'heavy' is not a number"


def test_a_number_beyond_float32_is_told_with_its_line(tmp_path):
    rows = text(tmp_path, "weight,height\n1,2\n3,-1e39\n")
    assert complaint(classifier(), rows) == (
        f"{rows}:3: error[data-value]: column 'height': -1e+39 is too large for float32"
    )
    assert complaint(classifier(), {"size": np.array([[1.0, 1e39]])}) == (
        "error[data-value]: the input size takes float32, and a value is too large for it"
    )


def lookup(**described) -> Session:
    nodes = [helper.make_node("Identity", ["id"], ["out"])]
    return opened(nodes, [info("id", INT64)], [info("out", INT64)], **described)


def test_whole_numbers_are_read_from_text_and_others_refused(tmp_path):
    assert predict(lookup(), text(tmp_path, "id\n3\n4.0\n"))["out"].answers.tolist() == [3, 4]
    rows = text(tmp_path, "id\n3\n4.5\n")
    assert complaint(lookup(), rows) == (
        f"{rows}:3: error[data-value]: column 'id': 4.5 is not a whole number, which id takes"
    )


def image() -> Session:
    return opened(
        [helper.make_node("Flatten", ["image"], ["flat"])], [info("image", FLOAT, 1, 2, 3)], [info("flat", FLOAT, 6)]
    )


def test_an_array_gets_axes_of_one_and_nothing_else(tmp_path):
    rows = np.arange(12.0).reshape(2, 2, 3)
    for given in (rows, rows.reshape(2, 6), rows.reshape(2, 1, 2, 3), rows.reshape(2, 2, 3, 1)):
        np.savez(tmp_path / "rows.npz", image=given, other=np.zeros(2))
        assert predict(image(), tmp_path / "rows.npz")["flat"].answers.tolist() == rows.reshape(2, 6).tolist()
    np.savez(tmp_path / "rows.npz", image=rows.transpose(0, 2, 1))
    assert complaint(image(), tmp_path / "rows.npz") == (
        "error[data-shape]: the input image takes float32 (batch, 1, 2, 3), got the shape (2, 3, 2)"
    )


def test_a_file_made_elsewhere_is_fed_by_the_names_of_its_inputs():
    found = predict(image(), {"image": np.zeros((3, 1, 2, 3))})
    assert list(found.columns()) == [f"flat_{index}" for index in range(6)]
    assert found["flat"].classes == ()


def test_inputs_of_different_lengths_are_refused():
    add = helper.make_node("Add", ["a", "b"], ["c"])
    both = opened([add], [info("a", FLOAT), info("b", FLOAT)], [info("c", FLOAT)])
    assert complaint(both, {"a": np.zeros(3), "b": np.zeros(2)}) == (
        "error[data-shape]: the inputs have different numbers of rows: a 3, b 2"
    )


def test_patterns_of_columns_are_read_in_the_tables_order(tmp_path):
    session = classifier()
    session.described_inputs["size"]["columns"] = ["*eight"]
    found = predict(session, text(tmp_path, "weight,age,height\n1,2,3\n"))
    assert found["next"].answers.tolist() == [[-1.0, -3.0]]


def test_metadata_that_nnspec_did_not_write_are_told():
    node = helper.make_node("Identity", ["x"], ["y"])
    sides = [node], [info("x", FLOAT)], [info("y", FLOAT)]
    rows = {"x": np.zeros(1)}
    assert complaint(opened(*sides, outputs={"z": {}}), rows) == (
        "error[model-file]: pets.onnx cannot be used: its metadata nnspec.outputs name an output z that it lacks"
    )
    assert complaint(opened(*sides, outputs=[1]), rows) == (
        "error[model-file]: pets.onnx cannot be used: its metadata nnspec.outputs are not what nnspec writes"
    )


def test_values_that_have_no_answer_are_told(tmp_path):
    assert complaint(classifier(), {"size": [[1.0, 2.0], [np.nan, 1.0]]}) == (
        "error[data-value]: the input size, row 2: nan is not a finite number"
    )
    assert complaint(classifier(), {"size": 1.0}) == (
        "error[data-shape]: the input size takes float32 (batch, 2), got a single value"
    )
    words = lookup(inputs={"id": {"columns": ["id"], "shape": [], "dtype": "int64", "below": 20}})
    assert predict(words, {"id": [0, 19]})["out"].answers.tolist() == [0, 19]
    rows = text(tmp_path, "id\n3\n-1\n20\n")
    assert complaint(words, rows) == (
        f"{rows}:3: error[data-value]: the input id, line 3: -1 is no row of the 20 that the model looks up"
    )


def test_ten_thousand_columns_are_found_at_once():
    session, columns = classifier(), [f"c{index}" for index in range(10_000)]
    session.described_inputs["size"]["columns"] = columns
    table = Table("wide.csv", dict.fromkeys(columns, np.zeros(1)))
    start = time.process_time()
    assert complaint(session, table) == (
        "error[data-shape]: the input size takes float32 (batch, 2), got the shape (1, 10000)"
    )
    assert time.process_time() - start < 1
