"""From a spec and its files to arrays, and every way in which they may not fit."""

import json

import numpy as np
import pytest

from nnspec.data import load_examples, prepared
from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.prepare import Preparation


def load(folder, spec, **files):
    """The examples of a spec whose files are texts (CSV) or dicts of arrays (NPZ)."""
    for name, content in files.items():
        if isinstance(content, str):
            (folder / f"{name}.csv").write_text(content)
        else:
            np.savez(folder / f"{name}.npz", **content)
    network = parse_network(spec)
    return load_examples(network.spec, folder, network.graph.output_tensors, network.graph.lookups)


def told(folder, spec, **files):
    with pytest.raises(SpecError) as caught:
        load(folder, spec, **files)
    return str(caught.value)


def rows(header, row, count=20):
    return "\n".join([header, *(row(i) for i in range(count))]) + "\n"


CLASSES = """\
nnspec: 1
data: rows.csv
inputs: {x: {columns: [a, b]}}
layers:
  - Linear: 2
outputs: {y: {loss: CrossEntropyLoss}}
"""
VALUES = """\
nnspec: 1
data: {source: rows.csv, split: {validation: 0.25, test: 0.25}}
inputs: {x: {columns: [a, b], prepare: [Standardize]}}
layers:
  - Linear: 1
outputs: {y: {loss: MSELoss, prepare: [Standardize]}}
"""
IMAGES = """\
nnspec: 1
data: images.npz
inputs: {image: [3, 16, 16]}
layers:
  - Flatten
  - Linear: 5
outputs: {y: {loss: CrossEntropyLoss}}
"""


def test_columns_become_a_vector_and_classes_indices(tmp_path):
    examples = load(tmp_path, CLASSES, rows=rows("y,b,a", lambda i: f"{'dog' if i % 2 else 'cat'},{i},{-i}"))
    part = examples.test
    assert (part.raw["x"].dtype, part.targets["y"].dtype) == (np.float32, np.int64)
    assert part.raw["x"].tolist() == [[-row, row] for row in part.rows]
    assert part.targets["y"].tolist() == [row % 2 for row in part.rows]
    assert (len(examples.train), len(examples.validation), len(part)) == (14, 3, 3)
    assert (part.source, part.lengths) == ("rows.csv", {})
    assert examples.preparation.outputs["y"].classes == ("cat", "dog")
    assert examples.preparation.columns == {"x": ("a", "b")}


