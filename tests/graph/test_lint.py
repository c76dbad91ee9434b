"""What is right and seldom meant is told word for word; what is near it is not.

`NNSPEC_GOLDEN=1 pytest tests/graph/test_lint.py` writes the texts in tests/warnings anew: read the difference.
"""

import os
import re
import time
from itertools import product
from pathlib import Path
from textwrap import dedent

import pytest

from nnspec.diagnostics import Findings, SpecError, render
from nnspec.graph import Network, parse_network
from nnspec.graph.lint import LINTS, lint
from nnspec.graph.lint.vanishing import SHORTEST, SIGMOID_SLOPE, TANH_SLOPE, VANISHED

HEAD = "nnspec: 1\ninputs: {x: [8]}\n"
IMAGE = "nnspec: 1\ninputs: {image: [3, 8, 8]}\n"
ROWS = "nnspec: 1\ninputs: {rows: [T, 8]}\n"


def layers(*entries: str) -> str:
    return "layers:\n" + "".join(f"  - {entry}\n" for entry in entries)


CONV = "Conv2d: {out_channels: 4, kernel_size: 3}"
PLAIN_CONV = "Conv2d: {out_channels: 4, kernel_size: 3, bias: false}"

FOLDER = Path(__file__).parent.parent / "warnings"
MARK = "# --- what nnspec says ---\n"
FILES = sorted(FOLDER.glob("*.yaml"))


def warnings_of(text: str) -> list:
    return list(parse_network(text).warnings)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_what_is_seldom_meant_is_told_word_for_word(path):
    spec, _, expected = path.read_text(encoding="utf-8").partition(MARK)
    (warning,) = parse_network(spec, path.name).warnings
    assert path.stem.startswith(warning.code)
    assert warning.severity == "warning"
    told = "".join(f"# {line}".rstrip() + "\n" for line in render(warning).splitlines())
    if os.environ.get("NNSPEC_GOLDEN"):
        path.write_text(spec + MARK + told, encoding="utf-8")
        return
    assert told == expected


def test_every_lint_has_a_file():
    assert [code for code in LINTS if not any(path.stem.startswith(code) for path in FILES)] == []


