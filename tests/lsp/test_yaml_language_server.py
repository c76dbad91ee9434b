"""The JSON Schema in the server that editors use for YAML: what a person sees of it while writing a spec.

It is looked for where NNSPEC_YAML_LANGUAGE_SERVER points, then in `node_modules` of the repository, where
`npm install yaml-language-server@1.25.0` puts it.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from connection import Connection, Json

from nnspec.spec.schema import FILE_NAME, editor_line, json_schema

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SERVER = os.environ.get("NNSPEC_YAML_LANGUAGE_SERVER", str(INSTALLED))
FOLDERS = ("specs/**", "examples/*", "tests/golden", "tests/networks")
SPECS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.yaml"))
SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
ABLE = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
}
HEAD = f"{editor_line()}\nnnspec: 1\ninputs: {{x: [4]}}\n"

pytestmark = pytest.mark.skipif(
    not (Path(SERVER).is_file() and shutil.which("node")),
    reason="yaml-language-server is not installed (NNSPEC_YAML_LANGUAGE_SERVER, or npm's node_modules), or node is not",
)


class Editor:
    """A folder with the schema, and specs that are opened in it."""

    def __init__(self, folder: Path) -> None:
        (folder / FILE_NAME).write_text(json.dumps(json_schema()), encoding="utf-8")
        self.folder, self.count = folder, 0
        self.server = Connection(["node", SERVER, "--stdio"], settings=SETTINGS)
        self.server.initialize(ABLE)

    def open(self, text: str) -> str:
        self.count += 1
        uri = (self.folder / f"spec{self.count}.yaml").as_uri()
        self.server.open(uri, text)
        return uri

    def mistakes(self, texts: Iterable[str]) -> list[list[str]]:
        """For each text what is marked and why, in its order."""
        opened = [(text.split("\n"), self.open(text)) for text in texts]  # the server waits a while after each
        return [[f"{marked(lines, one)}: {one['message']}" for one in self._found(uri)] for lines, uri in opened]

    def _found(self, uri: str) -> list[Json]:
        found = self.server.diagnostics(uri)
        return sorted(found, key=lambda one: (one["range"]["start"]["line"], one["range"]["start"]["character"]))

    def completions(self, text: str) -> dict[str, Json]:
        """What is offered where `|` stands: the first of each label."""
        line, character, text = cursor(text)
        answer = self.server.at("completion", self.open(text), line, character)
        return {item["label"]: item for item in reversed(answer["items"])}

    def hover(self, text: str) -> str:
        """What is shown where `|` stands, less the schema's address."""
        line, character, text = cursor(text)
        answer = self.server.at("hover", self.open(text), line, character)
        return str(answer["contents"]["value"]).partition("\n\nSource:")[0]


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    made = Editor(tmp_path_factory.mktemp("specs"))
    yield made
    made.server.stop()


def marked(lines: list[str], diagnostic: Json) -> str:
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    return lines[start["line"]][start["character"] : end["character"]] or f"line {start['line'] + 1}"


def cursor(text: str) -> tuple[int, int, str]:
    before, _, after = text.partition("|")
    return before.count("\n"), len(before.rpartition("\n")[2]), before + after


def test_our_specs_have_no_mistake(editor: Editor):
    found = editor.mistakes(f"{editor_line()}\n{path.read_text(encoding='utf-8')}" for path in SPECS)
    assert dict(zip(SPECS, found, strict=True)) == {path: [] for path in SPECS}


MISTAKES = {
    "layers: [Linear: {out_featurs: 3}]": [
        'Linear: Missing property "out_features".',
        "out_featurs: Property out_featurs is not allowed.",
    ],
    "layers: [Linear: {out_features: true}]": ["true: out_features is a whole number of at least 1"],
    "layers: [Linear: many]": ["many: out_features is a whole number of at least 1"],
    "layers: [Linear: 0]": ["0: Value is below the minimum of 1."],
    "layers: [Conv2d: {out_channels: 3}]": ['Conv2d: Missing property "kernel_size".'],
    "layers: [Conv2d: {out_channels: 3, kernel_size: x}]": [
        "x: kernel_size is a whole number of at least 1, or a list of 2 of them"
    ],
    "layers: [Conv2d: {out_channels: 3, kernel_size: [0, 1]}]": ["0: Value is below the minimum of 1."],
    "layers: [Conv2d: {out_channels: 3, kernel_size: 3, padding: sam}]": [
        "sam: padding is 'same', 'valid', a whole number of at least 0, or a list of 2 of them"
    ],
    "layers: [Linear: ]": ['line 4: Incorrect type. Expected "arguments of Linear".'],
    "layers: [Lineer: 3]": ["Lineer: Property Lineer is not allowed."],
    "layers: [Relu]": ["Relu: no layer has this name, or it needs arguments"],
    "layers: [ReLU]\ntrain: {epoch: 3}": ["epoch: Property epoch is not allowed."],
    "layers: [{ReLU: , Tanh: }]": ["{ReLU: , Tanh: }: Object has more properties than limit of 1."],
    "layers: [{ReLU: , name: a, from: x, share: b, when: true, repeat: 2, Tanh: }]": [
        "{ReLU: , name: a, from: x, share: b, when: true, repeat: 2, Tanh: }: "
        "Object has more properties than limit of 6."
    ],
}  # fmt: skip


