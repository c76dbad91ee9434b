"""Losses that compare several tensors of the network, one number an example: `loss: Minimize` makes them small.

They are layers, so that what they compare may come from anywhere, and labels are inputs like any other.
"""

from pydantic import Field, NonNegativeInt, PositiveFloat

from nnspec.layers.alike import needs_one_dtype, needs_one_shape
from nnspec.layers.distance import Order, order_code, vector_norm
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, F, torch
from nnspec.shapes import ShapeError, Tensor

HALF_LOG_2_PI = 0.9189385332046727


def _vectors(*inputs: Tensor) -> Tensor:
    """One number an example, for inputs of one vector an example each, all of one size."""
    needs_one_dtype(*inputs)
    needs_one_shape(*inputs)
    for x in inputs:
        x.needs_float()
        x.needs_rank(2)
    return inputs[0].with_shape(inputs[0].shape[0])


def _needs_labels(label: Tensor, what: str) -> None:
    """Refuse what is not one number an example."""
    if label.rank != 1 or label.dtype == "bool":
        message = f"needs {what} of one number an example, got {label}"
        raise ShapeError(message, help="`Squeeze: 1` makes one number of a list of one")


class TripletMarginLoss(Layer):
    """How much closer an anchor is to what is unlike it than to what is like it, by a margin.

    anchor (n, d), positive (n, d), negative (n, d) -> (n)

    max(d(a, p) - d(a, n) + margin, 0); Balntas et al., Learning local feature descriptors with triplets, 2016.
    """

    margin: PositiveFloat = Field(default=1.0, description="how much further away the negative should be")
    p: Order = Field(default=2.0, description="exponent of the distance's norm")
    eps: PositiveFloat = Field(default=1e-6, description="added to differences for stability")
    swap: bool = Field(default=False, description="take the negative's distance to the positive where it is smaller")

    examples = {
        "n 4, n 4, n 4 -> n": {},
        "n 3, n 3, n 3 -> n": dict(margin=0.5, p=1.0, swap=True),
    }

    def infer(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return _vectors(anchor, positive, negative)

    def forward(self, anchor: Code, positive: Code, negative: Code) -> Code:
        order = {} if self.p == 2 else {"p": order_code(self.p)}
        given = {**self.changed("p"), **order}
        return F.triplet_margin_loss(anchor, positive, negative, **given, reduction="none")

    def to_onnx(self, g: OnnxBuilder, anchor: Value, positive: Value, negative: Value) -> Value:
        dtype = anchor.tensor.dtype
        eps, margin = (g.constant(getattr(self, name), dtype, name=name) for name in ("eps", "margin"))

        def distance(x: Value, y: Value) -> Value:
            return vector_norm(g, g.op("Add", g.op("Sub", x, y), eps), self.p, (-1,), dtype, keepdim=False)

        apart = distance(anchor, negative)
        if self.swap:
            apart = g.op("Min", apart, distance(positive, negative))
        return g.op("Relu", g.op("Add", g.op("Sub", distance(anchor, positive), apart), margin))


class CosineEmbeddingLoss(Layer):
    """The angle between two vectors: small where they are alike, wide where they are not.

    input1 (n, d), input2 (n, d), label (n) -> (n)

    1 - cos(x1, x2) where the label is 1, max(0, cos(x1, x2) - margin) where it is -1; torch.nn.CosineEmbeddingLoss.
    """

    margin: float = Field(default=0.0, ge=-1, le=1, description="the largest cosine that unlike vectors may have")

    examples = {"n 4, n 4, n -> n": {}, "n 3, n 3, n -> n": dict(margin=0.5)}

    def infer(self, input1: Tensor, input2: Tensor, label: Tensor) -> Tensor:
        _needs_labels(label, "labels (1 or -1)")
        return _vectors(input1, input2)

    def forward(self, input1: Code, input2: Code, label: Code) -> Code:
        return F.cosine_embedding_loss(input1, input2, label, **self.changed(), reduction="none")

    def to_onnx(self, g: OnnxBuilder, input1: Value, input2: Value, label: Value) -> Value:
        dtype = input1.tensor.dtype
        axes, eps = g.constant([-1], "int64", name="axes"), g.constant(1e-12, dtype, name="eps")
        zero, one, margin = (g.constant(value, dtype, name="number") for value in (0.0, 1.0, self.margin))
        products = g.op("ReduceSum", g.op("Mul", input1, input2), axes, keepdims=0)
        squares = [g.op("Add", g.op("ReduceSumSquare", x, axes, keepdims=0), eps) for x in (input1, input2)]
        cosine = g.op("Div", products, g.op("Sqrt", g.op("Mul", *squares)))
        unlike = g.op("Max", g.op("Sub", cosine, margin), zero)
        given = g.op("CastLike", label, input1)
        near = g.op("Where", g.op("Equal", given, one), g.op("Sub", one, cosine), zero)
        return g.op("Where", g.op("Equal", given, g.op("Neg", one)), unlike, near)


class MarginRankingLoss(Layer):
    """How far two scores are from being in the right order, by a margin.

    input1 (n, ...), input2 (n, ...), label (n, ...) -> (n, ...)

    max(0, -label * (x1 - x2) + margin), the label being 1 where x1 should be the larger, -1 where x2 should;
    torch.nn.MarginRankingLoss.
    """

    margin: float = Field(default=0.0, description="how much larger it should be")

    examples = {"n, n, n -> n": {}, "n 3, n 3, n 3 -> n 3": dict(margin=0.5)}

    def infer(self, input1: Tensor, input2: Tensor, label: Tensor) -> Tensor:
        needs_one_dtype(input1, input2, label)
        needs_one_shape(input1, input2, label)
        input1.needs_float()
        return input1

    def forward(self, input1: Code, input2: Code, label: Code) -> Code:
        return F.margin_ranking_loss(input1, input2, label, **self.changed(), reduction="none")

    def to_onnx(self, g: OnnxBuilder, input1: Value, input2: Value, label: Value) -> Value:
        wrong = g.op("Mul", g.op("Neg", label), g.op("Sub", input1, input2))
        margin = g.constant(self.margin, input1.tensor.dtype, name="margin")
        return g.op("Relu", g.op("Add", wrong, margin))


class ContrastiveLoss(Layer):
    """The distance of two vectors that are alike, and what is missing of a margin where they are not.

    input1 (n, d), input2 (n, d), label (n) -> (n)

    d² where the label is 1, max(0, margin - d)² where it is 0; Hadsell et al., Dimensionality reduction by learning an
    invariant mapping, 2006.
    """

    margin: PositiveFloat = Field(default=1.0, description="how far apart unlike vectors should be")

    examples = {"n 4, n 4, n -> n": {}, "n 3, n 3, n -> n": dict(margin=2.0)}

    def infer(self, input1: Tensor, input2: Tensor, label: Tensor) -> Tensor:
        _needs_labels(label, "labels (1 or 0)")
        return _vectors(input1, input2)

    def forward(self, input1: Code, input2: Code, label: Code) -> Code:
        distance = F.pairwise_distance(input1, input2)
        return torch.where(label.gt(0), distance.square(), F.relu(-distance + self.margin).square())

    def to_onnx(self, g: OnnxBuilder, input1: Value, input2: Value, label: Value) -> Value:
        dtype = input1.tensor.dtype
        apart = g.op("Add", g.op("Sub", input1, input2), g.constant(1e-6, dtype, name="eps"))
        distance = vector_norm(g, apart, 2, (-1,), dtype, keepdim=False)
        missing = g.op("Relu", g.op("Sub", g.constant(self.margin, dtype, name="margin"), distance))
        alike = g.op("Greater", g.op("CastLike", label, input1), g.constant(0.0, dtype, name="zero"))
        return g.op("Where", alike, g.op("Mul", distance, distance), g.op("Mul", missing, missing))


class InfoNCE(Layer):
    """How well each vector's partner is told from the partners of all other examples of the batch.

    query (n, d), key (n, d) -> (n)

    -log softmax(cos(query, keys) / temperature)[own key]; van den Oord et al., Representation learning with
    contrastive predictive coding, 2018. ONNX has no place for it: an example's number depends on the rest of its batch.
    """

    temperature: PositiveFloat = Field(default=0.07, description="what similarities are divided by")

    examples = {"n 4, n 4 -> n": {}, "n 3, n 3 -> n": dict(temperature=0.5)}

    def infer(self, query: Tensor, key: Tensor) -> Tensor:
        return _vectors(query, key)

    def forward(self, query: Code, key: Code) -> Code:
        alike = F.linear(F.normalize(query), F.normalize(key)) / self.temperature
        own = torch.arange(query.shape[0], device=query.device)
        return F.cross_entropy(alike, own, reduction="none")

    def to_onnx(self, g: OnnxBuilder, query: Value, key: Value) -> Value:
        raise g.refuse("an example's number depends on the others of its batch; `export: false` leaves it to training")


class CTCLoss(Layer):
    """How unlikely a sequence of labels is, over all ways of laying it along the time steps.

    log_probs (n, t, classes), int64 targets (n, s), int64 target_lengths (n) -> (n)

    Graves et al., Connectionist temporal classification, 2006. All steps of an example count; of its targets, the first
    `target_lengths`. ONNX has no such operator.
    """

    blank: NonNegativeInt = Field(default=0, description="the class that stands for no label")
    zero_infinity: bool = Field(default=False, description="0 where no way of laying the labels is possible")

    examples = {
        "n t 6, int64 n 5, int64 n -> n": dict(zero_infinity=True),
        "n 12 6, int64 n 4, int64 n -> n": dict(blank=5, zero_infinity=True),
    }

    def infer(self, log_probs: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        log_probs.needs_float()
        log_probs.needs_rank(3)
        targets.needs_rank(2)
        for x in (targets, target_lengths):
            if x.dtype != "int64":
                raise ShapeError(f"needs targets and their lengths as whole numbers (int64), got {x.dtype}")
        _needs_labels(target_lengths, "lengths")
        if self.blank >= log_probs.features:
            message = f"blank {self.blank} is none of the {log_probs.features} classes"
            raise ShapeError(message, field="blank", help=f"0 to {log_probs.features - 1}")
        return log_probs.with_shape(log_probs.shape[0])

    def forward(self, log_probs: Code, targets: Code, target_lengths: Code) -> Code:
        steps = torch.full_like(target_lengths, log_probs.shape[1])
        time_first = log_probs.transpose(0, 1)
        return F.ctc_loss(time_first, targets, steps, target_lengths, **self.changed(), reduction="none")

    def to_onnx(self, g: OnnxBuilder, log_probs: Value, targets: Value, target_lengths: Value) -> Value:
        raise g.refuse("ONNX has no operator for it; `export: false` leaves it to training")


class GaussianNLLLoss(Layer):
    """Negative log-likelihood of targets under normal distributions, whose variance is an output too.

    mean (n, ...), target (n, ...), var (n, ...) -> (n, ...)

    ½ (log max(var, eps) + (mean - target)² / max(var, eps)); Nix and Weigend, Estimating the mean and variance of the
    target probability distribution, 1994.
    """

    full: bool = Field(default=False, description="add the constant ½ log 2π")
    eps: PositiveFloat = Field(default=1e-6, description="the least variance")

    examples = {"n 1, n 1, n 1 -> n 1": {}, "n t, n t, n t -> n t": dict(full=True)}

    def infer(self, mean: Tensor, target: Tensor, var: Tensor) -> Tensor:
        needs_one_dtype(mean, target, var)
        needs_one_shape(mean, target, var)
        mean.needs_float()
        return mean

    def forward(self, mean: Code, target: Code, var: Code) -> Code:
        # torch's own function asks every number of `var` whether it is negative, which takes a look at the values.
        least = var.clamp(min=self.eps)
        loss = (least.log() + (mean - target).square() / least) * 0.5
        return loss + HALF_LOG_2_PI if self.full else loss

    def to_onnx(self, g: OnnxBuilder, mean: Value, target: Value, var: Value) -> Value:
        dtype = mean.tensor.dtype
        least = g.op("Max", var, g.constant(self.eps, dtype, name="eps"))
        apart = g.op("Sub", mean, target)
        loss = g.op("Add", g.op("Log", least), g.op("Div", g.op("Mul", apart, apart), least))
        half = g.op("Mul", loss, g.constant(0.5, dtype, name="half"))
        return g.op("Add", half, g.constant(HALF_LOG_2_PI, dtype, name="constant")) if self.full else half


class GaussianKL(Layer):
    """How far normal distributions are from the standard one: what keeps a variational autoencoder's code in place.

    mean (n, ...), log_var (n, ...) -> (n)

    -½ sum(1 + log_var - mean² - exp(log_var)); Kingma and Welling, Auto-encoding variational Bayes, 2013.
    """

    examples = {"n 4, n 4 -> n": {}, "n 3 t, n 3 t -> n": {}}

    def infer(self, mean: Tensor, log_var: Tensor) -> Tensor:
        needs_one_dtype(mean, log_var)
        needs_one_shape(mean, log_var)
        mean.needs_float()
        mean.needs_rank_at_least(2)
        return mean.with_shape(mean.shape[0])

    def forward(self, mean: Code, log_var: Code) -> Code:
        return (mean.square() + log_var.exp() - log_var - 1).flatten(1).sum(1) * 0.5

    def to_onnx(self, g: OnnxBuilder, mean: Value, log_var: Value) -> Value:
        dtype = mean.tensor.dtype
        spread = g.op("Sub", g.op("Sub", g.op("Exp", log_var), log_var), g.constant(1.0, dtype, name="one"))
        each = g.op("Flatten", g.op("Add", g.op("Mul", mean, mean), spread), axis=1)
        total = g.op("ReduceSum", each, g.constant([1], "int64", name="axes"), keepdims=0)
        return g.op("Mul", total, g.constant(0.5, dtype, name="half"))


class MultiLabelMarginLoss(Layer):
    """How far the scores of the right classes are above those of the others, by a margin of 1.

    scores (n, classes), int64 targets (n, classes) -> (n)

    sum over right i and other j of max(0, 1 - (x[i] - x[j])) / classes, the targets being the right classes, then -1;
    torch.nn.MultiLabelMarginLoss. ONNX has no operator for it.
    """

    examples = {"n 5, int64 n 5 -> n": {}, "n 7, int64 n 7 -> n": {}}

    def infer(self, scores: Tensor, targets: Tensor) -> Tensor:
        needs_one_shape(scores, targets)
        scores.needs_float()
        scores.needs_rank(2)
        if targets.dtype != "int64":
            raise ShapeError(f"needs targets of whole numbers (int64), got {targets.dtype}")
        return scores.with_shape(scores.shape[0])

    def forward(self, scores: Code, targets: Code) -> Code:
        return F.multilabel_margin_loss(scores, targets, reduction="none")

    def to_onnx(self, g: OnnxBuilder, scores: Value, targets: Value) -> Value:
        raise g.refuse("ONNX has no operator for it; `export: false` leaves it to training")
