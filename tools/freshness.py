"""Are a notebook's committed outputs those of the committed code? Two hashes in its metadata answer without running it.

`made_from` is over its code cells and the package files that they use, `outputs` over what was printed and drawn. Outputs are
fresh while both still fit: neither the code, nor the package under it, nor the outputs were touched since build_notebooks.py ran.
"The package files that they use" is the static closure of imports (`sources`), so an edit makes stale only the notebooks that
can feel it; text cells and metadata make nothing stale.
"""

import argparse
import ast
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "vae_helpers"


def there(text: str) -> Path:
    """The path of a notebook that a command was given, for argparse, which says what is wrong with it."""
    path = Path(text)
    if path.suffix != ".ipynb" or not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no notebook {text}: give the path of one, such as notebooks/07_train_a_vae.ipynb")
    return path


def read(path: Path) -> dict:
    """The notebook as a plain dict, with multi-line strings joined."""
    return _joined(json.loads(path.read_text(encoding="utf-8")))


def staleness(notebook: dict) -> str:
    """Why the outputs cannot be trusted, or the empty string."""
    written = notebook["metadata"].get("vae_helpers", {})
    true = stamp(notebook)
    if not written:
        return "never built"
    if written.get("made_from") != true["made_from"]:
        return "its code, or a module of the package that it uses, changed since it was built"
    if written.get("outputs") != true["outputs"]:
        return "its outputs were not written by this tool"
    return ""


def stamp(notebook: dict) -> dict[str, str]:
    """The two hashes that fit the notebook and the package as they are now."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    code = [cell["source"] for cell in cells]
    files = [(str(file.relative_to(PACKAGE.parent).as_posix()), _bytes(file)) for file in sources("\n".join(code))]
    outputs = [cell["outputs"] for cell in cells]
    return {"made_from": _hash(code, files), "outputs": _hash(outputs)}


def sources(code: str, package: Path | None = None) -> list[Path]:
    """Files of the package on which `code` depends: modules imported by it, by those in turn (also inside functions), and data files
    that the code or a module found quotes by name: `"engine.js"`; without suffix in `pretrained/` and `results/`: `load("beta_sweep")`.

    A package that hands out names lazily says where they live in a dict `HOMES`; of these only the names that are used are followed,
    `package.name` or `package.load("name")`.
    The checks of exercises are imported by number: `check("4.2", ...)` needs `lessons/nb04/checks.py`.
    """
    package = package or PACKAGE
    data = [file for file in package.rglob("*.*") if file.is_file() and file.suffix not in {".py", ".pyc"}]
    found: set[Path] = set()
    queue: list[tuple[str, Path | None]] = [(code, None)]
    while queue:
        text, origin = queue.pop()
        new = set(_imports(text, origin, package)) if origin is None or origin.suffix == ".py" else set()
        quoted = set(re.findall(r"""["'](?:[\w.-]+/)*([\w.-]+)["']""", text))
        new |= {file for file in data if file.name in quoted or (file.parent.name in {"pretrained", "results"} and _stem(file) in quoted)}
        if origin is None:
            checks = [f"lessons/nb{int(number):02d}/checks.py" for number in re.findall(r"""check\(\s*["'](\d+)\.\d+["']""", text)]
            new |= {file for name in checks if (package / name).exists() for file in _run_by(package / name, package)}
        for file in new - found:
            queue.append((file.read_text(encoding="utf-8") if file.suffix in {".py", ".js", ".css"} else "", file))
        found |= new
    return sorted(found)


def _stem(file: Path) -> str:
    """The model's name: "mnist_vae_2d" of its card, its weights and its codes."""
    return file.stem.removesuffix("_codes")


def _imports(text: str, origin: Path | None, package: Path) -> Iterator[Path]:
    """Files of the package that the import statements in `text` load."""
    if origin is None:  # IPython's own lines are not Python
        text = re.sub(r"^\s*[%!?].*$", "", text, flags=re.MULTILINE)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [(alias.name, alias.asname or alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level and origin is not None:
                here = origin.relative_to(package.parent).parent.parts
                base = ".".join((*here[: len(here) - node.level + 1], *base.split("."))).strip(".")
            names = [(base, ""), *((f"{base}.{alias.name}", alias.asname or alias.name) for alias in node.names)]
        else:
            continue
        for name, here_called in names:
            if name.split(".")[0] == package.name:
                yield from _loaded(name.split("."), here_called, text, package)


def _loaded(parts: list[str], here_called: str, text: str, package: Path) -> Iterator[Path]:
    """What importing a.b.c runs: a and a.b first; and where one of them only hands names on, the home of each name that is used."""
    for end in range(1, len(parts) + 1):
        where = package.parent.joinpath(*parts[:end])
        yield from (file for file in (where / "__init__.py", where.with_suffix(".py")) if file.exists())
        if (where / "__init__.py").exists() and (homes := _homes(where / "__init__.py")):
            asked = rf"""\b{re.escape(here_called)}\.(?:load\(\s*["'])?(\w+)"""  # load(…) of no literal: "load", so of any
            used = parts[end : end + 1] or (re.findall(asked, text) if here_called else [])
            for name in homes if {"*", "load"} & set(used) else used:
                if name in homes:
                    yield from _run_by(where.joinpath(*homes[name].split(".")).with_suffix(".py"), package)


def _run_by(file: Path, package: Path) -> list[Path]:
    """A module and the faces of the packages around it, which Python runs first."""
    return [file, *(folder / "__init__.py" for folder in file.parents if folder.is_relative_to(package))]


def _homes(face: Path) -> dict[str, str]:
    """The dict HOMES of a package's face: name → module."""
    for node in ast.parse(face.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HOMES":
            return ast.literal_eval(node.value)
    return {}


def _bytes(file: Path) -> str:
    content = file.read_bytes()
    if b"\0" not in content:
        content = content.replace(b"\r\n", b"\n")  # as git may check it out
    return hashlib.sha256(content).hexdigest()


def _hash(*things) -> str:
    return hashlib.sha256(json.dumps(things, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _joined(value):
    """JSON's lists of lines as strings, everywhere that nbformat joins them."""
    if isinstance(value, dict):
        return {key: "".join(v) if _is_lines(key, v) else _joined(v) for key, v in value.items()}
    return [_joined(v) for v in value] if isinstance(value, list) else value


def _is_lines(key: str, value) -> bool:
    return (key in {"source", "text"} or "/" in key) and isinstance(value, list) and all(isinstance(v, str) for v in value)
