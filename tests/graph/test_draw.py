"""Pictures: goldens of the texts, escaping, and what SVG needs."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.graph.draw import MAX_SVG_LAYERS, dot, mermaid, svg
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.network import load_network, parse_network
from nnspec.graph.picture import ROLE_OF
from nnspec.layers.combine import Concat
from nnspec.layers.find import FAMILIES
from nnspec.layers.linear import Identity
from nnspec.shapes import tensor

RESIDUAL = """
nnspec: 1
inputs: {image: [3, 8, 8]}
layers:
  - Conv2d: {out_channels: 4, kernel_size: 3, padding: same}
    name: stem
  - ReLU
  - Add: {}
    from: [_, stem]
outputs:
  seen: {}
"""
MERMAID = """\
flowchart TB
  in0(["<b>image</b>"]):::input
  n0["<b>Conv2d</b> 4<br/>kernel_size=3, padding=same<br/><i>stem</i>"]:::weights
  n1["<b>ReLU</b><br/><i>relu_1</i>"]:::activation
  n2["<b>Add</b><br/><i>add_1</i>"]:::combine
  out0(["<b>seen</b>"]):::output
  in0 -->|"3×8×8"| n0
  n0 -->|"4×8×8"| n1
  n1 -->|"4×8×8"| n2
  n0 -->|"4×8×8"| n2
  n2 -->|"4×8×8"| out0
  classDef input fill:#e3f4e6,stroke:#5aa469,color:#1f2933
  classDef output fill:#fde4e1,stroke:#d1695e,color:#1f2933
  classDef weights fill:#dfeafd,stroke:#5b86d6,color:#1f2933
  classDef activation fill:#fde8d8,stroke:#dc8a4b,color:#1f2933
  classDef combine fill:#d9f2f1,stroke:#3f9f9b,color:#1f2933
"""
NETWORKS = Path(__file__).parents[1] / "networks"
RESNET = NETWORKS.parents[1] / "specs" / "vision" / "resnet.yaml"
FOLDED = """\
flowchart TB
  in0(["<b>image</b>"]):::input
  n0["<b>conv</b> 16<br/>kernel=3<br/>3 layers, 176 parameters<br/><i>stem</i>"]:::block
  n3["<b>inception</b> 8<br/>14 layers, 1.02k parameters<br/><i>low</i>"]:::block
  n17["<b>MaxPool2d</b> 2<br/><i>pooled</i>"]:::shape
  n18["<b>inception</b> 16<br/>14 layers, 3.58k parameters<br/><i>high</i>"]:::block
  n32["<b>AdaptiveAvgPool2d</b> 1<br/><i>average</i>"]:::shape
  n33["<b>Flatten</b><br/><i>flatten_1</i>"]:::shape
  n34["<b>Linear</b> 10<br/><i>scores</i>"]:::weights
  n35["<b>conv</b> 8<br/>3 layers, 208 parameters<br/><i>aside</i>"]:::block
  n38["<b>Flatten</b><br/><i>flatten_2</i>"]:::shape
  n39["<b>Linear</b> 10<br/><i>aside_scores</i>"]:::weights
  out0(["<b>digit</b>"]):::output
  out1(["<b>helper</b>"]):::output
  in0 -->|"1×8×8"| n0
  n0 -->|"16×8×8"| n3
  n3 -->|"24×8×8"| n17
  n17 -->|"24×4×4"| n18
  n18 -->|"48×4×4"| n32
  n32 -->|"48×1×1"| n33
  n33 -->|"48"| n34
  n3 -.->|"24×8×8"| n35
  n35 -.->|"8×8×8"| n38
  n38 -.->|"512"| n39
  n34 -->|"10"| out0
  n39 -.->|"10"| out1
  classDef input fill:#e3f4e6,stroke:#5aa469,color:#1f2933
  classDef output fill:#fde4e1,stroke:#d1695e,color:#1f2933
  classDef weights fill:#dfeafd,stroke:#5b86d6,color:#1f2933
  classDef shape fill:#eceff3,stroke:#97a3b1,color:#1f2933
  classDef block fill:#f3eef9,stroke:#9c86c9,color:#1f2933
  classDef trained stroke-dasharray:5 4
  class n35,n38,n39,out1 trained
"""
GOLDEN = Path(__file__).parents[1] / "golden" / "draw"
LSTM = """
nnspec: 1
inputs: {signal: [T, 3]}
layers:
  - LSTM: 4
    name: lstm
  - Flatten: {}
    from: lstm.h_n