def test_values_stay_in_their_own_units_until_prepared(tmp_path):
    examples = load(tmp_path, VALUES, rows=rows("a,b,y", lambda i: f"{i},{i * i},{10 * i}"))
    train = examples.train
    assert train.targets["y"].ravel().tolist() == [10 * row for row in train.rows]
    assert train.targets["y"].shape == (10, 1)
    ready = prepared(examples.preparation, train)
    for name in ("x", "y"):
        np.testing.assert_allclose(ready[name].mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(ready[name].std(axis=0), 1, atol=1e-6)
    assert not np.allclose(prepared(examples.preparation, examples.test)["x"].mean(axis=0), 0, atol=1e-3)
    assert Preparation.from_json(json.loads(json.dumps(examples.preparation.as_json()))) == examples.preparation


def test_yes_or_no_has_the_outputs_own_shape(tmp_path):
    spec = CLASSES.replace("Linear: 2", "Linear: 1").replace("CrossEntropyLoss", "BCEWithLogitsLoss")
    examples = load(tmp_path, spec, rows=rows("a,b,y", lambda i: f"{i},0,{'yes' if i % 3 else 'no'}"))
    assert examples.preparation.outputs["y"].classes == ("no", "yes")
    assert examples.train.targets["y"].dtype == np.float32
    assert examples.train.targets["y"].tolist() == [[float(row % 3 > 0)] for row in examples.train.rows]


def test_several_yes_or_no_a_row(tmp_path):
    spec = (
        CLASSES.replace("rows.csv", "rows.npz")
        .replace("Linear: 2", "Linear: 3")
        .replace("CrossEntropy", "BCEWithLogits")
    )
    y = np.arange(60).reshape(20, 3) % 2
    examples = load(tmp_path, spec, rows=dict(a=np.arange(20), b=np.ones(20), y=y))
    assert np.array_equal(examples.train.targets["y"], y[examples.train.rows])


def test_a_class_for_every_position(tmp_path):
    spec = """\
nnspec: 1
data: rows.npz
inputs: {x: {shape: [1, H, W]}}
layers:
  - Conv2d: {out_channels: 2, kernel_size: 1}
outputs: {y: {loss: CrossEntropyLoss}}
"""
    y = np.arange(20 * 12).reshape(20, 3, 4) % 2
    examples = load(tmp_path, spec, rows=dict(x=np.ones((20, 3, 4)), y=y))
    assert examples.train.raw["x"].shape == (14, 1, 3, 4)
    assert examples.train.lengths == {"H": 3, "W": 4}
    assert np.array_equal(examples.train.targets["y"], y[examples.train.rows])


def test_a_pattern_takes_columns_in_the_tables_order_and_none_twice(tmp_path):
    spec = CLASSES.replace("{columns: [a, b]}", "{columns: [s_2, 's_*'], shape: [3]}")
    examples = load(tmp_path, spec, rows=rows("s_1,t,s_2,s_3,y", lambda i: f"{i},9,{i + 1},{i + 2},{i % 2}"))
    assert examples.preparation.columns == {"x": ("s_2", "s_1", "s_3")}
    assert examples.train.raw["x"].tolist() == [[row + 1, row, row + 2] for row in examples.train.rows]


def test_columns_that_fill_a_shape_fill_it_row_by_row(tmp_path):
    spec = CLASSES.replace("{columns: [a, b]}", "{columns: ['p*'], shape: [1, 2, 2]}").replace(
        "  - Linear", "  - Flatten\n  - Linear"
    )
    examples = load(tmp_path, spec, rows=rows("p0,p1,p2,p3,y", lambda i: f"{i},1,2,3,{i % 2}"))
    assert examples.train.raw["x"][0].tolist() == [[[float(examples.train.rows[0]), 1], [2, 3]]]


def test_whole_numbers_are_read_as_they_are(tmp_path):
    spec = """\
nnspec: 1
data: rows.npz
inputs: {words: {shape: [T], dtype: int64}}
layers:
  - Embedding: {num_embeddings: 9, embedding_dim: 2}
  - Last
outputs: {y: {loss: CrossEntropyLoss}}
"""
    words = np.arange(60).reshape(20, 3) % 9
    examples = load(tmp_path, spec, rows=dict(words=words.astype(np.int32), y=np.arange(20) % 2))
    assert examples.train.raw["words"].dtype == np.int64
    assert examples.train.lengths == {"T": 3}
    assert told(tmp_path, spec, rows=dict(words=words + 0.5, y=np.arange(20) % 2)) == (
        "rows.npz: error[data-value]: row 1 of 'words': 0.5 is not a whole number, which words takes (int64)"
    )


def test_a_stratified_split_goes_by_the_output_that_learns_classes(tmp_path):
    spec = CLASSES.replace(
        "data: rows.csv", "data: {source: rows.csv, split: {stratify: true, validation: 0.2, test: 0.2}}"
    )
    examples = load(tmp_path, spec, rows=rows("a,b,y", lambda i: f"{i},0,{int(i < 5)}"))
    assert [examples.validation.targets["y"].sum(), examples.test.targets["y"].sum()] == [1, 1]
    spec = spec.replace("Linear: 2", "Linear: 1").replace("CrossEntropyLoss", "MSELoss")
    assert told(tmp_path, spec, rows=rows("a,b,y", lambda i: f"{i},0,{i}")) == (
        "spec.yaml:2:44: error[split]: stratify needs an output that learns one class for each row\n"
        "    2 | data: {source: rows.csv, split: {stratify: true, validation: 0.2, test: 0.2}}\n"
        "      |                                            ^^^^"
    )


def test_what_has_no_source_of_its_own_is_split_off_the_training_rows(tmp_path):
    spec = CLASSES.replace("data: rows.csv", "data: {train: rows.csv, test: later.csv, split: {validation: 0.2}}")
    files = dict(rows=rows("a,b,y", lambda i: f"{i},0,{i % 2}"), later=rows("y,b,a", lambda i: f"{i % 2},0,{i}", 5))
    examples = load(tmp_path, spec, **files)
    assert [(part.source, len(part)) for part in (examples.train, examples.validation, examples.test)] == [
        ("rows.csv", 16),
        ("rows.csv", 4),
        ("later.csv", 5),
    ]
    assert examples.test.rows.tolist() == [0, 1, 2, 3, 4]
    assert examples.test.raw["x"][:, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_source_of_its_own_needs_every_column_that_training_read(tmp_path):
    spec = CLASSES.replace("[a, b]", "['s_*'], shape: [2]").replace("rows.csv", "{train: rows.csv, test: later.csv}")
    files = dict(rows=rows("s_1,s_2,y", lambda i: f"{i},0,{i % 2}"), later="s_1,y\n1,0\n")
    assert told(tmp_path, spec, **files) == (
        "spec.yaml:3:10: error[unknown-column]: later.csv has no column 's_2'\n"
        "    3 | inputs: {x: {columns: ['s_*'], shape: [2]}}\n"
        "      |          ^\n"
        "  help  its columns are s_1, y"
    )


def test_a_source_of_its_own_may_have_another_length(tmp_path):
    spec = IMAGES.replace("[3, 16, 16]", "[3, H, 16]").replace("- Flatten", "- Mean: {dim: [2, 3]}")
    spec = spec.replace("data: images.npz", "data: {train: images.npz, test: tall.npz}")
    images = dict(image=np.ones((20, 3, 16, 16)), y=np.arange(20) % 5)
    examples = load(tmp_path, spec, images=images, tall=dict(image=np.ones((2, 3, 30, 16)), y=[0, 1]))
    assert (examples.train.lengths, examples.test.lengths) == ({"H": 16}, {"H": 30})


def test_classes_with_gaps_between_them_are_classes(tmp_path):
    spec = CLASSES.replace("Linear: 2", "Linear: 3")
    examples = load(tmp_path, spec, rows=rows("a,b,y", lambda i: f"{i},0,{(0, 1, 3)[i % 3]}"))
    assert examples.preparation.outputs["y"].classes == (0, 1, 3)


def test_a_constant_column_and_the_same_row_again_and_again_are_fine(tmp_path):
    spec = CLASSES.replace("[a, b]", "[a, b], prepare: [Standardize]")
    examples = load(tmp_path, spec, rows=rows("a,b,y", lambda i: f"5,{i // 10},{i % 2}"))
    assert np.unique(prepared(examples.preparation, examples.train)["x"][:, 0]).tolist() == [0]


MISTAKES = {
    "column": (
        CLASSES,
        rows("a,bb,y", lambda i: f"{i},0,{i % 2}"),
        "spec.yaml:3:27: error[unknown-column]: rows.csv has no column 'b'\n"
        "    3 | inputs: {x: {columns: [a, b]}}\n"
        "      |                           ^\n"
        "  help  did you mean 'bb'?",
    ),
    "target's column": (
        CLASSES,
        rows("a,b,label", lambda i: f"{i},0,{i % 2}"),
        "spec.yaml:6:11: error[unknown-column]: rows.csv has no column 'y'\n"
        "    6 | outputs: {y: {loss: CrossEntropyLoss}}\n"
        "      |           ^\n"
        "  help  its columns are a, b, label",
    ),
    "target within a pattern": (
        CLASSES.replace("[a, b]", "['*'], shape: [3]"),
        rows("a,b,y", lambda i: f"{i},0,{i % 2}"),
        "spec.yaml:3:24: error[wrong-value]: '*' takes in the column 'y', which y is to learn\n"
        "    3 | inputs: {x: {columns: ['*'], shape: [3]}}\n"
        "      |                        ^^^\n"
        "  help  name the columns so that the target stays out",
    ),
    "number of columns": (
        CLASSES.replace("[a, b]", "[a, b], shape: [3]"),
        rows("a,b,y", lambda i: f"{i},0,{i % 2}"),
        "spec.yaml:3:38: error[data-shape]: x takes (3), a vector of 2 columns of rows.csv holds (2) a row\n"
        "    3 | inputs: {x: {columns: [a, b], shape: [3]}}\n"
        "      |                                      ^^^\n"
        "  help  change the shape in the spec, or name another column",
    ),
    "infinity": (
        CLASSES,
        rows("a,b,y", lambda i: f"{i},{'inf' if i == 3 else 0},{i % 2}"),
        "rows.csv:5: error[data-value]: column 'b': 'inf' is not a finite number",
    ),
    "too large for float32": (
        CLASSES,
        rows("a,b,y", lambda i: f"{i},{'1e39' if i == 3 else 0},{i % 2}"),
        "rows.csv:5: error[data-value]: column 'b': 9.9999999999999994e+38 is too large for float32",
    ),
    "one row": (
        CLASSES,
        "a,b,y\n1,2,0\n",
        "spec.yaml:2:7: error[split]: the source has 1 row, so a share of 0.15 leaves none for validation\n"
        "    2 | data: rows.csv\n"
        "      |       ^^^^^^^^\n"
        "  help  7 rows are enough for these shares",
    ),
    "number of classes": (
        CLASSES,
        rows("a,b,y", lambda i: f"{i},0,{i % 3}"),
        "spec.yaml:6:11: error[data-shape]: y has 3 classes in the data, but linear_1 gives 2 scores\n"
        "    6 | outputs: {y: {loss: CrossEntropyLoss}}\n"
        "      |           ^\n"
        "  classes  0, 1, 2 in column 'y' of rows.csv\n"
        "  help     give linear_1 3 features",
    ),
    "one class": (
        CLASSES,
        rows("a,b,y", lambda i: f"{i},0,cat"),
        "spec.yaml:6:11: error[data-shape]: y has 1 class in the data, but linear_1 gives 2 scores\n"
        "    6 | outputs: {y: {loss: CrossEntropyLoss}}\n"
        "      |           ^\n"
        "  classes  cat in column 'y' of rows.csv",
    ),
    "yes, no and perhaps": (
        CLASSES.replace("Linear: 2", "Linear: 1").replace("CrossEntropyLoss", "PerceptronLoss"),
        rows("a,b,y", lambda i: f"{i},0,{i % 3}"),
        "spec.yaml:6:11: error[data-shape]: y has 3 classes in the data, but PerceptronLoss tells two apart\n"
        "    6 | outputs: {y: {loss: PerceptronLoss}}\n"
        "      |           ^\n"
        "  classes  0, 1, 2 in column 'y' of rows.csv\n"
        "  help     for 3 classes use CrossEntropyLoss and as many scores",
    ),
    "a label that is not given": (
        CLASSES.replace("{loss", "{classes: [0, 1], loss"),
        rows("a,b,y", lambda i: f"{i},0,{-100 if i == 4 else i % 2}", 21),
        "rows.csv:6: error[data-value]: column 'y': '-100' is none of the classes given: 0, 1\n"
        "  help  add it to `classes`, or leave the row out",
    ),
    "constant target": (
        VALUES,
        rows("a,b,y", lambda i: f"{i},0,7"),
        "spec.yaml:6:11: error[data-value]: column 'y' is 7 in every training row, so there is nothing to learn\n"
        "    6 | outputs: {y: {loss: MSELoss, prepare: [Standardize]}}\n"
        "      |           ^\n"
        "  help  name another column, or give rows that differ",
    ),
    "words for values": (
        VALUES,
        rows("a,b,y", lambda i: f"{i},0,{'high' if i == 2 else i}"),
        "rows.csv:4: error[data-value]: column 'y': 'high' is not a number",
    ),
    "values for several outputs": (
        VALUES.replace("Linear: 1", "Linear: 2"),
        rows("a,b,y", lambda i: f"{i},0,{i}"),
        "spec.yaml:6:11: error[data-shape]: y takes (2), column 'y' of rows.csv holds a single number a row\n"
        "    6 | outputs: {y: {loss: MSELoss, prepare: [Standardize]}}\n"
        "      |           ^\n"
        "  help  change what linear_1 gives, or name another column",
    ),
}


@pytest.mark.parametrize("spec, content, expected", MISTAKES.values(), ids=MISTAKES)
def test_data_that_do_not_fit_are_told_word_for_word(tmp_path, spec, content, expected):
    assert told(tmp_path, spec, rows=content) == expected


def test_the_mistakes_of_all_inputs_are_told_at_once(tmp_path):
    spec = CLASSES.replace(
        "inputs: {x: {columns: [a, b]}}", "inputs: {x: {column: a, shape: [1]}, z: {column: b, shape: [1]}}"
    )
    spec = spec.replace("- Linear: 2", "- Add: {}\n    from: [x, z]\n  - Linear: 2")
    assert told(tmp_path, spec, rows="a,b,y\n1,2,0\nfour,5,1\n7,eight,0\n") == (
        "rows.csv:3: error[data-value]: column 'a': 'four' is not a number\n"
        "rows.csv:4: error[data-value]: column 'b': 'eight' is not a number"
    )


def test_unknown_columns_of_all_inputs_are_told_at_once(tmp_path):
    spec = CLASSES.replace("{x: {columns: [a, b]}}", "{x: {columns: ['q*'], shape: [2]}, z: {column: c, shape: [2]}}")
    spec = spec.replace("- Linear: 2", "- Add: {}\n    from: [x, z]\n  - Linear: 2")
    assert told(tmp_path, spec, rows="a,b,y\n1,2,0\n") == (
        "spec.yaml:3:24: error[unknown-column]: rows.csv has no column 'q*'\n"
        "    3 | inputs: {x: {columns: ['q*'], shape: [2]}, z: {column: c, shape: [2]}}\n"
        "      |                        ^^^^\n"
        "  help  its columns are a, b, y\n"
        "spec.yaml:3:56: error[unknown-column]: rows.csv has no column 'c'\n"
        "    3 | inputs: {x: {columns: ['q*'], shape: [2]}, z: {column: c, shape: [2]}}\n"
        "      |                                                        ^\n"
        "  help  its columns are a, b, y"
    )


def test_images_with_their_channels_last_are_told_so(tmp_path):
    images = dict(image=np.zeros((20, 16, 16, 3), np.float32), y=np.arange(20) % 5)
    assert told(tmp_path, IMAGES, images=images) == (
        "spec.yaml:3:17: error[data-shape]: image takes (3, 16, 16), "
        "column 'image' of images.npz holds (16, 16, 3) a row\n"
        "    3 | inputs: {image: [3, 16, 16]}\n"
        "      |                 ^^^^^^^^^^^\n"
        "  help  the data have their channels last; images are channels first: store array.transpose(0, 3, 1, 2)"
    )


def test_images_with_nan_are_told_with_their_row(tmp_path):
    images = np.zeros((20, 3, 16, 16), np.float32)
    images[4:6] = np.nan
    assert told(tmp_path, IMAGES, images=dict(image=images, y=np.arange(20) % 5)) == (
        "images.npz: error[data-value]: column 'image': 2 of its 20 rows lack a value, the first is row 5\n"
        "  help  fill them in: `prepare: [{Impute: median}]`; or leave those rows out"
    )


def test_a_label_of_minus_one_is_one_class_more(tmp_path):
    y = np.arange(20) % 5
    y[3::5] = -1
    y[4] = 3
    images = dict(image=np.zeros((20, 3, 16, 16), np.float32), y=y)
    spec = IMAGES.replace("images.npz", "{source: images.npz, split: {validation: 0, test: 0}}")
    assert told(tmp_path, spec, images=images) == (
        "spec.yaml:7:11: error[data-shape]: y has 6 classes in the data, but linear_1 gives 5 scores\n"
        "    7 | outputs: {y: {loss: CrossEntropyLoss}}\n"
        "      |           ^\n"
        "  classes  -1, 0, 1, 2, 3, 4 in column 'y' of images.npz\n"
        "  help     give linear_1 6 features"
    )


def test_a_class_in_the_test_rows_alone_is_told_with_its_line(tmp_path):
    spec = CLASSES.replace("data: rows.csv", "data: {train: rows.csv, test: later.csv}")
    files = dict(rows=rows("a,b,y", lambda i: f"{i},0,{i % 2}"), later="a,b,y\n1,2,1\n3,4,2\n")
    assert told(tmp_path, spec, **files) == (
        "later.csv:3: error[data-value]: column 'y': no training row has the class '2'; they have 0, 1\n"
        "  help  list it in the output's `classes`, or keep each class's share in every part with `stratify: true`"
    )


def test_one_name_stands_for_one_length(tmp_path):
    spec = """\
nnspec: 1
data: rows.npz
inputs: {left: [T, 2], right: [T, 2]}
layers:
  - Add: {}
    from: [left, right]
  - Last
outputs: {y: {loss: CrossEntropyLoss}}
"""
    sides = dict(left=np.ones((20, 5, 2)), right=np.ones((20, 6, 2)), y=np.arange(20) % 2)
    assert told(tmp_path, spec, rows=sides) == (
        "spec.yaml:3:31: error[data-shape]: T is 5 in left and 6 in right\n"
        "    3 | inputs: {left: [T, 2], right: [T, 2]}\n"
        "      |                               ^^^^^^\n"
        "  data  rows.npz\n"
        "  help  a name stands for one length throughout a spec: give the other length another name"
    )


def test_a_spec_without_data_is_told_so(tmp_path):
    assert told(tmp_path, CLASSES.replace("data: rows.csv\n", "")) == (
        "spec.yaml:1:1: error[not-trainable]: the spec names no data to learn from\n"
        "    1 | nnspec: 1\n"
        "      | ^^^^^^^^^\n"
        "  help  add `data: {source: FILE}`"
    )


WORDS = """\
nnspec: 1
data: {source: words.SUFFIX, split: {validation: 0, test: 0}}
inputs: {words: {COLUMNS, shape: [2], dtype: int64}}
layers:
  - Embedding: {num_embeddings: 30, embedding_dim: 2}
  - Flatten
  - Linear: 2
outputs: {y: {loss: CrossEntropyLoss}}
"""


def test_an_index_that_no_table_has_is_told_with_its_line(tmp_path):
    spec = WORDS.replace("SUFFIX", "csv").replace("COLUMNS", "columns: [a, b]")
    assert told(tmp_path, spec, words=rows("a,b,y", lambda i: f"1,{2 * i},{i % 2}")) == (
        "words.csv:17: error[data-value]: column 'b': 30 is no row of the 30 that embedding_1 looks up\n"
        "  layer  Embedding embedding_1, spec.yaml:5\n"
        "  help   indices run from 0; the largest here is 38, which takes 39 rows"
    )


def test_a_negative_index_is_told_with_its_row(tmp_path):
    spec = WORDS.replace("SUFFIX", "npz").replace("COLUMNS", "column: words")
    words = np.array([[1, 2], [3, -1], [4, 5]])
    assert told(tmp_path, spec, words={"words": words, "y": np.array([0, 1, 0])}) == (
        "words.npz: error[data-value]: row 2 of 'words': -1 is no row of the 30 that embedding_1 looks up\n"
        "  layer  Embedding embedding_1, spec.yaml:5\n"
        "  help   indices run from 0"
    )


LISTED = CLASSES.replace("{loss: C", "{classes: LIST, loss: C")


def test_classes_of_words_and_numbers_are_all_text(tmp_path):
    table = rows("a,b,y", lambda i: f"{i},0,{'x' if i % 2 else 1}")
    found = load(tmp_path, LISTED.replace("LIST", "[x, 1]"), rows=table)
    assert found.preparation.outputs["y"].classes == ("x", "1")
    assert set(found.train.targets["y"].tolist()) == {0, 1}


def test_a_class_that_is_listed_twice_is_refused(tmp_path):
    table = rows("a,b,y", lambda i: f"{i},0,{i % 2}")
    assert told(tmp_path, LISTED.replace("LIST", "[1, '1']"), rows=table) == (
        "spec.yaml:6:24: error[wrong-value]: the class 1 of y is listed twice\n"
        "    6 | outputs: {y: {classes: [1, '1'], loss: CrossEntropyLoss}}\n"
        "      |                        ^^^^^^^^\n"
        "  help  leave one out"
    )


def test_a_group_stands_in_one_part_and_beside_a_source_of_its_own(tmp_path):
    spec = CLASSES.replace("rows.csv", "{source: rows.csv, split: {group: who, test: 0.3}}")
    who = rows("y,a,b,who", lambda i: f"{i % 2},{i},{-i},p{i // 2}")
    examples = load(tmp_path, spec, rows=who)
    groups = [{row // 2 for row in part.rows} for part in (examples.train, examples.validation, examples.test)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 10
    twice = CLASSES.replace("rows.csv", "{source: rows.csv, test: rows.csv, split: {column: part}}")
    halves = rows("y,a,b,part", lambda i: f"{i % 2},{i},{-i},{'test' if i > 9 else 'train'}")
    assert told(tmp_path, twice, rows=halves) == (
        "spec.yaml:2:32: error[split]: data has a `test` of its own, and column 'part' puts rows into it too\n"
        "    2 | data: {source: rows.csv, test: rows.csv, split: {column: part}}\n"
        "      |                                ^^^^^^^^\n"
        "  help  leave one of them out"
    )
