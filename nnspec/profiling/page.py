"""A profile as one page that needs nothing beside it."""

import base64
import html
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnspec.profiling.profile import Profile
from nnspec.profiling.text import kind_of, typical

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2733}
table{border-collapse:collapse;margin:.6rem 0 1.4rem}th,td{padding:.25rem .8rem;border-bottom:1px solid #dde3ea;
text-align:right;font-variant-numeric:tabular-nums}th{color:#5b6875;font-weight:600}
td:first-child,th:first-child,.l{text-align:left}.warn{border-left:4px solid #d98e04;background:#fff8e8;
padding:.5rem .9rem;margin:.5rem 0}.warn small{display:block;color:#5b6875}.bar{display:inline-block;height:.7rem;
background:#3b7dd8;border-radius:2px;vertical-align:middle}img{image-rendering:pixelated;height:72px;margin:2px;
border:1px solid #dde3ea}h2{font-size:1.1rem;margin-top:1.6rem}.scroll{overflow-x:auto}
@media(prefers-color-scheme:dark){body{background:#14191f;color:#dfe6ee}th,.warn small{color:#93a1b0}
th,td,img{border-color:#2b3540}.warn{background:#2a2413}}"""


def page(found: Profile) -> str:
    """The page's text: warnings, parts, classes and pictures, then every column and some rows."""
    body = "\n".join(_body(found))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" '
        f'content="width=device-width">\n<title>{html.escape(found.source)}</title>\n<style>{STYLE}</style>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _body(found: Profile) -> Iterator[str]:
    yield f"<h1>{html.escape(found.source)}</h1>"
    yield f"<p>{found.rows:,} rows, {len(found.columns)} columns</p>"
    for each in found.warnings:
        yield f'<div class="warn">{html.escape(each.message)}<small>{html.escape(each.help)}</small></div>'
    if found.parts:
        yield "<h2>Parts</h2>"
        total = max(sum(found.parts.values()), 1)
        yield _table(
            ["part", "rows", ""], [[p, f"{n:,}", _bar(n / total)] for p, n in found.parts.items()], left=(0, 2)
        )
    for output, classes in found.classes.items():
        yield f"<h2>Classes of {html.escape(output)}</h2>"
        most = max((sum(each.values()) for each in classes.values()), default=1)
        rows = [
            [html.escape(name), *(f"{each[part]:,}" for part in found.parts), _bar(sum(each.values()) / most)]
            for name, each in classes.items()
        ]
        yield _table(["class", *found.parts, ""], rows, left=(0, 1 + len(found.parts)))
    for name, arrays in found.pictures.items():
        yield f"<h2>Some of {html.escape(name)}</h2>"
        yield "<p>" + "".join(f'<img alt="" src="{_picture(array)}">' for array in arrays) + "</p>"
    yield "<h2>Columns</h2>"
    header = ["column", "is", "for", "missing", "distinct", "from", "to", "typical"]
    yield _table(header, [_cells(found, index) for index in range(len(found.columns))], left=(0, 1, 2, 7))
    yield "<h2>Rows</h2>"
    yield _table([c.name for c in found.columns], [list(map(html.escape, row)) for row in found.examples])


def _cells(found: Profile, index: int) -> list[str]:
    column = found.columns[index]
    low, high = ("" if value is None else f"{value:.4g}" for value in (column.low, column.high))
    role, missing = found.roles.get(column.name, ""), f"{column.missing:,}" if column.missing else "·"
    texts = [column.name, kind_of(column), role, missing, f"{column.distinct:,}", low, high, typical(column)]
    return list(map(html.escape, texts))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Header texts are escaped here; cells are HTML already."""

    def line(cells: Sequence[str], tag: str) -> str:
        marked = (f"<{tag}{' class=l' * (i in left)}>{cell}</{tag}>" for i, cell in enumerate(cells))
        return f"<tr>{''.join(marked)}</tr>"

    lines = [line([html.escape(cell) for cell in header], "th"), *(line(row, "td") for row in rows)]
    return '<div class="scroll"><table>' + "\n".join(lines) + "</table></div>"


def _bar(share: float) -> str:
    return f'<span class="bar" style="width:{160 * share:.0f}px"></span>'


def _picture(array: Any) -> str:
    """An array as a PNG of 8 bits, from its smallest value to its largest, as a data URL."""
    values = np.asarray(array, dtype=np.float64)
    if values.ndim == 3 and values.shape[0] in (1, 3):
        values = values.transpose(1, 2, 0)
    values = values[..., 0] if values.ndim == 3 and values.shape[2] == 1 else values
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    pixels = np.nan_to_num((values - low) / (high - low or 1) * 255).astype(np.uint8)
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    return "data:image/png;base64," + base64.b64encode(data).decode()
