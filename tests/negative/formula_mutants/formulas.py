"""The functions that implement the formulas of claims, by paper, as data; and what else of a room a check may run.

``test_formula_mutants.py`` asks that every function with a place in it that a check runs is one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PAPERS = "certigram.numerics.papers"


@dataclass(frozen=True)
class Case:
    """A small instance: a system on the first digits, for one activation or kernel."""

    system: str
    subject: str
    parameters: tuple[tuple[str, str], ...]
    points: int = 3


@dataclass(frozen=True, eq=False)
class Room:
    """A paper: its instances; its formulas by module, functions separated by blanks; and what is no formula, and why.

    Modules are named inside the room, or by ``numerics.…`` where the paper runs those of a tool. ``others`` names a
    module, or ``module:function``.
    """

    name: str
    cases: tuple[Case, ...]
    functions: Mapping[str, str]
    others: Mapping[str, str]

    def module(self, name: str) -> str:
        """The full name of a module."""
        return f"certigram.{name}" if name.startswith("numerics.") else f"{PAPERS}.{self.name}.{name}"

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems that the instances are of."""
        return tuple(dict.fromkeys(case.system for case in self.cases))

    @property
    def formulas(self) -> tuple[str, ...]:
        """The functions as ``module:qualified.name``."""
        return tuple(f"{self.module(m)}:{name}" for m, names in self.functions.items() for name in names.split())


PROVER = "encloses what occurs: it is the other side of the relations, with an error analysis and tests of its own"
STATES = "states relations between what the formulas give; its numbers are shares that controls plant, or shown"
SETTING = "chooses data, sizes and precisions, or numbers of which what is claimed is proved afterwards"
FLOATS = "simulations and samples, of which nothing is proved"
SHOWN = "recipes of the second opinion, which are compared with what was enclosed"
UNSEARCHED = "not searched yet, many checks run it: test_planted_constants.py of the room changes some of its numbers"
ELSEWHERE = "no claim states it; test_sgd_setting.py and test_sgd_plan.py of the room run it"
BY_NEURON = "no claim states it; test_one_neuron.py and test_neuron_plans.py run it, with planted errors"
BY_RECIPE = "not searched yet; test_lazy_descent.py and test_recipe_claims.py of the room run it, with planted errors"
SHARP = "the other side of the falsifier's bounds"
LINES = "lines"
"""Modules whose names begin so hold lines of lemmas, which ``tests/negative/test_lemma_mutants.py`` changes."""

