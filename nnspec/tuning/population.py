"""Trials that differ in numbers only, trained together: rounds of so many, each one vectorised training."""

import math
import time
from collections.abc import Sequence
from typing import Any

from nnspec.data import Examples as Data
from nnspec.data import load_examples
from nnspec.diagnostics import SpecError
from nnspec.graph import Network, Vertex
from nnspec.graph.start import find_start
from nnspec.layers import Layer
from nnspec.source.node import Scalar
from nnspec.spec.reach import Reach
from nnspec.spec.resolve import resolve
from nnspec.spec.search import Search
from nnspec.spec.spec import Spec
from nnspec.training.batches import Examples
from nnspec.training.engine import choose_device
from nnspec.training.evaluate import Judge
from nnspec.training.interrupt import Stop, stoppable
from nnspec.training.needs import check_batches, check_trainable
from nnspec.training.objective import compile_objective
from nnspec.training.population import Member, Population
from nnspec.training.train import tensors_of
from nnspec.tuning.study import Asked, Study
from nnspec.tuning.tune import Followed, Tuned

OF_ONE = ("steps", "time", "accumulate", "ema", "unfreeze", "clip_grad_value")  # of `train`
FREE = ("lr", "weight_decay")  # of the optimizer: each network of a population may have its own


def check_alike(tuned: Tuned) -> None:
    """Refuse a search that changes more than a population's networks may differ in; SpecError at the first."""
    middle = {search.name: search.default for search in tuned.searches}
    first = tuned.network(middle)
    _refuse_what_is_of_one(first.spec)
    for search in tuned.searches:
        for value in _ends(search):
            if not alike(first, tuned.network({**middle, search.name: value})):
                message = f"{search.name} changes more than the numbers that a population's networks may differ in"
                help = "those are lr, weight_decay, the p of Dropout and train.seed; leave --population out"
                raise SpecError.of("not-trainable", message, search.span, help=help)


def _refuse_what_is_of_one(spec: Spec) -> None:
    """Refuse what a training of one network does, and a population's step does not."""
    help = "leave --population out: the trials then run one by one"
    for given in spec.inputs.values():
        if given.augmentations:
            span = spec.span_of("inputs", given.name, "augment")
            raise SpecError.of("not-trainable", "a population's examples are not augmented", span, help=help)
    for key in OF_ONE:
        if getattr(spec.train, key) != type(spec.train).model_fields[key].get_default():
            message = f"a population is trained without `{key}`"
            raise SpecError.of("not-trainable", message, spec.span_of("train", key), help=help)


def alike(one: Network, other: Network) -> bool:
    """Whether two networks differ in nothing but what a population's may differ in."""
    if len(one.graph) != len(other.graph) or one.graph.parameters != other.graph.parameters:
        return False
    layers = all(_same_layer(a, b) for a, b in zip(one.graph, other.graph, strict=True))
    return layers and _rest(one) == _rest(other)


def tune_together(tuned: Tuned, study: Study, size: int, trials: int, followed: Followed, until: float) -> bool:
    """Rounds of `size` trials until the study has so many; False if interrupted."""
    training = Round(tuned)
    with stoppable() as stop:
        while (done := len(study.trials())) < trials and time.monotonic() < until:
            start = time.monotonic()
            asked = [study.ask() for _ in range(min(size, trials - done))]
            try:
                members = training.members([tuned.network(one.values) for one in asked], stop)
            except BaseException:
                for one in asked:
                    one.fail("interrupted")
                raise
            _tell(tuned, study, asked, members, followed, time.monotonic() - start)
            if members is None:
                return False
    return True


class Round:
    """The data, read once, and what a population is judged by."""

    def __init__(self, tuned: Tuned) -> None:
        network = tuned.network({search.name: search.default for search in tuned.searches})
        spec, graph = network.spec, network.graph
        check_trainable(spec, graph)
        self.device = choose_device(spec, tuned.device)
        data: Data = load_examples(spec, network.folder, graph.output_tensors, graph.lookups, allowed=network.allowed)
        check_batches(spec, graph, len(data.train))
        self.parts: dict[str, Examples] = {
            name: tensors_of(spec, graph, data, name, self.device) for name in ("train", "validation")
        }
        objective = compile_objective(spec, None, data.weighted)
        self.judge = Judge(spec, graph, objective, data.preparation.outputs, data.weighted)
        self.start = find_start(spec, graph, Reach(network.folder, network.allowed))

    def members(self, networks: Sequence[Network], stop: Stop) -> list[Member] | None:
        population = Population(networks, self.judge, self.parts["train"].rows, self.device, self.start)
        return population.train(self.parts["train"], self.parts["validation"], stop)


def _tell(
    tuned: Tuned,
    study: Study,
    asked: Sequence[Asked],
    members: Sequence[Member] | None,
    followed: Followed,
    seconds: float,
) -> None:
    for index, one in enumerate(asked):
        if members is None:
            one.fail("interrupted")
            continue
        measured = members[index].measured
        goal = tuned.goal
        figure = measured.metrics[goal.output][goal.metric] if goal.metric and measured.metrics else measured.loss
        if math.isfinite(figure):
            one.complete(figure)
        else:
            one.fail(f"the {goal.name} is {figure}")
    found = {trial.number: trial for trial in study.trials()}
    for one in asked if members is not None else ():
        followed.end(found[one.number], study.best(), seconds / len(asked))


def _ends(search: Search) -> tuple[Scalar, ...]:
    return search.choices if search.kind == "choice" else tuple(map(search.rounded, search.bounds))


def _same_layer(one: Vertex, other: Vertex) -> bool:
    return (
        one.name == other.name
        and one.inputs == other.inputs
        and one.kind == other.kind
        and _fields(one.layer) == _fields(other.layer)
    )


def _fields(layer: Layer) -> dict[str, Any]:
    return layer.model_dump(exclude={"p"} if type(layer).__name__ == "Dropout" else None)


def _rest(network: Network) -> dict[str, Any]:
    """What a spec says beside its layers, less the numbers that may differ."""
    document = resolve(network.spec)
    rest = {key: value for key, value in document.items() if key not in ("params", "layers", "blocks", "optimizer")}
    rest["train"] = {key: value for key, value in rest["train"].items() if key != "seed"}
    optimizer = network.spec.optimizer
    assert optimizer
    return {**rest, "optimizer": (type(optimizer).__name__, optimizer.model_dump(exclude=set(FREE)))}
