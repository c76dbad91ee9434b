import pytest
import torch
from refusing import refusal

from nnspec.codegen.load import defined, evaluate
from nnspec.layers.gate import GradientReversal, Sample, SwiGLU
from nnspec.pycode import name
from nnspec.shapes import tensor


@pytest.mark.parametrize("alpha", [1.0, 0.25])
def test_a_reversed_gradient_leaves_the_value_exact(alpha):
    x = torch.tensor([-1e30, -0.1, 0.0, 1e-30, 0.7, 1e30], requires_grad=True)
    y = evaluate(GradientReversal(alpha=alpha).forward(name("x")), {"x": x})
    assert y.tolist() == x.tolist()
    (y * torch.arange(6.0)).sum().backward()
    assert x.grad.tolist() == [-alpha * place for place in range(6)]


def test_a_sample_has_the_mean_and_variance_that_it_is_given():
    module = evaluate(Sample().module(tensor("n 2"), tensor("n 2")), defined(Sample))
    mean = torch.tensor([3.0, -1.0]).expand(20_000, 2)
    log_variance = torch.tensor([0.5, -2.0]).expand(20_000, 2).clone().requires_grad_()
    torch.manual_seed(0)
    drawn = module(mean, log_variance)
    assert torch.allclose(drawn.mean(0), mean[0], atol=0.03)
    assert torch.allclose(drawn.var(0), log_variance[0].exp(), rtol=0.05)
    drawn.sum().backward()
    assert log_variance.grad.abs().sum() > 0
    assert module.eval()(mean, log_variance) is mean


def test_a_sample_needs_a_log_variance_for_each_mean():
    assert refusal("Sample", {}, "n 3", "n 4")[1] == "needs inputs of one shape, got (3) and (4)"


def test_a_gated_map_is_two_linear_ones():
    x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    module = evaluate(SwiGLU(out_features=2).module(tensor("n 5")), defined(SwiGLU))
    assert torch.allclose(module(x), torch.nn.functional.silu(module.gate(x)) * module.value(x))
    assert SwiGLU(out_features=2).macs(tensor("n 5")) == 20
