"""The table of `nnspec show`, whole."""

from pathlib import Path

import pytest

from nnspec.graph.listing import listing
from nnspec.graph.network import load_network, parse_network
from nnspec.graph.table import WIDTH, table
from nnspec.objectives.optimizers.adam import Adam

NETWORKS = Path(__file__).parents[1] / "networks"
RESNET = NETWORKS.parents[1] / "specs" / "vision" / "resnet.yaml"
RESIDUAL = """
nnspec: 1
inputs: {image: [3, 32, 32]}
layers:
  - Conv2d: {out_channels: 32, kernel_size: 3, padding: same}
    name: stem
  - ReLU
  - Conv2d: {out_channels: 32, kernel_size: [3, 1], padding: same, bias: false}
  - Add: {}
    from: [_, stem]
  - Flatten
  - Linear: 10
outputs:
  digit: {loss: CrossEntropyLoss}
"""
RESIDUAL_TABLE = """\
layer      type                                       from            output    parameters   MACs
─────────────────────────────────────────────────────────────────────────────────────────────────
image      input                                                      3×32×32
stem       Conv2d(32, 3, padding=same)                                32×32×32         896   885k
relu_1     ReLU                                                       32×32×32
conv2d_1   Conv2d(32, 3×1, padding=same, bias=false)                  32×32×32       3,072  3.15M
add_1      Add                                        conv2d_1, stem  32×32×32
flatten_1  Flatten                                                    32768
linear_1   Linear(10)                                                 10           327,690   328k
digit      output                                                     10
─────────────────────────────────────────────────────────────────────────────────────────────────

parameters   331,658 (1.27 MiB)
MACs         4.36M per example
activations  20.4 MiB for a batch of 32
training     25.4 MiB with weights, gradients and Adam's state
inference    1.64 MiB for one example"""

LSTM = """
nnspec: 1
inputs: {words: {shape: [T], dtype: int64}, extra: [2]}
layers:
  - Embedding: {num_embeddings: 100, embedding_dim: 8}
    from: words
  - LSTM: {hidden_size: 4, bidirectional: true}
    name: lstm
  - Flatten: {}
    from: lstm.h_n
  - Concat: {}
    from: [_, extra]
"""
LSTM_TABLE = """\
layer        type                         from              output   parameters   MACs
──────────────────────────────────────────────────────────────────────────────────────
words        input                                          int64 T
extra        input                                          2
embedding_1  Embedding(100, 8)            words             T×8             800
lstm         LSTM(4, bidirectional=true)                    T×8             448  384·T
  lstm.h_n                                                  2×4
  lstm.c_n                                                  2×4
flatten_1    Flatten                      lstm.h_n          8
concat_1     Concat                       flatten_1, extra  10
output       output                                         10
──────────────────────────────────────────────────────────────────────────────────────

parameters   1,248 (4.88 KiB)
MACs         384·T per example
activations  72 B·T + 144 B per example
inference    64 B·T + 4.95 KiB for one example"""

AUXILIARY = """
nnspec: 1
inputs: {x: [4]}
layers:
  - {Linear: 8, name: trunk}
  - {Linear: 3, name: answer}
  - {Linear: 5, name: side, from: trunk}
outputs:
  kind: {from: answer, loss: CrossEntropyLoss}
  helper: {from: side, loss: CrossEntropyLoss, export: false}
"""
AUXILIARY_TABLE = """\
layer   type       from    output  parameters  MACs  export
───────────────────────────────────────────────────────────
x       input              4
trunk   Linear(8)          8               40    32
answer  Linear(3)          3               27    24
side    Linear(5)  trunk   5               45    40  no
kind    output     answer  3
helper  output             5                         no
───────────────────────────────────────────────────────────

parameters   112 (448 B), of which 67 are exported
MACs         96 per example
activations  80 B per example
inference    316 B for one example"""

