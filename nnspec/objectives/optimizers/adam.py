"""Adam and its kin: running means of the gradient and of its square."""

from pydantic import Field, NonNegativeFloat, PositiveFloat

from nnspec.objectives.optimizers import Betas, Optimizer, pulled, shrunk

MOMENTS = "decay of the averages of the gradient and its square"


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2014)."""

    betas: Betas = Field(default=(0.9, 0.999), description=MOMENTS)
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull towards zero, through the gradient")
    amsgrad: bool = Field(default=False, description="keep the largest average square (Reddi 2018)")
    decoupled_weight_decay: bool = Field(default=False, description="decay beside the gradient, as AdamW does")

    fused = True
    usual = (1e-6, 3e-2)

    @property
    def states(self) -> int:
        return 2 + self.amsgrad

    def in_words(self) -> str:
        return f"{_adaptive(self.lr, self.betas)}{_decayed(self)}"


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2017)."""

    betas: Betas = Field(default=(0.9, 0.999), description=MOMENTS)
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=1e-2, description="pull towards zero, beside the gradient")
    amsgrad: bool = Field(default=False, description="keep the largest average square (Reddi 2018)")

    fused = True
    usual = (1e-6, 3e-2)

    @property
    def states(self) -> int:
        return 2 + self.amsgrad

    def in_words(self) -> str:
        return f"{_adaptive(self.lr, self.betas)}{shrunk(self.lr, self.weight_decay)}"


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the mean square (Kingma & Ba 2014, 7.1)."""

    lr: PositiveFloat = Field(default=2e-3, description="learning rate")
    betas: Betas = Field(default=(0.9, 0.999), description="decay of the gradient's average and of its largest size")
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the size for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull towards zero, through the gradient")

    usual = (1e-6, 3e-2)

    @property
    def states(self) -> int:
        return 2

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - {self.lr:g} · m / u, where m is the running mean of the gradient "
            f"({self.betas[0]:g} of it stays) and u the largest it has been, which fades ({self.betas[1]:g})"
            f"{pulled(self.weight_decay)}"
        )


class NAdam(Optimizer):
    """Adam that looks ahead along its momentum (Dozat 2016)."""

    lr: PositiveFloat = Field(default=2e-3, description="learning rate")
    betas: Betas = Field(default=(0.9, 0.999), description=MOMENTS)
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull towards zero, through the gradient")
    momentum_decay: NonNegativeFloat = Field(default=4e-3, description="how slowly the momentum reaches its full share")
    decoupled_weight_decay: bool = Field(default=False, description="decay beside the gradient, as AdamW does")

    usual = (1e-6, 3e-2)

    @property
    def states(self) -> int:
        return 2

    def in_words(self) -> str:
        return f"{_adaptive(self.lr, self.betas)}, with the next step's mean looked ahead to{_decayed(self)}"


class RAdam(Optimizer):
    """Adam that begins as SGD with momentum until its mean square can be trusted (Liu et al. 2019)."""

    betas: Betas = Field(default=(0.9, 0.999), description=MOMENTS)
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull towards zero, through the gradient")
    decoupled_weight_decay: bool = Field(default=False, description="decay beside the gradient, as AdamW does")

    usual = (1e-6, 3e-2)

    @property
    def states(self) -> int:
        return 2

    def in_words(self) -> str:
        return (
            f"{_adaptive(self.lr, self.betas)}; the first steps leave √v out, and no warm-up is needed{_decayed(self)}"
        )


def _adaptive(lr: float, betas: tuple[float, float]) -> str:
    return (
        f"each step, weight = weight - {lr:g} · m / √v, where m is the running mean of the gradient ({betas[0]:g} of "
        f"it stays) and v that of its square ({betas[1]:g}): about {lr:g} a step, whatever the gradient's scale"
    )


def _decayed(optimizer: Adam | NAdam | RAdam) -> str:
    if optimizer.decoupled_weight_decay:
        return shrunk(optimizer.lr, optimizer.weight_decay)
    return pulled(optimizer.weight_decay)
