"""How the answers compare with the truth: classes by a confusion matrix, values by their residuals."""

from collections.abc import Iterator

import numpy as np

from nnspec.report.collect import Answered, Array
from nnspec.report.html import Html, join, table, tag
from nnspec.report.numbers import percent, short, ticks

MAX_MATRIX = 20  # classes; of more, the pairs that are confused most often are listed
MAX_PAIRS = 20
MAX_CLASSES = 50  # rows of the table of classes
MAX_POINTS = 1200  # of the scatter
BINS, BARS = 10, 31
SIZE, PAD = 320, 40


def answers(found: Answered) -> Html:
    """All that is drawn of one output."""
    if not found.target.size:
        return Html()
    parts = _of_classes(found) if found.is_classes else _of_values(found)
    return tag("div", *parts, class_="pair")


def _of_classes(found: Answered) -> Iterator[Html]:
    names = found.names
    seen = (found.target >= 0) & (found.target < len(names))  # a label may be left out of the loss
    target, answer = found.target[seen].reshape(-1), found.answer[seen].reshape(-1)
    counts = confusion(target, answer, len(names))
    if len(names) <= MAX_MATRIX:
        yield _card("Confusion matrix", _matrix(counts, names), "Rows are the truth, columns the answer.")
    else:
        yield _card("Most confused", _pairs(counts, names), "Which class was taken for which, and how often.")
    yield _card("Each class", _classes(counts, names), "")
    assert found.confidence is not None
    confidence = found.confidence[seen].reshape(-1)
    if confidence.size and confidence.min() >= 0 and confidence.max() <= 1 and len(np.unique(confidence)) > 2:
        yield _calibration(confidence, target == answer)


def confusion(target: Array, answer: Array, classes: int) -> Array:
    """How often each class (row) was answered as each (column)."""
    pairs = target.astype(np.int64) * classes + np.clip(answer.astype(np.int64), 0, classes - 1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def _matrix(counts: Array, names: tuple[str, ...]) -> Html:
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / totals
    header = tag("tr", tag("td"), *(tag("th", name, scope="col") for name in names))
    rows = [
        tag("tr", tag("th", name, scope="row"), *(_cell(counts, shares, row, at) for at in range(len(names))))
        for row, name in enumerate(names)
    ]
    label = "Confusion matrix: rows are the truth, columns the answer"
    return tag("div", tag("table", header, *rows, class_="matrix", aria_label=label), class_="scroll", tabindex=0)


def _cell(counts: Array, shares: Array, row: int, column: int) -> Html:
    count, share = int(counts[row, column]), float(shares[row, column])
    if not count:
        return tag("td", "·", class_="none")
    kind = "right" if row == column else "wrong"
    # A single mistake among many must be seen: shades begin well above nothing.
    shade = round(12 + 78 * (share if row == column else min(1, 2.5 * share)))
    deep = " deep" if shade > 55 else ""
    return tag("td", f"{count:,}", class_=kind + deep, style=f"--s:{shade}%", title=percent(share))


def _pairs(counts: Array, names: tuple[str, ...]) -> Html:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MAX_PAIRS]
    places = [divmod(int(at), len(names)) for at in order if wrong.flat[at]]
    if not places:
        return tag("p", "No class was taken for another.")
    rows = [(names[a], names[b], f"{wrong[a, b]:,}", percent(wrong[a, b] / counts[a].sum())) for a, b in places]
    return table(("truth", "answer", "times", "of the class"), rows, numbers=2, label="Most confused classes")


def _classes(counts: Array, names: tuple[str, ...]) -> Html:
    right, answered, true = counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = right / answered, right / true
    order = list(range(len(names)))
    if len(names) > MAX_CLASSES:
        order = [int(at) for at in np.argsort(np.nan_to_num(recall, nan=2))[:MAX_CLASSES]]
    rows = [(names[at], _bar(precision[at]), _bar(recall[at]), f"{true[at]:,}") for at in order]
    shown = table(("class", "precision", "recall", "examples"), rows, label="Precision and recall of each class")
    if len(names) <= MAX_CLASSES:
        return shown
    return join(
        (tag("p", f"The {MAX_CLASSES} of {len(names):,} classes with the lowest recall.", class_="soft"), shown)
    )


def _bar(share: float) -> Html:
    if not np.isfinite(share):
        return tag("span", "–", class_="soft")
    return tag("span", tag("i", style=f"--w:{100 * share:.0f}%"), percent(share), class_="bar")


