"""One formula of notebook 07 corrupted: the check of its equation must notice."""

BREAK = [
    ("7.1", "N / M * values[picks].sum(1)", "values[picks].sum(1)"),
]

EQUIVALENT = [
    (
        "7.4",
        "elbo(vae, x_test, generator=runtime.generator(5)).elbo.mean() -> (elbo(vae, x_test, generator=runtime.generator(5)).elbo.sum())",
        "of the loop by hand against fit: these a and b are not in (7.4)",
    ),
]
