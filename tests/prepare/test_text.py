"""Steps on text."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from nnspec.prepare.fitted import apply, fit
from nnspec.prepare.text import BPE, NGrams, Tokenize
from nnspec.shapes import ShapeError, Tensor

TEXTS = np.array([["The cat sat, on the MAT!"], ["A dog"], [""], ["Ärger über Größe"]], dtype=object)


def test_words_and_marks_are_tokens_and_the_rest_is_filled():
    found = Tokenize(length=8).apply(TEXTS, {})
    assert found.tolist() == [
        ["the", "cat", "sat", ",", "on", "the", "mat", "!"],
        ["a", "dog", "", "", "", "", "", ""],
        [""] * 8,
        ["ärger", "über", "größe", "", "", "", "", ""],
    ]


def test_the_end_of_a_text_can_be_kept_as_it_is_written():
    found = Tokenize(length=3, by="whitespace", lower=False, last=True).apply(TEXTS, {})
    assert found.tolist() == [["on", "the", "MAT!"], ["A", "dog", ""], ["", "", ""], ["Ärger", "über", "Größe"]]


def test_characters_are_tokens():
    assert Tokenize(length=4, by="characters").apply(TEXTS[1:2], {}).tolist() == [["a", " ", "d", "o"]]


def test_ngrams_are_those_of_scikit_learn():
    step = NGrams(least=1, most=3)
    words = np.array([["a", "b", "a", "c"]], dtype=object)
    counted = CountVectorizer(ngram_range=(1, 3), token_pattern=r"\S+").fit(["a b a c"])
    assert set(step.apply(words, {}).ravel()) == set(counted.get_feature_names_out())


def test_an_ngram_that_reaches_into_the_padding_is_padding():
    assert NGrams().apply(np.array([["a", "b", ""]], dtype=object), {}).tolist() == [["a", "b", "", "a b", ""]]


def test_pieces_are_learnt_and_give_the_text_back():
    rows = np.array([["low lower lowest"], ["newer wider new"], ["low new"]] * 20, dtype=object)
    (fitted,) = fit([BPE(size=300, length=40)], rows)
    numbers = apply([fitted], np.array([["lowest newer 東京 🙂"]], dtype=object))
    import tokenizers

    encoder = tokenizers.Tokenizer.from_str(fitted.state["tokenizer"])
    encoder.decoder = tokenizers.decoders.ByteLevel()
    assert encoder.decode(numbers[0].tolist()).strip() == "lowest newer 東京 🙂"
    assert encoder.get_vocab_size() <= 300
    assert numbers.min() >= 0
    assert numbers.max() < 300


def test_pieces_do_not_depend_on_the_order_of_the_rows():
    rows = np.array([[text] for text in "the cat the dog a cat the mat".split() * 5], dtype=object)
    one, other = (fit([BPE(size=300, length=4)], part)[0].state for part in (rows, rows[::-1]))
    assert one == other


def test_a_tokenizer_that_was_changed_is_no_tokenizer():
    with pytest.raises(ValueError, match="its tokenizer cannot be read"):
        BPE(size=300, length=4).apply(TEXTS, {"tokenizer": "{}"})


def test_a_text_is_one_a_row():
    with pytest.raises(ShapeError) as caught:
        Tokenize(length=4).infer(Tensor(("n", 2), "string"))
    assert (caught.value.message, caught.value.help) == (
        "takes one text a row, got 2",
        "take one column an input, and join what they become with Concat",
    )
