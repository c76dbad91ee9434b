"""Patterns of axes: what the einops library gives, or a refusal in words."""

import einops
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from refusing import refusal

from nnspec.codegen.load import evaluate
from nnspec.exporting.builder import GraphBuilder, to_bytes
from nnspec.layers import find
from nnspec.pycode import name
from nnspec.runtime import open_session
from nnspec.shapes import BATCH, Tensor, symbol, tensor


@st.composite
def patterns(draw):
    """Axes with sizes, grouped in one way before the arrow and, reordered, in another after it."""
    axes = draw(st.lists(st.sampled_from("cdefg"), min_size=1, max_size=4, unique=True))
    sizes = {axis: draw(st.integers(1, 3)) for axis in axes}
    return sizes, draw(groups(axes)), draw(groups(draw(st.permutations(axes))))


@st.composite
def groups(draw, axes):
    """The axes as they stand, some joined by parentheses."""
    text, rest = [], list(axes)
    while rest:
        count = draw(st.integers(1, len(rest)))
        joined, rest = rest[:count], rest[count:]
        text.append(joined[0] if count == 1 else f"({' '.join(joined)})")
    return " ".join(text)


def ours(kind, x, pattern, takes=None, **arguments):
    layer = find(kind)(pattern=pattern, **arguments)
    takes = takes or Tensor((BATCH, *x.shape[1:]))
    gives = layer.infer(takes)
    result = evaluate(layer.code([takes], name("x")), {"x": x})
    lengths = {"batch": len(x)}
    for have, size in zip(takes.shape, x.shape, strict=True):
        lengths |= {str(have): size} if not isinstance(have, int) else {}
    assert gives.bind(lengths).shape == tuple(result.shape)
    builder = GraphBuilder()
    value = builder.input("x", takes)
    scope = builder.scope("layer")
    (out,) = scope.finish(layer.to_onnx(scope, value), [gives])
    builder.output(out, "y", gives)
    session = open_session(to_bytes(builder.model("layer")), threads=1)
    assert np.allclose(session.run({"x": x.numpy()})["y"], result.numpy(), atol=1e-5)
    return result


@settings(max_examples=150, deadline=None)
@given(patterns(), st.randoms(use_true_random=False))
def test_any_rearrangement_is_that_of_einops(drawn, random):
    sizes, left, right = drawn
    pattern = f"b {left} -> b {right}"
    whole = einops.rearrange(
        torch.arange(2 * np.prod(list(sizes.values()))).float(), f"(b {' '.join(sizes)}) -> b {left}", b=2, **sizes
    )
    assert torch.equal(ours("Rearrange", whole, pattern, **sizes), einops.rearrange(whole, pattern, **sizes))


@pytest.mark.parametrize("length", [2, 5])
def test_lengths_are_read_when_the_model_runs(length):
    x = torch.randn(2, length, 6)
    takes = Tensor((BATCH, symbol("t"), 6))
    for pattern, sizes in [
        ("b t (h d) -> b h t d", dict(h=3)),
        ("b t c -> b (t c)", {}),
        ("b t (h d) -> b (t h) d", dict(h=2)),
    ]:
        assert torch.equal(ours("Rearrange", x, pattern, takes, **sizes), einops.rearrange(x, pattern, **sizes))
    assert torch.equal(ours("Repeat", x, "b t c -> b t r c", takes, r=2), einops.repeat(x, "b t c -> b t r c", r=2))
    for reduction in ("mean", "sum", "max", "min", "prod"):
        given = ours("Reduce", x, "b t (h d) -> b d", takes, h=3, reduction=reduction)
        assert torch.allclose(given, einops.reduce(x, "b t (h d) -> b d", reduction, h=3), atol=1e-5)


def test_an_ellipsis_is_all_the_axes_that_have_no_name():
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(ours("Rearrange", x, "b c ... -> b ... c"), einops.rearrange(x, "b c ... -> b ... c"))
    assert torch.equal(ours("Rearrange", x, "b c ... -> b c (...)"), einops.rearrange(x, "b c ... -> b c (...)"))
    assert torch.allclose(ours("Reduce", x, "b ... w -> b w", reduction="mean"), x.mean(dim=(1, 2)), atol=1e-6)


