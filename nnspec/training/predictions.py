"""What the best weights say of rows that were not learnt from: answers beside targets, and the raw rows of a few."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnspec.codegen.load import evaluate
from nnspec.data import Examples as Data
from nnspec.data import Part, StreamedPart
from nnspec.data.targets import MISSING, known
from nnspec.prepare import FittedOutput
from nnspec.prepare.fitted import invert
from nnspec.pycode import name as code_name
from nnspec.spec.spec import Output
from nnspec.training.batches import Feed
from nnspec.training.evaluate import Judge
from nnspec.training.objective import learnt, result_of

Array = np.ndarray[Any, np.dtype[Any]]

HELD_OUT = ("test", "validation")  # the first that has rows is the one whose examples are shown
MAX_NUMBERS = 200_000  # answers kept of an output in a part
WORST, BEST = 12, 6  # examples that are shown
MAX_SHOWN_BYTES = 2**21  # of raw rows, of an output
MAX_READ_BYTES = 2**26  # of raw rows, to choose from
EVEN = 0.5  # a probability of yes above it answers yes


def predictions(judge: Judge, net: nn.Module, parts: Mapping[str, Feed], data: Data) -> dict[str, Array]:
    """Arrays by name, in bounded size.

    `PART/OUTPUT/answer` and `/target` are class indices, 0 or 1, or values in their own units, rows first; beside
    classes stand `/confidence`, the probability of the answer, and `/truth`, that of the target. `shown/OUTPUT/rows`
    are rows of the first part held out: the worst, then the best; `shown/OUTPUT/inputs/NAME` are their raw rows.
    """
    found: dict[str, Array] = {}
    shown = next((part for part in HELD_OUT if parts[part].rows), "")
    for part in HELD_OUT:
        answered = _answered(judge, net, parts[part]) if parts[part].rows else {}
        for output, arrays in answered.items():
            found |= {f"{part}/{output}/{key}": rows for key, rows in arrays.items()}
            if part == shown:
                found |= _shown(output, _badness(arrays), getattr(data, part))
    return found


@torch.inference_mode()
def _answered(judge: Judge, net: nn.Module, examples: Feed) -> dict[str, dict[str, Array]]:
    """Each output's answers and targets for as many rows as are kept."""
    net.eval()
    outputs = {output.name: index for index, output in enumerate(learnt(judge.spec)) if _compares(output)}
    rows = min([_kept(examples.targets[index]) for index in outputs.values()], default=0)
    seen = 0
    pieces: dict[str, list[dict[str, Array]]] = {name: [] for name in outputs}
    for batch in judge.batches(examples) if rows else ():
        results = net(*batch.inputs)
        for name, index in outputs.items():
            output = judge.spec.outputs[name]
            fitted = judge.fitted.get(name, FittedOutput())
            pieces[name].append(_read(output, fitted, result_of(judge.spec, results, output), batch.targets[index]))
        seen += batch.rows
        if seen >= rows:
            break
    return {name: _joined(found, rows) for name, found in pieces.items() if found}


def _compares(output: Output) -> bool:
    """Whether there is a right answer: not for a value that is only made small."""
    return output.loss is not None and output.loss.compares


def _kept(targets: Tensor) -> int:
    return min(len(targets), max(1, MAX_NUMBERS // max(1, targets[:1].numel())))


def _joined(pieces: list[dict[str, Array]], rows: int) -> dict[str, Array]:
    return {key: np.concatenate([piece[key] for piece in pieces])[:rows] for key in pieces[0]}


def _read(output: Output, fitted: FittedOutput, result: Tensor, target: Tensor) -> dict[str, Array]:
    """Answers and targets of some rows, as a person reads them."""
    assert output.loss
    given = evaluate(output.loss.answer(code_name("output")), {"output": result})
    if output.loss.reads == "values":
        return {key: invert(fitted.steps, x.cpu().numpy()) for key, x in (("answer", given), ("target", target))}
    if output.loss.reads == "classes":
        given = given.movedim(output.loss.class_axis, 1)
        confidence, answer = given.max(dim=1)
        index = target.clamp(0, given.shape[1] - 1).unsqueeze(1)  # a label that is left out of the loss may be -100
        truth = given.gather(1, index).squeeze(1)
    else:
        answer = (given > EVEN).long()
        target = target.nan_to_num(MISSING)
        confidence, truth = torch.where(answer > 0, given, 1 - given), torch.where(target > EVEN, given, 1 - given)
    found = {"answer": answer, "target": target.long(), "confidence": confidence.float(), "truth": truth.float()}
    return {key: x.cpu().numpy() for key, x in found.items()}


def _badness(arrays: Mapping[str, Array]) -> Array:
    """How wrong each row is: by its target's probability, or by the distance, in deviations of the target."""
    rows = len(arrays["target"])
    if "truth" in arrays:
        wrong = np.where(arrays["target"] >= 0, 1 - arrays["truth"], 0)
    else:
        target = arrays["target"].astype(np.float64)
        target = np.where(known(target), target, arrays["answer"])
        wrong = np.abs(arrays["answer"] - target) / np.maximum(target.std(axis=0), np.finfo(np.float32).tiny)
    return np.asarray(wrong.reshape(rows, -1).mean(axis=1))


def _shown(output: str, badness: Array, part: Part | StreamedPart) -> dict[str, Array]:
    """The worst and the best rows, raw, as many as the size allows."""
    row_bytes = max(1, sum(np.asarray(rows).nbytes for rows in part.head(1).values()))
    few = part.head(min(len(badness), max(1, MAX_READ_BYTES // row_bytes)))
    order = np.argsort(-badness[: len(next(iter(few.values())))], kind="stable")
    room = MAX_SHOWN_BYTES // row_bytes
    worst = order[: min(WORST, room, (len(order) + 1) // 2)]
    best = order[::-1][: min(BEST, room - len(worst), len(order) - len(worst))]
    rows = np.concatenate([worst, best])
    raw = {f"shown/{output}/inputs/{name}": np.asarray(array)[rows] for name, array in few.items()}
    return {f"shown/{output}/rows": rows, f"shown/{output}/worst": np.array(len(worst)), **raw}
