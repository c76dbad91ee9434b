"""Steps on text: a text becomes so many tokens, and tokens numbers.

What splits texts works before the exported file sees a row: no two runtimes of ONNX split alike. The file takes the
tokens; `Vocabulary`, which numbers them, is part of it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from nnspec.diagnostics import SpecError
from nnspec.prepare.missing import is_missing
from nnspec.prepare.step import Accumulator, FitError, Rows, State, Step, namespace
from nnspec.shapes import ShapeError, Tensor

MAX_LENGTH = 2**16  # tokens of a text
MAX_WORDS = 5_000_000  # different words that are held while tokens are learnt from
PADDING = ""  # stands where a text has no more tokens, and is unknown to every vocabulary

WORD = re.compile(r"\w+|[^\w\s]")


class Tokenize(Step):
    """The words or characters of a text, as many as `length`: what is longer is cut, what is shorter filled with "".

    (n, 1) -> (n, length)

    `Vocabulary` after it numbers the tokens, as in `prepare: [{Tokenize: 200}, {Vocabulary: 20000}]`. Texts are split
    before the exported file sees them: the file itself takes the tokens.
    """

    length: PositiveInt = Field(le=MAX_LENGTH, description="how many tokens a text has")
    by: Literal["words", "whitespace", "characters"] = Field(
        default="words", description="words and marks of punctuation, what stands between spaces, or single characters"
    )
    lower: bool = Field(default=True, description="take capitals for small letters")
    last: bool = Field(default=False, description="keep the end of a longer text, not its beginning")

    examples = {
        "string n 1 -> string n 6": dict(length=6),
        "string n 1 -> string n 4": dict(length=4, by="whitespace", lower=False, last=True),
    }
    takes = ("string",)
    missing = "fills"
    outside = True

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        _needs_one_text(x)
        return Tensor((x.shape[0], self.length), "string")

    def apply(self, rows: Rows, state: State) -> Rows:
        found = [_filled(self._tokens(text), self.length, self.last) for text in rows.reshape(-1).tolist()]
        return namespace(rows).asarray(found, dtype=object).reshape(len(rows), self.length)

    def _tokens(self, text: str) -> list[str]:
        text = "" if is_missing(text) else text.lower() if self.lower else text
        if self.by == "characters":
            return list(text)
        return WORD.findall(text) if self.by == "words" else text.split()


class NGrams(Step):
    """Tokens that stand beside one another, joined by a space: single ones, pairs, and so on.

    (n, t) -> (n, tokens)

    As ngram_range=(least, most) in sklearn.feature_extraction.text.CountVectorizer: first all of `least` tokens, then
    the longer ones. One that reaches into the padding is padding.
    """

    most: int = Field(default=2, ge=1, le=8, description="tokens of the longest")
    least: int = Field(default=1, ge=1, le=8, description="tokens of the shortest")

    examples = {"string n 5 -> string n 9": dict(), "string n 5 -> string n 7": dict(least=2, most=3)}
    takes = ("string",)
    missing = "passes"
    outside = True

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least must not be above most, got {self.least} and {self.most}")
        return self

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        x.needs_rank(2)
        return x.with_last(sum(max(x.features - size + 1, 0) for size in self._sizes))

    def apply(self, rows: Rows, state: State) -> Rows:
        found = [list(self._joined(tokens)) for tokens in rows.tolist()]
        return namespace(rows).asarray(found, dtype=object).reshape(len(rows), -1)

    @property
    def _sizes(self) -> range:
        return range(self.least, self.most + 1)

    def _joined(self, tokens: Sequence[str]) -> Iterator[str]:
        for size in self._sizes:
            for start in range(len(tokens) - size + 1):
                part = tokens[start : start + size]
                yield PADDING if PADDING in part else " ".join(part)


class BPE(Step):
    """The numbers of a text's pieces, which are learnt: frequent strings of bytes, so that no text is unknown.

    (n, 1) -> (n, length)

    Byte pair encoding (Sennrich et al., Neural machine translation of rare words with subword units, 2016) of bytes, as
    in GPT-2, by the library `tokenizers`. What an Embedding looks up, with `num_embeddings` the `size`; 0 fills shorter
    texts. Texts are split before the exported file sees them: the file itself takes the numbers.
    """

    size: int = Field(ge=300, le=2**20, description="how many pieces there are, the filling and 256 bytes among them")
    length: PositiveInt = Field(le=MAX_LENGTH, description="how many pieces a text has")
    last: bool = Field(default=False, description="keep the end of a longer text, not its beginning")

    examples = {
        "string n 1 -> int64 n 12": dict(size=300, length=12),
        "string n 1 -> int64 n 5": dict(size=400, length=5, last=True),
    }
    takes = ("string",)
    missing = "fills"
    outside = True

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        _needs_one_text(x)
        return Tensor((x.shape[0], self.length), "int64")

    def accumulator(self) -> Accumulator | None:
        return _Pieces(self.size)

    def apply(self, rows: Rows, state: State) -> Rows:
        encoder = _read(state["tokenizer"])
        texts = ["" if is_missing(text) else text for text in rows.reshape(-1).tolist()]
        numbers = [_filled(encoding.ids, self.length, self.last, 0) for encoding in encoder.encode_batch(texts)]
        return namespace(rows).asarray(numbers, dtype="int64").reshape(len(rows), self.length)


class _Pieces:
    """Counts words, and learns the pieces that most of them are made of."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.words: Counter[str] = Counter()

    def update(self, rows: Rows) -> None:
        for text in rows.reshape(-1).tolist():
            self.words.update(() if is_missing(text) else text.split())
        if len(self.words) > MAX_WORDS:
            message = f"more than {MAX_WORDS:,} different words stand in the training rows"
            raise FitError(message, help="split texts into words, by spaces")

    def state(self) -> dict[str, Any]:
        tokenizers = _library()
        encoder = tokenizers.Tokenizer(tokenizers.models.BPE())
        encoder.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=self.size,
            special_tokens=["<pad>"],
            initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        # Sorted, so that the same words give the same pieces in whatever order they came.
        encoder.train_from_iterator((" ".join([word] * count) for word, count in sorted(self.words.items())), trainer)
        return {"tokenizer": encoder.to_str()}


def _read(text: str) -> Any:
    try:
        return _library().Tokenizer.from_str(text)
    except SpecError:
        raise
    except Exception as error:  # the library raises nothing more special
        raise ValueError(f"its tokenizer cannot be read: {error}") from None


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        message = "BPE needs the library tokenizers, which is not installed"
        raise SpecError.of("missing-extra", message, help="pip install 'nnspec[text]'") from None
    return tokenizers


def _needs_one_text(x: Tensor) -> None:
    x.needs_rank(2)
    if x.features != 1:
        help = "take one column an input, and join what they become with Concat"
        raise ShapeError(f"takes one text a row, got {x.features}", help=help)


def _filled(tokens: Sequence[Any], length: int, last: bool, padding: Any = PADDING) -> list[Any]:
    kept = list(tokens[-length:] if last else tokens[:length])
    return kept + [padding] * (length - len(kept))