LOGISTIC = Room(
    "two_layer_logistic",
    (Case("two-layer-logistic", "sigmoid", (("width", "8"), ("outer", "1/2"))),),
    {
        "bounds": """OuterWeights.one OuterWeights.two_squared OuterWeights.infinity LogisticBounds.__init__
            LogisticBounds.parameters LogisticBounds.gradient LogisticBounds._spread LogisticBounds.laplacian
            LogisticBounds.convexity_threshold LogisticBounds.published_threshold LogisticBounds.smoothness
            LogisticBounds.strong_convexity LogisticBounds.growth LogisticBounds.radius LogisticBounds.ceiling
            LogisticBounds.second_moment LogisticBounds.stationary_excess LogisticBounds.descent log_partition_bound
            holley_stroock oscillation _loss""",
        "rayleigh": "rayleigh_bound",
        "counterexample": "profile least_profile remainder curvature_ceiling decide",
        "conditions": "squared_bounds completed_square",
        "sgd.inputs": "LabelledInputs.share LabelledInputs.squared_norm LabelledInputs.scale_squared input_moments",
        "sgd.setting": """Batches.share SgdSetting.__init__ SgdSetting.width SgdSetting.convex SgdSetting.parameters
            SgdSetting.rate SgdSetting.outer_norm SgdSetting.values SgdSetting.largest_q SgdSetting.loss_floor
            SgdSetting.loss_ceiling SgdSetting.oscillation SgdSetting._pull SgdSetting._spread
            SgdSetting.convexity_threshold SgdSetting.strong_convexity SgdSetting.smoothness
            SgdSetting.hessian_trace SgdSetting.gradient SgdSetting.laplacian SgdSetting.radial
            SgdSetting._gradient_variance SgdSetting.noise SgdSetting.noise_frobenius SgdSetting.noise_bound
            SgdSetting.room_at_zero SgdSetting.minimiser _mean_pull loss""",
        "sgd.log_sobolev": """LogSobolev.constant LogSobolev.log10_constant envelope one_neuron inverse_temperature
            holley_stroock bakry_emery log_lipschitz _log_lipschitz defect
            _of_one_neuron _closed_form""",
        "sgd.theorem": """Start.point Start.gaussian Start.distance_squared _data_term NoisyDescent.floor_moment
            NoisyDescent._beta NoisyDescent._eta NoisyDescent._log_contraction NoisyDescent.second_moment
            NoisyDescent.largest_moment NoisyDescent.first NoisyDescent.discretisation
            NoisyDescent.conditional NoisyDescent._forgotten NoisyDescent.recursion_cost NoisyDescent.bias
            NoisyDescent.recursed NoisyDescent.entropy NoisyDescent.thermal NoisyDescent.excess ConvexDescent.floor
            ConvexDescent.excess stationarity _decay""",
        "checks.bounds": "_curvature _norm _thresholds",
        "checks.conditions": "_unregularised _negative squared_loss",
        "checks.stationary": "admitted exponent",
    },
    {
        "barta": PROVER, "enclosed": PROVER, "loss": PROVER, "quadrature": PROVER, "spectrum": PROVER,
        "scalar": PROVER, "constants": PROVER, "counterexample:_point": PROVER, "gap": PROVER,
        "plane": PROVER, "evolution": FLOATS, "langevin": FLOATS, "enclosed_numbers": SHOWN, "hypotheses": SETTING,
        "extremal": STATES, "checks": STATES, "conditions": STATES, "instance": SETTING,
        "bounds:alternating": SETTING, "sharpness": SHARP, "sgd.one_weight": PROVER,
        "sgd.activation": PROVER, "sgd.search": SETTING,
        "sgd.plan": SETTING, "sgd.extremal": STATES, "sgd.worked": STATES,
        "sgd.setting:SgdSetting.from_moments": SETTING,
        "face": SETTING, "sgd.inputs:LabelledInputs.of": SETTING, "sgd.log_sobolev:options": SETTING,
        "sgd.log_sobolev:best": SETTING, "sgd.log_sobolev:gap": ELSEWHERE, "sgd.theorem:decreasing_steps": ELSEWHERE,
        "sgd.envelope": BY_NEURON, "sgd.neuron": BY_NEURON,
        "sgd.setting:SgdSetting.of": SETTING, "sgd.setting:SgdSetting.scalar": SETTING,
        "sgd.log_sobolev:roughly": SETTING, "sgd.log_sobolev:_promising": SETTING,
        "sgd.theorem:NoisyDescent.__post_init__": SETTING, "sgd.theorem:ConvexDescent.__post_init__": SETTING,
    },
)  # fmt: skip
SMALL = (("embedding", "2"), ("points", "3"), ("iterations", "3"), ("depth", "4"), ("features", "24"))
RESNET = Room(
    "resnet_rkhs",
    tuple(Case("resnet-rkhs", kernel, SMALL) for kernel in ("gaussian", "matern-5/2")),
    {
        "rates": """path_bound Landscape.kappa1 Landscape.kappa2 Landscape.compression Landscape.separated
            Landscape.largest Landscape.lower Landscape.upper Landscape.smoothness""",
        "recipe": "Recipe.radius Recipe.mu Recipe.path Recipe.separates",
        "condition": "Condition.radius Condition.path Condition.ceiling",
        "features": """spectral_constant enough_uniformly enough_at_one_configuration uniform_failure
            chernoff_failure""",
        "lazy": "lazy_constants",
        "checks.convergence": "power_law supremum decrease",
        "checks.features": "covering_exponent chernoff_exponent squared_slopes rate_inside mean_of_two",
        "checks.gradient": "curvature curvature_at_a_minimum",
        "checks.kernel": "taylor_constants _lifted",
        "checks.trajectories": "kept",
        "numerics.radial.bounds": "wendland_constants spectral_density",
    },
    {
        "descent": PROVER, "fields": PROVER, "passes": PROVER, "witness": PROVER,
        "variation": PROVER, "dot_product": PROVER, "end_to_end": SETTING, "lazy_descent": BY_RECIPE,
        "leverage": BY_RECIPE, "limits": BY_RECIPE,
        "features:feature_field": PROVER, "features:feature_gram": PROVER, "numerics.radial": UNSEARCHED,
        "features:frequencies": SETTING, "lazy:lazy_run": SETTING, "condition:condition": SETTING,
        "condition:Condition.mu": SETTING,
        "condition:Condition.at_the_ceiling": STATES, "recipe:_above": SETTING, "recipe:best_reach": SETTING,
        "recipe:recipe": SETTING, "recipe:quiet_distance": SETTING, "rates:Landscape.eigenvalue": SETTING,
        "hypotheses": SETTING, "setting": SETTING, "instance": SETTING, "enclosed_numbers": SHOWN,
        "extremal": STATES, "checks": STATES, "sharpness": SHARP,
    },
)  # fmt: skip
IMPLICIT = Room(
    "implicit_relu",
    (Case("implicit-relu", "relu", (("width", "48"), ("training_points", "3"), ("steps", "3"))),),
    {
        "convergence": """kappa stability_constant stability_radius half_rate implied norms width_condition bootstrap
            exit_conditions""",
        "arc_cosine": "arc_cosine arc_cosine_series arc_cosine_matrix pair_eigenvalue hermite_bound",
        "limit": "limit_map limit_rate limit_variance",
        "network": "Network.over_gap",
        "checks.gram": "_closed_forms",
        "checks.network": "_picard",
        "checks.stability": "_feature_relation _allowed",
        "checks.training": "rate_relation descent_relations descent",
        "descent.closed": "Corollary.relations corollary closed_at radius composed_constants",
        "descent.concentration": "entropy truncated failure chernoff boosted direct _pair_deviation _inverse",
        "descent.extreme": "Unit.state Unit.moved Unit.coupling",
        "descent.moments": "squares cubes pair variance _triangle",
        "descent.theorem": "Initial.__init__ Constants.everything Descent.steps constants certify _grown conditions",
        "descent.width": "Setting.events Setting.__init__ initial",
    },
    {
        "descent.closed:closed_width": SETTING,
        "descent.concentration:_best": SETTING,
        "descent.data": PROVER,
        "descent.hypotheses": STATES,
        "descent.measured": PROVER,
        "descent.told": STATES,
        "descent.width:least_width": SETTING,
        "descent.width:bisected": SETTING,
        "algebraic": PROVER, "antipodes": PROVER, "witness": PROVER,
        "gradients": PROVER, "network": PROVER, "tangent": PROVER,
        "convergence:_hold": STATES,
        "training": PROVER, "convergence:_largest": SETTING, "convergence:WidthCondition.relations": STATES,
        "checks": STATES, "instance": SETTING, "face": SETTING,
        "enclosed_numbers": SHOWN, "experiments": FLOATS, "sharpness": SHARP,
    },
)  # fmt: skip
TRAINED = (("training_width", "48"), ("training_points", "3"), ("training_steps", "4"))
EQUILIBRIUM = Room(
    "deep_equilibrium",
    (Case("deq-general", "tanh", TRAINED), Case("deq-relu", "relu", TRAINED)),
    {
        "population.variance": "a_priori_bound",
        "population.contraction": "contraction_squared homogeneous_mean_square",
        "population.schur_bounds": "LowerBounds._weights LowerBounds.discs LowerBounds.simple",
        "population.tangent": "equilibrium_tangent_series resolved",
        "population.high_dimensional": """high_dimensional_equivalent _spread response entry brackets _span
            measured_response""",
        "width.bias": "Bias.frobenius recursion _slopes diagonal_distance pair_distance _tilt _restored smooth_bias",
        "width.exact_laws": """AffineModel.drive AffineModel.limit AffineModel.setting AffineModel.mean_below
            cut_variance linear_tail""",
        "width.gram": "spread drive_norm slope gram_at gram",
        "width.scale": "Scale.m Scale.root scale first_square moments _over",
        "width.setting": "WidthSetting.theta WidthSetting.trace activation_bounds",
        "width.smoothed": "smoothed lipschitz_bias _moves _moved",
        "width.whitened": """Concentration.of Concentration.slope Concentration.tail Concentration.reach
            Concentration.net Concentration.trace Concentration._base net_failure""",
        "zero_output.theorem": """Initial.slope Descent.slope Descent.hypotheses Descent.holds Descent.step
            descent corollary""",
        "zero_output.composed": "Composed.steps initial composed",
        "zero_output.one_neuron": "Neuron.z Neuron.e Neuron.after start overshoot",
        "population.bures": "bures_distance PopulationMap.image",
        "width.end_to_end": "random_start",
        "training.explicit_constants": "explicit_constants",
        "training.descent": "geometric",
        "relu": "ReluInstance.mean_lipschitz",
        "checks.fixed_point": "_self_map arc_cosine _closed_form",
        "checks.lower_bounds": "psd_order",
        "checks.dual_calculus": "_orders _scales",
        "checks.training": "half_rate bound_of_loss _step_by_step _norm_along",
    },
    {
        "population.variance": PROVER, "population.contraction": PROVER, "population.kernel": PROVER,
        "population.model": PROVER, "population.near_one": PROVER, "population.pair": PROVER,
        "population.pair_entry": PROVER, "population.singularity": PROVER, "population.gram_unequal": PROVER,
        "population.rectangle": PROVER,
        "population.gaussian_mixture": PROVER, "population.schur_bounds": PROVER, "training": PROVER,
        "enclosed_numbers": SHOWN, "witness": PROVER, "finite_width": PROVER, "large": PROVER,
        "relu": SETTING, "general": SETTING,
        "checks": STATES, "instance": SETTING, "hypotheses": SETTING, "sharpness": SHARP,
        "relative:network_gram": PROVER, "relative:population_gram": PROVER, "relative:combination": PROVER,
        "width.certified": SETTING,
        "width.search": SETTING,
        "width.inverse_trace": PROVER,
        "width.setting:WidthSetting.of": PROVER,
        "width.setting:norm_groups": SETTING,
        "width.setting:input_norm": PROVER,
        "width.smoothed:bias": SETTING,
        "width.smoothed:best_smoothing": SETTING,
        "width.smoothed:_smoothing": SETTING,
        "width.whitened:whitened": SETTING,
        "width.whitened:whitened_at": SETTING,
        "width.whitened:_times": SETTING,
        "zero_output.composed:at_width": SETTING,
        "zero_output.composed:certified_descent_width": SETTING,
        "zero_output.theorem:tried": SETTING,
        "zero_output.along": STATES,
        "zero_output.instance": SETTING,
        "zero_output.run": PROVER,
        "width.end_to_end:end_to_end": STATES, "width.end_to_end:certified_training": SETTING,
        "relative:whitened": FLOATS, "relative:concentrated": STATES, "relative:within": STATES,
    },
)  # fmt: skip
ROOMS = (LOGISTIC, RESNET, IMPLICIT, EQUILIBRIUM)

