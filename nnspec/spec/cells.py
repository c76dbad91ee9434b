"""Which texts stand for whole numbers, which files hold tables, which sets there are. Needs no library for data."""

import re

# 007 and 1_000 are names; 2.0 is the 2 that a spreadsheet wrote.
WHOLE = re.compile(r"(-?(?:0|[1-9]\d{0,17}))(?:\.0+)?", re.ASCII)
DELIMITERS = {".csv": ",", ".tsv": "\t"}

SKLEARN = "sklearn:"
# The sets that scikit-learn ships, each with the number of classes in its `target`; 0 where that is a number.
SKLEARN_SETS = {"digits": 10, "iris": 3, "wine": 3, "breast_cancer": 2, "diabetes": 0}
