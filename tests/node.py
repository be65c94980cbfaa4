"""The browser's JavaScript in Node, so that it can be compared with Python where there is no browser."""

import json
import re
import shutil
import subprocess

import pytest

from vae_helpers.widgets.kit.base import bundle

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed, so the browser's JavaScript was not run")
HEAD = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8")), tell = (value) => console.log(JSON.stringify(value));
const bytes = (base64) => Uint8Array.from(Buffer.from(base64, "base64"));
"""


def in_node(tmp_path, script: str, given=None):
    """What the module `script` hands to `tell`. In it, `given` is what is given here, as JSON brings it, `bytes` reads base64, and
    `import … from "engine.js"` brings that file of the widgets with all that it imports."""
    for name in re.findall(r'from "(\w+)\.js"', script):
        (tmp_path / f"{name}.mjs").write_text(bundle(f"{name}.js"), encoding="utf-8")
    (tmp_path / "run.mjs").write_text(HEAD + re.sub(r'from "(\w+)\.js"', r'from "./\1.mjs"', script), encoding="utf-8")
    done = subprocess.run(["node", tmp_path / "run.mjs"], input=json.dumps(given), capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
