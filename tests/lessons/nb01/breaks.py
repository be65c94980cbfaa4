"""Formulas of notebook 01 corrupted: the checks of their equations must notice."""

BREAK = [
    ("1.1", "zlib.compress(image.tobytes(), 9)", "zlib.compress(image[:, ::2].tobytes(), 9)"),
    ("1.2", "correction=0", "correction=1"),
    ("1.3", "residual @ C * residual", "residual @ C"),
    ("1.5", "x_test + sigma * noise", "x_test + sigma**2 * noise"),
    ("1.6", "(pairs > 0)", "(pairs < 0)"),
    ("1.7", ".sqrt().amin(1)", ".amin(1)"),
]
