"""One training, from a spec to a run folder with its best weights."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from nnspec.codegen.load import explained, fill, load
from nnspec.codegen.write import Source, write
from nnspec.data import Examples as Data
from nnspec.data import Part, StreamedPart, kept_rows, load_examples, prepared, summary, weights_of
from nnspec.graph import Graph
from nnspec.graph.cost import cost
from nnspec.graph.start import Start, find_start
from nnspec.runs import RUNS, SOURCE, WEIGHTS, Run, create
from nnspec.shapes import bind
from nnspec.spec.reach import Reach
from nnspec.spec.resolve import resolve
from nnspec.spec.spec import Spec
from nnspec.training.alone import alone, resumable
from nnspec.training.augmenting import check_augmentations, make_augmenter
from nnspec.training.automatic import asks, find, on_new_networks, settled
from nnspec.training.average import Average
from nnspec.training.batches import Examples, Feed, batch_size_of, batch_sizes
from nnspec.training.best import Best
from nnspec.training.digests import digests
from nnspec.training.engine import (
    choose_seed,
    flushed_denormals,
    keep_heap,
    suitable_threads,
)
from nnspec.training.evaluate import Judge
from nnspec.training.fit import Course, fit
from nnspec.training.health.monitor import Monitor
from nnspec.training.interrupt import stoppable
from nnspec.training.learner import Learner
from nnspec.training.loggers import logged, make_loggers
from nnspec.training.memory import check_disk, check_memory, choose_room, exhaustion_told
from nnspec.training.needs import check_batches, check_trainable
from nnspec.training.objective import compile_objective, learnt, make_scheduler
from nnspec.training.optimizer import make_optimizer
from nnspec.training.predictions import predictions
from nnspec.training.progress import Progress, Silent
from nnspec.training.ranked import RankedStep
from nnspec.training.record import keep_record, spec_name
from nnspec.training.result import PartResult, Result
from nnspec.training.saver import Saver, go_back
from nnspec.training.settling import settle_steps
from nnspec.training.step import PlainStep
from nnspec.training.stream import stream
from nnspec.training.team import all_or_none, check_weights, gathered, leads, step_together, writing

if TYPE_CHECKING:
    from nnspec.training.scale import Team

PARTS = ("train", "validation", "test")


def train_spec(
    spec: Spec,
    graph: Graph,
    base: Path,
    *,
    allowed: Sequence[Path] = (),
    run_dir: Path | str | None = None,
    seed: int | None = None,
    device: str | None = None,
    memory: str | None = None,
    progress: Progress | None = None,
) -> tuple[Run, Result]:
    """Train a network on the data beside its spec, in a new run folder; `runs/NAME/TIME-HASH` unless given."""
    check_trainable(spec, graph)
    check_augmentations(spec, graph)
    seed = choose_seed(spec, seed)
    with gathered(spec, graph, device) as (chosen, team):
        ranks, here = (team.place.size, team.place.here) if team else (1, 1)
        check_memory(spec, graph, chosen)
        check_disk(spec, graph, Path(run_dir) if run_dir else RUNS)
        room = choose_room(spec, memory)
        room = room and room // here

        def read() -> Data:
            data = load_examples(spec, base, graph.output_tensors, graph.lookups, allowed=allowed, memory=room)
            check_batches(spec, graph, len(data.train), ranks)
            if team:
                check_weights(spec, data.weighted)
            return data

        loggers = make_loggers(spec) if leads(team) else ()
        data = all_or_none(team, read)
        start = find_start(spec, graph, Reach(base, tuple(allowed)))
        text = "\n".join(spec.root.span.text.lines) + "\n"
        make = partial(create, RUNS, spec.name, resolve(spec), text=text, folder=Path(run_dir) if run_dir else None)
        run = all_or_none(team, lambda: make() if leads(team) else Run(Path()))
        with logged(loggers, run, progress or Silent()) as told:
            training = partial(train, spec, graph, data, run, seed=seed, device=chosen, start=start, memory=room)
            return run, training(progress=told, team=team)


def train(
    spec: Spec,
    graph: Graph,
    data: Data,
    run: Run,
    *,
    seed: int,
    device: torch.device,
    start: Start | None = None,
    progress: Progress | None = None,
    memory: int | None = None,
    before: Mapping[str, Any] | None = None,
    team: "Team | None" = None,
) -> Result:
    """Train on data that have been read, and leave in the run folder all that later stages need.

    `memory` is what the data were given, for the record. `before` is the record of a training in this folder that goes
    on, or of one elsewhere that is done again. `team` are the processes that train together.
    """
    before = before or {"memory": memory}
    with writing(team, run) as own, alone(own), resumable(run):
        return _train_alone(spec, graph, data, own, seed, device, start, progress or Silent(), before, team)


def _train_alone(
    spec: Spec,
    graph: Graph,
    data: Data,
    run: Run,
    seed: int,
    device: torch.device,
    start: Start | None,
    progress: Progress,
    before: Mapping[str, Any],
    team: "Team | None",
) -> Result:
    chosen: Mapping[str, Any] = before.get("chosen", {})
    if asks(spec) and "started" not in before:
        make = on_new_networks(graph, data, start, seed, device, make_learner)
        with exhaustion_told(spec, graph, data.train.lengths, device), flushed_denormals():
            chosen = find(spec, graph, data, feed_of(spec, graph, data, "train", device), device, make, run, progress)
    spec = settled(spec, chosen)
    source = _leave(spec, graph, data, run, before.get("spec") or spec_name(spec))
    places = {vertex.name: vertex.span for vertex in graph}
    filename = str(run.file(SOURCE))
    threads = suitable_threads(_step_macs(spec, graph, data.train), before.get("threads"))
    keep_heap()
    for notice in data.notices:
        progress.tell(notice)
    exhaustion = exhaustion_told(spec, graph, data.train.lengths, device)
    with exhaustion, flushed_denormals(), threads, explained(source, filename, places):
        parts = {name: feed_of(spec, graph, data, name, device) for name in PARTS}
        found = {name: digests(graph, data, part) for name, part in parts.items()}
        keep_record(run, spec, seed, device, start, found, chosen, before)
        torch.manual_seed(seed)
        net = load(source, filename, places)
        if start:
            fill(net, start)
        arranged = team.arrange(net) if team else net.to(device)
        objective = compile_objective(spec, None, data.weighted)
        judge = Judge(spec, graph, objective, data.preparation.outputs, data.weighted, team)
        learner = make_learner(spec, net, judge, parts["train"].rows, seed)
        best, course = Best(net, spec.train.early_stopping), Course()
        if team:  # before a state is put back, which holds each process's random numbers
            step_together(learner, arranged, team, spec, seed, progress)
        go_back(run, learner, best, course, team)
        if not team:
            settle_steps(learner, spec, source.text, parts["train"].rows, run, progress, before)
        monitor = Monitor(learner, judge, parts["train"], run, progress.tell)
        monitor.begin(data)
        result = _train(learner, judge, parts, run, progress, monitor, best, course)
        if result.best_epoch:
            run.write_predictions(predictions(judge, net, parts, data))
    run.write_result(result.as_json())
    return result


def _leave(spec: Spec, graph: Graph, data: Data, run: Run, origin: str) -> Source:
    """Write what is known before the first step: what was learnt from the rows, some of them, and the source."""
    run.write_preparation(data.preparation)
    run.write_data(summary(data))
    most = spec.export.verify.examples
    run.write_examples(kept_rows(spec, data.preparation, data.test, most))
    source = write(graph, description=spec.description, origin=origin)
    run.write_source(source.text)
    return source


def make_learner(spec: Spec, net: nn.Module, judge: Judge, rows: int, seed: int) -> Learner:
    """A network with the optimizer and the scheduler that its spec asks for, to learn from so many rows."""
    section = spec.train
    at_a_time = batch_size_of(section.batch_size, rows)
    batch_size = at_a_time * section.accumulate
    optimizer = make_optimizer(spec, judge.graph, net)
    epochs, steps = section.length.whole(len(batch_sizes(rows, batch_size))) or (1, 1)  # no schedule spans what is open
    return Learner(
        PlainStep(
            net,
            judge.objective,
            optimizer,
            section.clip_grad_norm,
            section.clip_grad_value,
            part_rows=at_a_time if section.accumulate > 1 else None,
            bf16=section.precision == "bf16",
        ),
        make_scheduler(spec, optimizer, epochs, steps),
        spec.scheduler.moves if spec.scheduler else "",
        batch_size,
        torch.Generator().manual_seed(seed),
        augment=make_augmenter(spec),
        thaws=judge.graph.thaws,
        average=Average(net, section.ema) if section.ema is not None else None,
    )


def _train(
    learner: Learner,
    judge: Judge,
    parts: Mapping[str, Feed],
    run: Run,
    progress: Progress,
    monitor: Monitor,
    best: Best,
    course: Course,
) -> Result:
    section, training = judge.spec.train, parts["train"]
    together = learner.update if isinstance(learner.update, RankedStep) else None
    saver = Saver(run, learner, best, course, section.checkpoint, together)
    steps = len(batch_sizes(training.rows, learner.batch_size))

    def advance(steps: int) -> None:
        progress.advance(steps)
        monitor.advance()

    with stoppable() as asked:
        stop = together.hear(asked) if together else asked
        whole = section.length.whole(steps)
        progress.start(whole[0] if whole else None, steps)
        progress.advance(course.epochs * steps + (learner.here.steps if learner.here else 0))
        feeds, callbacks = (training, parts["validation"]), (saver.between_steps, saver.save)
        epochs = fit(learner, judge, *feeds, best, stop, advance, course, *callbacks)
        try:
            for epoch in monitor.followed(epochs):
                run.add_metrics(epoch.as_json())
                progress.epoch(epoch)
                saver.after_epoch()
            saver.at_end()
        finally:
            progress.end()
            best.restore()
            if best.epoch:
                best.save(run.file(WEIGHTS))
    return _result(learner, judge, parts, best, course, monitor)


def _result(
    learner: Learner, judge: Judge, parts: Mapping[str, Feed], best: Best, course: Course, monitor: Monitor
) -> Result:
    # Stopped before the end of the first epoch there are no weights to speak of.
    measured = {name: _measure(judge, learner.net, part) for name, part in parts.items() if part.rows and best.epoch}
    complete = judge.spec.train.length.over(course.epochs, learner.steps, course.seconds) or best.tired
    seen = course.epochs * parts["train"].rows
    if course.cut and learner.here:
        seen += learner.here.rows - parts["train"].rows
    rate = seen / course.stepping_s if course.epochs else 0.0
    findings = tuple(monitor.findings)
    return Result(measured, best.epoch, course.epochs, learner.steps, course.seconds, rate, not complete, findings)


def _measure(judge: Judge, net: nn.Module, part: Feed) -> PartResult:
    measured = judge.measure(net, part, with_metrics=True)
    return PartResult(part.rows, measured.loss, measured.metrics)


def feed_of(spec: Spec, graph: Graph, data: Data, name: str, device: torch.device) -> Feed:
    """Where a part's examples come from: memory, or a stream where it does not hold them."""
    part: Part | StreamedPart = getattr(data, name)
    if isinstance(part, StreamedPart):
        return stream(spec, graph, part, data, device)
    return tensors_of(spec, graph, data, name, device)


def tensors_of(spec: Spec, graph: Graph, data: Data, name: str, device: torch.device) -> Examples:
    """A part as the network and its losses take it."""
    part: Part = getattr(data, name)
    arrays = prepared(data.preparation, part)
    inputs = {name: _tensor(arrays[name].astype(x.dtype, copy=False)) for name, x in graph.inputs.items()}
    targets = tuple(inputs[output.target] if output.target else _tensor(arrays[output.name]) for output in learnt(spec))
    weights = tuple(map(torch.from_numpy, weights_of(spec, data, part, arrays)))
    draw = torch.from_numpy(data.draws) if name == "train" and data.draws is not None else None
    return Examples(tuple(inputs.values()), (*targets, *weights), device, draw).to(device)


def _tensor(rows: np.ndarray[Any, np.dtype[Any]]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(rows))


def _step_macs(spec: Spec, graph: Graph, part: Part | StreamedPart) -> int:
    """Multiply-accumulates of a step forward."""
    macs = bind(cost(graph).macs, part.lengths)
    return batch_size_of(spec.train.batch_size, len(part)) * (macs if isinstance(macs, int) else 0)
