"""The language server over its real connection: `nnspec lsp` as a process, JSON-RPC on its standard streams."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from connection import Connection, Json

from nnspec.cli.main import main
from nnspec.lsp.buffer import Buffer
from nnspec.spec.rewrite import format_text

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "nnspec", "lsp"]
ABLE = {
    "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}, "rename": {"prepareSupport": True}}
}
HEAD = "nnspec: 1\nparams: {width: 16}\ninputs: {x: [4]}\n"
EVERYTHING = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}


class Editor:
    """Opens texts in a folder; `|` in one is where the cursor stands."""

    def __init__(self, folder: Path, able: Json = ABLE) -> None:
        self.folder, self.count = folder, 0
        self.server = Connection(COMMAND)
        self.capabilities = self.server.initialize(able)["capabilities"]

    def open(self, text: str, name: str = "", language: str = "yaml") -> str:
        self.count += 1
        uri = (self.folder / (name or f"net{self.count}.{language}")).as_uri()
        self.server.open(uri, text.replace("|", "", 1), language)
        return uri

    def diagnostics(self, text: str, name: str = "") -> list[Json]:
        return self.server.diagnostics(self.open(text, name))

    def ask(self, method: str, text: str, language: str = "yaml", **more: Json) -> Json:
        before = text.partition("|")[0]
        uri = self.open(text, language=language)
        return self.server.at(method, uri, before.count("\n"), len(before.rpartition("\n")[2]), **more)

    def offered(self, text: str, language: str = "yaml") -> dict[str, str]:
        """What is offered at the cursor, and what it would write there."""
        return {item["label"]: item["textEdit"]["newText"] for item in self.ask("completion", text, language) or []}

    def hover(self, text: str) -> str:
        answer = self.ask("hover", text)
        return str(answer["contents"]["value"]) if answer else ""

    def actions(self, text: str) -> dict[str, str]:
        """Each quick fix, and the text that it leaves."""
        uri = self.open(text)
        params = {"textDocument": {"uri": uri}, "range": EVERYTHING, "context": {"diagnostics": []}}
        found = self.server.request("textDocument/codeAction", params)
        return {action["title"]: edited(text, action["edit"]["changes"][uri]) for action in found}


def edited(text: str, edits: list[Json]) -> str:
    """The text with edits made, from the last to the first."""
    lines = [*text.splitlines(keepends=True), ""]
    for edit in reversed(edits):
        start, end = edit["range"]["start"], edit["range"]["end"]
        before = "".join(lines[: start["line"]]) + lines[start["line"]][: start["character"]]
        after = lines[end["line"]][end["character"] :] + "".join(lines[end["line"] + 1 :])
        lines = [*(before + edit["newText"] + after).splitlines(keepends=True), ""]
    return "".join(lines)


def span(line: int, start: int, end: int) -> Json:
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    made = Editor(tmp_path_factory.mktemp("specs"))
    yield made
    assert made.server.stop()[0] == 0


def test_a_mistake_is_told_with_its_place_code_and_way_out(editor: Editor):
    assert editor.diagnostics(f"{HEAD}layers:\n  - Lineer: 3\noutputs: {{y: {{}}}}\n") == [
        {
            "range": span(4, 4, 10),
            "message": "no layer type is named 'Lineer'\nhelp: did you mean 'Linear'?",
            "severity": 1,
            "code": "unknown-layer",
            "source": "nnspec",
        }
    ]


def test_notes_with_a_place_are_related_information(editor: Editor):
    text = "nnspec: 1\ninputs: {x: [1, 8, 8]}\nlayers:\n  - Conv2d: {out_channels: 2, kernel_size: 11}\n"
    (found,) = editor.diagnostics(text, "conv.yaml")
    assert found == {
        "range": span(3, 43, 45),
        "message": "Conv2d conv2d_1: kernel_size 11 does not fit its input: 8×8\n"
        "help: a kernel of at most 8 fits; or pool less before",
        "severity": 1,
        "code": "shape",
        "source": "nnspec",
        "relatedInformation": [
            {
                "location": {"uri": (editor.folder / "conv.yaml").as_uri(), "range": span(1, 9, 10)},
                "message": "input: (1, 8, 8) from x",
            }
        ],
    }


def test_a_warning_is_one_and_what_is_unused_is_pale(editor: Editor):
    text = f"{HEAD}layers:\n  - {{Linear: 3, name: a}}\n  - {{Linear: 3, from: x}}\n"
    found = editor.diagnostics(text)
    assert [(one["severity"], one["code"], one.get("tags")) for one in found] == [(2, "unused-layer", [1])]


def test_the_same_is_told_as_by_nnspec_check(editor: Editor, capsys: pytest.CaptureFixture[str]):
    for path in [ROOT / "tests/mistakes/several-mistakes.yaml", *sorted(ROOT.glob("tests/warnings/v*.yaml"))]:
        main(["check", "--format", "json", str(path)])
        told = json.loads(capsys.readouterr().out)["files"][0]["diagnostics"]
        editor.server.open(path.as_uri(), path.read_text(encoding="utf-8"))
        found = editor.server.diagnostics(path.as_uri())
        places = [(one["range"]["start"]["line"] + 1, one["range"]["start"]["character"] + 1) for one in found]
        assert places == [(one["line"], one["column"]) for one in told]
        assert [(one["code"], one["message"].split("\n")[0]) for one in found] == [
            (one["code"], one["message"]) for one in told
        ]


def test_the_text_of_the_editor_counts_and_not_the_file(editor: Editor):
    uri = editor.open(f"{HEAD}layers: [ReLU]\n")
    assert editor.server.diagnostics(uri, version=1) == []
    editor.server.change(uri, f"{HEAD}layers: [Relu]\n", version=2)
    assert [found["code"] for found in editor.server.diagnostics(uri, version=2)] == ["unknown-layer"]
    editor.server.change(uri, f"{HEAD}layers: [R\n", version=3)
    assert [found["code"] for found in editor.server.diagnostics(uri, version=3)] == ["syntax"]
    editor.server.change(uri, f"{HEAD}layers: [ReLU]\n", version=4)
    assert editor.server.diagnostics(uri, version=4) == []


def test_what_was_told_of_a_document_is_taken_back_when_it_is_closed(editor: Editor):
    uri = editor.open(f"{HEAD}layers: [Relu]\n")
    assert len(editor.server.diagnostics(uri)) == 1
    editor.server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.server.diagnostics(uri) == []


def test_other_yaml_is_left_alone(editor: Editor):
    text = "version: 2\njobs: {build: [Relu]}\nsteps:\n  - nnspec: 1\n"
    assert editor.diagnostics(text) == []
    assert editor.ask("completion", text + "|") is None
    assert editor.ask("hover", "jo|bs: 3\n") is None


def test_a_mistake_in_an_imported_file_is_told_there(editor: Editor):
    part = editor.folder / "part.yaml"
    part.write_text("nnspec: 1\ninputs: {x: [4]}\nlayers: [Relu]\n", encoding="utf-8")
    uri = editor.open(f"{HEAD}imports: {{part: ./part.yaml}}\nlayers: [part]\n")
    assert editor.server.diagnostics(uri) == []
    (found,) = editor.server.diagnostics(part.as_uri())
    assert (found["code"], found["range"]) == ("unknown-layer", span(2, 9, 13))
    part.write_text("nnspec: 1\ninputs: {x: [4]}\nlayers: [ReLU]\n", encoding="utf-8")
    editor.server.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert editor.server.diagnostics(part.as_uri()) == []


def test_a_text_that_is_no_file_yet_is_checked(editor: Editor):
    text = f"{HEAD}imports: {{part: nowhere.yaml}}\nlayers: [Relu]\n"
    editor.server.open("untitled:Untitled-1", text)
    assert [found["code"] for found in editor.server.diagnostics("untitled:Untitled-1")] == ["file", "unknown-layer"]


ODD = "nnspec: 1\ninputs: {x: [4]}\ndescription: é\nlayers: [{Linear: 3, name: '🙂é', from: _}, Relu]\n"


def test_characters_are_counted_in_utf_16_unless_the_editor_says_otherwise(editor: Editor, tmp_path: Path):
    other = Editor(tmp_path, {**ABLE, "general": {"positionEncodings": ["utf-8", "utf-16"]}})
    assert (editor.capabilities["positionEncoding"], other.capabilities["positionEncoding"]) == ("utf-16", "utf-8")
    for one, column in ((editor, 44), (other, 47)):
        uri = one.open(ODD)
        *_, found = one.server.diagnostics(uri)
        assert (found["code"], found["range"]) == ("unknown-layer", span(3, column, column + 4))
        assert one.server.at("hover", uri, 3, column - 9)["range"] == span(3, column - 10, column - 6)
    other.server.stop()


def test_every_unit_of_a_place_leads_back_to_it():
    for encoding in ("utf-8", "utf-16", "utf-32"):
        buffer = Buffer("file:///net.yaml", "é🙂x\n", encoding=encoding)
        assert [buffer.place(buffer.position(0, column)) for column in range(4)] == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_shapes_and_parameters_stand_behind_each_layer(editor: Editor):
    uri = editor.open(f"{HEAD}layers:\n  - Linear: $width  # hidden\n  - ReLU\n  - Residual: [Linear: 16, ReLU]\n")
    hints = editor.server.request("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": EVERYTHING})
    assert hints == [
        {"position": {"line": 4, "character": 28}, "label": "→ 16 · 80", "paddingLeft": True},
        {"position": {"line": 5, "character": 8}, "label": "→ 16", "paddingLeft": True},
        {"position": {"line": 6, "character": 32}, "label": "→ 16 · 272 → 16 · 272 → 16", "paddingLeft": True},
    ]


def test_hints_stay_where_the_text_cannot_be_read_for_a_moment(editor: Editor):
    text = f"{HEAD}layers:\n  - Linear: $width\n  - ReLU\n"
    uri = editor.open(text)
    ask = {"textDocument": {"uri": uri}, "range": EVERYTHING}
    assert [hint["label"] for hint in editor.server.request("textDocument/inlayHint", ask)] == ["→ 16 · 80", "→ 16"]
    editor.server.change(uri, text.replace("ReLU", "ReLU: {"), version=2)
    assert [hint["label"] for hint in editor.server.request("textDocument/inlayHint", ask)] == ["→ 16 · 80"]


def test_hovering_shows_documentation_and_the_shapes_here(editor: Editor):
    assert editor.hover(f"{HEAD}layers:\n  - Lin|ear: 3\n") == (
        "Affine map of the last axis: y = x @ weight.T + bias.\n\n"
        "```text\n(..., in_features) -> (..., out_features)\n```\n\n"
        "- `out_features`: size of the last axis of the output\n- `bias` = `true`: add a learnt offset\n"
        "- `parametrization` = `null`: how the weight is computed: `weight_norm` from lengths and directions, "
        "`spectral_norm` as one that stretches nothing\n\n"
        "```yaml\n- Linear: 10  # (20) -> (10)\n```\n\n"
        "```text\nlinear_1  Linear(3)\n"
        "  3 weighted sums of all 4 numbers, plus an offset each: every input number has a weight of its own in each.\n"
        "  shape       4 → 3\n"
        "  parameters  weight 3·4 + bias 3 = 15\n"
        "  MACs        12 multiplications, each with an addition, for one example\n"
        "  sees        all of x\n```"
    )
    assert editor.hover(f"{HEAD}layers:\n  - Lin|ear: 4\n    repeat: 6\n").endswith(
        "```text\nlinear_1.0: 4 → 4\nlinear_1.1: 4 → 4\nlinear_1.2: 4 → 4\nlinear_1.3: 4 → 4\n… and 2 more\n```"
    )
    assert editor.hover(f"{HEAD}layers:\n  - ReLU:\n    rep|eat: 2\n").startswith("So many times in a row")


HOVERS = {
    "layers: [Linear: {out_feat|ures: 3}]": "size of the last axis of the output\n\n"
    "_a whole number of at least 1; required_",
    "layers: [ReLU]\ntrain: {ep|ochs: 3}": "Passes over the training rows; 10 unless `steps` or `time` is given. "
    "Where several are, the first ends it.\n\n"
    "_a whole number of at least 1; 10 unless given_",
    "layers: [ReLU]\nloss: MSE|Loss": "Mean squared error.\n\n```text\nmean (output - target)²; torch.nn.MSELoss.\n```",
    "layers: [Linear: $wid|th]": "`width` = `16`",
    'layers: [Linear: "$(2 * wid|th)"]': "`width` = `16`\n\n`$(2 * width)` is `32`",
    "layers:\n  - {Linear: 3, name: a}\n  - {ReLU: , from: a|}": "layer `a`: 3 · 15",
    "layers:\n  - {ReLU: , from: x|}": "input `x`: 4",
    "blocks: {mlp: {params: {w: required, d: 2}, layers: [Linear: $w]}}\nlayers: [ml|p: 3]": "block `mlp`, with `w`, "
    "`d` = `2`",
    "blocks: {mlp: {params: {w: required, d: 2}, layers: [Linear: $d|]}}\nlayers: [mlp: 3]": "`d` = `2`",
    "blocks: {mlp: {params: {w: required}, layers: [Linear: $w|]}}\nlayers: [mlp: 3]": "`w`, which must be given",
}


@pytest.mark.parametrize("text", HOVERS)
def test_hovering_over_a_word_says_what_it_is(editor: Editor, text: str):
    assert editor.hover(f"{HEAD}{text}\n") == HOVERS[text]


BLOCK = "blocks: {mlp: {params: {w: required, d: 2}, layers: [Linear: $w]}}\n"
OFFERED = {
    "layers:\n  - Conv2d:\n      out_channels: 3\n      ker|": {
        name: f"{name}: $1"
        for name in (
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "groups",
            "bias",
            "padding_mode",
            "parametrization",
        )
    },
    "layers:\n  - Conv2d: {out_channels: 3, padding: |}": {"same": "same", "valid": "valid", "$width": "\\$width"},
    "layers:\n  - Conv2d: {out_channels: 3, bias: |}": {"true": "true", "false": "false", "$width": "\\$width"},
    "layers:\n  - {Linear: 3, name: a}\n  - ReLU\n  - Add:\n    from: [a, |]": {
        name: name for name in ("_", "x", "a", "relu_1")
    },
    "layers:\n  - Residual:\n      body:\n        - {Linear: 4, name: in_a}\n        - {ReLU: , from: |}": {
        name: name for name in ("_", "x", "in_a")
    },
    "layers: [ReLU]\noutputs: {y: {from: |}}": {name: name for name in ("_", "x", "relu_1")},
    f"{BLOCK}layers:\n  - mlp: {{|}}": {"w": "w: $1", "d": "d: $1"},
    "layers: [ReLU]\noptimizer: {Adam: {lr: 1, |}}": {
        name: f"{name}: $1" for name in ("betas", "eps", "weight_decay", "amsgrad", "decoupled_weight_decay")
    },
    "layers: [ReLU]\nexport: {ver|}": {"opset": "opset: $1", "prepare": "prepare: $1", "verify": "verify: $1"},
}


@pytest.mark.parametrize("text", OFFERED)
def test_what_fits_is_offered(editor: Editor, text: str):
    assert editor.offered(f"{HEAD}{text}\n") == OFFERED[text]


def test_layer_types_are_offered_with_what_they_need(editor: Editor):
    offered = editor.offered(f"{HEAD}{BLOCK}layers:\n  - Con|\n")
    names = ("ReLU", "Linear", "Conv2d", "Residual", "mlp")
    assert {name: offered[name] for name in names} == {
        "ReLU": "ReLU",
        "Linear": "Linear: $1",
        "Conv2d": "Conv2d: {out_channels: $1, kernel_size: $2}",
        "Residual": "Residual: $1",
        "mlp": "mlp: $1",
    }
    assert "name" not in offered
    beside = editor.offered(f"{HEAD}layers:\n  - Linear: 3\n    |\n")
    assert {"name", "from", "when", "repeat"} <= beside.keys()
    assert "Linear" not in beside


def test_a_text_that_is_no_yaml_yet_is_completed_with_what_was_known_before(editor: Editor):
    uri = editor.open(f"{HEAD}layers:\n  - {{Linear: 3, name: first}}\n  - ReLU\n")
    editor.server.diagnostics(uri)
    editor.server.change(uri, f"{HEAD}layers:\n  - {{Linear: 3, name: first}}\n  - ReLU: {{\n    from: [\n", version=2)
    items = editor.server.at("completion", uri, 6, 11)
    assert [item["label"] for item in items] == ["_", "x", "first"]


def test_names_are_offered_within_an_expression(editor: Editor):
    offered = editor.offered(f"{HEAD}layers:\n  - Linear: $wi|\n")
    assert offered == {name: name for name in ("width", "in_channels", "in_features", "in_shape", "index")}
    called = editor.offered(f'{HEAD}layers:\n  - Linear: "$(m|)"\n')
    assert (called["width"], called["min"]) == ("width", "min($1)")


def test_json_is_completed_in_quotes(editor: Editor):
    head = '{"nnspec": 1, "inputs": {"x": [4]}, "layers": ['
    assert editor.offered(head + '"R|"]}', "json")["ReLU"] == '"ReLU"'
    assert editor.offered(head + '"C|"]}', "json")["Conv2d"] == '{"Conv2d": {"out_channels": $1, "kernel_size": $2}}'
    assert editor.offered(head + '{"Linear": {"|"}}]}', "json") == {
        "out_features": '"out_features": $1',
        "bias": '"bias": $1',
        "parametrization": '"parametrization": $1',
    }
    assert editor.offered(head + '{"Lin|": 3}]}', "json")["Linear"] == '"Linear"'


NET = """\
nnspec: 1
params: {width: 16}
inputs: {x: [4]}
blocks:
  mlp: {params: {w: required}, layers: [Linear: $w, Linear: $width]}
