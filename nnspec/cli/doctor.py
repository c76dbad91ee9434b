"""The command that looks at a network before it is trained."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING

from nnspec.cli.main import EXIT_WRONG, palette_of_output
from nnspec.cli.specs import load, warn
from nnspec.diagnostics import render

if TYPE_CHECKING:
    from nnspec.training.doctor import Examination
    from nnspec.training.health.look import LayerHealth

HEADER = ("layer", "type", "output", "gradient", "update / weight", "flat or dead", "line")


def doctor(arguments: Namespace) -> int:
    """The table of layers, what it tells in words; 1 where something is wrong."""
    network = load(arguments, arguments.spec)
    # torch takes a second to import, and a spec that is wrong should not wait for it.
    from nnspec.training.doctor import examine

    found = examine(
        network.spec,
        network.graph,
        network.folder,
        allowed=network.allowed,
        seed=arguments.seed,
        device=arguments.device,
    )
    if arguments.json:
        print(json.dumps({"ok": not found.findings, **found.as_json()}, ensure_ascii=False, indent=2))
        return EXIT_WRONG if found.findings else 0
    warn(network.warnings)
    for line in _told(found):
        print(line)
    return EXIT_WRONG if found.findings else 0


def _told(found: "Examination") -> list[str]:
    from nnspec.training.doctor import BY_HEART, STEPS
    from nnspec.training.health.words import number

    before, after = found.by_heart
    knowing = f"; knowing nothing gives {number(found.chance)}" if found.chance else ""
    lines = [
        *_table(found.look.layers),
        "",
        f"loss      {number(found.look.loss)} before training{knowing}",
        f"by heart  {BY_HEART} examples in {STEPS} steps: the loss falls from {number(before)} to {number(after)}",
    ]
    for finding in found.findings:
        lines += ["", render(finding, palette_of_output())]
    count = len(found.findings)
    verdict = "healthy: nothing stands in the way of training" if not count else f"{count} finding{'s' * (count > 1)}"
    return [*lines, "", verdict]


def _table(layers: "tuple[LayerHealth, ...]") -> list[str]:
    rows = [HEADER, *map(_row, layers)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(layer: "LayerHealth") -> tuple[str, ...]:
    from nnspec.training.health.words import number

    output = f"{number(layer.mean)} ± {number(layer.std)}" if layer.mean is not None and layer.std is not None else ""
    share = layer.dead if layer.dead is not None else layer.saturated
    update = number(layer.update_to_weight) if layer.update_to_weight is not None else ""
    gradient = number(layer.typical) if layer.typical is not None else ""
    flat = f"{share:.0%}" if share is not None else ""
    return layer.name, layer.kind, output, gradient, update, flat, layer.place
