"""A document with all that it imports and extends: one tree of values, each with its place in the file it stands in.

`extends` is merged away, and under `imports` each path gives way to the document that it names. So what comes after
knows no files, and a document that is written out whole reads the same.
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nnspec import source
from nnspec.diagnostics import Findings, Note, Span, SpecError, Text
from nnspec.source import MAX_NODES, MAX_TEXT, Node
from nnspec.source.file import near
from nnspec.spec.head import check_is_spec, check_version
from nnspec.spec.instantiate import show
from nnspec.spec.merge import merge
from nnspec.spec.overrides import override
from nnspec.spec.reach import Reach, allowed_folders, shown

MAX_FILES = 100
MAX_WAY = 16  # files that import or extend one another in a row
FILES = {"data": ("source", "train", "validation", "test"), "weights": ("load",)}  # what else names files

Way = tuple[tuple[Path, str], ...]  # the files that are being read, the first one first, and what they are called


def read_document(
    path: Path | str,
    overrides: Iterable[str] = (),
    *,
    allow_path: Iterable[Path | str] = (),
    findings: Findings | None = None,
) -> Node:
    """The document in a file with its overrides and all that it names.

    An import that cannot be read goes to `findings`, where these are given.
    """
    return compose(source.read(path), path, overrides, allow_path=allow_path, findings=findings)


def compose(
    root: Node,
    path: Path | str,
    overrides: Iterable[str] = (),
    *,
    allow_path: Iterable[Path | str] = (),
    findings: Findings | None = None,
) -> Node:
    """The document that was read from a path, with its overrides and all that it names."""
    found = findings or Findings()
    known = len(found.found)
    reach = Reach(Path(path).parent, allowed_folders(allow_path))
    composed = _Composer(reach, found).whole(root, Path(path), overrides)
    if findings is None and len(found.found) > known:
        found.raise_errors()
    return composed


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """A file that another one names."""

    text: str
    path: Path
    way: Way  # with this file as its last
    span: Span  # where it is named
    via: Note

    @property
    def key(self) -> Path:
        return self.way[-1][0]

    @property
    def name(self) -> str:
        return self.way[-1][1]


class _Composer:
    def __init__(self, reach: Reach, findings: Findings) -> None:
        self.reach, self.findings = reach, findings
        self.folders: dict[Text, Path] = {}  # of the texts that were read
        self.paths: dict[Text, Path] = {}  # the same, with all links followed
        self.extended: dict[Path, Node] = {}
        self.imported: dict[Path, Node] = {}
        self.broken: set[Path] = set()  # that cannot be had, as was told
        self.sizes: dict[Node, int] = {}  # values of a document, with those of its imports wherever they are used
        self.values = self.bytes = 0

    def whole(self, root: Node, path: Path, overrides: Iterable[str]) -> Node:
        """The document that was asked for."""
        way: Way = ((path.resolve(), str(path)),)
        self.folders[root.span.text], self.paths[root.span.text] = path.parent, way[0][0]
        root = override(self._with_base(root, way), overrides)
        if extends := root.get("extends"):
            message = "`extends` cannot be set: what a spec starts from stands in its file"
            raise SpecError.of("wrong-value", message, extends.span)
        return self._relocated(self._with_imports(root, way))

    def _with_base(self, root: Node, way: Way) -> Node:
        """The document over the one that it extends."""
        extends = root.get("extends")
        if extends is None or not isinstance(root.value, dict):
            return root
        own = Node({key: node for key, node in root.value.items() if key != "extends"}, root.span, root.keys)
        if extends.value is None:
            return own
        if not isinstance(extends.value, str):
            message = f"extends is the path of a document, got {show(extends.plain())}"
            raise SpecError.of("wrong-type", message, extends.span, help="as in `extends: ./base.yaml`")
        named = self._named(extends.value, extends.span, way, Note("extends", extends.value, extends.span))
        return merge(self._base(named), own)

    def _with_imports(self, root: Node, way: Way) -> Node:
        """The document with the documents that it imports in place of their paths."""
        section = root.get("imports")
        if section is None or not isinstance(section.value, dict) or not isinstance(root.value, dict):
            return root
        imports = {name: self._import(name, node, way) for name, node in section.value.items()}
        found = {**root.value, "imports": Node(imports, section.span, section.keys)}
        return self._measured(Node(found, root.span, root.keys), section.span)

    def _import(self, name: str, node: Node, way: Way) -> Node:
        """The document of one import; what was written, where that cannot be had."""
        if isinstance(node.value, dict):
            return self._with_imports(self._with_base(node, way), way)
        if not isinstance(node.value, str):
            message = f"the import {name} is the path of a document, got {show(node.plain())}"
            self.findings.error("wrong-type", message, node.span, help=f"as in `imports: {{{name}: ./{name}.yaml}}`")
            return node
        try:
            via = Note("imports", f"{node.value} as {name}", node.span)
            return self._document(self._named(node.value, node.span, way, via)) or node
        except SpecError as error:
            self.findings.found.extend(error.diagnostics)
            return node

    def _document(self, named: _Named) -> Node | None:
        """The document of a file; None where it cannot be had, as was told."""
        if named.key not in self.imported and named.key not in self.broken:
            self.broken.add(named.key)
            self.imported[named.key] = self._with_imports(self._base(named), named.way)
            self.broken.remove(named.key)
        return self.imported.get(named.key)

    def _base(self, named: _Named) -> Node:
        """The document in a file, over the one that it extends."""
        if named.key not in self.extended:
            self.extended[named.key] = self._with_base(self._read(named), named.way)
        return self.extended[named.key]

    def _read(self, named: _Named) -> Node:
        size = _size_of_file(named)
        self.bytes += size
        if len(self.folders) > MAX_FILES or self.bytes > MAX_TEXT:
            what = f"{MAX_FILES} files" if len(self.folders) > MAX_FILES else f"{MAX_TEXT // 1_000_000} MB"
            raise SpecError.of("limit", f"the spec names more than {what}", named.span)
        root = source.read(named.path, name=named.name, via=named.via)
        self.folders[root.span.text], self.paths[root.span.text] = named.path.parent, named.key
        self.values += _count(root)
        if self.values > MAX_NODES:
            raise SpecError.of("limit", f"the files together hold more than {MAX_NODES:,} values", named.span)
        found = Findings()
        if not check_is_spec(root, found) or not check_version(root, found) or found.errors:
            found.raise_errors()
        return root

    def _named(self, text: str, span: Span, way: Way, via: Note) -> _Named:
        """The file that a text names; SpecError where it is out of reach, or being read already."""
        base = self.folders.get(span.text, self.reach.folder)
        path = self.reach.find(text, base, span)
        key, name = path.resolve(), os.path.normpath(path)
        keys = [key for key, _ in way]
        if key in keys:
            raise SpecError.of("file-cycle", f"{name} comes back to itself: {self._round(key, name, span)}", span)
        if len(way) > MAX_WAY:
            raise SpecError.of("limit", f"more than {MAX_WAY} files import or extend one another in a row", span)
        return _Named(text, path, (*way, (key, name)), span, via)

    def _round(self, key: Path, name: str, span: Span) -> str:
        """The way from a file back to itself, which ends with the name at the span."""
        names, text = [name], span.text
        while self.paths.get(text) != key and text.via and text.via.span:
            names, text = [text.name, *names], text.via.span.text
        return " → ".join([text.name if text in self.paths else name, *names])

    def _measured(self, root: Node, span: Span) -> Node:
        """The document; SpecError where its imports, each written out wherever it is used, are too many values."""
        imports = root.get("imports")
        assert imports and isinstance(root.value, dict)
        size = sum(_count(node) for key, node in root.value.items() if key != "imports")
        size += sum(self.sizes.get(node) or _count(node) for node in imports)
        if size > MAX_NODES:
            message = f"the imports come to more than {MAX_NODES:,} values, each written out wherever it is used"
            raise SpecError.of("limit", message, span)
        self.sizes[root] = size
        return root

    def _relocated(self, root: Node) -> Node:
        """The document with the other files that it names as they are found from its own folder."""
        if not isinstance(root.value, dict):
            return root
        found = {key: self._moved(node, FILES[key]) if key in FILES else node for key, node in root.value.items()}
        return Node(found, root.span, root.keys)

    def _moved(self, node: Node, keys: Iterable[str] | None = None) -> Node:
        """The node with the paths in it, below those of its keys, as they are from the folder of the spec."""
        if isinstance(node.value, dict):
            moved = {
                key: self._moved(item) if keys is None or key in keys else item for key, item in node.value.items()
            }
            return Node(moved, node.span, node.keys)
        if isinstance(node.value, list):
            return Node([self._moved(item) for item in node.value], node.span, node.keys)
        folder = self.folders.get(node.span.text, self.reach.folder)
        is_path = isinstance(node.value, str) and node.value and not set(node.value) & set(":$~\\\0")
        if folder == self.reach.folder or not is_path or Path(str(node.value)).is_absolute():
            return node
        path = os.path.relpath(folder / str(node.value), self.reach.folder)
        return Node(Path(path).as_posix(), node.span)


def _size_of_file(named: _Named) -> int:
    """How large a file is; SpecError where none stands there. Asked before it is opened: a pipe would wait."""
    text = shown(named.text)
    try:
        info = named.path.stat()
    except (FileNotFoundError, NotADirectoryError):
        message = f"there is no file {text}"
        raise SpecError.of("file", message, named.span, help=near(named.path)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of("file", f"{text} cannot be read: {reason}", named.span) from None
    if not stat.S_ISREG(info.st_mode):
        what = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe or a device"
        raise SpecError.of("file", f"{text} is {what}, not a file", named.span)
    return info.st_size


def _count(node: Node) -> int:
    """How many values stand in a node, itself among them."""
    return 1 + sum(map(_count, node))
