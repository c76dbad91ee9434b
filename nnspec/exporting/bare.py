"""A trained network without what prepares its inputs and without what makes answers of its outputs."""

from dataclasses import replace

from nnspec.exporting.cases import Examples
from nnspec.exporting.verify import Trained
from nnspec.prepare import Preparation
from nnspec.prepare.fitted import apply, inside
from nnspec.runtime.session import Session

METADATA = {"nnspec.prepare": "false"}


def bare(trained: Trained) -> Trained:
    """The same module, whose file takes prepared arrays and gives the network's own numbers."""
    spec, preparation = trained.spec, trained.preparation
    inputs = {
        name: replace(given, held=given.tensor, raw=given.tensor, columns=(name,), single=True, steps=())
        for name, given in spec.inputs.items()
    }
    outputs = {
        name: replace(output, loss=None, metrics=(), classes=(), steps=()) for name, output in spec.outputs.items()
    }
    rows = {
        name: apply(inside(preparation.inputs.get(name, ())), rows) for name, rows in trained.examples.inputs.items()
    }
    network = replace(spec, inputs=inputs, outputs=outputs)
    return replace(trained, spec=network, preparation=Preparation({}, {}), examples=Examples(rows))


def is_bare(session: Session) -> bool:
    """Whether a file says that it holds the network alone."""
    return all(session.metadata.get(key) == value for key, value in METADATA.items())