WAVES = """blocks:
  wave:
    inputs: [x, skips]
    outputs: [more, sum]
    layers:
      - {Linear: 8, name: out, from: x}
      - {Add: null, name: sum, from: [skips, out]}
      - {Tanh: null, name: more, from: out}
layers:
  - {wave: null, from: [x, x], repeat: 3, name: waves}
outputs: {y: {from: waves.sum}}
"""
NEAR = {
    "the-last-turn-leaves-something-over": HEAD + WAVES,
    "softmax-before-another-loss": HEAD + layers("Linear: 4", "Softmax") + "loss: MSELoss\n",
    "logsoftmax-is-the-same-twice": HEAD + layers("Linear: 4", "LogSoftmax") + "loss: CrossEntropyLoss\n",
    "softmax-over-another-axis": ROWS.replace("T", "5") + layers("Softmax: {dim: 2}") + "loss: CrossEntropyLoss\n",
    "softmax-before-the-last-layer": HEAD + layers("Softmax", "Linear: 4") + "loss: CrossEntropyLoss\n",
    "sigmoid-before-mse": HEAD + layers("Linear: 1", "Sigmoid") + "loss: MSELoss\n",
    "nll-after-logsoftmax": HEAD + layers("Linear: 4", "LogSoftmax", "Identity") + "loss: NLLLoss\n",
    "nll-of-a-sum": HEAD + layers("{LogSoftmax: null, name: a}", "{Add: null, from: [a, a]}") + "loss: NLLLoss\n",
    "nll-of-an-input": HEAD + layers("Identity") + "loss: NLLLoss\n",
    "relu-without-a-loss": HEAD + layers("Linear: 1", "ReLU"),
    "leaky-relu-goes-below-zero": HEAD + layers("Linear: 1", "LeakyReLU") + "loss: L1Loss\n",
    "relu-of-classes": HEAD + layers("Linear: 4", "ReLU") + "loss: CrossEntropyLoss\n",
    "dropout-of-nothing": HEAD + layers("Linear: 4", "Dropout: 0.0"),
    "dropout-of-a-hidden-layer": HEAD + layers("Dropout: 0.5", "Linear: 4"),
    "no-bias-before-batchnorm": IMAGE + layers(PLAIN_CONV, "BatchNorm2d"),
    "bias-read-by-another-too": IMAGE
    + layers("{" + CONV + ", name: a}", "{BatchNorm2d: null, name: b}", "{Add: null, from: [a, b]}"),
    "bias-that-leaves-the-network": IMAGE
    + layers("{" + CONV + ", name: a}", "{BatchNorm2d: null, name: b}")
    + "outputs: {y: {from: a}, z: {from: b}}\n",
    "bias-on-another-axis-than-the-norm": "nnspec: 1\ninputs: {x: [5, 8]}\n" + layers("Linear: 4", "BatchNorm1d"),
    "bias-before-an-activation": IMAGE + layers(CONV, "ReLU", "BatchNorm2d"),
    "bias-before-layernorm": HEAD + layers("Linear: 4", "LayerNorm"),
    "bias-of-a-norm-before-a-norm": HEAD + layers("LayerNorm", "BatchNorm1d"),
    "dropout-after-batchnorm": HEAD + layers("BatchNorm1d", "Dropout: 0.5", "Linear: 2"),
    "dropout-a-layer-before-batchnorm": HEAD
    + layers("Dropout: 0.5", "Linear: {out_features: 2, bias: false}", "BatchNorm1d"),
    "activation-of-another-layer": HEAD
    + layers("{ReLU: null, name: a}", "{ReLU: null, from: x, name: b}", "{Add: null, from: [a, b]}"),
    "linear-with-an-activation": HEAD + layers("Linear: 16", "ReLU", "Linear: 2"),
    "linear-through-a-bottleneck": HEAD + layers("Linear: 2", "Linear: 8"),
    "linear-read-by-two": HEAD + layers("{Linear: 8, name: a}", "{Linear: 8, name: b}", "{Add: null, from: [a, b]}"),
    "dropout-between-two-layers": ROWS + layers("LSTM: {hidden_size: 4, num_layers: 2, dropout: 0.1}"),
    "lstm-without-dropout": ROWS + layers("LSTM: 4"),
    "three-sigmoids": HEAD + layers(*["Linear: 8", "Sigmoid"] * 3, "Linear: 2"),
    "ten-tanhs": HEAD + layers(*["Linear: 8", "Tanh"] * 10, "Linear: 2"),
    "sigmoids-with-a-norm-between": HEAD
    + layers(*["Linear: 8", "Sigmoid"] * 3, "LayerNorm", *["Linear: 8", "Sigmoid"] * 3),
    "sigmoids-with-a-way-round": HEAD
    + layers(*["Linear: 8", "Sigmoid"] * 3, "{Add: null, from: [x, _]}", *["Linear: 8", "Sigmoid"] * 3, "Linear: 2"),
    "many-relus": HEAD + layers(*["Linear: 8", "ReLU"] * 20, "Linear: 2"),
    "pool-that-fits": IMAGE + layers("MaxPool2d: 2"),
    "pool-with-ceil-mode": IMAGE + layers("MaxPool2d: {kernel_size: 3, ceil_mode: true}"),
    "pool-of-unknown-size": "nnspec: 1\ninputs: {image: [3, H, W]}\n" + layers("MaxPool2d: 3"),
    "strided-conv-that-reaches-the-edge": IMAGE
    + layers("Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}"),
    "shortcut-of-a-residual-network": IMAGE + layers("Conv2d: {out_channels: 4, kernel_size: 1, stride: 2}"),
    "stem-of-a-residual-network": "nnspec: 1\ninputs: {image: [3, 224, 224]}\n"
    + layers(
        "Conv2d: {out_channels: 4, kernel_size: 7, stride: 2, padding: 3}",
        "MaxPool2d: {kernel_size: 3, stride: 2, padding: 1}",
    ),
    "batch-of-one-without-batchnorm": HEAD + layers("LayerNorm") + "loss: MSELoss\ntrain: {batch_size: 1}\n",
    "batch-of-two": HEAD + layers("BatchNorm1d") + "loss: MSELoss\ntrain: {batch_size: 2}\n",
    "batch-of-one-that-is-not-trained": HEAD + layers("BatchNorm1d") + "train: {batch_size: 1}\n",
    "rate-at-the-edge-of-its-band": HEAD + layers("Linear: 2") + "optimizer: {SGD: {lr: 1.0}}\n",
    "rate-that-the-schedule-replaces": HEAD
    + layers("Linear: 2")
    + "optimizer: {Adam: {lr: 0.5}}\nscheduler: {OneCycleLR: {max_lr: 0.01}}\n",
}


@pytest.mark.parametrize("text", NEAR.values(), ids=NEAR)
def test_what_is_near_is_not_told(text):
    assert warnings_of(text) == []


def conv(size: int, kernel: int, stride: int, padding: int, dilation: int) -> str:
    window = f"kernel_size: {kernel}, stride: {stride}, padding: {padding}, dilation: {dilation}"
    return f"nnspec: 1\ninputs: {{x: [1, {size}]}}\n" + layers(f"Conv1d: {{out_channels: 1, {window}}}")


@pytest.mark.parametrize("size", range(6, 12))
def test_a_border_is_told_where_the_last_positions_are_in_no_window(size):
    for kernel, stride, padding, dilation in product([1, 2, 3], [1, 2, 3, 4], [0, 1], [1, 2]):
        starts = range(-padding, size + padding - dilation * (kernel - 1), stride)
        last = max(start + dilation * (kernel - 1) for start in starts)
        skips = dilation * (kernel - 1) + 1 < stride
        text = conv(size, kernel, stride, padding, dilation)
        assert codes(text) == ([] if skips or last >= size - 1 else ["border"]), text


