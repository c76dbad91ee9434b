from refusing import refusal


def test_a_grid_holds_places():
    assert refusal("GridSample", {}, "n 3 5 6", "n 4 7 3") == (
        "",
        "needs a grid whose last axis holds the 2 coordinates of a place, after 2 axes, got (4, 7, 3)",
        "",
    )
    assert refusal("GridSample", dict(mode="bicubic"), "n 3 4 5 6", "n 4 7 3 3") == (
        "mode",
        "mode bicubic is for images, and its input has three axes",
        "",
    )


def test_a_matrix_is_for_as_many_axes_as_the_grid():
    assert refusal("AffineGrid", dict(size=[4, 5, 6]), "n 2 3") == (
        "size",
        "a grid over 3 axes needs matrices of 3×4, got (2, 3)",
        "",
    )