LISTING = {
    "name": "heads",
    "inputs": [{"name": "x", "shape": [4], "dtype": "float32", "exported": True}],
    "layers": [
        {
            "name": "trunk",
            "type": "Linear(8)",
            "layers": 1,
            "folded": False,
            "from": ["x"],
            "outputs": [{"shape": [8], "dtype": "float32"}],
            "parameters": 40,
            "macs": 32,
            "activations": 32,
            "exported": True,
            "place": "heads.yaml:5:6",
        },
        {
            "name": "answer",
            "type": "Linear(3)",
            "layers": 1,
            "folded": False,
            "from": ["trunk"],
            "outputs": [{"shape": [3], "dtype": "float32"}],
            "parameters": 27,
            "macs": 24,
            "activations": 12,
            "exported": True,
            "place": "heads.yaml:6:6",
        },
        {
            "name": "side",
            "type": "Linear(5)",
            "layers": 1,
            "folded": False,
            "from": ["trunk"],
            "outputs": [{"shape": [5], "dtype": "float32"}],
            "parameters": 45,
            "macs": 40,
            "activations": 20,
            "exported": False,
            "place": "heads.yaml:7:6",
        },
    ],
    "outputs": [
        {"name": "kind", "from": "answer", "shape": [3], "dtype": "float32", "exported": True},
        {"name": "helper", "from": "side", "shape": [5], "dtype": "float32", "exported": False},
    ],
    "totals": {
        "parameters": 112,
        "exported_parameters": 67,
        "weights": 448,
        "macs": 96,
        "activations": 80,
        "inference": 316,
        "batch_size": 2,
        "training": 1056,
    },
}
FOLDED = """\
layer                type                               output      parameters   MACs
─────────────────────────────────────────────────────────────────────────────────────
image                input                              3×224×224
stem                 conv_bn(64, kernel=7, stride=2)    64×112×112       9,536   118M
relu_1               ReLU                               64×112×112
maxpool2d_1          MaxPool2d(3, stride=2, padding=1)  64×56×56
stage1 ×2            bottleneck(64)                     256×56×56      145,408   450M
stage2 ×2            bottleneck(128)                    512×28×28      659,456   591M
stage3 ×2            bottleneck(256)                    1024×14×14   2,629,632   591M
stage4 ×2            bottleneck(512)                    2048×7×7    10,502,144   591M
adaptiveavgpool2d_1  AdaptiveAvgPool2d(1)               2048×1×1
flatten_1            Flatten                            2048
linear_1             Linear(1000)                       1000         2,049,000  2.05M
label                output                             1000
─────────────────────────────────────────────────────────────────────────────────────

parameters   15,995,176 (61 MiB)
MACs         2.34G per example
activations  91.2 MiB per example
inference    70.2 MiB for one example"""
FOLDED_TWICE = """\
layer            type                                     from    output  parameters   MACs  export
───────────────────────────────────────────────────────────────────────────────────────────────────
image            input                                            1×8×8
stem             conv(16, kernel=3)
  conv2d_1       Conv2d(16, 3, padding=same, bias=false)          16×8×8         144  9.22k
  batchnorm2d_1  BatchNorm2d                                      16×8×8          32
  relu_1         ReLU                                             16×8×8
low              inception(8)
  branches_1     Branches                                         24×8×8       1,024  61.4k
pooled           MaxPool2d(2)                                     24×4×4
high             inception(16)
  branches_1     Branches                                         48×4×4       3,584  55.3k
average          AdaptiveAvgPool2d(1)                             48×1×1
flatten_1        Flatten                                          48
scores           Linear(10)                                       10             490    480
aside            conv(8)
  conv2d_1       Conv2d(8, 1, padding=same, bias=false)   low     8×8×8          192  12.3k  no
  batchnorm2d_1  BatchNorm2d                                      8×8×8           16         no
  relu_1         ReLU                                             8×8×8                      no
flatten_2        Flatten                                          512                        no
aside_scores     Linear(10)                                       10           5,130  5.12k  no
digit            output                                   scores  10
helper           output                                           10                         no
───────────────────────────────────────────────────────────────────────────────────────────────────

parameters   10,612 (41.5 KiB), of which 5,274 are exported
MACs         144k per example
activations  72.7 KiB per example
inference    32.6 KiB for one example"""
INCEPTION = """\
layer                  type                    from                output  parameters   MACs  export
────────────────────────────────────────────────────────────────────────────────────────────────────
image                  input                                       1×8×8
stem                   conv(16, kernel=3)
  conv2d_1             Conv2d(16, 3, padding…                      16×8×8         144  9.22k
  batchnorm2d_1        BatchNorm2d                                 16×8×8          32
  relu_1               ReLU                                        16×8×8
low                    inception(8)
  branches_1           Branches
    paths.0
      conv_1           conv(8)
        conv2d_1       Conv2d(8, 1, padding=…                      8×8×8          128  8.19k
        batchnorm2d_1  BatchNorm2d                                 8×8×8           16
        relu_1         ReLU                                        8×8×8
    paths.1
      conv_1           conv(8)
        conv2d_1       Conv2d(8, 1, padding=…  stem                8×8×8          128  8.19k
        batchnorm2d_1  BatchNorm2d                                 8×8×8           16
        relu_1         ReLU                                        8×8×8
      conv_2           conv(8, kernel=3)
        conv2d_1       Conv2d(8, 3, padding=…                      8×8×8          576  36.9k
        batchnorm2d_1  BatchNorm2d                                 8×8×8           16
        relu_1         ReLU                                        8×8×8
    paths.2
      maxpool2d_1      MaxPool2d(3, stride=1…  stem                16×8×8
      conv_1           conv(8)
        conv2d_1       Conv2d(8, 1, padding=…                      8×8×8          128  8.19k
        batchnorm2d_1  BatchNorm2d                                 8×8×8           16
        relu_1         ReLU                                        8×8×8
    merge              Concat                  paths.0, paths.1,…  24×8×8
"""


