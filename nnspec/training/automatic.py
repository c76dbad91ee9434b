"""What `batch_size: auto` and `lr: auto` come to, measured on networks of their own before the training begins."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from nnspec.codegen.load import fill, load
from nnspec.codegen.write import write
from nnspec.data import Examples as Data
from nnspec.graph import Graph
from nnspec.graph.start import Start
from nnspec.runs import Run
from nnspec.spec.spec import Spec
from nnspec.training.batches import Feed
from nnspec.training.evaluate import Judge
from nnspec.training.largest import choose_batch_size, most_rows
from nnspec.training.learner import Learner
from nnspec.training.objective import compile_objective
from nnspec.training.progress import Progress
from nnspec.training.rate import choose_rate

Chosen = Mapping[str, Any]  # by key: `batch_size`, `lr`
Make = Callable[[Spec], Learner]


def asks(spec: Spec) -> bool:
    """Whether something is to be found before the training."""
    return spec.lr_auto or spec.train.batch_size == "auto"


def settled(spec: Spec, chosen: Chosen) -> Spec:
    """The spec with the values that were found."""
    if "batch_size" in chosen:
        spec = replace(spec, train=spec.train.model_copy(update={"batch_size": chosen["batch_size"]}))
    if "lr" in chosen:
        assert spec.optimizer
        spec = replace(spec, optimizer=spec.optimizer.model_copy(update={"lr": chosen["lr"]}), lr_auto=False)
    return spec


def find(
    spec: Spec,
    graph: Graph,
    data: Data,
    training: Feed,
    device: torch.device,
    make: Make,
    run: Run,
    progress: Progress,
) -> dict[str, Any]:
    """The values, the batch size first; the progress tells them, and the run keeps the curve of the learning rate."""
    chosen: dict[str, Any] = {}
    if spec.train.batch_size == "auto":
        most, why = most_rows(spec, graph, data, training, device)
        tried = choose_batch_size(make(_plain(spec)), graph, data, training, most, why)
        chosen["batch_size"] = tried.size
        progress.tell(tried.in_words())
    if spec.lr_auto and spec.optimizer:
        curve = choose_rate(make(_plain(settled(spec, chosen))), training, spec.optimizer)
        chosen["lr"] = curve.chosen
        run.write_lr_range(curve.as_json())
        progress.tell(curve.in_words())
    return chosen


def on_new_networks(
    graph: Graph, data: Data, start: Start | None, seed: int, device: torch.device, make: Callable[..., Learner]
) -> Make:
    """What makes a learner whose network begins as the training's will."""
    source = write(graph)
    places = {vertex.name: vertex.span for vertex in graph}

    def made(spec: Spec) -> Learner:
        torch.manual_seed(seed)
        net = load(source, "net.py", places)
        if start:
            fill(net, start)
        net.to(device).train()
        judge = Judge(spec, graph, compile_objective(spec), data.preparation.outputs)
        learner: Learner = make(spec, net, judge, len(data.train), seed)
        return learner

    return made


def _plain(spec: Spec) -> Spec:
    """The spec without what only a whole training needs."""
    return replace(spec, scheduler=None, train=spec.train.model_copy(update={"ema": None}))
