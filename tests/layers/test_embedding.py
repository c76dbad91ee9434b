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


def test_a_bag_is_one_axis_of_indices():
    arguments = dict(num_embeddings=5, embedding_dim=2)
    assert refusal("EmbeddingBag", arguments, "int64 n 3 4") == (
        "",
        "needs an input of 1 axis beside the batch, got 2: int64 (3, 4)",
        "",
    )
    assert refusal("EmbeddingBag", dict(**arguments, mode="max", scale_grad_by_freq=True), "int64 n 3") == (
        "scale_grad_by_freq",
        "mode max and scale_grad_by_freq do not go together",
        "",
    )