def test_a_network_with_a_shortcut():
    assert table(parse_network(RESIDUAL).graph, batch_size=32, optimizer=Adam()) == RESIDUAL_TABLE


def test_several_inputs_outputs_and_a_length():
    assert table(parse_network(LSTM).graph) == LSTM_TABLE


def test_a_long_type_is_cut_so_that_the_table_fits_the_terminal():
    long = "{out_channels: 32, kernel_size: [3, 2], stride: [2, 1], padding: [1, 0], groups: 4, padding_mode: circular}"
    text = f"{{nnspec: 1, inputs: {{image: [4, 32, 32]}}, layers: [{{Conv2d: {long}}}]}}"
    lines = table(parse_network(text).graph).splitlines()
    assert max(map(len, lines)) == WIDTH
    assert "Conv2d(32, 3×2, stride=2×1, padding=1×0, groups=4, padding_m…  32×16×31" in lines[3]


def test_layers_that_are_only_trained_are_marked():
    assert table(parse_network(AUXILIARY).graph) == AUXILIARY_TABLE


def test_blocks_below_a_depth_are_folded_with_their_sums():
    resnet = load_network(RESNET, ["params.block=bottleneck"]).graph
    assert table(resnet, depth=1) == FOLDED
    assert table(load_network(NETWORKS / "two_heads.yaml").graph, depth=2) == FOLDED_TWICE


STAGES = """\
layer     type       output   parameters   MACs
───────────────────────────────────────────────
x         input      8×16×16
stage ×2  stage
  0       stage(8)   8×8×8           584  36.9k
  1       stage(16)  16×4×4        1,168  18.4k
block ×2  block      16×4×4
output    output     16×4×4
"""


def test_stages_of_one_repeat_are_rows_of_their_own():
    conv = "Conv2d: {out_channels: $width, kernel_size: 3, stride: 2, padding: 1}"
    found = parse_network(
        "{nnspec: 1, inputs: {x: [8, 16, 16]}, blocks: {"
        f"stage: {{params: {{width: required}}, layers: [{conv}]}}, "
        "block: {params: {drop: required}, layers: [Tanh]}}, layers: ["
        "{stage: $(8 * (index + 1)), repeat: 2, name: stage}, {block: $index, repeat: 2, name: block}]}"
    )
    assert table(found.graph, depth=1).startswith(STAGES)


def test_nested_layers_stand_indented_below_their_block():
    assert table(load_network(NETWORKS / "two_heads.yaml").graph).startswith(INCEPTION)


@pytest.mark.parametrize("depth", [None, 1, 2, 3, 4, 5])
def test_a_nested_network_fits_the_terminal_and_its_rows_sum_up(depth):
    for path, overrides in ((RESNET, ["params.block=bottleneck"]), (NETWORKS / "two_heads.yaml", [])):
        graph = load_network(path, overrides).graph
        assert max(map(len, table(graph, depth=depth).splitlines())) <= WIDTH
        found = listing(graph, depth=depth)
        assert sum(layer["parameters"] for layer in found["layers"]) == found["totals"]["parameters"]
        assert sum(layer["macs"] for layer in found["layers"]) == found["totals"]["macs"]
        assert sum(layer["layers"] for layer in found["layers"]) == len(graph)


def test_a_listing_for_scripts():
    assert listing(parse_network(AUXILIARY, "heads.yaml").graph, batch_size=2) == LISTING


def test_a_listing_writes_lengths_as_text():
    found = listing(parse_network(LSTM).graph)
    assert found["totals"]["macs"] == "384 * T"
    assert found["layers"][1]["outputs"][0] == {"shape": ["T", 8], "dtype": "float32"}
    assert found["layers"][2]["from"] == ["lstm"]
