"""Views in one HTML file that needs no kernel and no network: `save_page([pad, sliders], "explorer.html", "Explore the codes")`.

`tools/export_page.py` puts whole notebooks into such files. What several views share is written once: `Parts` keeps the JavaScript and
the style sheet of each class, and each string of bytes (weights, pictures), under a hash. page.js brings them to life.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from ...files import half_size, lighter, write_beside_and_rename
from .base import View, bundle, image

# The browser itself refuses whatever would leave the file. Blobs are what the views make of their own bytes, and of their own code.
POLICY = "default-src 'none'; img-src data: blob:; font-src data:; worker-src blob:; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


class Parts:
    """What the views of one page share, collected by `view` and written at the page's end."""

    def __init__(self):
        self.modules: dict[str, str] = {}
        self.styles: dict[str, str] = {}
        self.bytes: dict[str, str] = {}

    def view(self, data: dict, picture: bytes, caption: str) -> str:
        """HTML of one view from its `page_data`; the picture stands there until the view lives, and stays where JavaScript is off."""
        module = _keep(self.modules, data["javascript"])
        _keep(self.styles, data["stylesheet"])
        state = json.dumps(self._state(data["state"]), ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
        return (
            f'<div class="view" data-view="{module}"><script type="application/json">{state}</script>'
            f'<div class="still">{image(half_size(picture), caption, "view-picture")}'
            '<p class="needs">A still picture: the live one needs JavaScript.</p></div></div>'
        )

    def _state(self, value):
        if isinstance(value, dict) and set(value) == {"$bytes"}:
            return {"$bytes": _keep(self.bytes, base64.b64encode(lighter(base64.b64decode(value["$bytes"]))).decode())}
        if isinstance(value, dict):
            return {name: self._state(v) for name, v in value.items()}
        return [self._state(v) for v in value] if isinstance(value, list) else value

    def scripts(self) -> str:
        """The bytes, each class's JavaScript, and what brings both to life; nothing where there is no view."""
        if not self.modules:
            return ""
        data = [_packed(f"bytes-{name}", base64.b64decode(text)) for name, text in self.bytes.items()]
        code = _packed("code", json.dumps(self.modules, ensure_ascii=False).encode())
        stub = bundle("page.js") + "\nglobalThis.vaePage = { define };\nstart();"
        return "\n".join([*data, code, f'<script type="module">\n{stub}\n</script>'])


def save_page(views: View | Iterable[View], path: str | Path, title: str) -> Path:
    """One HTML file with these views, one below the other, each with its caption. Returns its path. A view shows its present state.

    Raises TypeError for what is not a view, ValueError for none, FileNotFoundError if the folder of `path` does not exist.
    """
    views = list(views) if isinstance(views, Iterable) else [views]
    for view in views:
        if not isinstance(view, View):
            raise TypeError(f"Expected views such as LatentPad or FrameStack, got {type(view).__name__}.")
    if not views:
        raise ValueError("Expected at least one view, got none: the page would be empty.")
    title = str(title)
    parts = Parts()
    body = "".join(f"{parts.view(view.page_data(), view.picture(), view.caption)}\n<p>{escape(view.caption)}</p>\n" for view in views)
    return write(document(title, f"<h1>{escape(title)}</h1>\n{body}", parts), path)


def document(title: str, body: str, parts: Parts, style: str = "", policy: str = POLICY) -> str:
    """The whole HTML text around `body`."""
    styles = "\n".join(text for text in [bundle("page.css"), style, *parts.styles.values()] if text)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>
{styles}
</style>
</head>
<body>
<main>
{body}
</main>
{parts.scripts()}
</body>
</html>
"""


def write(text: str, path: str | Path) -> Path:
    """Write beside and rename, so that no half page is ever seen. Raises FileNotFoundError if the folder does not exist."""
    path = Path(path).expanduser()
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Expected a folder that exists for {path.name}, got {path.parent}: make it first.")
    write_beside_and_rename(path, text)
    return path


def _keep(where: dict[str, str], text: str) -> str:
    """Put the text there unless it is there already, and return its name."""
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    where[name] = text
    return name


def _packed(name: str, content: bytes) -> str:
    """Bytes deflated and in base64. Weights are 16-bit numbers: first all low bytes, then all high ones, deflates better."""
    plain, paired = (zlib.compress(order, 9) for order in (content, content[0::2] + content[1::2]))
    pairs, best = (" data-pairs", paired) if len(paired) < len(plain) else ("", plain)
    return f'<script type="text/plain" id="{name}"{pairs}>{base64.b64encode(best).decode()}</script>'