"""
AUXILIARY = """
nnspec: 1
inputs: {x: [4]}
layers:
  - {Linear: 3, name: answer}
  - {Linear: 5, name: side, from: x}
outputs:
  kind: {from: answer}
  helper: {from: side, export: false}
"""
SPAN = Span(Text("spec.yaml"))
X = tensor("n 10")


def chain(*names: str, width: int = 1) -> Graph:
    """Layers in a row, each taking so many of those before it."""
    vertices: dict[str, Vertex] = {}
    for index, name in enumerate(names):
        before = ["x", *names[:index]][-width:]
        layer = Concat() if width > 1 else Identity()
        vertices[name] = Vertex(name, layer, tuple(map(Port, before)), (X,) * len(before), (X,), SPAN)
    return Graph("net", {"x": X}, vertices, {"y": Port(names[-1])})


def test_mermaid_of_a_network_with_a_shortcut():
    assert mermaid(parse_network(RESIDUAL).graph) == MERMAID


def test_dot_of_a_network_with_a_shortcut():
    assert dot(parse_network(RESIDUAL).graph) == (GOLDEN / "residual.dot").read_text(encoding="utf-8")


def test_an_edge_names_the_output_that_it_carries():
    graph = parse_network(LSTM).graph
    assert 'n0 -->|"h_n 1×4"| n1' in mermaid(graph)
    assert "n0 -> n1 [label=< h_n 1×4 >, weight=8]" in dot(graph)


def test_a_name_cannot_bring_markup_into_mermaid():
    text = mermaid(chain('<script>alert("x")</script>', 'a"]; click n0 call `b`'))
    assert '<i>#60;script#62;alert(#34;x#34;)#60;/script#62;</i>"]' in text
    assert "<i>a#34;#93;#59; click n0 call #96;b#96;</i>" in text


def test_a_name_cannot_bring_markup_into_dot():
    text = dot(chain('<b>"a&b"</b>', "line\nbreak\x00"))
    assert "<i>&lt;b&gt;&quot;a&amp;b&quot;&lt;/b&gt;</i>" in text
    assert "<i>line break </i>" in text


def test_a_name_cannot_bring_markup_into_svg():
    drawn = svg(chain('<script>alert("x")</script>', "a]]>&amp;"))
    root = ElementTree.fromstring(drawn)
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    texts = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("}text")]
    assert '<script>alert("x")</script>' in texts
    assert "a]]>&amp;" in texts


def test_a_long_name_is_cut():
    assert f"<i>{'a' * 33}…</i>" in dot(chain("a" * 1000))


def test_svg_centres_every_line_in_its_box_and_names_boxes():
    root = ElementTree.fromstring(svg(parse_network(RESIDUAL).graph))
    space = {"svg": "http://www.w3.org/2000/svg"}
    nodes = root.findall(".//svg:g[@class='node']", space)
    assert [node.findtext("svg:title", "", space) for node in nodes] == ["image", "stem", "relu_1", "add_1", "seen"]
    for node in nodes:
        outline = node.find("svg:path", space)
        assert outline is not None
        across = [float(x) for x in re.findall(r"-?[\d.]+", outline.get("d", ""))[::2]]
        for line in node.findall("svg:text", space):
            assert line.get("text-anchor") == "middle"
            assert float(line.get("x", "")) == pytest.approx((min(across) + max(across)) / 2, abs=0.01)
    lines = ["".join(line.itertext()) for line in nodes[1].findall("svg:text", space)]
    assert lines == ["Conv2d 4", "kernel_size=3, padding=same", "stem"]


def test_svg_is_the_same_each_time_and_from_several_threads():
    graph = parse_network(RESIDUAL).graph
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(svg, [graph] * 8))
    assert len(set(drawn)) == 1


def test_nothing_reaches_the_terminal(capfd: pytest.CaptureFixture[str]):
    svg(parse_network(RESIDUAL).graph)
    sys.stderr.write("still here")
    assert capfd.readouterr() == ("", "still here")


def test_without_graphviz_svg_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(SpecError) as caught:
        svg(parse_network(RESIDUAL).graph)
    assert str(caught.value) == (
        "error[missing-extra]: an SVG picture needs Graphviz, which is not installed\n"
        "  help  pip install 'nnspec[draw]'; --mermaid and --dot work without it"
    )


def test_a_network_of_ten_thousand_layers_is_refused():
    graph = chain(*(f"l{index}" for index in range(10_000)))
    with pytest.raises(SpecError) as caught:
        svg(graph)
    assert str(caught.value) == (
        "error[limit]: net is too large for a picture: 10,000 layers, and edges that cross 10,001 rows in all\n"
        "  help  `nnspec show` lists it; --dot and --mermaid write the graph without laying it out"
    )
    assert mermaid(graph).count("-->") == 10_001


def test_a_network_whose_edges_cross_too_much_is_refused():
    with pytest.raises(SpecError, match="edges that cross 35,721 rows"):
        svg(chain(*(f"l{index}" for index in range(200)), width=19))
    assert len(chain(*(f"l{index}" for index in range(200)))) < MAX_SVG_LAYERS


def test_many_crossing_edges_are_drawn_straight():
    assert b"<svg" in svg(chain(*(f"l{index}" for index in range(40)), width=10))


def test_every_family_has_its_colour():
    assert set(FAMILIES) <= set(ROLE_OF)


def test_what_is_only_trained_is_dashed():
    graph = parse_network(AUXILIARY).graph
    text = mermaid(graph)
    assert text.endswith("  classDef trained stroke-dasharray:5 4\n  class n1,out1 trained\n")
    assert [line for line in text.splitlines() if "-.->" in line] == [
        '  in0 -.->|"4"| n1',
        '  n1 -.->|"5"| out1',
    ]
    dashed = [line.split(" [")[0].strip() for line in dot(graph).splitlines() if "dashed" in line]
    assert dashed == ["n1", "out1", "in0 -> n1", "n1 -> out1"]
    assert b"stroke-dasharray" in svg(graph)


def test_blocks_are_frames_around_their_layers_also_in_branches():
    graph = load_network(NETWORKS / "two_heads.yaml").graph
    frames = re.findall(r'subgraph (\w+) \["<b>(.*?)</b> <i>(.*?)</i>"\]', mermaid(graph))
    inner = [
        ("fn3_2", "Branches", "branches_1"),
        ("fn3_4", "conv(8)", "paths.0.conv_1"),
        ("fn6_4", "conv(8)", "paths.1.conv_1"),
        ("fn9_4", "conv(8, kernel=3)", "paths.1.conv_2"),
        ("fn13_4", "conv(8)", "paths.2.conv_1"),
    ]
    assert frames[:7] == [("fn0_1", "conv(16, kernel=3)", "stem"), ("fn3_1", "inception(8)", "low"), *inner]


def test_a_folded_block_is_one_box_with_its_sums():
    graph = load_network(NETWORKS / "two_heads.yaml").graph
    assert mermaid(graph, 1) == FOLDED
    root = ElementTree.fromstring(svg(graph, 1))
    titles = {node.findtext("{*}title") for node in root.findall(".//{*}g[@class='node']")}
    assert titles == {
        *("image", "stem", "low", "pooled", "high", "average", "flatten_1", "scores"),
        *("aside", "flatten_2", "aside_scores", "digit", "helper"),
    }


def test_every_frame_has_a_key_of_its_own():
    for path in (NETWORKS / "two_heads.yaml", RESNET):
        text = dot(load_network(path).graph)
        keys = re.findall(r"subgraph (\w+)", text)
        assert len(set(keys)) == len(keys) > 5


def test_a_folded_block_tells_what_it_is_given_and_whose_weights_it_has():
    text = """nnspec: 1
