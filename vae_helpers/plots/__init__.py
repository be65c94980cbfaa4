"""One function for each kind of picture, by topic. Each takes tensors and an Axes and returns the Axes: no training, no sampling."""

from .autoencoder import auc_by_digit, autoencoder_sketch, hole_curves, rate_error, signed_image  # noqa: F401
from .basics import curve, error_bars, gaussian_grid, image_grid, image_rows, manifold, scatter_codes, tile  # noqa: F401
from .gradients import (  # noqa: F401
    computation_graphs,
    dimension_laboratory,
    growth,
    jump,
    laboratory,
    race,
    relaxation,
    signal_to_noise,
    variance_curves,
    variance_dots,
)
from .kl import (  # noqa: F401
    closed_form_check,
    code_ellipses,
    covariance_ellipses,
    density_fits,
    estimator_quality,
    estimator_variances,
    kl_frame,
    kl_integrand,
    spring,
    two_densities,
)
from .latent_space import density_difference, few_labels, information_map, seeds_and_mean  # noqa: F401
from .latent_variables import (  # noqa: F401
    belief_bars,
    circle_of_needs,
    curve_with_noise,
    density_against_histogram,
    error_against_samples,
    gaussian_fits,
    samples_against_dimension,
    three_densities,
    toy_frame,
    toy_reading,
    traces,
)
from .reconstruction import (  # noqa: F401
    density_mean,
    level_bars,
    logit_costs,
    missing_constant,
    pixel_map,
    rows_with_numbers,
    sigma_curves,
    sigma_frame,
    two_ends,
)
from .training import climbing_bound, posterior_and_q, train_and_held_out  # noqa: F401
