"""Fixed, synthetic results: everything that a report may have to show, with no computation behind it.

The numbers are invented; only their shapes matter: null ends, singular matrices, failed hypotheses, names that are
expressions or full of special characters, many activations, one point, no networks.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from types import MappingProxyType

import pytest

import certigram.theory.claims.system
from certigram.numerics.balls.budget import Budget
from certigram.numerics.certificates.certificate import Certificate, Discharged, EvidenceItem
from certigram.numerics.runs.results import Results
from certigram.numerics.studies.data import load
from certigram.numerics.studies.study import Study
from certigram.reports.model import Report
from certigram.theory.claims.claim import Claim, Hypothesis, Reference
from certigram.theory.claims.system import Parameter, System, system, systems
from certigram.theory.verdict import Argument, Evidence, Verdict

ENVIRONMENT = {"python": "3.x", "machine": "any"}
HOSTILE = r"a_b<c> & 50% {x} \input{/etc/passwd} $1$ #~^"
GAUSSIAN = "x*exp(-x**2/2)"
EIGENVALUES = {"tanh": (0.00110532913363775, 0.00110532920459), GAUSSIAN: (2.5e-07, 3.5e-07), HOSTILE: (0.0, 0.0)}
SCOPE = "all 4 inputs & <both> labels"
BOUNDS = {"LB_P": 0.9, "LB_X": 0.7, "LB_F": 0.999, "LB_G": 1e-25}


def certificate(claim, name: str, verdict: Verdict, **more) -> Certificate:
    """A certificate whose hypotheses fit its verdict; the argument of its claim says whether it is PROVED or ARGUED."""
    argument = Argument.DIRECT if verdict is Verdict.REFUTED else claim.argument
    if verdict is Verdict.PROVED and not argument.mechanical:
        verdict = Verdict.ARGUED
    if verdict is Verdict.NOT_APPLICABLE:
        first = claim.hypotheses[0].name
        hypotheses = (Discharged(first, Verdict.REFUTED, f"{name} does not satisfy it"),)
        more.setdefault("reason", f"hypothesis {first} fails: {name} does not satisfy it")
    else:
        hypotheses = tuple(Discharged(h.name, Verdict.PROVED, "K_ij <= 1e-9, and so on") for h in claim.hypotheses)
    more = {"scope": SCOPE, **more}
    return Certificate(
        claim.id, claim.system, name, verdict, hypotheses=hypotheses, method="by hand", seconds=0.25,
        argument=argument, **more,
    )  # fmt: skip


def _rigorous(claim, name: str) -> Certificate:
    exact = EvidenceItem(Evidence.EXACT, f"sqrt(q) of {name} is at least 2 sigma_w2 L^2", {"2 sigma_w2 L^2": "1/2"})
    ball = EvidenceItem(Evidence.ENCLOSED, "||K^(-1/2)||_F and C^(r)", {"q": "[0.52568391769736890584 ± 1.97e-38]"})
    low, high = EIGENVALUES.get(name, (0.5, 0.5000001))
    slug = claim.id.partition(".")[2]
    if slug == "least-eigenvalue":
        verdict = Verdict.PROVED if low > 0 else Verdict.REFUTED
        return certificate(
            claim, name, verdict, evidence=(exact,), lower=low, upper=high, margin=low,
            reason="" if low > 0 else "the least eigenvalue is exactly 0: inputs 0 & 1 are equal",
        )  # fmt: skip
    if slug.startswith("lower-bound"):
        bound = {"correlation": "LB_P", "schur": "LB_X", "series": "LB_F", "gershgorin": "LB_G"}[slug.split("-")[2]]
        value = low * BOUNDS[bound]
        return certificate(
            claim, name, Verdict.PROVED, evidence=(ball,), lower=value, upper=value * (1 + 1e-7), margin=low - value,
            sharpness=(BOUNDS[bound], BOUNDS[bound] * (1 + 1e-7)), detail={"bound": bound, "quantity": bound},
        )  # fmt: skip
    if slug in ("relu-fixed-point", "affine-rank"):
        return certificate(claim, name, Verdict.NOT_APPLICABLE)
    if slug == "positive-definite":
        return certificate(claim, name, Verdict.PROVED, evidence=(ball,), lower=2.9093e-4)
    if slug == "psd-order":
        return certificate(claim, name, Verdict.UNKNOWN, reason="no rule applies to 100 % of a_b <= 3")
    return certificate(claim, name, Verdict.PROVED, evidence=(exact, ball), lower=0.525683917, upper=0.525683918)


def _statistical(claim, name: str, sampled: bool) -> Certificate:
    if not sampled:
        reason = "the study samples no networks: give widths in [finite-width]."
        return certificate(claim, name, Verdict.UNKNOWN, reason=reason)
    verdict = Verdict.INCONSISTENT if name == HOSTILE else Verdict.CONSISTENT
    bands = [[m, 5, m**-0.5, 0.8 * m**-0.5, 1.3 * m**-0.5] for m in (64, 128, 256)]
    seen = EvidenceItem(Evidence.EXPERIMENTAL, "slope of log ||G_m - K||_F against log m", {"slope": "-0.499319"})
    test = {"name": f"rate, {name}", "verdict": verdict.name, "p": 0.37, "interval": [-0.5121, -0.4865]}
    detail = {"quantity": "slope", "tests": [{**test, "alternatives": [-0.25, -1.0]}]}
    if claim.id.endswith("gram-convergence"):
        detail |= {"bands": bands, "rate_bands": bands, "slope": -0.499319}
    return certificate(claim, name, verdict, evidence=(seen,), lower=-0.5121, upper=-0.4865, detail=detail)


def results(names: tuple[str, ...], *, n: int = 4, sampled: bool = True) -> Results:
    """Results of ``deq-general`` with these activations."""
    data = load("sphere", n, d=3, seed=1)
    study = Study(
        "synthetic_1", ("deq-general",), names, data, widths=(64, 128, 256) if sampled else (), replicates=5,
        budget=Budget(seed=7),
    )  # fmt: skip
    found = []
    for claim in system("deq-general").claims:
        for name in ("any",) if claim.activation_free else names:
            found.append(_statistical(claim, name, sampled) if claim.statistical else _rigorous(claim, name))
    return Results(study, tuple(found), 12.5, "0.1.0", complete=False, notes=("a_b: 50 % of <these> & those",))


ADMISSIBLE = Hypothesis("lipschitz", r"\kappa_1 < \infty")
STEP = Hypothesis("step-size", r"\eta \le 1/\beta")
NOWHERE = Hypothesis("nowhere", r"0 = 1")


def _toy(slug: str, label: str, *hypotheses: Hypothesis, system: str = "toy-kernels", **more) -> Claim:
    ours = "docs/theory/finite-width.md, Tests"
    provenance = more.pop("provenance", "")
    return Claim(
        f"{system}.{slug}", label, f"the title of {label}", hypotheses, r"\lambda_{\min}(K) > 0",
        Reference("truong2023deq", "Theorem 3", ours, provenance),
        "by-hand", "the same with a wrong sign", **more,
    )  # fmt: skip


KERNELS = System(
    "toy-kernels",
    "A system about kernels",
    "truong2023deq",
    r"f(x) = \sum_i c_i k(x, x_i)",
    (Parameter("eta", "1/100", "step size"),),
    (
        _toy("least-eigenvalue", "B01", ADMISSIBLE, argument=Argument.DIRECT),
        _toy("descent", "B02", ADMISSIBLE, STEP, obligation="the constant of the last step is nowhere bounded"),
        _toy("never", "B03", NOWHERE, provenance="published for one dimension only"),
        _toy("never-too", "B04", NOWHERE),
    ),
    ("A sign is missing in front of x_i.",),
    ("gaussian", "matern-5/2"),
    MappingProxyType({r"\kappa_1": "the first constant of the kernel"}),
    subject="kernel",
)
FIXED = System(
    "toy-fixed",
    "A system about one activation",
    "truong2023deq",
    r"z = \phi(Az + Bx)",
    (),
    (
        _toy("flow", "A01", STEP, system="toy-fixed", argument=Argument.DIRECT),
        _toy("rate", "A02", STEP, system="toy-fixed", statistical=True, activation_free=True),
    ),
    default_activations=("relu",),
    fixed=True,
)


def figure(**more) -> dict:
    """Curves as a check leaves them, with a gap, a value that no logarithm has, and marks of hostile text."""
    steps = list(range(0, 1000, 2))
    loss = [0.9**k if k % 7 else float("nan") for k in steps]
    return {
        "title": "loss against the rate $x_1$ & <b>",
        "x": {"label": "step k", "values": steps},
        "series": [
            {"label": "L(k)", "values": loss, "role": "measured"},
            {"label": "L_0 (1 - eta lambda_0/2)^k", "values": [0.95**k for k in steps], "role": "bound"},
            {"label": "limit of ||W||_2", "values": [0.0, *[1e-9] * (len(steps) - 1)], "role": "limit"},
        ],
        "log": True,
    } | more


def toys(*, kernels: tuple[str, ...] = ()) -> Results:
    """Results of ``deq-general`` and of the two systems above; call it where they are registered."""
    one = results(("tanh", GAUSSIAN, HOSTILE))
    study = Study(
        "three", ("deq-general", "toy-kernels", "toy-fixed"), one.study.activations, one.study.data,
        widths=(64, 128, 256), replicates=5, kernels=kernels,
    )  # fmt: skip
    found = list(one.certificates)
    seen = EvidenceItem(Evidence.ENCLOSED, "by hand", {"beta": "2"})
    for name in study.subjects("toy-kernels"):
        least, descent, never, too = KERNELS.claims
        found.append(certificate(least, name, Verdict.PROVED, evidence=(seen,), lower=0.5, upper=0.75, margin=0.5))
        found.append(
            certificate(
                descent,
                name,
                Verdict.PROVED,
                evidence=(seen,),
                margin=0.125,
                sharpness=(0.0, 1e-7),
                scope="one network of width 64",
                detail={"figure": figure()},
            )
        )
        found += [certificate(never, name, Verdict.NOT_APPLICABLE), certificate(too, name, Verdict.NOT_APPLICABLE)]
    broken = {"figure": figure(series=[{"label": "short", "values": [1.0], "role": "measured"}])}
    flow, rate = FIXED.claims
    known = {"sharpness": (0.0, 1e-9), "reason": "no rule applies"}
    found.append(certificate(flow, "relu", Verdict.UNKNOWN, **known, detail=broken))
    found.append(_statistical(rate, "any", True))
    return Results(study, tuple(found), 30.0, "0.1.0")


@pytest.fixture(scope="module")
def registered() -> Iterator[None]:
    """The two invented systems are known while a module of tests runs."""
    known = MappingProxyType({**systems(), "toy-kernels": KERNELS, "toy-fixed": FIXED})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certigram.theory.claims.system, "systems", lambda: known)
        yield


@pytest.fixture(scope="module")
def several(registered: None) -> Report:
    """Three systems: activations, kernels, and one activation alone; with curves."""
    return Report(toys(), ENVIRONMENT)


@pytest.fixture(scope="session")
def report() -> Report:
    """Three activations, every verdict, networks."""
    return Report(results(("tanh", GAUSSIAN, HOSTILE)), ENVIRONMENT)


@pytest.fixture(scope="session")
def plain_report() -> Report:
    """Twelve activations, one point, no networks."""
    names = ("tanh", "erf", "gelu", "sigmoid", "relu", "sin", "cos", "softplus", "leaky_relu(1/10)", "silu", "mish")
    return Report(results((*names, "x*exp(-x**2/2)+erf(2*x)/3"), n=1, sampled=False), ENVIRONMENT)


@pytest.fixture(scope="session", params=["report", "plain_report"])
def any_report(request: pytest.FixtureRequest) -> Report:
    """Either of them."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def tool():
    """Ask for a program: the test is skipped where it is missing, and fails where the tools are required."""
    import os

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            if os.environ.get("CERTIGRAM_REQUIRE_TOOLS"):
                pytest.fail(f"{name} is not installed, and CERTIGRAM_REQUIRE_TOOLS asks for it")
            pytest.skip(f"{name} is not installed")
        return path

    return find