layers:
  - {Linear: $width, name: first}
  - {mlp: "$(2 * width)", from: first}
  - {Linear: 16, share: first, from: x}
outputs: {y: {from: first}}
"""


def at(editor: Editor, method: str, line: int, character: int, **more: Json) -> Json:
    uri = (editor.folder / "names.yaml").as_uri()
    editor.server.open(uri, NET)
    answer = editor.server.at(method, uri, line, character, **more)
    return json.loads(json.dumps(answer).replace(uri, "names.yaml"))


def test_a_name_leads_to_where_it_is_said(editor: Editor):
    def place(line: int, start: int, end: int) -> Json:
        return {"uri": "names.yaml", "range": span(line, start, end)}

    assert at(editor, "definition", 7, 33) == place(6, 27, 32)  # from: first
    assert at(editor, "definition", 8, 26) == place(6, 27, 32)  # share: first
    assert at(editor, "definition", 9, 21) == place(6, 27, 32)  # outputs
    assert at(editor, "definition", 8, 37)["range"] == span(2, 9, 10)  # an input
    assert at(editor, "definition", 7, 6) == place(4, 2, 5)  # a block
    assert at(editor, "definition", 6, 15) == place(1, 9, 14)  # $width
    assert at(editor, "definition", 7, 18) == place(1, 9, 14)  # $(2 * width)
    assert at(editor, "definition", 4, 50) == place(4, 17, 18)  # a block's own
    assert at(editor, "definition", 0, 2) is None


def test_an_import_leads_to_its_file(editor: Editor):
    part = editor.folder / "other.yaml"
    part.write_text("nnspec: 1\ninputs: {x: [4]}\nlayers: [ReLU]\n", encoding="utf-8")
    text = f"{HEAD}imports: {{part: ./other.yaml}}\nlayers: [pa|rt]\n"
    assert editor.ask("definition", text) == {"uri": part.as_uri(), "range": span(0, 0, 0)}
    text = f"{HEAD}imports: {{part: ./ot|her.yaml}}\nlayers: [part]\n"
    assert editor.ask("definition", text) == {"uri": part.as_uri(), "range": span(0, 0, 0)}


def test_a_name_is_renamed_wherever_it_is_mentioned(editor: Editor):
    def renamed(line: int, character: int, name: str) -> str:
        answer = at(editor, "rename", line, character, newName=name)
        return edited(
            NET, sorted(answer["changes"]["names.yaml"], key=lambda edit: list(edit["range"]["start"].values()))
        )

    assert renamed(7, 33, "stem") == NET.replace("first", "stem")
    assert renamed(1, 10, "size") == NET.replace("width", "size")
    assert renamed(7, 6, "twice") == NET.replace("mlp", "twice")
    assert renamed(4, 17, "wide") == NET.replace("{w:", "{wide:").replace("$w,", "$wide,")
    assert at(editor, "prepareRename", 7, 33) == span(7, 32, 37)
    assert at(editor, "prepareRename", 0, 2) is None
    found = at(editor, "references", 6, 28, context={"includeDeclaration": False})
    assert [one["range"]["start"]["line"] for one in found] == [7, 8, 9]


def test_a_parameter_of_a_block_is_renamed_where_it_is_given_too(editor: Editor):
    text = f"{HEAD}blocks: {{mlp: {{params: {{w: 3}}, layers: [Linear: $w]}}}}\nlayers: [mlp: {{w|: 4}}]\n"
    (edits,) = editor.ask("rename", text, newName="wide")["changes"].values()
    assert edited(text.replace("|", ""), edits) == text.replace("|", "").replace("w:", "wide:").replace("$w]", "$wide]")
    assert editor.hover(text) == "`w` = `3`"


def test_what_a_parameter_chooses_is_not_renamed(editor: Editor):
    head = f"{HEAD.replace('width: 16', 'kind: mlp')}blocks: {{mlp: {{params: {{w: 3}}, layers: [Linear: $w]}}}}\n"
    assert editor.ask("prepareRename", head.replace("{mlp: {", "{m|lp: {") + "layers: [$kind: {w: 4}]\n") is None
    assert editor.ask("prepareRename", head.replace("{w: 3}", "{w|: 3}") + "layers: [$kind: {w: 4}]\n") is None
    assert editor.ask("prepareRename", head.replace("{w: 3}", "{w|: 3}") + "layers: [mlp: {w: 4}]\n") == span(3, 24, 25)


def test_the_outline_has_inputs_blocks_layers_and_outputs(editor: Editor):
    uri = editor.open(NET)
    found = editor.server.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})

    def lines(items: Json) -> Json:
        return [(item["name"], item.get("detail", ""), lines(item.get("children") or [])) for item in items]

    assert lines(found) == [
        ("inputs", "", [("x", "4", [])]),
        ("blocks", "", [("mlp", "", [("linear_1", "Linear 32 · 544", []), ("linear_2", "Linear 16 · 528", [])])]),
        (
            "layers",
            "",
            [("first", "Linear 16 · 80", []), ("mlp_1", "mlp 16 · 1.07k", []), ("linear_1", "Linear 16", [])],
        ),
        ("outputs", "", [("y", "", [])]),
    ]


def test_a_text_is_formatted_as_nnspec_fmt_does(editor: Editor):
    def formatted(text: str) -> str | None:
        uri = editor.open(text)
        options = {"tabSize": 2, "insertSpaces": True}
        params = {"textDocument": {"uri": uri}, "options": options}
        edits = editor.server.request("textDocument/formatting", params)
        return None if edits is None else edited(text, edits)

    text = "inputs: { x: [ 4 ] }\nnnspec: 1\nlayers:\n    - Linear:   3 # é\n"
    assert formatted(text) == format_text(text, "net.yaml") != text
    assert formatted(format_text(text, "net.yaml")) == format_text(text, "net.yaml")
    assert formatted(text + "  [") is None


FIXES = {
    "layers: [Relu]": {"write 'ReLU'": "layers: [ReLU]"},
    "layers: [Linear: {out_featurs: 3}]": {"write 'out_features'": "layers: [Linear: {out_features: 3}]"},
    "layers:\n  - {LSTM: 4, name: lstm}\n  - {ReLU: , from: lstm.hn}": {
        "write 'h_n'": "layers:\n  - {LSTM: 4, name: lstm}\n  - {ReLU: , from: lstm.h_n}"
    },
    "layers: [Linear: {in_features: 4, out_features: 3}]": {
        "leave out in_features": "layers: [Linear: {out_features: 3}]"
    },
    "layers: [Linear: {out_features: 3, in_features: 4}]": {
        "leave out in_features": "layers: [Linear: {out_features: 3}]"
    },
    "layers:\n  - Linear:\n      in_features: 4\n      out_features: 3": {
        "leave out in_features": "layers:\n  - Linear:\n      out_features: 3"
    },
    "layers:\n  - ReLU\n  - ReLU\n": {
        "allow activation-twice here": "layers:\n  - ReLU\n  - ReLU  # nnspec: allow(activation-twice)\n"
    },
}


@pytest.mark.parametrize("text", FIXES)
def test_the_way_out_is_a_quick_fix(editor: Editor, text: str):
    head = HEAD.replace("[4]", "[T, 4]") if "LSTM" in text else HEAD
    fixed = {title: result.removeprefix(head) for title, result in editor.actions(head + text).items()}
    assert fixed == FIXES[text]


def test_nothing_that_is_sent_ends_it(editor: Editor):
    server = editor.server
    server.send_bytes(b'{"jsonrpc": "2.0", "method":')
    server.send_bytes(b'{"jsonrpc": "2.0", "method": "textDocument/hover", "params": {"position": 3}}')
    server.notify("textDocument/didClose", {"textDocument": {"uri": "file:///nowhere.yaml"}})
    assert server.at("hover", "file:///nowhere.yaml", 3, 3) is None
    for text, code in {
        f"nnspec: 1\nlayers: {'[' * 5000}": "limit",
        f"nnspec: 1\n# {'x' * 4_100_000}": "limit",
        f"{HEAD}layers: [{{Linear: 3, repeat: 10000000000}}]": "limit",
        f'{HEAD}layers: [Linear: "$(9 ** 9 ** 9 ** 9)"]': "expression",
        "nnspec: 1\n\x00": "syntax",
    }.items():
        uri = editor.open(text)
        assert [found["code"] for found in server.diagnostics(uri)] == [code]
        assert server.at("hover", uri, 2**31 - 1, 2**31 - 1) is None
        server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert editor.hover(f"{HEAD}layers: [Linear: $wid|th]\n") == "`width` = `16`"


def test_it_loads_no_engine_and_ends_when_its_editor_dies(tmp_path: Path):
    program = """