def test_a_mistake_is_marked_where_it_stands(editor: Editor):
    found = editor.mistakes(HEAD + text for text in MISTAKES)
    assert dict(zip(MISTAKES, found, strict=True)) == MISTAKES


def test_an_expression_may_stand_for_any_value(editor: Editor):
    text = """\
params: {n: 3, size: [3, 3], same: true}
layers:
  - Conv2d: {out_channels: $n, kernel_size: $size, stride: [$n, "$(n // 3)"], padding: $(n), bias: $same}
  - $activation
  - Dropout: $(0.1 * n)
  - {Linear: $n, repeat: $n, when: $(n > 1)}
outputs: {y: {loss: CrossEntropyLoss, weight: $n}}
optimizer: {AdamW: {lr: $lr, betas: [$n, $n]}}
train: {epochs: $n, batch_size: $(8 * n), early_stopping: {patience: $n}}
"""
    assert editor.mistakes([HEAD + text]) == [[]]


def test_layer_types_are_offered_with_their_documentation(editor: Editor):
    offered = editor.completions(f"{HEAD}layers:\n  - |\n")
    assert offered["ReLU"]["textEdit"]["newText"] == "ReLU"
    assert offered["Conv2d"]["documentation"]["value"].startswith(
        "Convolution over two axes: filters that slide over an image.\n\n```text\n(n, in_channels, h, w) -> "
    )
    assert {"Linear", "LSTM", "Residual", "Branches", "name", "from"} <= offered.keys()


def test_a_word_that_has_been_begun_is_completed(editor: Editor):
    edit = editor.completions(f"{HEAD}layers:\n  - Con|\n")["Conv2d"]["textEdit"]
    assert edit["range"] == {"start": {"line": 4, "character": 4}, "end": {"line": 4, "character": 7}}
    assert edit["newText"].startswith("Conv2d:")


def test_the_fields_of_a_layer_are_offered_within_it(editor: Editor):
    offered = editor.completions(f"{HEAD}layers:\n  - Conv2d:\n      out_channels: 3\n      |\n")
    assert {label: item["insertText"] for label, item in offered.items()} == {
        "kernel_size": "kernel_size: ${1:0}",
        "arguments of Conv2d": "kernel_size: ${1:0}",
        "stride": "stride: ${1:1}",
        "padding": "padding: ${1:0}",
        "dilation": "dilation: ${1:1}",
        "groups": "groups: ${1:1}",
        "bias": "bias: ${1:true}",
        "padding_mode": "padding_mode: ${1:zeros}",
        "parametrization": "parametrization: ",
    }


def test_hovering_over_a_layer_shows_what_it_does_and_takes(editor: Editor):
    assert editor.hover(f"{HEAD}layers:\n  - Lin|ear: 3\n") == (
        "#### Linear\n\nAffine map of the last axis: y = x @ weight.T + bias.\n\n"
        "```text\n(..., in_features) -> (..., out_features)\n```\n\n"
        "- `out_features`: size of the last axis of the output\n- `bias` = `true`: add a learnt offset\n"
        "- `parametrization` = `null`: how the weight is computed: `weight_norm` from lengths and directions, "
        "`spectral_norm` as one that stretches nothing\n\n"
        "```yaml\n- Linear: 10  # (20) -> (10)\n```"
    )


def test_hovering_over_a_field_shows_what_it_means_and_takes(editor: Editor):
    assert editor.hover(f"{HEAD}layers:\n  - Conv2d: {{out_channels: 3, kernel_s|ize: 3}}\n") == (
        "#### kernel\\_size\n\nsize of the window that each output looks through\n\n"
        "_a whole number of at least 1, or a list of 2 of them; required_"
    )
    assert editor.hover(f"{HEAD}layers: [ReLU]\ntrain: {{ep|ochs: 3}}\n") == (
        "#### epochs\n\nPasses over the training rows; 10 unless `steps` or `time` is given. Where several are, "
        "the first ends it.\n\n_a whole number of at least 1; 10 unless given_"
    )
