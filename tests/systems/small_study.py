"""A small study whose certificates are printed as JSON: run by itself, with the BLAS kernel that the environment names.

OPENBLAS_CORETYPE=Nehalem python tests/systems/small_study.py resnet-rkhs deq-relu
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction

PARAMETERS = {
    "resnet-rkhs": {"points": 4, "iterations": 5, "features": 40, "depth": 4},
    "implicit-relu": {"width": 48, "training_points": 4, "steps": 5},
    "deq-relu": {"training_width": 64, "training_points": 3, "training_steps": 10},
    "deq-general": {"training_width": 64, "training_points": 3, "training_steps": 10},
}


def main(which: str, systems: list[str]) -> None:
    """Check every claim of the systems but the statistical ones, on six images."""
    import numpy as np
    from threadpoolctl import threadpool_info

    from certigram.numerics.checks.registry import decide
    from certigram.numerics.studies.data import load
    from certigram.numerics.studies.networks import instance
    from certigram.numerics.studies.study import Study
    from certigram.theory.claims.system import system

    parameters = {s: {k: Fraction(v) for k, v in p.items()} for s, p in PARAMETERS.items()}
    study = Study("small", tuple(systems), ("tanh",), load("digits", 6), parameters, kernels=("gaussian", "matern-5/2"))
    found = []
    for name in systems:
        for number, subject in enumerate(study.subjects(name)[: 1 if which == "first" else None]):
            model = instance(name, subject, study)
            for claim in system(name).claims:
                if not claim.statistical and not (claim.activation_free and number):
                    found.append(decide(claim, model)[0].to_json())
    kernels = sorted({str(library.get("architecture")) for library in threadpool_info()})
    print(json.dumps({"kernels": kernels, "numpy": np.__version__, "certificates": found}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
