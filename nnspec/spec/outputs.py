"""The `outputs` section: where results come from, what they learn, how they read."""

from nnspec import prepare
from nnspec.diagnostics import Findings, Span, did_you_mean, some
from nnspec.objectives import LOSSES, METRICS, Loss, Metric
from nnspec.prepare.step import Step
from nnspec.source import Node
from nnspec.spec.choices import choose, choose_each
from nnspec.spec.document import OutputSection
from nnspec.spec.instantiate import instantiate, show
from nnspec.spec.names import check_name
from nnspec.spec.spec import Output, Reference


def read_outputs(root: Node, inputs: frozenset[str], findings: Findings) -> dict[str, Output]:
    """Outputs by name. Without the section there is one, `output`, with the loss that stands at the top."""
    section, top = root.get("outputs"), root.get("loss")
    if section is None or section.value is None:
        span = top.span if top else root.span
        loss = _loss(top, findings)
        return {"output": Output("output", Reference("_", span), "output", loss, (), (), (), 1.0, span)}
    if top:
        help = "move it into the output: `outputs: {NAME: {loss: ...}}`"
        findings.error("unknown-key", "with `outputs`, a loss stands in its output", root.keys["loss"], help=help)
    if not isinstance(section.value, dict) or not section.value:
        found = "an empty mapping" if section.value == {} else show(section.plain())
        findings.error("wrong-type", f"outputs is a mapping of names to outputs, got {found}", section.span)
        return {}
    outputs: dict[str, Output] = {}
    for name, node in section.value.items():
        span = section.keys[name]
        if name in inputs:
            findings.error("duplicate-name", f"an input and an output are both named '{name}'", span)
        elif check_name(name, span, findings, allowed=frozenset("xF")) and (
            output := _output(name, node, span, inputs, findings)
        ):
            outputs[name] = output
    _check_exported(outputs, section, findings)
    _check_samplers(outputs, section, findings)
    return outputs


def _output(name: str, node: Node, span: Span, inputs: frozenset[str], findings: Findings) -> Output | None:
    if node.value is None:
        node = Node({}, span)
    section = instantiate(OutputSection, node, f"output {name}", span, findings, short=False)
    if section is None:
        return None
    given = node.get("loss")
    loss = _loss(given, findings)
    metrics = choose_each(node.get("metrics"), "metric", METRICS.get, METRICS, findings, METRICS.absent)
    steps = choose_each(node.get("prepare"), "step", prepare.find, prepare.known(), findings)
    source = node.get("from")
    reference = Reference(section.from_, source.span if source else span)
    output = Output(
        name,
        reference,
        section.column or (section.columns[0] if section.columns else name),
        loss,
        metrics,
        _classes(section),
        steps,
        section.weight,
        span,
        section.export,
        section.balance,
        tuple(section.columns or ()),
        section.separator or "",
        section.target or "",
    )
    if loss or not given or given.value is None:  # a loss that is wrong has been told
        _check_metrics(output, metrics, node, findings)
        _check_target(output, node, findings)
    if output.target:
        _check_again(output, node, inputs, findings)
    return output


def _classes(section: OutputSection) -> tuple[str | int, ...]:
    """The classes by name; a number of them is so many whole numbers from 0."""
    given = section.classes
    return tuple(range(given)) if isinstance(given, int) else tuple(given or ())


def _check_exported(outputs: dict[str, Output], section: Node, findings: Findings) -> None:
    """At least one output is exported, and what is not is trained."""
    if len(outputs) == len(section.keys) and not any(output.exported for output in outputs.values()):
        *_, last = outputs
        message = "no output is exported, and an ONNX file without outputs answers nothing"
        help = "`export: false` is for auxiliary heads: leave it out of the output that answers"
        findings.error("wrong-value", message, section.span_of([last, "export"]), help=help)
        return
    for name, output in outputs.items():
        if not output.exported and not output.loss and any(other.loss for other in outputs.values()):
            message = f"{name} is neither exported nor trained: it has `export: false` and no loss"
            findings.error("wrong-value", message, section.span_of([name, "export"]), help="give it a loss")


def _check_samplers(outputs: dict[str, Output], section: Node, findings: Findings) -> None:
    """A row is drawn for one output's classes, not for two."""
    drawing = [output.name for output in outputs.values() if output.balance == "sampler"]
    for name in drawing[1:]:
        message = f"rows are drawn by the classes of {drawing[0]} already"
        help = f"`balance: weights` makes the classes of {name} count alike too"
        findings.error("wrong-value", message, section.span_of([name, "balance"]), help=help)


def _loss(node: Node | None, findings: Findings) -> Loss | None:
    return (
        choose(node, "loss", LOSSES.get, LOSSES, findings, LOSSES.absent) if node and node.value is not None else None
    )


