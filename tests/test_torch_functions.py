"""Functions of torch called on tensors in a pass: read as they are, or refused by name."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from geomtoy.errors import NetworkError  # noqa: E402
from geomtoy.importers.torch import from_torch  # noqa: E402


class Function(nn.Module):
    """A function of the input (1, 4) and of an affine map h of it."""

    def __init__(self, function):
        super().__init__()
        self.function, self.affine = function, nn.Linear(4, 4)

    def forward(self, x):
        return self.function(x, self.affine(x))


def autocast(x, h):
    """A product that rounds its factors, but not those in float64."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        product = h @ torch.eye(4).to(h)
    return product + x


CONST = torch.tensor([0.3, -0.1, 0.7, 0.2], dtype=torch.float64)

CALLED = {
    "max of all": lambda x, h: h.max() - h.min() + x,
    "max of two": lambda x, h: torch.max(h, x) - torch.min(x, CONST),
    "sum of all": lambda x, h: h.sum() + h.mean(),
    "addmm": lambda x, h: torch.addmm(x, h, CONST.diag(), beta=0.3, alpha=0.7),
    "addmm of constants": lambda x, h: torch.addmm(h, CONST[None], CONST.diag(), beta=0.3),
    "add": lambda x, h: torch.add(h, CONST, alpha=0.3),
    "products": lambda x, h: torch.mv(CONST.diag(), h[0]) + torch.dot(CONST, x[0]),
    "bmm": lambda x, h: torch.bmm(h[:, None], CONST.diag()[None]),
    "einsum": lambda x, h: torch.einsum("bi,ij->bj", h, CONST.diag()) + torch.einsum("bi->b", x),
    "cat": lambda x, h: torch.cat([h, torch.ones(1, 2, dtype=torch.int64), CONST[None]], 1),
    "reshaped": lambda x, h: h.reshape(1, 2, 2).transpose(1, 2).reshape(1, 4),
    "index": lambda x, h: h[:, [2, 0, 2]] + h[:, torch.tensor([-1, 0, 0])],
    "gather": lambda x, h: h.gather(1, torch.tensor([[1, 0]])),
    "mask": lambda x, h: h.masked_fill(CONST > 0.25, 0.5) + torch.where(CONST > 0, x, h),
    "negatives": lambda x, h: h.masked_fill(h < 0, 0),
    "bounds": lambda x, h: h.clamp(torch.tensor([-torch.inf, 0, 1, -1])),
    "like": lambda x, h: h + torch.ones_like(x) + x.new_zeros(4),
    "unfold": lambda x, h: h.unfold(1, 2, 1),
    "in a tuple": lambda x, h: (h,),
}


@pytest.mark.parametrize("function", CALLED.values(), ids=CALLED)
def test_functions_of_tensors(function):
    torch.manual_seed(0)
    module = Function(function).double()
    x = torch.randn(9, 4).double()
    ours = from_torch(module, 4)(x.numpy())
    for row, point in zip(ours, x, strict=True):
        found = module(point[None])
        theirs = found[0] if isinstance(found, tuple) else found
        np.testing.assert_allclose(row, theirs.detach().numpy().ravel(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, h: h + 1e-9 * h.half(), "the module computes in torch.float16"),
        (lambda x, h: h + 1e-14 * h.long(), "the module computes in torch.int64"),
        (lambda x, h: h.sum(1, dtype=torch.float16), "the module computes in torch.float16"),
        (autocast, "the module computes in torch.bfloat16"),
        (lambda x, h: torch.cond(h.sum() > 0, lambda t: t + 1, lambda t: -t, (x,)), "cond is not known"),
        (lambda x, h: h + 1e-13 * torch.randn(4), "randn is random"),
        (lambda x, h: h + 1e-13 * functional.dropout(h, 0.5, training=True), "dropout is not piecewise"),
        (lambda x, h: torch.div(h, 3e9, rounding_mode="trunc"), "with such arguments"),
        (lambda x, h: torch.where(h > 0, x, 0.0), "no functions of what is compared"),
        (lambda x, h: h + torch.nan, "give finite numbers"),
        (lambda x, h: h * 1j, "complex128; give real numbers"),
        (lambda x, h: (h * torch.tensor(1j)).real, "complex64; give real numbers"),
        (lambda x, h: [h, x], "does not give one tensor"),
        (lambda x, h: None, "does not give one tensor"),
    ],
)
def test_functions_that_are_refused(function, message):
    with pytest.raises(NetworkError, match=message):
        from_torch(Function(function), 4)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint64], ids=str)
def test_integers_that_are_no_floats_are_not_rounded(dtype):
    big = torch.tensor([2**53 + 1, 1, 2, 3], dtype=dtype)
    network = from_torch(Function(lambda x, h: x + big), 4)
    assert [int(b) for b in network.layers[0][1]] == big.tolist()


def test_what_is_cast_to_float32_is_compared_in_it():
    assert from_torch(Function(lambda x, h: h.float()), 4).widths == ()
