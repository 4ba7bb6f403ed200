"""Lines about the gradients of an implicit ReLU network, in rational numbers at random weights."""

from __future__ import annotations

import random
from dataclasses import dataclass

from flint import fmpq, fmpq_mat

from ...proof_lines.draws import contraction, diagonal, eye, inner, matrix, positive, share, squared, vector
from ...proof_lines.instances import hadamard, rational
from ...proof_lines.relations import Instances, Relation, Sides, argument

M, D, INPUTS = 3, 2, 2


@dataclass(frozen=True, slots=True)
class _Input:
    """One input x (D, 1) with slopes D and E (M, M), equilibrium z and feature phi (M, 1); q and p of the adjoint."""

    x: fmpq_mat
    slopes: fmpq_mat
    features: fmpq_mat
    z: fmpq_mat
    phi: fmpq_mat
    q: fmpq_mat
    p: fmpq_mat


@dataclass(frozen=True, slots=True)
class _Network:
    """Weights A (M, M) with gamma |A| < 1, u and v (M, 1), ``factor`` in place of the root of 1/m, and inputs."""

    a: fmpq_mat
    gamma: fmpq
    u: fmpq_mat
    v: fmpq_mat
    factor: fmpq
    inputs: tuple[_Input, ...]


def _pattern(rng: random.Random) -> fmpq_mat:
    return diagonal([fmpq(rng.randint(0, 1)) for _ in range(M)])


def _network(rng: random.Random) -> _Network:
    """Patterns and states are arbitrary: no line uses that they belong to an equilibrium."""
    gamma, u, v = positive(rng), vector(rng, M), vector(rng, M)
    a, inputs = contraction(rng, M, share(rng) / gamma), []
    for _ in range(INPUTS):
        slopes, features = _pattern(rng), _pattern(rng)
        q = slopes * (eye(M) - a.transpose() * slopes * gamma).inv() * u
        z, phi = vector(rng, M), vector(rng, M)
        inputs.append(_Input(vector(rng, D), slopes, features, z, phi, q, features * (q + v)))
    return _Network(a, gamma, u, v, positive(rng), tuple(inputs))


def _moved(net: _Network, at: _Input, da: fmpq_mat, dphi: fmpq_mat) -> fmpq_mat:
    return (eye(M) - at.slopes * net.a * net.gamma).inv() * at.slopes * (da * at.z * net.gamma + dphi)


@argument("relu-differential", "the stated dz solves the differential of the equation, at random patterns")
def relu_differential() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        net = _network(rng)
        at, da, dphi = net.inputs[0], matrix(rng, M, M), vector(rng, M)
        dz = _moved(net, at, da, dphi)
        return dz, at.slopes * (net.a * dz * net.gamma + da * at.z * net.gamma + dphi)

    return (Instances(draw, 230, equal=True),)


@argument("relu-adjoint", "both matrices, and u'dz by the adjoint")
def relu_adjoint() -> tuple[Relation, ...]:
    def matrices(rng: random.Random) -> Sides:
        a, slopes = contraction(rng, M, share(rng)), _pattern(rng)
        return ((eye(M) - slopes * a).inv() * slopes).transpose(), slopes * (eye(M) - a.transpose() * slopes).inv()

    def moved(rng: random.Random) -> Sides:
        net = _network(rng)
        at, da, dphi = net.inputs[0], matrix(rng, M, M), vector(rng, M)
        return inner(net.u, _moved(net, at, da, dphi)), inner(at.q, da * at.z * net.gamma + dphi)

    return Instances(matrices, 231, equal=True), Instances(moved, 232, equal=True)


@argument("relu-gradient-sum", "the differential of the loss of two inputs, and the inner products with the gradients")
def relu_gradient_sum() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        net, e = _network(rng), [rational(rng) for _ in range(INPUTS)]
        da, dw, du, dv = matrix(rng, M, M), matrix(rng, M, D), vector(rng, M), vector(rng, M)
        left, by_a, by_w, by_u, by_v = fmpq(0), fmpq_mat(M, M), fmpq_mat(M, D), fmpq_mat(M, 1), fmpq_mat(M, 1)
        for at, residual in zip(net.inputs, e, strict=True):
            dphi = at.features * dw * at.x * net.factor
            dz = _moved(net, at, da, dphi)
            left += residual * (inner(du, at.z) + inner(net.u, dz) + inner(dv, at.phi) + inner(net.v, dphi))
            by_a += at.q * at.z.transpose() * residual * net.gamma
            by_w += at.p * at.x.transpose() * residual * net.factor
            by_u, by_v = by_u + at.z * residual, by_v + at.phi * residual
        return left, inner(by_a, da) + inner(by_w, dw) + inner(by_u, du) + inner(by_v, dv)

    return (Instances(draw, 233, equal=True),)


def _parts(net: _Network) -> tuple[fmpq_mat, fmpq_mat]:
    """The Gram matrix of the features, and the three other parts."""

    def gram(columns: list[fmpq_mat]) -> fmpq_mat:
        return fmpq_mat(INPUTS, INPUTS, [inner(a, b) for a in columns for b in columns])

    z, q, p, x, phi = ([getattr(at, name) for at in net.inputs] for name in ("z", "q", "p", "x", "phi"))
    rest = gram(z) + hadamard(gram(q), gram(z)) * net.gamma**2 + hadamard(gram(p), gram(x)) * net.factor**2
    return gram(phi), rest


@argument("relu-tangent-parts", "inner products of the gradients of the outputs, and the sum of the four matrices")
def relu_tangent_parts() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        net = _network(rng)
        gradients = [
            [at.phi, at.z, at.q * at.z.transpose() * net.gamma, at.p * at.x.transpose() * net.factor]
            for at in net.inputs
        ]
        products = [
            sum((inner(a, b) for a, b in zip(first, second, strict=True)), fmpq(0))
            for first in gradients
            for second in gradients
        ]
        features, rest = _parts(net)
        return fmpq_mat(INPUTS, INPUTS, products), features + rest

    return (Instances(draw, 234, equal=True),)


@argument("relu-tangent-order", "H - Phi'Phi by elimination; equality where states and adjoints vanish")
def relu_tangent_order() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        features, rest = _parts(_network(rng))
        return features, features + rest

    phi = fmpq_mat(M, 1, [1, 2, 3])
    return (Instances(draw, 235, ((eye(INPUTS, squared(phi)), eye(INPUTS, squared(phi))),)),)
