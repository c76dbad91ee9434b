"""Generated source: the golden files, that they run, and what no name or text can do to them.

In tests/golden each spec stands beside its source. `NNSPEC_GOLDEN=1 pytest tests/codegen` writes the sources anew;
look at the difference before you keep it.
"""

import ast
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnspec import __version__
from nnspec.codegen.load import load
from nnspec.codegen.write import Source, class_name, write
from nnspec.graph import Graph, Network, parse_network
from nnspec.shapes import Tensor

GOLDEN = Path(__file__).parent.parent / "golden"
SPECS = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
LENGTHS = {"batch": 2, "T": 5}


def network(name: str) -> Network:
    return parse_network((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"), f"specs/{name}.yaml")


def source_of(net: Network) -> Source:
    return write(net.graph, description=net.spec.description, origin=net.spec.root.span.text.name)


def small(layers: str, *, inputs: str = "{image: [4]}", outputs: str = "{output: {}}") -> Graph:
    return parse_network(f"nnspec: 1\nname: small\ninputs: {inputs}\nlayers:\n{layers}\noutputs: {outputs}\n").graph


def forward_of(source: Source) -> list[str]:
    """The statements of `forward`, without their comments."""
    body = source.text.split('"""Returns ')[1].split("\n", 1)[1]
    return [re.sub(r"\s+# .*", "", line).strip() for line in body.splitlines()]


def example(x: Tensor) -> torch.Tensor:
    shape = [int(str(dim)) for dim in x.bind(LENGTHS).shape]
    return torch.zeros(shape, dtype=torch.int64) if x.dtype == "int64" else torch.rand(shape)


def run(graph: Graph, source: Source) -> tuple[torch.Tensor, ...]:
    results = load(source, "net.py", {})(*(example(x) for x in graph.inputs.values()))
    return results if isinstance(results, tuple) else (results,)


def shapes(graph: Graph) -> list[tuple[object, ...]]:
    return [x.bind(LENGTHS).shape for x in graph.output_tensors.values()]


@pytest.mark.parametrize("name", SPECS)
def test_the_source_is_the_golden_file(name: str):
    text = source_of(network(name)).text.replace(f"nnspec {__version__}", "nnspec VERSION")
    path = GOLDEN / f"{name}.py"
    if os.environ.get("NNSPEC_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SPECS)
def test_the_module_gives_the_shapes_of_the_graph(name: str):
    graph = network(name).graph
    assert [tuple(y.shape) for y in run(graph, source_of(network(name)))] == shapes(graph)


@pytest.mark.parametrize("name", SPECS)
def test_the_learnt_tensors_have_the_names_and_shapes_that_the_layers_say(name: str):
    net = network(name)
    module = load(source_of(net), "net.py", {})
    described = {
        f"{vertex.name}.{parameter}": tuple(shape)
        for vertex in net.graph
        if vertex.name in net.graph.live and not vertex.shares
        for parameter, shape in vertex.layer.parameters(*vertex.arrives).items()
    }
    assert {parameter: tuple(x.shape) for parameter, x in module.named_parameters()} == described


def test_the_golden_files_need_nothing_but_torch():
    program = """
import runpy, sys
for path in sys.argv[1:]:
    names = runpy.run_path(path)
    *_, net = [value for value in names.values() if isinstance(value, type) and value.__module__ == "<run_path>"]
    net()
print({name for name in sys.modules if name.split(".")[0] in ("nnspec", "safetensors", "yaml", "pydantic")})
"""
    paths = sorted(map(str, GOLDEN.glob("*.py")))
    done = subprocess.run([sys.executable, "-W", "error", "-I", "-c", program, *paths], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("set()\n", 0), done.stderr


def test_the_same_graph_gives_the_same_text_and_lines():
    assert source_of(network("lstm")) == source_of(network("lstm"))


def test_lines_know_their_layers():
    source = source_of(network("lstm"))
    lines = source.text.splitlines()
    found = [(vertex, lines[number - 1].split("#")[0].strip()) for number, vertex in source.lines.items()]
    assert [code for vertex, code in found if vertex == "reader"] == [
        "self.reader = nn.LSTM(8, 12, num_layers=2, bidirectional=True, batch_first=True)",
        "reader, (reader_h_n, _) = self.reader(x)",
        "reader_h_n = reader_h_n.transpose(0, 1)",
    ]


def test_a_value_taken_later_has_its_layers_name():
    graph = small("  - Linear: 4\n  - Tanh\n  - {Add: {}, from: [_, linear_1]}")
    assert forward_of(write(graph)) == [
        "linear_1 = self.linear_1(image)",
        "x = torch.tanh(linear_1)",
        "x = x + linear_1",
        "return x",
    ]


def test_an_input_called_x_is_not_overwritten_while_it_is_needed():
    graph = small("  - Linear: 4\n  - Tanh\n  - {Add: {}, from: [_, x]}", inputs="{x: [4]}")
    assert forward_of(write(graph)) == ["h = self.linear_1(x)", "h = torch.tanh(h)", "h = h + x", "return h"]


def test_an_input_called_x_that_only_the_first_layer_takes_is_overwritten():
    graph = small("  - Linear: 4\n  - Tanh", inputs="{x: [4]}")
    assert forward_of(write(graph)) == ["x = self.linear_1(x)", "x = torch.tanh(x)", "return x"]


def test_the_name_of_a_second_output_gives_way_to_a_layers():
    layers = """
  - {LSTM: 4, name: a}
  - {Last: {}, name: a_h_n}
  - {Last: {}, from: a.h_n}
  - {Concat: {}, from: [_, a_h_n]}"""
    graph = small(layers, inputs="{image: [T, 4]}")
    source = write(graph)
    assert forward_of(source) == [
        "x, (a_h_n_2, _) = self.a(image)",
        "a_h_n_2 = a_h_n_2.transpose(0, 1)",
        "a_h_n = x[:, -1]",
        "x = a_h_n_2[:, -1]",
        "x = torch.cat((x, a_h_n), dim=1)",
        "return x",
    ]
    assert [tuple(y.shape) for y in run(graph, source)] == shapes(graph)


def test_an_identity_is_written_only_where_it_gives_a_name():
    graph = small("  - Identity\n  - Linear: 4\n  - Identity\n  - Identity\n  - Tanh")
    assert forward_of(write(graph)) == ["x = image", "x = self.linear_1(x)", "x = torch.tanh(x)", "return x"]


def test_a_network_without_weights_has_no_constructor():
    graph = small("  - Tanh\n  - Linear: 4", outputs="{same: {from: image}, tanh: {from: tanh_1}}")
    source = write(graph)
    assert "__init__" not in source.text
    assert forward_of(source) == ["x = torch.tanh(image)", "return image, x"]
    assert [tuple(y.shape) for y in run(graph, source)] == shapes(graph)


def test_only_what_is_used_is_imported():
    imports = [line for line in write(small("  - Linear: 4")).text.splitlines() if "import" in line]
    assert imports == ["from torch import Tensor, nn"]


def test_no_line_is_too_long_though_the_names_are():
    def long(letter: str) -> str:
        return (letter * 40)[:40]

    names = [long(f"{letter}_") for letter in "abcdefgh"]
    inputs = "{" + ", ".join(f"{long(letter)}: [9]" for letter in "qrst") + "}"
    layers = "\n".join(f"  - {{Linear: 4, name: {name}, from: {long('q')}}}" for name in names)
    every = ", ".join(names)
    layers += f"\n  - {{Concat: {{}}, from: [{every}]}}\n  - {{Add: {{}}, from: [{every}], name: sum_of_all}}"
    layers += "\n  - LayerNorm"
    outputs = "{" + ", ".join(f"{name}: {{from: {name}}}" for name in names) + ", last: {}, wide: {from: concat_1}}"
    graph = small(layers, inputs=inputs, outputs=outputs)
    source = write(graph, description="word " * 60, origin="folder/" * 10)
    assert [line for line in source.text.splitlines() if len(line) > 120] == []
    assert [tuple(y.shape) for y in run(graph, source)] == shapes(graph)


def test_a_long_call_is_broken_between_its_arguments():
    graph = small(
        "  - Conv2d: {out_channels: 320, kernel_size: [3, 5], stride: [2, 2], padding: [1, 2], dilation: [1, 1],"
        " groups: 16, bias: false, padding_mode: replicate}",
        inputs="{image: [16, 160, 160]}",
    )
    lines = write(graph).text.splitlines()
    start = next(number for number, line in enumerate(lines) if "self.conv2d_1 =" in line)
    assert [line.strip() for line in lines[start - 1 : start + 4]] == [
        "# (320, 80, 80)",
        "self.conv2d_1 = nn.Conv2d(",
        "16, 320, kernel_size=(3, 5), stride=(2, 2), padding=(1, 2), dilation=(1, 1), groups=16, bias=False,",
        'padding_mode="replicate"',
        ")",
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("digits", "Digits"),
        ("two-towers_v2", "TwoTowersV2"),
        ("8bit", "Net8bit"),
        ("", "Net"),
        ("größe", "Groe"),
        ("none", "NetNone"),
        ("tensor", "NetTensor"),
        ("f", "NetF"),
        ('"""; import os', "ImportOs"),
    ],
)
def test_the_class_is_named_after_the_network(name: str, wanted: str):
    assert class_name(name) == wanted


HOSTILE = [
    '"""\nimport os\n"""',
    '\\"""',
    '""""',
    'ends with "',
    "ends with \\",
    "\x00\x1b[31m\r\u2028\u202e\ud800",
    "\n\n\t x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_within_the_docstring(text: str):
    check_docstring(text)


@given(st.text(alphabet=st.sampled_from("\"'\\\n ax\r\t\0#{}%\u202e\ud800")))
def test_no_text_leaves_the_docstring(text: str):
    check_docstring(text)


CLASS = write(small("  - Linear: 4")).text.split("\nclass ")[1]


def check_docstring(text: str) -> None:
    plain = small("  - Linear: 4")
    graph = Graph(text, plain.inputs, plain.vertices, plain.outputs)
    source = write(graph, description=text, origin=text)
    source.text.encode("utf-8")
    assert all(character.isprintable() or character == "\n" for character in source.text)
    tree = ast.parse(source.text)
    assert [type(node) for node in tree.body] == [ast.Expr, ast.ImportFrom, ast.ClassDef]
    assert source.text.split("\nclass ")[1].removeprefix(class_name(text)) == CLASS.removeprefix("Small")
    said = "".join((ast.get_docstring(tree, clean=False) or "").split())
    assert "".join(text.split()) in said


@pytest.mark.parametrize("name", ["F", "self", "half", "a.b", "class", "a b", "x", "é", ""])
def test_a_name_that_was_not_checked_never_reaches_the_source(name: str):
    plain = small("  - Linear: 4")
    vertex = replace(plain.vertices["linear_1"], name=name)
    port = replace(plain.outputs["output"], vertex=name)
    with pytest.raises(AssertionError):
        write(Graph("net", plain.inputs, {name: vertex}, {"output": port}))


def test_a_thousand_layers_are_written_at_once():
    text = "nnspec: 1\nname: deep\ninputs: {a: [8]}\nlayers:\n" + "  - Linear: 8\n  - ReLU\n" * 500
    graph = parse_network(text).graph
    start = time.process_time()
    source = write(graph)
    assert time.process_time() - start < 1
    assert len(source.lines) == 1500


def test_an_argument_left_at_its_default_does_not_split_a_class():
    source = write(
        parse_network(
            "nnspec: 1\ninputs: {x: [3, 16, 16]}\n"
            "blocks: {conv: {params: {width: required, stride: 1}, layers: "
            "[Conv2d: {out_channels: $width, kernel_size: 3, stride: $stride}, {ReLU: null, when: $(width == 1)}]}}\n"
            "layers: [conv: 4, conv: {width: 8, stride: 2}, conv: {width: 6, stride: 1}, conv: 1]\n",
            "net.yaml",
        ).graph
    ).text
    assert re.findall(r"def __init__\((.*)\)", source) == [
        "self, in_channels: int, width: int, stride: int",
        "self",
        "self",
    ]
    assert "nn.Conv2d(6, 1, kernel_size=3)" in source
    assert "conv_3 = Conv(in_channels=8, width=6, stride=1)" in source


def test_sizes_of_a_pattern_in_a_repeated_block_are_written():
    source = write(
        parse_network(
            "nnspec: 1\ninputs: {x: [t, 8]}\nblocks: {turn: [{Rearrange: {pattern: 'b t (h d) -> b h t d', h: 2}}, "
            "{Rearrange: b h t d -> b t (h d)}, {Linear: 8}]}\nlayers: [{turn: {}, repeat: 2}]\n",
            "net.yaml",
        ).graph
    ).text
    assert source.count("x.reshape(x.shape[0], x.shape[1], 2, 4)") == 1
