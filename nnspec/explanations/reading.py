"""Codes of reading a file, and of the command line."""

from nnspec.explanations.explanation import Explanation

READING = {
    "file": Explanation(
        "The file is not there, is a folder, or you may not read or write it. Files that a spec names are\n"
        "looked for beside the spec.",
        "nnspec check spec/digits.yaml",
        "nnspec check specs/digits.yaml",
        spec=False,
    ),
    "encoding": Explanation(
        "Specs and CSV files are UTF-8 text. An editor on Windows may have saved UTF-16 or Latin-1.",
        "iconv -f UTF-8 -t LATIN1 net.yaml > latin.yaml && nnspec check latin.yaml",
        "iconv -f LATIN1 -t UTF-8 latin.yaml > net.yaml && nnspec check net.yaml",
        spec=False,
    ),
    "syntax": Explanation(
        "The text is not YAML 1.2, or not JSON where the file's name ends in .json: a bracket or a quote that is\n"
        "not closed, a tab that indents, a colon without a blank after it.",
        "layers: [Linear: 2",
        "layers: [Linear: 2]",
    ),
    "limit": Explanation(
        "A text from a stranger must end in an error, not in a full memory: there is a limit to a file's size, to\n"
        "how deep lists nest, and to the size of an axis.",
        "inputs: {x: [9000000000000000000]}",
        "inputs: {x: [9000]}",
    ),
    "duplicate-key": Explanation(
        "A key stands twice in one mapping. YAML readers that keep the last one lose the first without a word.",
        "train: {epochs: 5, epochs: 10}",
        "train: {epochs: 10}",
    ),
    "number": Explanation(
        "The number has no 64-bit form, or it is one that two versions of YAML read differently.",
        "train: {seed: 99999999999999999999999}",
        "train: {seed: 7}",
    ),
    "unknown-template": Explanation(
        "`nnspec new --list` lists the templates: the reference specs that come with nnspec.",
        "nnspec new digit",
        "nnspec new digits",
        spec=False,
    ),
    "unknown-code": Explanation(
        "`nnspec explain` takes what stands in brackets in a message, such as error[shape].",
        "nnspec explain shapes",
        "nnspec explain shape",
        spec=False,
    ),
}
