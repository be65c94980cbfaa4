"""The plan of the house: imports go downwards, modules are short, and an edit is felt only where it can be."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from freshness import PACKAGE, ROOT, read, sources
from notebook_reading import NOTEBOOKS, code_cells

# A room may use those below it, and on its own floor those that stand before it. "widgets" is the views without their kit.
FLOORS = [
    ["files", "inputs", "look", "runtime", "checks", "results", "datasets", "likelihoods"]
    + ["divergences", "gradients", "gradient_variance", "toy"],
    ["networks", "models", "conditional", "flows"],
    ["objectives", "inference", "pretrained"],
    ["settings", "training", "evaluation"],
    ["plots", "sketch", "clinic", "exercises", "environment"],
    ["widgets.kit", "widgets"],
    ["lessons"],
]
ORDER = [room for floor in FLOORS for room in floor]
KIT_KNOWS = {"files", "inputs", "look", "likelihoods"}  # and torch: the views know the paper, their kit does not, the paper knows neither
NOT_THE_PAPER = {"datasets", "look", "files", "runtime", "results"}  # of floors 0 to 3
LONGEST, PAPER = 250, 3500  # lines


def room(module: str) -> str:
    """ "widgets.kit" of vae_helpers.widgets.kit.plane, "models" of vae_helpers.models."""
    parts = module.split(".")[1:3]
    return ".".join(parts) if parts[:2] == ["widgets", "kit"] else parts[0]


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Dotted name → file, for everything but the package's own face."""
    names = {
        file: ".".join(file.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__") for file in package.rglob("*.py")
    }
    return {name: file for file, name in names.items() if name != package.name}


def imported(module: str, file: Path, known: set[str]) -> set[str]:
    """The package's modules that a file imports, also inside functions."""
    found = set()
    here = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = [*here[: len(here) - node.level + 1], *filter(None, [node.module])] if node.level else node.module.split(".")
            found |= {".".join(base), *(".".join([*base, alias.name]) for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & known


def climbs(files: dict[str, Path]) -> list[str]:
    """Every import that does not go down, and every module that stands on no floor."""
    wrong = [f"{name} stands on no floor" for name in files if room(name) not in ORDER]
    for name, file in files.items():
        for other in imported(name, file, set(files)):
            a, b = room(name), room(other)
            if a in ORDER and b in ORDER and (ORDER.index(b) > ORDER.index(a) or (a == "widgets.kit" and b not in KIT_KNOWS | {a})):
                wrong.append(f"{name} imports {other}")
            if a == b == "lessons" and name.split(".")[2] != other.split(".")[2]:
                wrong.append(f"{name} imports from another notebook's room: {other}")
    return wrong


def test_imports_go_downwards():
    assert climbs(modules()) == []


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("attic.py", "", "vae_helpers.attic stands on no floor"),
        ("toy.py", "def f():\n    from .models import VAE", "vae_helpers.toy imports vae_helpers.models"),
        ("networks.py", "from . import models", "vae_helpers.networks imports vae_helpers.models"),
        ("widgets/kit/base.py", "from ...models import VAE", "vae_helpers.widgets.kit.base imports vae_helpers.models"),
        (
            "lessons/nb02/pictures.py",
            "from ..nb01 import pictures",
            "imports from another notebook's room: vae_helpers.lessons.nb01.pictures",
        ),
    ],
)
def test_an_import_that_climbs_is_seen(tmp_path, file, text, message):
    names = ["models.py", "toy.py", "networks.py", "widgets/kit/base.py", "lessons/nb01/pictures.py", "lessons/nb02/pictures.py"]
    for name in [*names, file]:
        (tmp_path / "vae_helpers" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "vae_helpers" / name).write_text(text if name == file else "", encoding="utf-8")
    assert message in "\n".join(climbs(modules(tmp_path / "vae_helpers")))


def lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def test_every_module_fits_on_a_few_screens():
    folders = [PACKAGE, ROOT / "tools", ROOT / "experiments", ROOT / "benchmarks"]
    files = [file for folder in folders for kind in ("*.py", "*.js") for file in folder.rglob(kind) if "vendor" not in file.parts]
    assert {str(file.relative_to(ROOT)): n for file in [*files, ROOT / "run.py"] if (n := lines(file)) > LONGEST} == {}


def test_the_paper_is_small():
    floors = {name for floor in FLOORS[:4] for name in floor} - NOT_THE_PAPER
    assert sum(lines(file) for name, file in modules().items() if room(name) in floors) <= PAPER


def test_an_edit_is_felt_only_where_it_can_be():
    felt = Counter(file for path in NOTEBOOKS for file in sources("\n".join(cell["source"] for cell in code_cells(read(path)))))
    everywhere = [str(file.relative_to(PACKAGE)) for file, n in felt.items() if n == len(NOTEBOOKS) and not says_only_what_it_is(file)]
    assert len(everywhere) <= 12, everywhere


def says_only_what_it_is(file: Path) -> bool:
    """A package's face that holds nothing but its docstring."""
    return file.name == "__init__.py" and len(ast.parse(file.read_text(encoding="utf-8")).body) <= 1