import atexit, sys
from nnspec.cli.main import main
engines = {"torch", "onnx", "onnxruntime", "numpy", "sklearn", "networkx"}
atexit.register(lambda: print(sorted(engines & set(sys.modules)), file=sys.stderr))
sys.exit(main(["lsp"]))
"""
    server = Connection([sys.executable, "-c", program])
    server.initialize(ABLE)
    uri = (tmp_path / "net.yaml").as_uri()
    server.open(uri, NET)
    server.diagnostics(uri)
    assert server.at("hover", uri, 6, 6)
    assert server.at("completion", uri, 6, 6)
    assert server.close() == (0, "[]\n")


def test_it_serves_an_editor_over_tcp(tmp_path: Path):
    process = subprocess.Popen([*COMMAND, "--tcp", "0"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    message = process.stderr.readline()
    port = int(message.rpartition(":")[2])
    assert message == f"nnspec lsp: waiting for an editor at 127.0.0.1:{port}\n"
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": null, "capabilities": {}}}'
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert b'"serverInfo"' in wire.makefile("rb").peek()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


def test_without_its_package_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert main(["lsp"]) == 1
    assert capsys.readouterr().err == (
        "error[missing-extra]: the language server needs the package pygls\n  help  pip install 'nnspec[lsp]'\n"
    )


def test_a_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["lsp", "--tcp", str(port)]) == 2
    assert capsys.readouterr().err == f"nnspec lsp: port {port} cannot be used: address already in use\n"


@pytest.mark.slow
def test_ten_thousand_layers_are_checked_while_one_writes(tmp_path: Path):
    editor = Editor(tmp_path)
    text = HEAD + "layers:\n" + "  - Linear: 8\n  - ReLU\n" * 5000
    uri = editor.open(text)
    assert editor.server.diagnostics(uri) == []
    ask = {"textDocument": {"uri": uri}, "range": {**EVERYTHING, "end": {"line": 99999, "character": 0}}}
    assert len(editor.server.request("textDocument/inlayHint", ask)) == 10_000
    editor.server.stop()
