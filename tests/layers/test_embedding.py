from refusing import refusal

from nnspec.layers.embedding import Embedding
from nnspec.shapes import tensor


def test_an_embedding_looks_up_indices():
    assert refusal("Embedding", dict(num_embeddings=5, embedding_dim=2), "n 3") == (
        "",
        "needs an input of whole numbers (int64), got float32",
        "an embedding looks up indices; a Linear layer maps real numbers",
    )


def test_the_padding_is_a_row_of_the_table():
    assert refusal("Embedding", dict(num_embeddings=5, embedding_dim=2, padding_idx=5), "int64 n 3") == (
        "padding_idx",
        "padding_idx 5 is not a row of its table of 5",
        "rows count from 0 to 4",
    )
    last = Embedding(num_embeddings=5, embedding_dim=2, padding_idx=-5)
    assert last.infer(tensor("int32 n t")) == tensor("n t 2")
