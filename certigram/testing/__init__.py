r"""Hypothesis strategies, assertions and a conformance check for your own activations, kernels and systems.

Strategies draw the inputs on which certified code breaks first: correlations at and next to 1, zero and extreme
variances, repeated and nearly repeated points, exactly known spectra, balls that are not finite. They need hypothesis
(``pip install 'certigram[testing]'``), imported at the first call. The guide is ``docs/testing-your-own.md``.

>>> from certigram.testing import check_activation
>>> check_activation("tanh(x)/2")[:3]
('pieces', 'parity', 'lipschitz')
"""

from .assertions import assert_encloses, assert_overlap, assert_psd
from .conformance import check_activation
from .data import data_sets, gram_matrices, unit_gram, unit_points
from .functions import activations, catalogue_names, expressions
from .numbers import balls, covariances, dyadics, rationals, reproducible
from .series import SpectrumMatrix, dot_product_series, spectrum_matrices

__all__ = [
    "SpectrumMatrix",
    "activations",
    "assert_encloses",
    "assert_overlap",
    "assert_psd",
    "balls",
    "catalogue_names",
    "check_activation",
    "covariances",
    "data_sets",
    "dot_product_series",
    "dyadics",
    "expressions",
    "gram_matrices",
    "rationals",
    "reproducible",
    "spectrum_matrices",
    "unit_gram",
    "unit_points",
]