def test_an_axis_of_size_1_comes_and_goes():
    x = torch.randn(2, 1, 4)
    assert torch.equal(ours("Rearrange", x, "b 1 c -> b c 1"), einops.rearrange(x, "b 1 c -> b c 1"))


@pytest.mark.parametrize(
    ("kind", "arguments", "message", "help"),
    [
        ("Rearrange", dict(pattern="b h w"), "pattern 'b h w' has no arrow", "as in `b h w c -> b c h w`"),
        (
            "Rearrange",
            dict(pattern="b h -> b h"),
            "pattern 'b h -> b h' begins with 2 axes, and its input has 3 with the batch",
            "the first name is the batch",
        ),
        (
            "Rearrange",
            dict(pattern="b h w -> h b w"),
            "pattern 'b h w -> h b w' moves the batch",
            "the first name is the same on both sides, alone",
        ),
        ("Rearrange", dict(pattern="b h w -> b h"), "pattern 'b h w -> b h' loses w", "Reduce lets axes go"),
        (
            "Rearrange",
            dict(pattern="b h w -> b h w c", c=2),
            "pattern 'b h w -> b h w c' makes c from nothing",
            "Repeat adds axes",
        ),
        ("Repeat", dict(pattern="b h w -> b h w c"), "c has no size", "say it beside the pattern: `c: 2`"),
        ("Rearrange", dict(pattern="b h w -> b w h", c=2), "pattern 'b h w -> b w h' has no axis named c", ""),
        ("Rearrange", dict(pattern="b h h -> b h h"), "pattern 'b h h -> b h h' names h twice on one side", ""),
        ("Rearrange", dict(pattern="b (h w -> b h w"), "a parenthesis of the pattern is never closed", ""),
        ("Rearrange", dict(pattern="b h+w -> b h w"), "a pattern has names, parentheses and ..., not '+'", ""),
        (
            "Rearrange",
            dict(pattern="b (h p) w -> b h p w", p=3),
            "(h p) has the size 4, which is not a multiple of 3",
            "",
        ),
        (
            "Rearrange",
            dict(pattern="b (h p) w -> b h p w"),
            "(h p) has the size 4: h and p cannot both be inferred",
            "",
        ),
    ],
)
def test_a_pattern_that_does_not_fit_is_refused(kind, arguments, message, help):
    assert refusal(kind, arguments, "n 4 6") == ("pattern", message, help)


def test_a_sum_of_products_is_told_by_letters():
    einsum = find("Einsum")(equation="bqd,bkd->bqk")
    q, k = tensor("n 5 8"), tensor("n t 8")
    assert str(einsum.infer(q, k)) == "(5, t)"
    assert str(einsum.macs(q, k)) == "40 * t"
    assert str(einsum.forward(name("q"), name("k"))) == 'torch.einsum("bqd,bkd->bqk", q, k)'


@pytest.mark.parametrize(
    ("equation", "message", "help"),
    [
        ("bij", "equation 'bij' is not letters, a comma between inputs, and an arrow", "as in `bij,bjk->bik`"),
        ("bij,bjk->bik", "equation 'bij,bjk->bik' is of 2 inputs, got 1", ""),
        ("bi->b", "'bi' has 2 letters, and its input 3 axes with the batch: (4, 6)", ""),
        ("bii->bi", "the axis i has the size 4 in one input and 6 in another", ""),
        ("bij->bk", "equation 'bij->bk' gives k, which no input has", ""),
        ("bij->bii", "equation 'bij->bii' gives a letter twice", ""),
        (
            "ijb->bi",
            "equation 'ijb->bi' does not begin with the batch on every side",
            "the first letter of each input and of the output is the batch",
        ),
    ],
)
def test_an_equation_that_does_not_fit_is_refused(equation, message, help):
    assert refusal("Einsum", dict(equation=equation), "n 4 6") == ("equation", message, help)
