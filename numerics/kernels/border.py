"""The rows of a Gram matrix that belong to zero inputs, put around the block of the other inputs.

A zero input has no direction, so it has no place in a matrix of cosines; but where norms are kept it is an input like
any other, and its entries K(0, x) depend on |x| alone. They are computed one by one, in balls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from flint import arb, arb_mat

from ..balls.ends import float_ball
from .ballarray import BallArray
from .ballmatrix import BallMatrix, read_only


def bordered(block: BallMatrix | None, kept: Sequence[int], edge: Sequence[arb], corner: arb, n: int) -> BallMatrix:
    r"""The (n, n) matrix with ``block`` at the places ``kept`` and zero inputs at all others.

    Parameters
    ----------
    block: the matrix of the other inputs, None where there are none.
    edge, corner: :math:`K(0, x_i)` for each i of ``kept``, and :math:`K(0, 0)`.

    The balls of the block, where it has them, are kept. Raises :class:`Undecided` for an entry that is not
    finite.

    >>> bordered(BallMatrix(np.eye(1), 0.0), [1], [arb(2)], arb(3), 2).mid.tolist()
    [[3.0, 2.0], [2.0, 1.0]]
    """
    zeros = sorted(set(range(n)) - set(kept))
    mids, rads = map(np.array, zip(*map(float_ball, (*edge, corner)), strict=True))
    mid, rad = np.full((n, n), mids[-1]), np.full((n, n), rads[-1])
    for table, values in ((mid, mids[:-1]), (rad, rads[:-1])):
        table[np.ix_(zeros, kept)] = values
        table[np.ix_(kept, zeros)] = values[:, None]
    balls = None
    if block is not None:
        mid[np.ix_(kept, kept)], rad[np.ix_(kept, kept)] = block.mid, block.rad
    if block is None or block.arb is not None:
        balls = arb_mat(n, n)
        for i in zeros:
            for j in zeros:
                balls[i, j] = corner
            for j, value in zip(kept, edge, strict=True):
                balls[i, j] = balls[j, i] = value
        if block is not None and block.arb is not None:
            for a, i in enumerate(kept):
                for b, j in enumerate(kept):
                    balls[i, j] = block.arb[a, b]
    notes = () if block is None else block.provenance
    return BallMatrix(
        read_only(mid),
        read_only(rad),
        arb=balls,
        provenance=(*notes, f"zero inputs, {len(zeros)}: pair by pair in balls"),
    )


def bordered_rectangle(
    block: BallArray | None,
    rows: Sequence[int],
    columns: Sequence[int],
    shape: tuple[int, int],
    entry: Callable[[int, int], arb],
) -> BallArray:
    """The matrix of this shape with ``block`` at ``rows`` and ``columns``; all other places by ``entry(i, j)``.

    >>> bordered_rectangle(BallArray(np.eye(1), 0.0), [1], [0], (2, 1), lambda i, j: arb(5)).mid.tolist()
    [[5.0], [1.0]]
    """
    mid, rad = np.zeros(shape), np.zeros(shape)
    done = np.zeros(shape, dtype=bool)
    if block is not None:
        places = np.ix_(rows, columns)
        mid[places], rad[places], done[places] = block.mid, block.rad, True
    for i, j in np.argwhere(~done).tolist():
        mid[i, j], rad[i, j] = float_ball(entry(i, j))
    return BallArray(read_only(mid), read_only(rad), provenance=() if block is None else block.provenance)