inputs: {image: [3, 8, 8]}
blocks:
  conv:
    params: {channels: required, kernel: 1, stride: 1}
    layers:
      - Conv2d: {out_channels: $channels, kernel_size: $kernel, stride: $stride, padding: $(kernel // 2)}
layers:
  - {conv: {channels: 3, kernel: 3}, name: first}
  - {share: first, name: again}
  - {conv: {channels: 4, stride: 2}, name: last}
"""
    drawn = mermaid(parse_network(text).graph, 1)
    assert '["<b>conv</b> 3<br/>kernel=3<br/>1 layer, 84 parameters<br/><i>first</i>"]' in drawn
    assert '["<b>conv</b> 3<br/>kernel=3<br/>the weights of first<br/><i>again</i>"]' in drawn
    assert '["<b>conv</b> 4<br/>stride=2<br/>1 layer, 16 parameters<br/><i>last</i>"]' in drawn


def test_a_learnt_tensor_takes_nothing():
    text = """nnspec: 1
inputs: {x: [4]}
layers:
  - {Parameter: {shape: [4]}, name: offset}
  - {Add: null, from: [x, offset]}
"""
    drawn = mermaid(parse_network(text).graph)
    assert [line.strip() for line in drawn.splitlines() if "-->" in line] == [
        'in0 -->|"4"| n1',
        'n0 -->|"4"| n1',
        'n1 -->|"4"| out0',
    ]
