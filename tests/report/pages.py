"""What the tests of pages share: small runs, and a reader that finds what a page must not have."""

from html.parser import HTMLParser
from pathlib import Path

from nnspec.graph import load_network
from nnspec.report import write_report
from nnspec.runs import Run
from nnspec.training import train_spec


class Reader(HTMLParser):
    """Every element that is opened must be closed, in order; collects what would load or run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.scripts = 0
        self.handlers: list[str] = []
        self.text: list[str] = []
        self.headings: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value or "" for key, value in attrs if key == "id"]
        self.links += [value or "" for key, value in attrs if key in ("src", "href", "xlink:href", "action")]
        self.handlers += [key for key in given if key.startswith("on")]
        self.scripts += tag == "script"
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "img", "br"):
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "script" in self.open or "style" in self.open:
            return
        self.text.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def trained(folder: Path, spec: str) -> Run:
    """A run in a folder, of a spec that is written there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "net.yaml"
    path.write_text(spec, encoding="utf-8")
    network = load_network(path)
    run, _ = train_spec(network.spec, network.graph, network.folder, run_dir=folder / "run")
    return run


def read_page(run: Run) -> tuple[str, Reader]:
    """The page as it is written, and read."""
    text = write_report(run).read_text(encoding="utf-8")
    return text, Reader(text)
