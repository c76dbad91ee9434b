"""Documents of several files: what imports and extends mean, and what they may read. Mistakes: tests/mistakes."""

import json
import os
import time
from pathlib import Path

import pytest

from nnspec import source
from nnspec.diagnostics import SpecError
from nnspec.graph import Network, load_network, parse_network
from nnspec.graph.cost import cost
from nnspec.spec import read_document
from nnspec.spec.resolve import resolve

ROOT = Path(__file__).parents[2]
HEAD = "nnspec: 1\ninputs: {x: [8]}\n"
MLP = """nnspec: 1
name: mlp
params: {width: 4, twice: $(2 * width)}
data: sklearn:iris
inputs: {x: [100]}
blocks: {dense: [Linear: $twice, ReLU]}
layers: [dense, {Linear: $width, name: last}]
outputs: {main: {loss: CrossEntropyLoss}, hidden: {from: dense_1}}
optimizer: {AdamW: {lr: 1e-3}}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes files by name below an empty folder, in which the test runs."""
    monkeypatch.chdir(tmp_path)

    def write(**files: str) -> None:
        for name, text in files.items():
            path = Path(name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def shapes(network: Network) -> dict[str, str]:
    return {vertex.name: str(vertex.gives[0]) for vertex in network.graph}


def told(path: str, overrides: tuple[str, ...] = (), **given) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_network(path, overrides, **given)
    return [f"{found.span.place}: {found.message}" for found in caught.value.diagnostics]


def graph_of(network: Network) -> object:
    return (
        [(vertex.name, vertex.layer, vertex.inputs, vertex.gives) for vertex in network.graph],
        network.graph.inputs,
        network.graph.outputs,
        [(scope.title, list(scope.inputs.values()), scope.numbers) for scope in network.graph.scopes.values()],
    )


def test_any_spec_is_a_block(write):
    write(net=HEAD + "imports: {mlp: ./parts/mlp.yaml}\nlayers: [mlp, {mlp: {width: 3}, name: b}]\n", parts__mlp=MLP)
    assert shapes(load_network("net.yaml")) == {
        "mlp_1.dense_1.linear_1": "(8)",
        "mlp_1.dense_1.relu_1": "(8)",
        "mlp_1.last": "(4)",
        "b.dense_1.linear_1": "(6)",
        "b.dense_1.relu_1": "(6)",
        "b.last": "(3)",
    }


def test_the_outputs_of_an_import_have_their_names_there(write):
    layers = "[{mlp: 3, name: a}, {Concat: null, from: [a.main, a.hidden, a]}]"
    write(net=HEAD + f"imports: {{mlp: mlp.yaml}}\nlayers: {layers}\n", mlp=MLP)
    assert shapes(load_network("net.yaml"))["concat_1"] == "(12)"


def test_a_json_file_is_a_block_too(write):
    write(net=HEAD + "imports: {tiny: ./tiny.json}\nlayers: [tiny]\n")
    Path("tiny.json").write_text('{"nnspec": 1, "inputs": {"x": [2]}, "layers": [{"Linear": 5}]}')
    assert shapes(load_network("net.yaml")) == {"tiny_1.linear_1": "(5)"}


def test_an_import_and_what_imports_it_have_names_of_their_own(write):
    inner = "nnspec: 1\nparams: {width: 2}\ninputs: {x: [1]}\nblocks: {b: [Linear: $width]}\nlayers: [b]\n"
    outer = "params: {width: 5}\nblocks: {b: [Linear: $width, inner]}\nlayers: [b, inner: $(width + 1)]\n"
    write(net=f"{HEAD}imports: {{inner: inner.yaml}}\n{outer}", inner=inner)
    assert shapes(load_network("net.yaml")) == {
        "b_1.linear_1": "(5)",
        "b_1.inner_1.b_1.linear_1": "(2)",
        "inner_1.b_1.linear_1": "(6)",
    }


def test_imports_of_imports_are_found_from_the_file_that_names_them(write):
    middle = HEAD + "imports: {mlp: ../mlp.yaml}\nlayers: [mlp]\n"
    write(net=HEAD + "imports: {middle: a/middle.yaml}\nlayers: [middle]\n", a__middle=middle, mlp=MLP)
    assert shapes(load_network("net.yaml"))["middle_1.mlp_1.last"] == "(4)"


def test_a_file_that_is_imported_twice_is_read_once(write):
    imports = "imports: {a: mlp.yaml, b: ./mlp.yaml, c: other.yaml}\n"
    other = HEAD + "imports: {mlp: mlp.yaml}\nlayers: [mlp]\n"
    write(net=HEAD + imports + "layers: [a, b, c]\n", other=other, mlp=MLP)
    imported = read_document("net.yaml").value["imports"].value
    assert imported["a"] is imported["b"] is imported["c"].value["imports"].value["mlp"]


BASE = """nnspec: 1
name: base
params: {width: 4, depth: 2}
data: {source: sklearn:iris, split: {test: 0.2, seed: 3}}
inputs: {flower: {column: data, shape: [4]}}
layers: [{Linear: $width, repeat: $depth}, Linear: 3]
outputs: {species: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {AdamW: {lr: 1e-3, weight_decay: 0.1}}
scheduler: {StepLR: {step_size: 3}}
"""


@pytest.mark.parametrize(
    ("over", "path", "wanted"),
    [
        ("params: {width: 7}", "params", {"width": 7, "depth": 2}),
        ("data: {split: {seed: 5}}", "data", {"source": "sklearn:iris", "split": {"test": 0.2, "seed": 5}}),
        ("data: other.csv", "data", "other.csv"),
        ("layers: [ReLU]", "layers", ["ReLU"]),
        ("scheduler: null", "scheduler", None),
        ("optimizer: {AdamW: {lr: 1.0}}", "optimizer", {"AdamW": {"lr": 1.0, "weight_decay": 0.1}}),
        ("optimizer: {AdamW: null}", "optimizer", {"AdamW": None}),
        ("optimizer: {SGD: {lr: 0.1}}", "optimizer", {"SGD": {"lr": 0.1}}),
        ("optimizer: Adam", "optimizer", "Adam"),
        ("params: {depth: null, W: 1}", "params", {"width": 4, "W": 1}),
        ("inputs: {X: [3], flower: null}", "inputs", {"X": [3]}),
        ("outputs: {species: {loss: {NLLLoss: {}}}}", "outputs",
         {"species": {"column": "target", "loss": {"NLLLoss": {}}, "metrics": ["Accuracy"]}}),
    ],
)  # fmt: skip
def test_a_document_is_merged_over_the_one_it_extends(write, over, path, wanted):
    write(base=BASE, net=f"extends: ./base.yaml\n{over}\n")
    document = read_document("net.yaml").plain()
    assert document.get(path) == wanted
    assert {key: value for key, value in document.items() if key != path} == {
        key: value for key, value in source.read("base.yaml").plain().items() if key != path
    }


def test_a_chain_of_extensions_ends_in_one_document(write):
    write(a=BASE, b="extends: a.yaml\nnnspec: 1\nparams: {width: 8}\n", c="extends: b.yaml\nparams: {depth: 1}\n")
    assert shapes(load_network("c.yaml")) == {"linear_1.0": "(8)", "linear_2": "(3)"}
    assert shapes(load_network("c.yaml", ["params.width=9"]))["linear_1.0"] == "(9)"
    assert load_network("c.yaml").spec.name == "base"


def test_every_value_stands_where_it_was_written(write):
    write(base=BASE, net="extends: base.yaml\nparams:\n  width: 7\n")
    root = read_document("net.yaml", ["params.depth=5"])
    places = [root.span_of(["params", "width"]), root.span_of(["optimizer", "AdamW", "lr"])]
    places.append(root.span_of(["params", "depth"]))
    assert [span.place for span in places] == ["net.yaml:3:10", "base.yaml:8:25", "command line:1:20"]
    assert root.span.text.name == "net.yaml"


def test_what_a_base_names_is_found_from_its_own_folder(write):
    base = HEAD + "data: rows.csv\nimports: {mlp: mlp.yaml}\nlayers: [mlp]\n"
    write(net="extends: parts/base.yaml\n", parts__base=base, parts__mlp=MLP)
    network = load_network("net.yaml")
    assert network.spec.data.source == "parts/rows.csv"
    assert "mlp_1.last" in network.graph.vertices
    assert load_network("net.yaml", ["data=other.csv"]).spec.data.source == "other.csv"


def test_overrides_come_after_what_is_extended_and_before_what_is_imported(write):
    write(base=HEAD + "imports: {part: missing.yaml}\nlayers: [part]\n", net="extends: base.yaml\n", mlp=MLP)
    assert "part_1.last" in load_network("net.yaml", ["imports.part=./mlp.yaml"]).graph.vertices
    assert told("net.yaml", ("imports.part=mlpp.yaml",)) == ["command line:1:20: there is no file 'mlpp.yaml'"]
    assert told("net.yaml", ("imports.part=net.yaml",)) == [
        "command line:1:20: net.yaml comes back to itself: net.yaml → net.yaml"
    ]
    assert told("mlp.yaml", ("extends=base.yaml",)) == [
        "command line:1:15: `extends` cannot be set: what a spec starts from stands in its file"
    ]


def test_a_link_is_followed_below_the_folder_and_not_out_of_it(write):
    write(net__net=HEAD + "imports: {mlp: link.yaml}\nlayers: [mlp]\n", net__parts__mlp=MLP, secret=MLP)
    link = Path("net/link.yaml")
    link.symlink_to("parts/mlp.yaml")
    assert "mlp_1.last" in load_network("net/net.yaml").graph.vertices
    link.unlink()
    link.symlink_to("../secret.yaml")
    assert told("net/net.yaml") == ["net/net.yaml:3:16: 'link.yaml' is a link that leaves the spec's folder"]
    link.unlink()
    link.symlink_to("link.yaml")
    assert len(told("net/net.yaml")) == 1


def test_another_folder_is_allowed_on_the_command_line(write, tmp_path):
    write(net__net=HEAD + "imports: {mlp: ../shared/mlp.yaml}\nlayers: [mlp]\n", shared__mlp=MLP)
    assert told("net/net.yaml") == ["net/net.yaml:3:16: '../shared/mlp.yaml' leaves the spec's folder"]
    assert "mlp_1.last" in load_network("net/net.yaml", allow_path=["shared"]).graph.vertices
    absolute = [f"imports.mlp={tmp_path}/shared/mlp.yaml"]
    assert "mlp_1.last" in load_network("net/net.yaml", absolute, allow_path=["shared"]).graph.vertices
    assert told("net/net.yaml", allow_path=["sahred"]) == ["command line:1:14: there is no folder 'sahred'"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_pipe_or_a_device_is_refused_unread(write):
    write(net=HEAD + "imports: {pipe: pipe.yaml, zero: zero}\nlayers: [pipe]\n")
    os.mkfifo("pipe.yaml")
    Path("zero").symlink_to("/dev/zero")
    assert told("net.yaml", allow_path=["/dev"]) == [
        "net.yaml:3:17: 'pipe.yaml' is a pipe or a device, not a file",
        "net.yaml:3:34: 'zero' is a pipe or a device, not a file",
    ]


def test_a_mistake_of_an_import_is_told_beside_those_of_its_importer(write):
    write(net=HEAD + "imports: {mlp: mlp.yaml, gone: gone.yaml}\nlayers: [mlp, gone, Linaer: 2]\n",
          mlp=MLP.replace("lr: 1e-3", "lr: fast"))  # fmt: skip
    assert told("net.yaml") == [
        "mlp.yaml:9:25: AdamW: lr must be a number above 0, got \"fast\"",
        "net.yaml:3:32: there is no file 'gone.yaml'",
        "net.yaml:4:21: no layer type is named 'Linaer'",
    ]  # fmt: skip


def test_files_have_a_limit_in_all(write):
    names = [f"m{number}" for number in range(120)]
    imports = ", ".join(f"{name}: {name}.yaml" for name in names)
    write(net=f"{HEAD}imports: {{{imports}}}\nlayers: [Linear: 2]\n", **dict.fromkeys(names, MLP))
    assert told("net.yaml")[0].endswith("the spec names more than 100 files")


def test_imports_that_double_at_every_level_end_in_one_error(write):
    chain = {
        f"m{level}": f"{HEAD}imports: {{a: m{level + 1}.yaml, b: ./m{level + 1}.yaml}}\nlayers: [a, b]\n"
        for level in range(15)
    }
    write(**chain, m15=HEAD + f"layers: [{', '.join(['Tanh'] * 500)}]\n")
    start = time.process_time()
    (message,) = told("m0.yaml")
    assert message.endswith("the imports come to more than 200,000 values, each written out wherever it is used")
    assert time.process_time() - start < 1


def test_a_long_chain_of_files_ends_in_one_error(write):
    write(**{f"m{level}": f"nnspec: 1\nextends: m{level + 1}.yaml\n" for level in range(40)}, m40=MLP)
    assert told("m0.yaml") == ["m16.yaml:2:10: more than 16 files import or extend one another in a row"]


WHOLE = sorted(
    path for folder in ("specs", "tests/networks", "tests/golden") for path in (ROOT / folder).rglob("*.yaml")
)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_a_network_is_the_same_where_it_is_imported_and_in_its_long_form(path, write):
    first = load_network(path)
    given = {name: {"shape": [str(dim) if not isinstance(dim, int) else dim for dim in x.shape[1:]], "dtype": x.dtype}
             for name, x in first.graph.inputs.items()}  # fmt: skip
    importer = {"nnspec": 1, "imports": {"whole": f"./{path.name}"}, "inputs": given,
                "layers": [{"whole": None, "from": list(given)}]}  # fmt: skip
    write(net=json.dumps(importer))
    Path(path.name).write_text(path.read_text())
    network = load_network("net.yaml")
    assert [vertex.gives for vertex in network.graph] == [vertex.gives for vertex in first.graph]
    assert cost(network.graph).parameters == cost(first.graph).parameters
    Path(path.name).unlink()
    again = parse_network(json.dumps(resolve(network.spec)), "again.json", json=True)
    assert graph_of(again) == graph_of(network)
    assert resolve(again.spec) == resolve(network.spec) | {"name": "net"}


def test_the_long_form_needs_no_other_file(write):
    middle = "nnspec: 1\nparams: {k: 2}\ninputs: {x: [8]}\nimports: {mlp: mlp.yaml}\nlayers: [mlp: $(3 * k)]\n"
    net = "extends: base.yaml\nlayers: [{middle: {k: 5}, name: a}, {middle: null, repeat: 2}]\n"
    write(base=HEAD + "imports: {middle: sub/middle.yaml}\nlayers: [middle]\n", net=net, sub__middle=middle)
    write(sub__mlp=MLP)
    network = load_network("net.yaml")
    document = resolve(network.spec)
    for path in ("base.yaml", "sub/middle.yaml", "sub/mlp.yaml"):
        Path(path).unlink()
    again = parse_network(json.dumps(document), "spec.json", json=True)
    assert graph_of(again) == graph_of(network)
    assert resolve(again.spec) == document
    assert "lr" not in json.dumps(document["imports"])