def test_the_padding_that_a_border_proposes_reaches_the_edge():
    proposed = 0
    for size, kernel, stride in product(range(7, 20), [2, 3, 4, 5, 7], [2, 3, 4, 5]):
        for warning in warnings_of(conv(size, kernel, stride, 0, 1)):
            padding = re.fullmatch(r"`padding: (\d)` reaches the edge", warning.help)
            proposed += bool(padding)
            assert not padding or codes(conv(size, kernel, stride, int(padding[1]), 1)) == []
    assert proposed > 20


def codes(text: str) -> list[str]:
    return [warning.code for warning in warnings_of(text)]


def test_a_comment_allows_a_warning_on_its_line():
    assert codes(HEAD + layers("Linear: 16", "Linear: 2  # nnspec: allow(linear-twice): two by intent")) == []


def test_a_comment_on_a_line_of_its_own_speaks_of_the_line_below():
    assert (
        codes(HEAD + layers("Linear: 16", "ReLU", "# nnspec: allow(activation-twice)\n  - ReLU").replace("- #", "#"))
        == []
    )
    assert codes(
        HEAD + "layers:\n  # nnspec: allow(linear-twice)\n  # as in the paper\n  - Linear: 16\n  - Linear: 2\n"
    ) == ["linear-twice"]


def test_a_comment_allows_its_own_codes_only():
    text = HEAD + layers("ReLU", "ReLU # nnspec: allow(linear-twice, idle-bias)")
    assert codes(text) == ["activation-twice"]
    assert codes(text.replace("idle-bias", "activation-twice")) == []


def test_a_comment_above_the_first_key_speaks_of_the_whole_file():
    text = HEAD + layers("Linear: 16", "Linear: 16", "Linear: 2")
    assert codes(text) == ["linear-twice"] * 2
    assert codes("# An old network.\n# nnspec: allow(linear-twice)\n\n" + text) == []
    assert codes("---\n# nnspec: allow(linear-twice)\n" + text) == []


def test_an_unused_layer_can_be_allowed():
    text = HEAD + layers("{Linear: 4, name: spare}", "{Linear: 2, from: x}")
    assert codes(text) == ["unused-layer"]
    assert codes(text.replace("spare}", "spare}  # nnspec: allow(unused-layer)")) == []


def test_an_unknown_code_in_a_comment_is_told():
    (warning,) = warnings_of(HEAD + layers("Linear: 2  # nnspec: allow(idle-bais)"))
    assert render(warning) == dedent("""\
        spec.yaml:4:32: warning[allow]: no warning is named 'idle-bais': this comment allows nothing
            4 |   - Linear: 2  # nnspec: allow(idle-bais)
              |                                ^^^^^^^^^
          help  did you mean 'idle-bias'?""")


def test_an_error_cannot_be_allowed():
    (warning,) = warnings_of("# nnspec: allow(shape)\n" + HEAD + layers("Linear: 2"))
    assert warning.message == "no warning is named 'shape': this comment allows nothing"


def test_a_text_that_looks_like_a_comment_is_none():
    assert codes('description: "see nnspec: allow(nothing)"\n' + HEAD + layers("Linear: 2")) == []


def test_warnings_come_in_the_order_of_the_text():
    text = HEAD + layers("Linear: 16", "Linear: 4", "ReLU", "ReLU", "Softmax") + "loss: CrossEntropyLoss\n"
    assert codes(text) == ["linear-twice", "activation-twice", "softmax-loss"]


def test_a_wrong_spec_has_its_errors_only():
    with pytest.raises(SpecError) as caught:
        parse_network(HEAD + layers("Linear: 16", "Linear: 2", "Relu"))
    assert [found.code for found in caught.value.diagnostics] == ["unknown-layer"]


def test_four_sigmoids_are_where_a_gradient_has_vanished():
    assert SIGMOID_SLOPE**SHORTEST <= VANISHED < SIGMOID_SLOPE ** (SHORTEST - 1)


def test_the_slope_of_tanh_is_its_mean_over_a_normal_input():
    from math import exp, pi, sqrt, tanh

    step = 0.001
    inputs = (step * k for k in range(-8000, 8001))
    mean = sum((1 - tanh(z) ** 2) * exp(-z * z / 2) for z in inputs) * step / sqrt(2 * pi)
    assert round(mean, 2) == TANH_SLOPE


def seconds_of_lint(network: Network) -> float:
    started = time.process_time()
    lint(network.spec, network.graph, Findings())
    return time.process_time() - started


@pytest.mark.parametrize(
    "kinds", [["Linear: 8", "Sigmoid", "Linear: 8", "Identity"], ["ReLU"], ["Linear: 8"], ["Dropout"]]
)
def test_ten_thousand_layers_take_less_than_a_second(kinds):
    network = parse_network(HEAD + layers(*(kinds * (10_000 // len(kinds)))) + "loss: MSELoss\n")
    assert seconds_of_lint(network) < 1


def test_a_layer_that_thousands_take_costs_no_more():
    entries = ["{Linear: 8, name: a}", *["{Linear: 8, from: a}"] * 5000]
    network = parse_network(HEAD + layers(*entries))
    assert seconds_of_lint(network) < 1
