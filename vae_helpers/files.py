"""Files that are whole or not there: written beside their place and renamed."""

import os
from pathlib import Path


def write_beside_and_rename(path: Path, content: bytes) -> None:
    """Write `content` to a temporary file in the same folder, then rename it to `path`: readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
