"""The table of `nnspec show`, whole."""

from nnspec.graph.network import parse_network
from nnspec.graph.table import WIDTH, table
from nnspec.objectives.optimizers import Adam

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
