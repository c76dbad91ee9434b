"""The comments that nnspec keeps behind the lines of a spec."""

from time import perf_counter

from nnspec.graph import parse_network
from nnspec.graph.annotations import annotations, by_line
from nnspec.spec.rewrite import annotate_text, format_text

TEXT = """nnspec: 1
inputs: {x: [T, 8]}
layers:
  - LSTM: 16
  - {Linear: 4, name: narrow}  # by hand
  - ReLU
"""


def annotated(text: str) -> str:
    """The text with what its own network says, which stays as it is when asked for again and when formatted."""
    once = annotate_text(text, "net.yaml", by_line(annotations(parse_network(text, "net.yaml"))))
    assert annotate_text(once, "net.yaml", by_line(annotations(parse_network(once, "net.yaml")))) == once
    return once


def test_each_layer_says_what_it_gives_and_a_persons_comment_stays():
    assert (
        annotated(TEXT)
        == """nnspec: 1
inputs: {x: [T, 8]}
layers:
  - LSTM: 16  # → T×16, 1×16, 1×16 · 1.66k
  - {Linear: 4, name: narrow}  # by hand  # → T×4 · 68
  - ReLU  # → T×4
"""
    )


def test_the_comments_come_off_again():
    assert annotate_text(annotated(TEXT), "net.yaml", {}) == TEXT


def test_comments_of_neighbours_stand_below_one_another():
    text = "nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - Linear: {out_features: 16, bias: false}\n  - ReLU\n\n  - Tanh\n"
    assert annotated(text).splitlines()[3:] == [
        "  - Linear: {out_features: 16, bias: false}  # → 16 · 128",
        "  - ReLU                                     # → 16",
        "",
        "  - Tanh  # → 16",
    ]


def test_old_notes_are_brought_up_to_date():
    text = annotated(TEXT).replace("LSTM: 16", "LSTM: 8").replace("  - ReLU  # → T×4", "  - Tanh")
    assert annotated(text) == annotated(TEXT.replace("LSTM: 16", "LSTM: 8").replace("ReLU", "Tanh"))


def test_the_form_keeps_them():
    assert format_text(annotated(TEXT), "net.yaml") == annotated(TEXT)
    loose = annotated("nnspec: 1\ninputs: {x: [8]}\nlayers:\n- Linear:   {out_features: 16}\n- ReLU\n")
    assert format_text(loose, "net.yaml").splitlines()[3:] == [
        "  - Linear: {out_features: 16}  # → 16 · 144",
        "  - ReLU                        # → 16",
    ]


def test_a_line_of_several_layers_says_what_each_gives():
    text = "nnspec: 1\ninputs: {x: [4]}\nlayers: [Linear: 16, Tanh, Linear: 3]\n"
    assert annotated(text).splitlines()[2] == "layers: [Linear: 16, Tanh, Linear: 3]  # → 16 · 80 → 16 → 3 · 51"


def test_the_outer_of_two_layers_on_a_line_speaks_for_both():
    text = """nnspec: 1
inputs: {x: [4]}
layers:
  - Residual: [Linear: 4, Tanh]
  - Branches:
      paths: [[Linear: 2], [Linear: 3, ReLU]]
      merge: Concat
"""
    assert annotated(text).splitlines()[3:] == [
        "  - Residual: [Linear: 4, Tanh]                # → 4 · 20",
        "  - Branches:                                  # → 5 · 25",
        "      paths: [[Linear: 2], [Linear: 3, ReLU]]  # → 2 · 10 | 3 · 15 → 3",
        "      merge: Concat",
    ]


def test_no_comment_is_put_into_a_value():
    text = 'nnspec: 1\ninputs: {x: [4]}\nlayers:\n  - {Linear: 3, name: "a\n      b"}\n  - Linear: |\n      3\n'
    notes = {4: "3", 6: "3", 7: "3"}
    assert annotate_text(text, "net.yaml", notes) == text.replace("Linear: |", "Linear: |  # → 3")


def test_line_ends_stay_as_they_are():
    text = TEXT.replace("\n", "\r\n")
    assert annotated(text) == annotated(TEXT).replace("\n", "\r\n")


def test_ten_times_the_lines_take_no_hundred_times_as_long():
    def seconds(layers: int) -> float:
        text = "nnspec: 1\nlayers:\n" + "  - &a ReLU\n" * layers
        start = perf_counter()
        annotate_text(text, "net.yaml", dict.fromkeys(range(3, layers + 3), "4"))
        return perf_counter() - start

    seconds(100)
    assert seconds(20_000) < 50 * min(seconds(2_000) for _ in range(3))
