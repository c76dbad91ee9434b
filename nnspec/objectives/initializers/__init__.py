"""Initializers, by torch.nn.init's names, arguments and defaults."""

import re
from typing import ClassVar

from nnspec.layers.layer import Shape
from nnspec.objectives.described import Described
from nnspec.objectives.table import Table
from nnspec.pycode import Code, nn


class Initializer(Described):
    """How a parameter is filled before training. Its name in torch.nn.init is the class's: `kaiming_normal_`."""

    axes: ClassVar[range] = range(100)  # how many a parameter may have

    @classmethod
    def torch_name(cls) -> str:
        """`KaimingNormal` is `kaiming_normal_`."""
        return "_".join(re.findall("[A-Z][a-z]*", cls.__name__)).lower() + "_"

    def fault(self, shape: Shape) -> str:
        """Why a parameter of this shape cannot be filled so; nothing where it can."""
        if len(shape) in self.axes:
            return ""
        return f"{self.torch_name()} needs a parameter with {_wanted(self.axes)} axes"

    def code(self, parameter: Code) -> Code:
        """The call that fills a parameter."""
        fill: Code = getattr(nn.init, self.torch_name())
        return fill(parameter, **self.changed())


def _wanted(axes: range) -> str:
    if len(axes) == 1:
        return f"{axes.start}"
    return f"at least {axes.start}" if len(axes) > 10 else f"{axes.start} to {axes.stop - 1}"


INITIALIZERS = Table[Initializer](
    __name__,
    {
        "fill": "uniform_ normal_ trunc_normal_ constant_ ones_ zeros_ eye_ dirac_",
        "variance": "xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ orthogonal_ sparse_",
    },
)
