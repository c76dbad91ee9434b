"""Padding with an axis's own elements."""

from nnspec.layers.pad import PADDING, Padding1, Padding2, Padding3, PadLast


class _ReflectionPad(PadLast):
    mode = "reflect"


class _ReplicationPad(PadLast):
    mode = "replicate"


class _CircularPad(PadLast):
    mode = "circular"


class ReflectionPad1d(_ReflectionPad):
    """The last axis padded with its own elements mirrored at its ends.

    (n, c, t) -> (n, c, t + left + right)

    padding: [left, right], or one number for all
    """

    padding: Padding1 = PADDING

    axes = 1
    examples = {
        "n 2 5 -> n 2 9": dict(padding=2),
        "n 2 t -> n 2 t": dict(padding=[1, -1]),
        "n 3 4 -> n 3 7": dict(padding=[3, 0]),
    }


class ReflectionPad2d(_ReflectionPad):
    """The last two axes padded with its own elements mirrored at its ends.

    (n, c, h, w) -> (n, c, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom], or one number for all
    """

    padding: Padding2 = PADDING

    axes = 2
    examples = {
        "n 2 4 5 -> n 2 6 7": dict(padding=1),
        "n 3 h 4 -> n 3 h 7": dict(padding=[1, 2, 0, 0]),
        "n 2 5 4 -> n 2 6 5": dict(padding=[2, -1, 3, -2]),
    }


class ReflectionPad3d(_ReflectionPad):
    """The last three axes padded with its own elements mirrored at its ends.

    (n, c, d, h, w) -> (n, c, d + front + back, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom, front, back], or one number for all
    """

    padding: Padding3 = PADDING

    axes = 3
    examples = {
        "n 2 3 4 5 -> n 2 5 6 7": dict(padding=1),
        "n 1 t 3 4 -> n 1 t 4 5": dict(padding=[1, 0, -1, 2, 0, 0]),
    }


class ReplicationPad1d(_ReplicationPad):
    """The last axis padded with copies of its first and last elements.

    (n, c, t) -> (n, c, t + left + right)

    padding: [left, right], or one number for all
    """

    padding: Padding1 = PADDING

    axes = 1
    examples = {
        "n 2 5 -> n 2 9": dict(padding=2),
        "n 2 t -> n 2 t": dict(padding=[1, -1]),
        "n 3 4 -> n 3 8": dict(padding=[3, 1]),
    }


class ReplicationPad2d(_ReplicationPad):
    """The last two axes padded with copies of its first and last elements.

    (n, c, h, w) -> (n, c, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom], or one number for all
    """

    padding: Padding2 = PADDING

    axes = 2
    examples = {
        "n 2 4 5 -> n 2 6 7": dict(padding=1),
        "n 3 h 4 -> n 3 h 7": dict(padding=[1, 2, 0, 0]),
        "n 2 5 4 -> n 2 6 5": dict(padding=[2, -1, 3, -2]),
    }


class ReplicationPad3d(_ReplicationPad):
    """The last three axes padded with copies of its first and last elements.

    (n, c, d, h, w) -> (n, c, d + front + back, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom, front, back], or one number for all
    """

    padding: Padding3 = PADDING

    axes = 3
    examples = {
        "n 2 3 4 5 -> n 2 5 6 7": dict(padding=1),
        "n 1 t 3 4 -> n 1 t 4 5": dict(padding=[1, 0, -1, 2, 0, 0]),
    }


class CircularPad1d(_CircularPad):
    """The last axis padded with its own elements from the other end.

    (n, c, t) -> (n, c, t + left + right)

    padding: [left, right], or one number for all
    """

    padding: Padding1 = PADDING

    axes = 1
    examples = {
        "n 2 5 -> n 2 9": dict(padding=2),
        "n 2 t -> n 2 t": dict(padding=[1, -1]),
        "n 3 4 -> n 3 8": dict(padding=[3, 1]),
    }


class CircularPad2d(_CircularPad):
    """The last two axes padded with its own elements from the other end.

    (n, c, h, w) -> (n, c, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom], or one number for all
    """

    padding: Padding2 = PADDING

    axes = 2
    examples = {
        "n 2 4 5 -> n 2 6 7": dict(padding=1),
        "n 3 h 4 -> n 3 h 7": dict(padding=[1, 2, 0, 0]),
        "n 2 5 4 -> n 2 6 5": dict(padding=[2, -1, 3, -2]),
    }


class CircularPad3d(_CircularPad):
    """The last three axes padded with its own elements from the other end.

    (n, c, d, h, w) -> (n, c, d + front + back, h + top + bottom, w + left + right)

    padding: [left, right, top, bottom, front, back], or one number for all
    """

    padding: Padding3 = PADDING

    axes = 3
    examples = {
        "n 2 3 4 5 -> n 2 5 6 7": dict(padding=1),
        "n 1 t 3 4 -> n 1 t 4 5": dict(padding=[1, 0, -1, 2, 0, 0]),
    }
