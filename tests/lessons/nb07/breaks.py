"""One formula of notebook 07 corrupted: the check of its equation must notice."""

BREAK = [
    ("7.1", "N / M * values[picks].sum(1)", "values[picks].sum(1)"),
]
