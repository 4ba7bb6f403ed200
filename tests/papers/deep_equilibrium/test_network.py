"""A failure here means that a sampled network is not the one the theory speaks of, or that it is not solved."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.special

from certigram.numerics.papers.deep_equilibrium.finite_width import sample_grams, sample_weights
from certigram.numerics.sampling.experiment import NUMBERS, Plan, Sample, Subject, Unit, run
from certigram.numerics.sampling.operator_norm import operator_norm
from certigram.numerics.studies.networks import Nonlinearity, sampler
from certigram.theory.errors import DerivationGap, SpecError

SIXTEENTH = Fraction(1, 16)
TANH = Nonlinearity("tanh", np.tanh, 1.0)
SIGMOID = Nonlinearity("sigmoid", scipy.special.expit, 0.25)


def points(n: int = 6, d: int = 10, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return x * (np.sqrt(d) / np.linalg.norm(x, axis=1))[:, None]


def test_hadamard_norm_is_enclosed_exactly() -> None:
    bounds = operator_norm(scipy.linalg.hadamard(64).astype(np.float64))
    assert bounds.lower <= 8.0 <= bounds.upper
    assert bounds.upper - bounds.lower < 0.01


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (90, 70), (70, 90), (200, 200)])
def test_norm_bounds_agree_with_a_full_decomposition(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(sum(shape)).standard_normal(shape)
    largest = float(scipy.linalg.svdvals(matrix)[0])
    bounds = operator_norm(matrix, matrix.astype(np.float32))
    assert bounds.lower <= largest * (1 + 1e-12)
    assert bounds.upper >= largest * (1 - 1e-12)
    assert bounds.upper - bounds.lower < 2e-3 * largest


def test_norm_of_zero_and_of_nonsense() -> None:
    assert operator_norm(np.zeros((60, 60))).upper < 1e-100
    with pytest.raises(ValueError, match="finite"):
        operator_norm(np.array([[np.nan]]))


def test_weights_have_the_stated_variances_and_are_float32_numbers() -> None:
    recurrent, inputs = sample_weights(400, 50, SIXTEENTH, 3)
    assert recurrent.var() * 400 == pytest.approx(1 / 8, rel=5 * np.sqrt(2 / recurrent.size))
    assert inputs.var() * 50 == pytest.approx(2.0, rel=5 * np.sqrt(2 / inputs.size))
    assert abs(recurrent.mean()) < 5 * recurrent.std() / 400
    assert np.array_equal(recurrent, recurrent.astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_network_lies_within_its_bound_of_the_exact_solution(dtype: str) -> None:
    x = points()
    half = Nonlinearity("x/2", lambda z: z / 2, 0.5)
    (found,) = sample_grams(x, (half,), SIXTEENTH, 80, 5, dtype=dtype)
    recurrent, inputs = sample_weights(80, x.shape[1], SIXTEENTH, 5)
    state = np.linalg.solve(np.eye(80) - recurrent / 2, inputs @ x.T / 2)
    error = np.linalg.norm(found.gram - state.T @ state / 80, 2)
    assert found.converged
    assert error <= found.gram_error
    assert found.gram_error < (1e-3 if dtype == "float32" else 1e-10)


def test_tanh_network_solves_its_equations() -> None:
    x = points(n=2)
    (found,) = sample_grams(x, (TANH,), SIXTEENTH, 30, 1, dtype="float64")
    recurrent, inputs = sample_weights(30, x.shape[1], SIXTEENTH, 1)
    bias = inputs @ x.T
    columns = [
        scipy.optimize.root(lambda z, b=b: z - np.tanh(recurrent @ z + b), np.zeros(30), tol=1e-13).x for b in bias.T
    ]
    state = np.column_stack(columns)
    assert np.linalg.norm(found.gram - state.T @ state / 30, 2) < 1e-11


def test_float32_and_float64_agree_within_their_bounds() -> None:
    both = [sample_grams(points(), (TANH, SIGMOID), SIXTEENTH, 128, 2, dtype=kind) for kind in ("float32", "float64")]
    for coarse, fine in zip(*both, strict=True):
        difference = np.linalg.norm(coarse.gram - fine.gram, 2)
        assert 0 < difference <= coarse.gram_error + fine.gram_error
        assert fine.gram_error < 1e-8


def test_picard_error_falls_geometrically() -> None:
    """C20: with theta = L ‖W‖ < 1 the l-th iterate from zero is within theta^l ‖Z‖ of the equilibrium."""
    x = points()
    recurrent, inputs = sample_weights(60, x.shape[1], SIXTEENTH, 4)
    theta = operator_norm(recurrent).upper
    assert theta < 1
    iterates = [np.zeros((60, len(x)))]
    for _ in range(120):
        iterates.append(np.tanh(recurrent @ iterates[-1] + inputs @ x.T))
    limit = iterates[-1]
    for step, state in enumerate(iterates[:25]):
        assert np.linalg.norm(limit - state) <= theta**step * np.linalg.norm(limit) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("phi", "sigma_w2"),
    [(Nonlinearity("gelu", lambda z: z * scipy.special.ndtr(z), 1.13), 8), (TANH, 8), (Nonlinearity("exp", np.exp), 2)],
)
def test_too_large_a_variance_is_reported_not_raised(phi: Nonlinearity, sigma_w2: int) -> None:
    (found,) = sample_grams(points(), (phi,), sigma_w2, 100, 0)
    assert not found.converged
    assert found.solution_error == found.gram_error == np.inf


def test_without_a_lipschitz_constant_there_is_no_error_bound() -> None:
    (found,) = sample_grams(points(), (Nonlinearity("tanh", np.tanh),), SIXTEENTH, 50, 0)
    assert found.converged
    assert found.gram_error == np.inf


def test_a_constant_and_a_returned_argument_are_handled() -> None:
    constant, same = Nonlinearity("1", np.ones_like, 0.0), Nonlinearity("x", lambda z: z, 1.0)
    ones, identity = sample_grams(points(), (constant, same), SIXTEENTH, 64, 0, dtype="float64")
    assert np.array_equal(ones.gram, np.ones((6, 6)))
    recurrent, inputs = sample_weights(64, 10, SIXTEENTH, 0)
    state = np.linalg.solve(np.eye(64) - recurrent, inputs @ points().T)
    assert np.linalg.norm(identity.gram - state.T @ state / 64, 2) <= identity.gram_error < 1e-8


def test_bad_input_is_refused() -> None:
    for call in (
        lambda: sample_grams(np.array([[np.nan]]), (TANH,), SIXTEENTH, 8, 0),
        lambda: sample_grams(points(), (TANH,), SIXTEENTH, 0, 0),
        lambda: sample_grams(points(), (TANH,), -1.0, 8, 0),
        lambda: sample_grams(points(), (TANH,), SIXTEENTH, 8, 0, dtype="float16"),
        lambda: sample_grams(points(), (TANH,), SIXTEENTH, 8, 0, tolerance=0.0),
        lambda: plan(widths=(8, 8)),
        lambda: plan(seeds=0),
    ):
        with pytest.raises(SpecError):
            call()
    with pytest.raises(DerivationGap, match="no finite-width network"):
        sampler("no-such-system")


def plan(widths: tuple[int, ...] = (16, 32), seeds: int = 2, seed: int = 0) -> Plan:
    subjects = (Subject(TANH, np.eye(6)), Subject(SIGMOID, np.eye(6)))
    return Plan("deq-general", points(), subjects, widths, seeds, seed, parameters={"sigma_w2": SIXTEENTH})


def results(sample: Sample) -> list[np.ndarray]:
    """Everything but the seconds, which no two runs share."""
    return [unit.numbers[:, :-1] for unit in sample.units] + [unit.functionals for unit in sample.units]


def same(one: Sample, other: Sample) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(results(one), results(other), strict=True))


def test_a_seed_fixes_every_bit_whatever_else_runs() -> None:
    whole, alone = run(plan()), run(plan(widths=(32,)))
    assert whole.complete
    assert np.array_equal(whole.units[-1].functionals, alone.units[-1].functionals)
    assert same(whole, run(plan()))
    assert not same(whole, run(plan(seed=1)))


def test_processes_do_not_change_a_bit() -> None:
    assert same(run(plan()), run(plan(), jobs=2))


def test_a_killed_run_resumes(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(unit: Unit, finished: int, total: int) -> None:
        if finished == 3:
            raise Killed

    with pytest.raises(Killed):
        run(plan(), store=tmp_path, on_unit=kill)
    assert len(list(tmp_path.iterdir())) == 3
    fresh: list[int] = []
    resumed = run(plan(), store=tmp_path, on_unit=lambda unit, finished, total: fresh.append(finished))
    assert fresh == [4]
    assert same(resumed, run(plan()))


def test_a_damaged_or_foreign_file_is_not_read(tmp_path: Path) -> None:
    run(plan(), store=tmp_path)
    sorted(tmp_path.iterdir())[0].write_bytes(b"PK not a zip file")
    fresh: list[int] = []
    assert same(run(plan(), store=tmp_path, on_unit=lambda u, k, total: fresh.append(k)), run(plan()))
    assert len(fresh) == 1
    run(plan(seed=1), store=tmp_path, on_unit=lambda u, k, total: fresh.append(k))
    assert len(fresh) == 5


def test_no_unit_starts_after_the_time_is_up() -> None:
    sample = run(plan(), seconds=0.0)
    assert sample.units == ()
    assert not sample.complete


def test_recorded_numbers_are_those_of_the_definition() -> None:
    x, kernel = points(), np.eye(6) / 2 + 0.05
    subject = Subject(TANH, kernel)
    sample = run(Plan("deq-general", x, (subject,), (64,), 1, parameters={"sigma_w2": SIXTEENTH}))
    seed = np.random.SeedSequence(0, spawn_key=(64, 0))
    (found,) = sample_grams(x, (TANH,), SIXTEENTH, 64, seed)
    deviation = found.gram - kernel
    root = scipy.linalg.inv(scipy.linalg.sqrtm(kernel))
    expected = {
        "operator_error": np.linalg.norm(deviation, 2),
        "frobenius_error": np.linalg.norm(deviation),
        "entry_error": np.abs(deviation).max(),
        "least_eigenvalue": np.linalg.eigvalsh(found.gram)[0],
        "whitened_error": np.linalg.norm(root @ deviation @ root, 2),
        "whitened_frobenius": np.linalg.norm(root @ deviation @ root),
        "iterations": found.iterations,
        "gram_error": found.gram_error,
    }
    for name, value in expected.items():
        assert sample.column(0, name)[64][0] == pytest.approx(value, rel=1e-10), name
    assert len(NUMBERS) == sample.units[0].numbers.shape[1]
    functionals = sample.functionals(0)[64][0]
    assert functionals[:21] == pytest.approx(deviation[np.triu_indices(6)])
    assert functionals[21:].sum() == pytest.approx(np.trace(deviation))
