"""Write docstrings.csv: what functions, classes and modules of Python's standard library say of themselves.

A class is a chapter of the library's reference, a text the first paragraph of a docstring. What has fewer than four
words or stands twice is left out. No module is run: docstrings are read from the source.
"""

import ast
import csv
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

CHAPTERS = {
    "concurrency": "asyncio concurrent multiprocessing queue.py sched.py subprocess.py threading.py",
    "files": "bz2.py fileinput.py filecmp.py glob.py gzip.py lzma.py os.py pathlib.py shutil.py tarfile.py zipfile.py",
    "internet": "ftplib.py http imaplib.py ipaddress.py poplib.py smtplib.py socketserver.py urllib wsgiref xmlrpc",
    "language": "ast.py code.py codeop.py dis.py importlib inspect.py pickletools.py symtable.py tokenize.py",
    "mail": "base64.py email mailbox.py mimetypes.py quopri.py",
    "numbers": "_pydecimal.py fractions.py numbers.py random.py statistics.py",
    "testing": "bdb.py cProfile.py doctest.py pdb.py pstats.py timeit.py trace.py unittest",
    "windows": "curses tkinter turtle.py",
}
LIBRARY = Path(sysconfig.get_path("stdlib"))
DESCRIBED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, DESCRIBED) and (text := ast.get_docstring(node)):
            first = " ".join(text.partition("\n\n")[0].split())
            if len(first.split()) >= 4:
                yield first


def rows() -> Iterator[tuple[str, str]]:
    for chapter, names in CHAPTERS.items():
        for name in names.split():
            path = LIBRARY / name
            files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
            for file in files:
                if "test" not in file.relative_to(LIBRARY).parts:
                    yield from ((text, chapter) for text in texts(file))


found = list(rows())
times = Counter(text for text, _ in found)
with Path(__file__).with_name("docstrings.csv").open("w", encoding="utf-8", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["text", "chapter"])
    table.writerows((text, chapter) for text, chapter in found if times[text] == 1)
