"""Files that are whole or not there, and PNGs of a third of the size: what writes a file here writes it in these ways."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


@contextmanager
def beside(path: Path, overwrite: bool = True) -> Iterator[Path]:
    """A path beside `path` to write to; renamed to `path` when the block ends well, gone when it raises: nobody sees half a file.

    The folder is made if it is not there. overwrite=False keeps what another process has put at `path` meanwhile.
    """
    if path.is_dir():
        raise IsADirectoryError(f"expected the path of a file, got the folder {path}: add a name to it")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}-{path.name}")  # of this call alone: two processes never share one
    try:
        yield part
        try:
            if overwrite or not path.exists():
                os.replace(part, path)
        except PermissionError:  # Windows refuses to replace what another process has put there a moment ago and is reading
            if overwrite or not path.exists():
                raise
    finally:
        with suppress(OSError):
            part.unlink()


def write_beside_and_rename(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8, its line ends as they are) so that readers see the old file or the new one, and never a half."""
    with beside(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def lighter(content: bytes) -> bytes:
    """A PNG in 256 colours, about a third of the size, unless that would show: over 2 % of its pixels off by over 16 of 255, on white or
    on black where it is transparent. A PNG that has a palette already, and bytes that are no PNG, come back as they are."""
    from PIL import Image

    if not content.startswith(b"\x89PNG") or (picture := Image.open(io.BytesIO(content))).mode not in ("RGB", "RGBA"):
        return content
    if picture.mode == "RGBA" and picture.getextrema()[3][0] == 255:
        picture = picture.convert("RGB")
    few = palette_png(picture)
    for paper in ("white", "black"):
        before, after = (_on(paper, p) for p in (picture, Image.open(io.BytesIO(few))))
        if (abs(before - after).max(-1) > 16).mean() > 0.02:
            return content
    return min(content, few, key=len)


def half_size(png: bytes) -> bytes:
    """The picture at half its width and height in 64 colours: a figure drawn at two dots a pixel becomes some 20 kB."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return palette_png(picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX), 64)


def palette_png(picture: Image, colours: int = 256, quick: bool = False) -> bytes:
    """A PIL image (RGB, or RGBA with its transparency) as a PNG of at most so many colours, without dither.

    quick: in a fifth of the time, a little larger and coarser, for a view's many frames; what is nearly white paper becomes white.
    """
    import numpy as np
    from PIL import Image

    octree = quick or picture.mode == "RGBA"  # the other way knows no transparency
    few = picture.quantize(colours, method=Image.Quantize.FASTOCTREE if octree else Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    if quick:
        palette = np.array(few.getpalette()).reshape(-1, 3)
        palette[palette.min(1) > 250] = 255  # averaging has left the paper not quite white
        few.putpalette(palette.ravel().tolist())
    few.save(out := io.BytesIO(), "PNG", optimize=not quick)
    return out.getvalue()


def _on(paper: str, picture):
    """What is seen of a PIL image on paper of that colour: int (H, W, 4)."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.alpha_composite(Image.new("RGBA", picture.size, paper), picture.convert("RGBA")), dtype=int)