def _check_metrics(output: Output, metrics: tuple[Metric, ...], node: Node, findings: Findings) -> None:
    loss = output.loss
    for index, metric in enumerate(metrics):
        name = type(metric).__name__
        if loss and not loss.compares:
            message = f"{name} compares with a column, and {type(loss).__name__} of {output.name} knows none"
            findings.error("metric-fit", message, node.span_of(["metrics", index]), help="leave it out")
            continue
        if loss and loss.reads in metric.fits:
            if field := metric.misfit(loss.reads):
                message = f"{name}: {field} says nothing for {output.name}, which {type(loss).__name__} makes yes or no"
                findings.error("metric-fit", message, node.span_of(["metrics", index]), help="leave it out")
            elif metric.of_scores and not loss.probabilistic:
                message = f"{name} reads probabilities, and {type(loss).__name__} of {output.name} gives none"
                help = "a loss that reads logits does, as CrossEntropyLoss or BCEWithLogitsLoss"
                findings.error("metric-fit", message, node.span_of(["metrics", index]), help=help)
            continue
        fitting = [known.__name__ for known in METRICS.values() if loss and loss.reads in known.fits]
        if loss:
            kind = "values" if loss.reads == "values" else "classes"
            message = f"{name} does not fit an output of {kind}, which {type(loss).__name__} makes of {output.name}"
        else:
            message = f"{output.name} has the metric {name} but no loss, so nothing says how it reads"
        help = f"there are {', '.join(fitting)}" if fitting else "give it a `loss`"
        findings.error("metric-fit", message, node.span_of(["metrics", index]), help=help)


def _check_target(output: Output, node: Node, findings: Findings) -> None:
    loss = output.loss
    if loss and not loss.compares:
        for key in ("column", "classes", "prepare"):
            if node.get(key):
                message = f"{output.name} learns from no column: {type(loss).__name__} makes it small by itself"
                findings.error("wrong-value", message, node.span_of([key], key=True), help=f"leave `{key}` out")
        return
    if output.classes and (loss is None or loss.reads == "values"):
        findings.error(
            "wrong-value", f"{output.name} has classes, but its loss reads values", node.span_of(["classes"])
        )
    if len(set(output.classes)) < len(output.classes):
        findings.error("wrong-value", f"{output.name} has a class twice", node.span_of(["classes"]))
    if output.has_tags:
        _check_tags(output, node, findings)
    elif output.classes and loss and loss.reads == "binary" and len(output.classes) != 2:
        message = f"{type(loss).__name__} tells two classes apart, {output.name} has {len(output.classes)}"
        findings.error("wrong-value", message, node.span_of(["classes"]))
    if output.balance and not output.has_tags:
        _check_balance(output, node, findings)
    for index, step in enumerate(output.steps):
        _check_step(output, step, node.span_of(["prepare", index]), findings)


def _check_tags(output: Output, node: Node, findings: Findings) -> None:
    """Tell of several labels a row that the loss, or what else is given, knows nothing of."""
    key = "columns" if output.columns else "separator"
    beside = ("column", "classes", "separator") if output.columns else ()
    for other in beside:
        if node.get(other):
            message = f"{output.name} has `columns`, each a label: `{other}` has no say"
            findings.error("wrong-value", message, node.span_of([other], key=True), help=f"leave `{other}` out")
    if len(set(output.columns)) < len(output.columns):
        findings.error("wrong-value", f"{output.name} has a column twice", node.span_of(["columns"]))
    if not output.loss or output.loss.reads != "binary":
        said = f"{type(output.loss).__name__} of {output.name} says none" if output.loss else "it has no loss"
        message = f"`{key}` gives several yes or no a row, and {said}"
        findings.error("wrong-value", message, node.span_of([key], key=True), help="BCEWithLogitsLoss says yes or no")
    if output.balance:
        message = f"{output.name} has several labels a row, so that no row stands for one class to balance"
        help = "`pos_weight` of BCEWithLogitsLoss says what a yes counts against a no"
        findings.error("wrong-value", message, node.span_of(["balance"]), help=help)


def _check_balance(output: Output, node: Node, findings: Findings) -> None:
    """Tell of a balance of no classes, or of classes that have weights already."""
    loss = output.loss
    if loss is None or loss.reads == "values" or (loss.by_example and loss.reads == "binary"):
        name = type(loss).__name__ if loss else "an output without a loss"
        message = f"{output.name} has no classes to balance: {name} tells none apart"
        findings.error("wrong-value", message, node.span_of(["balance"]), help="leave `balance` out")
        return
    given = next((key for key in ("weight", "pos_weight") if getattr(loss, key, None)), None)
    if given and output.balance == "weights":
        message = f"{type(loss).__name__} of {output.name} weights its classes already, by `{given}`"
        findings.error("wrong-value", message, node.span_of(["balance"]), help=f"leave `balance` or `{given}` out")


def _check_again(output: Output, node: Node, inputs: frozenset[str], findings: Findings) -> None:
    """Tell of an output that is to give an input again and cannot."""
    if output.target not in inputs:
        help = did_you_mean(output.target, sorted(inputs)) or f"the inputs are {some(sorted(inputs))}"
        findings.error("wrong-value", f"no input is named '{output.target}'", node.span_of(["target"]), help=help)
    for key in ("column", "columns", "separator", "classes", "prepare"):
        if node.get(key):
            message = f"{output.name} learns the input {output.target}, as its own steps prepare it: `{key}` has no say"
            findings.error("wrong-value", message, node.span_of([key], key=True), help=f"leave `{key}` out")
    if output.loss is None or output.loss.reads != "values":
        loss = f"{type(output.loss).__name__} reads classes" if output.loss else "it has no loss"
        message = f"{output.name} is to give the input {output.target} again, and {loss}"
        help = "MSELoss or L1Loss compares numbers"
        findings.error("wrong-value", message, node.span_of(["loss" if output.loss else "target"]), help=help)


def _check_step(output: Output, step: Step, span: Span, findings: Findings) -> None:
    name = type(step).__name__
    if output.loss is None or output.loss.reads != "values":
        findings.error("wrong-value", f"{name} prepares a target of real numbers; {output.name} learns classes", span)
    elif not step.invertible:
        message = f"{name} cannot be undone, so {output.name} could not be given in its own units"
        findings.error("wrong-value", message, span)