def _calibration(confidence: Array, right: Array) -> Html:
    """A reliability diagram: how often an answer of some confidence is right."""
    at = np.minimum((confidence * BINS).astype(int), BINS - 1)
    count = np.bincount(at, minlength=BINS)
    hits, sure = (np.bincount(at, weights=x, minlength=BINS) for x in (right, confidence))
    error = float(np.abs(hits - sure).sum() / len(right))
    marks = []
    for index in np.flatnonzero(count):
        share = hits[index] / count[index]
        says = f"{count[index]:,} answers with {percent(sure[index] / count[index])}: {percent(share)} right"
        x, y = _x(index / BINS), _y(share)
        width = (SIZE - 2 * PAD) / BINS - 2
        box = tag(
            "rect", tag("title", says), x=f"{x + 1:.1f}", y=f"{y:.1f}", width=f"{width:.1f}", height=f"{_y(0) - y:.1f}"
        )
        marks.append(tag("g", box, class_="column"))
    diagonal = tag("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="ideal")
    drawn = _square(
        (0, 1), (0, 1), [*marks, diagonal], "confidence of the answer", "share that is right", "Calibration"
    )
    told = f"Expected calibration error {percent(error)}: how far confidence is, on average, from being right."
    return _card("Calibration", drawn, told)


def _of_values(found: Answered) -> Iterator[Html]:
    answer, target = (x.astype(np.float64).reshape(-1) for x in (found.answer, found.target))
    if answer.size != target.size:
        return
    known = np.isfinite(answer) & np.isfinite(target)
    answer, target = answer[known], target[known]
    if not answer.size:
        return
    yield _card("Answers and truth", _scatter(target, answer), "On the line an answer is exact.")
    residuals = answer - target
    told = f"mean {short(residuals.mean())}, standard deviation {short(residuals.std())}, median of the distance "
    yield _card(
        "Residuals", _histogram(residuals), f"Answer less truth: {told}{short(float(np.median(abs(residuals))))}."
    )


def _scatter(target: Array, answer: Array) -> Html:
    every = max(1, -(-target.size // MAX_POINTS))
    low, high = float(min(target.min(), answer.min())), float(max(target.max(), answer.max()))
    margin = 0.04 * (high - low) or 1.0
    span = (low - margin, high + margin)
    dots = [
        tag("circle", cx=f"{_x(_share(x, span)):.1f}", cy=f"{_y(_share(y, span)):.1f}", r=3)
        for x, y in zip(target[::every], answer[::every], strict=True)
    ]
    diagonal = tag("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="ideal")
    return _square(
        span, span, [diagonal, tag("g", *dots, class_="dots")], "truth", "answer", "Answers against the truth"
    )


def _histogram(values: Array) -> Html:
    counts, edges = np.histogram(values, bins=BARS)
    span, top = (float(edges[0]), float(edges[-1])), float(counts.max())
    width = (SIZE - 2 * PAD) / BARS - 1
    bars = [
        tag(
            "rect",
            tag("title", f"{short(edges[at])} to {short(edges[at + 1])}: {count:,}"),
            x=f"{_x(at / BARS):.1f}",
            y=f"{_y(count / top):.1f}",
            width=f"{width:.1f}",
            height=f"{_y(0) - _y(count / top):.1f}",
        )
        for at, count in enumerate(counts)
    ]
    zero = [tag("line", x1=_x(_share(0, span)), x2=_x(_share(0, span)), y1=_y(0), y2=_y(1), class_="ideal")]
    return _square(
        span,
        (0, top),
        [tag("g", *bars, class_="column"), *(zero if span[0] < 0 < span[1] else [])],
        "answer less truth",
        "examples",
        "Histogram of residuals",
    )


def _square(
    across: tuple[float, float], up: tuple[float, float], marks: list[Html], x_label: str, y_label: str, told: str
) -> Html:
    """A small chart with two axes."""
    grid = []
    for value in ticks(*up, 5):
        y = f"{_y(_share(value, up)):.1f}"
        grid.append(tag("line", x1=_x(0), x2=_x(1), y1=y, y2=y, class_="grid"))
        grid.append(tag("text", short(value), x=PAD - 5, y=y, dy="0.32em", class_="tick end"))
    for value in ticks(*across, 5):
        grid.append(tag("text", short(value), x=f"{_x(_share(value, across)):.1f}", y=_y(0) + 15, class_="tick mid"))
    grid.append(tag("text", x_label, x=SIZE / 2, y=SIZE - 4, class_="tick mid"))
    grid.append(tag("text", y_label, x=PAD - 30, y=PAD - 24, class_="tick"))
    return tag("svg", *grid, *marks, viewBox=f"0 0 {SIZE} {SIZE}", role="img", aria_label=told, class_="square")


def _share(value: float, span: tuple[float, float]) -> float:
    return (value - span[0]) / ((span[1] - span[0]) or 1)


def _x(share: float) -> float:
    return PAD + share * (SIZE - 2 * PAD)


def _y(share: float) -> float:
    return SIZE - PAD - share * (SIZE - 2 * PAD)


def _card(title: str, body: Html, told: str) -> Html:
    return tag("div", tag("h3", title), tag("p", told, class_="soft") if told else None, body, class_="card")