DRAWN = ((f"{PAPERS}.implicit_relu.checks.training", "_flow_figure"),)
"""What only draws a figure: it is left out."""
KEPT = frozenset({
    "flat_law", "bump_law", "activation_constants", "_moments", "range_of", "_functions", "gradient_differences",
    "_gaussian_means", "mixture_constants", "_recurrence",
})  # fmt: skip
"""Cached functions in which no formula has a part: what they keep is kept."""
NO_CONSTANTS = frozenset({"BITS", "GRID", "GUARD_BITS", "EVALUATION_BITS", "ITERATIONS", "SAFE", "FLOOR", "UNIT",
    "TINY", "SLACK", "UNDERFLOW", "PICARD_STEPS", "RESOLVED", "EXTRA_ORDERS", "PRINTED_BITS", "START_BITS",
    "EVALUATIONS_PER_LEVEL", "REACHES", "SLIGHTLY", "CLOSE", "DIGITS", "DEPTH", "POINTS", "X", "SHARES", "TARGETS",
    "RESIDUALS", "BOUND_BITS", "OUTPUT_SHARE", "FAILURE"})  # fmt: skip
"""Constants of modules that set precisions, sizes, roundings, or what is tried."""

PLANTS = "the factor or share that only a control plants: 1, or 0, in the check"
ROUNDINGS = "an allowance for roundings, far below what is compared"
NUMBERING = "how the first iterate that is compared is called"
WHY: dict[str, str] = {
    "exponent": "its sign alone counts",
    "least_profile": "the range is longer than the period",
    "spectral_constant": ROUNDINGS,
    "power_law": "2 * 1 and 2 / 1 are one number",
    "covering_exponent": "the exponent 9 of every dimension is loose in low ones",
    "squared_slopes": "a seed; and the rest of a lower end, which grows",
    "curvature": "beta is loose at random controls; curvature_at_a_minimum and a line of its lemma attain it",
    "taylor_constants": "zeros beyond the terms that count",
    "_lifted": "any separation that is large enough will do",
    "kept": "a trivial ratio at v = 0 more or less",
    "norms": "a ball around 0, whose sign does not matter",
    "arc_cosine_series": "zeros beyond the terms that count",
    "hermite_bound": "the factors beyond the last term lie between the next one and 1, far below what is compared",
    "_picard": "an allowance for roundings, far below what is compared; how many iterates are compared",
    "rate_relation": f"{ROUNDINGS}; {NUMBERING}",
    "_feature_relation": NUMBERING,
    "_step_by_step": NUMBERING,
    "descent": "shown beside the figure",
    "contraction_squared": "a multiple of 0",
    "LowerBounds._weights": "one order more or less in the bound of a rest that is far below what is compared",
    "LowerBounds.simple": "the upper end of a lower bound: nothing is claimed of it",
    "entry": "the speed of the iteration and its start, of which nothing is assumed; the factor of a last rest, "
    "which is a few roundings",
    "_span": "a ball around 0, whose sign does not matter",
    "_self_map": "0 on inputs of one norm; tests/negative/test_false_certificates.py has three norms",
    "psd_order": "a margin that is printed",
    "_orders": f"how many orders are compared; {PLANTS}",
    "_scales": f"how many orders are compared, and at which distance; {PLANTS}",
}
"""Why a function has unguarded places."""
