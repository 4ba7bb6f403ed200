"""The kernels of plain deep networks, pair by pair: covariance and tangent kernel from layer to layer (section 13)."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from .activations import NAMES
from .balls import Ball, ball, multiple, plus, times
from .layers import Hermite, Side, layer
from .verdicts import fraction, require
from .work import LINE, Work

MAX_DEPTH = 1000
CONVENTIONS = ("pre-activation", "implicit", "readout", "standard")


class Network(NamedTuple):
    """Activations, the variances (w, b) of the dense layers from the input to the last, and what is trained."""

    activations: list[str]
    dense: list[tuple[Fraction, Fraction]]
    convention: str | None


def rational(given: Any) -> Fraction:
    """A number as the front door writes it: a whole one is an integer, any other text p/q."""
    whole = type(given) is int
    require(whole or (isinstance(given, str) and "/" in given), LINE, "not a number")
    return Fraction(given) if whole else fraction(given, LINE)


def several(given: Any, count: int) -> list[Any]:
    """One value for all of ``count`` layers, or a list with one for each."""
    found = given if isinstance(given, list) else [given] * count
    require(len(found) == count, LINE, "not one for each layer")
    return found


def network_of(node: Any) -> Network:
    """The network that a node of an expression names."""
    depth, name = node.get("depth", 1), node["name"]
    require(type(depth) is int and 1 <= depth <= MAX_DEPTH, LINE, f"depth is not between 1 and {MAX_DEPTH}")
    activations = several(node["activation"], depth)
    require(all(isinstance(x, str) for x in activations), LINE, "no activation")
    convention = node["convention"] if name == "ntk" else None
    require(name != "ntk" or convention in CONVENTIONS, LINE, "no convention of a tangent kernel")
    last = name == "nngp" or convention == CONVENTIONS[0]  # the others end with a readout of variance 1
    dense = [[rational(x) for x in several(node[key], depth + last)] for key in ("sigma_w2", "sigma_b2")]
    require(min(dense[0]) > 0 and min(dense[1]) >= 0, LINE, "no variances")
    pairs = list(zip(*dense, strict=True)) + [(Fraction(1), Fraction(0))] * (not last)
    return Network([NAMES.get(x, x) for x in activations], pairs, convention)


def dense(x: Ball, layer: tuple[Fraction, Fraction], bits: int) -> Ball:
    """w x + b."""
    return plus(multiple(x, layer[0]), ball(layer[1], bits))


def tangent(network: Network, cross: Ball, pair: tuple[Ball, Ball], current: Ball | None, k: int, bits: int) -> Ball:
    """The tangent kernel behind layer k + 1 (docs/ntk-conventions.md, section 2); ``cross``: its own covariance."""
    w, (features, slopes) = network.dense[k + 1][0], pair
    source = {"implicit": multiple(features, w), "standard": features}.get(str(network.convention), cross)
    return source if current is None else plus(source, multiple(times(slopes, current, bits), w))


def values(
    network: Network, sizes: list[Fraction], cross: Iterable[tuple[int, int, Ball]], order: int, bits: int, work: Work
) -> Iterator[tuple[int, int, Ball]]:
    """The entries i >= j, for |x_i|^2/d and the covariances <x_i, x_j>/d, each row from its diagonal on or to it."""
    slopes, known = network.convention is not None, dict[Fraction, tuple[list[Side], Ball]]()
    made = {x: layer(x, order, slopes, bits, work) for x in network.activations}
    layers = [made[x] for x in network.activations]
    rough = sum(isinstance(x, Hermite) for x in layers)
    work.spend(len(sizes) ** 2 * (64 * len(layers) + 2 * order * rough) * (bits // 64))
    first = network.dense[0]
    from_input = network.convention in (CONVENTIONS[0], CONVENTIONS[2])

    def follow(cross: Ball, sides: list[tuple[Side, Side]] | None) -> tuple[list[Side], Ball]:
        """Through all layers: two inputs with their sides, or one input whose sides are found on the way."""
        current = cross if from_input else None
        found = []
        for k, own in enumerate(layers):
            if sides is None:
                side = own.side(cross)
                found.append(side)
                features, steep = side.square, side.slope_square
            else:
                features, steep = own.pair(*sides[k], cross)
            cross = dense(features, network.dense[k + 1], bits)
            if slopes:
                current = tangent(network, cross, (features, steep), current, k, bits)
        return found, cross if current is None else current

    for size in set(sizes):
        known[size] = follow(dense(ball(size, bits), first, bits), None)
    for i, j, inner in cross:
        if i == j:
            yield i, j, known[sizes[i]][1]
        else:
            both = list(zip(known[sizes[i]][0], known[sizes[j]][0], strict=True))
            yield i, j, follow(dense(inner, first, bits), both)[1]
