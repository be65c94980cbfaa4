"""Pages that work by themselves: what is shared is written once, the state arrives whole, every formula converts, nothing leads outside."""

import base64
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib

import cell_html
import export_page
import mathml
import nbformat
import nbformat.v4
import numpy as np
import pytest
import torch
import traitlets
from freshness import ROOT, read
from install import surroundings
from node import in_node, needs_node
from notebook_reading import NOTEBOOKS
from PIL import Image

from vae_helpers import pretrained, widgets
from vae_helpers.files import half_size, lighter
from vae_helpers.models import VAE
from vae_helpers.widgets.kit.base import PAGE_SWITCH, PAGE_VIEW, View, blank, png_of
from vae_helpers.widgets.kit.page import Parts, _packed, document, save_page

README = (ROOT / "README.md").read_text(encoding="utf-8")
VAE_2, VAE_4 = VAE((8, 8), 2, seed=0), VAE((8, 8), 4, seed=0)


def pad(**options):
    return widgets.LatentPad(VAE_2, caption="The pad.", **options)


def stack():
    return widgets.FrameStack(lambda figure, share: figure.set_facecolor((share,) * 3), [0, 0.5, 1], size=(4, 2), caption="Three greys.")


def scripts(page: str, kind: str) -> list[str]:
    return re.findall(rf'<script type="{kind}"[^>]*>(.*?)</script>', page, re.DOTALL)


def packed(page: str) -> dict[str, bytes]:
    """What lies deflated in the page, by its id."""
    found = {}
    for name, pairs, text in re.findall(r'<script type="text/plain" id="([\w-]+)"( data-pairs)?>(.*?)</script>', page):
        content = zlib.decompress(base64.b64decode(text))
        half = (len(content) + 1) // 2
        assert name not in found
        found[name] = bytes(content[half + i // 2 if i % 2 else i // 2] for i in range(len(content))) if pairs else content
    return found


def states(page: str) -> list[dict]:
    """The state of each view, bytes put back."""
    store = packed(page)

    def revive(value):
        if isinstance(value, dict) and "$bytes" in value:
            return store[f"bytes-{value['$bytes']}"]
        if isinstance(value, dict):
            return {name: revive(v) for name, v in value.items()}
        return [revive(v) for v in value] if isinstance(value, list) else value

    return [revive(json.loads(text)) for text in scripts(page, "application/json")]


def plain(value):
    """As JSON has it: no tuples."""
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def lightened(value):
    """Pictures as the page keeps them; all other bytes as they are."""
    if isinstance(value, dict):
        return {name: lightened(v) for name, v in value.items()}
    if isinstance(value, list):
        return [lightened(v) for v in value]
    return lighter(value) if isinstance(value, bytes) and value.startswith(b"\x89PNG") else value


# ---------------------------------------------------------------- views


def test_what_views_share_is_written_once(tmp_path):
    one = save_page([pad()], tmp_path / "one.html", "One").read_text(encoding="utf-8")
    three = save_page([pad(), pad(z=(1, 1)), stack()], tmp_path / "three.html", "Three").read_text(encoding="utf-8")
    for page, classes in ((one, 1), (three, 2)):
        assert list(packed(page).values()).count(pad().weights) == 1  # `packed` refuses a name that comes twice
        code = json.loads(packed(page)["code"])
        assert len(code) == classes and pad()._esm in code.values() and page.count(pad()._css) == 1
        assert len(scripts(page, "module")) == 1  # what brings it to life
    assert len(states(three)) == 3


def test_the_state_arrives_whole(tmp_path):
    views = [
        pad(codes=torch.randn(30, 2), labels=[k % 3 for k in range(30)]),
        widgets.LatentSliders(VAE_4, caption="<b> & </script>"),
        stack(),
    ]
    page = save_page(views, tmp_path / "page.html", "State").read_text(encoding="utf-8")
    for view, state in zip(views, states(page), strict=True):
        own = {name for name in view.traits(sync=True) if not name.startswith("_")} - {"layout", "tabbable", "tooltip"}
        assert lightened(plain(view.get_state(own))) == state
    assert states(page)[0]["weights"] == views[0].weights and len(states(page)[0]["weights"]) > 1000
    assert states(page)[2]["frames"] == views[2].frames


def test_the_size_of_a_page(tmp_path):
    """A pad over a shipped MNIST model, with everything that lives in it, in a third of what a page may have (1.5 MB)."""
    mnist = pretrained.load("mnist_vae_2d")
    codes = torch.randn(600, 2, generator=torch.Generator().manual_seed(0))
    size = len(save_page([widgets.LatentPad(mnist, codes, [k % 10 for k in range(600)])], tmp_path / "page.html", "Size").read_bytes())
    assert 400_000 < size < 620_000
    again = [widgets.LatentPad(mnist), widgets.LatentPad(mnist, codes, [k % 10 for k in range(600)])]
    assert len(save_page(again, tmp_path / "again.html", "Size").read_bytes()) < size + 80_000


def mean_image(state: dict, z: torch.Tensor) -> torch.Tensor:
    """Pixel means from a page's state: an MLP's packed weights, multiplied out here."""
    network, content = state["network"], state["weights"]
    x, i, j = z, 0, 0
    floats = np.frombuffer(content[: 4 * network["floats"]], "<f4")
    numbers = np.frombuffer(content[4 * network["floats"] :], "<i2")
    for layer in network["layers"]:
        if layer["type"] == "Linear":
            m, n = layer["out"], layer["in"]
            scale, bias, weight = floats[i : i + m], floats[i + m : i + 2 * m], numbers[j : j + m * n].reshape(m, n)
            x, i, j = x @ torch.tensor(weight * scale[:, None]).T + torch.tensor(bias), i + 2 * m, j + m * n
        else:
            x = getattr(torch, layer["type"].lower())(x)
    return x


@pytest.mark.parametrize("name", ["mnist_vae_2d", "mnist_vae_10d"])
def test_a_page_keeps_the_shipped_precision(name):
    """Pixels within 2e-3 of PyTorch's from what the page holds. Codes are drawn wider than the prior."""
    model = pretrained.load(name)
    view, parts = widgets.LatentSliders(model), Parts()
    z = 1.5 * torch.randn(2000, model.latent_dim, generator=torch.Generator().manual_seed(0))
    page = document("Page", parts.view(view.page_data(), view.picture(), ""), parts)
    assert (mean_image(states(page)[0], z) - model.mean_image(z).flatten(1)).abs().max() < 2e-3


def test_one_view_needs_no_list(tmp_path):
    one, several = (
        save_page(given, tmp_path / f"{k}.html", "One").read_text(encoding="utf-8") for k, given in enumerate((stack(), [stack()]))
    )
    assert one == several


def test_text_in_a_state_or_a_script_cannot_end_it():
    class Quoting(View):
        _esm, _css = 'export default { render: () => "</script><!--<script>" };', ""
        words = traitlets.Unicode("</script><!--").tag(sync=True)

    parts = Parts()
    page = document("<T>", parts.view(Quoting().page_data(), stack().picture(), 'a "quoted" <caption>'), parts)
    assert states(page) == [{"caption": "", "words": "</script><!--"}]
    assert "<title>&lt;T&gt;</title>" in page and 'alt="a &quot;quoted&quot; &lt;caption&gt;"' in page
    assert list(json.loads(packed(page)["code"]).values()) == [Quoting._esm]
    assert page.count("<script") == page.count("</script>")


def test_the_switch_adds_the_data_to_the_bundle(monkeypatch):
    monkeypatch.delenv(PAGE_SWITCH, raising=False)
    assert PAGE_VIEW not in stack()._repr_mimebundle_()[0]
    monkeypatch.setenv(PAGE_SWITCH, "1")
    data = stack()._repr_mimebundle_()[0]
    assert json.loads(json.dumps(data[PAGE_VIEW])) == stack().page_data() and "image/png" in data


def test_nothing_half_written_and_clear_errors(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(TypeError, match="Expected views such as LatentPad or FrameStack, got VAE"):
        save_page([VAE_2], path, "Not a view")
    with pytest.raises(FileNotFoundError, match="Expected a folder that exists for page.html"):
        save_page([stack()], tmp_path / "none" / "page.html", "No folder")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        save_page([stack()], path, "Interrupted")
    assert path.read_text(encoding="utf-8") == "before"


def test_pictures_get_lighter_and_keep_their_transparency():
    plane = widgets.LatentPad(VAE_2, torch.randn(500, 2), [k % 10 for k in range(500)]).plane
    plane.draw((figure := blank((5.55, 5.2))).subplots(), ["codes"]).set_axis_off()
    codes = png_of(figure, transparent=True)
    light = lighter(codes)
    assert len(light) < len(codes) / 1.5
    before, after = (np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), dtype=int) for png in (codes, light))
    assert ((before[..., 3] == 0) == (after[..., 3] == 0)).mean() > 0.995 and (before[..., 3] == 0).any()
    ink = before[..., 3] == 255
    assert np.abs(before - after)[ink].max(-1).mean() < 8
    assert lighter(light) == light and lighter(stack().frames[0]) == stack().frames[0] and lighter(b"weights") == b"weights"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file := io.BytesIO(), "PNG")
    assert lighter(file.getvalue()) == file.getvalue()


def test_the_static_picture_is_small():
    picture = pad(codes=torch.randn(500, 2), labels=[k % 10 for k in range(500)]).picture()
    half = half_size(picture)
    assert len(half) < 40_000 and len(half) < len(picture) / 2
    assert [2 * n for n in Image.open(io.BytesIO(half)).size] == list(Image.open(io.BytesIO(picture)).size)


# ---------------------------------------------------------------- the model's stand-in


@needs_node
def test_the_stand_in_behaves_as_the_model(tmp_path):
    script = """
import { makeModel, revive } from "page.js";
const heard = [], log = (word) => () => heard.push(word);
const shared = new DataView(new ArrayBuffer(2)), other = new DataView(new ArrayBuffer(2));
const model = makeModel(revive({ z: [0, 0], deep: [{ a: { $bytes: "one" } }], none: null }, () => shared), log("unheard"));
const once = log("once");
model.on("change:z", once);
model.on("change:z change:deep", log("z or deep"));
model.on("change", log("any"));
model.set("z", [1, 2]); model.save_changes();
model.set("z", [1, 2]);
model.off("change:z", once);
model.set({ z: [3, 4], none: 1 });
model.set("deep", shared); model.set("deep", shared); model.set("deep", other);
model.send({ ask: 1 });
const seen = [model.get("z"), model.get("none"), model.get("deep") === other];
model.on("change:z", (...given) => heard.push(given[0] === model, given[1]));
model.set("z", [5]);
model.off();
model.set("z", [6]);
tell({ heard, seen });
"""
    change = ["z or deep", "any"]
    assert in_node(tmp_path, script) == {
        "heard": ["once", *change, *change, *change, *change, "unheard", "z or deep", True, [5], "any"],
        "seen": [[3, 4], 1, True],
    }


@needs_node
def test_packed_bytes_arrive_as_they_were(tmp_path):
    """Of even and odd length, empty, weights (which go in pairs), text and noise (which do not)."""
    weights = (torch.randn(3000) * 500).round().to(torch.int16).numpy().tobytes()
    noise = torch.randint(0, 256, (241,), dtype=torch.uint8).numpy().tobytes()  # cannot be deflated: as long either way
    contents = [weights, weights + b"x", b"", b"y", b"the same words, " * 50, noise]
    made = [_packed("name", content) for content in contents]
    assert [" data-pairs" in text for text in made] == [True, True, False, False, False, False]
    given = [[re.search(">(.*)<", text)[1], " data-pairs" in text] for text in made]
    script = """
import { unpack } from "page.js";
const seen = [];
for (const [text, pairs] of given) seen.push([...new Uint8Array(await unpack(text, pairs))]);
tell(seen);
"""
    assert [bytes(seen) for seen in in_node(tmp_path, script, given)] == contents


# ---------------------------------------------------------------- formulas


CORE = set("math mrow mi mn mo mtext mspace mfrac msqrt mstyle msub msup msubsup munder mover munderover mtable mtr mtd".split())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_formula_of_the_notebooks_converts(path):
    """No TeX is left over, each is well-formed, and every equation's number is there once."""
    for cell in read(path)["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        html = export_page.markdown(cell["source"], set())
        numbers = re.findall(r"\\tag\{([^}]*)\}", cell["source"])
        assert re.findall(r'class="number">(?:<mtext>)?\(([\d.a-z]+)\)', html) == numbers
        for formula in re.findall(r"<math.*?</math>", html, re.DOTALL):
            tree = ElementTree.fromstring(formula)
            assert not re.search(r"[\\$&_]", "".join(tree.itertext())), formula
            assert {element.tag for element in tree.iter()} <= CORE
        rest = re.sub(r"<math.*?</math>|<pre.*?</pre>|<code.*?</code>", "", html, flags=re.DOTALL)
        assert "$" not in rest and "\\" not in rest, rest


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\mathcal N(0, 1)", "𝒩(0,1)"),
        (r"\mathcal{L} \mathbb E \mathbb R \mathbf x", "ℒ𝔼ℝ𝐱"),
        (r"\frac12 + \tfrac{a}{34}", "12+a34"),
        (r"a - -b", "a−−b"),
        (r"\big\| x \big\|^2 \{y\}", "‖x‖2{y}"),
        (r"\text{if } z = 1.5", "if\u00a0z=1.5"),
        (r"B =: f'(x)", "B=:f′(x)"),
        (r"\begin{cases} a & b \\ c & d \end{cases}", "{abcd"),
        (r"x < y", "x<y"),
    ],
)
def test_characters(tex, text):
    assert "".join(ElementTree.fromstring(mathml.convert(tex)).itertext()) == text


def elements(tex: str, tag: str) -> list:
    return ElementTree.fromstring(mathml.convert(tex)).findall(f".//{tag}")


def test_structure():
    assert [len(e) for e in elements(r"\sum_{i=1}^N x_i^2", "munderover")] == [3] and len(elements(r"\sum_{i=1}^N x_i^2", "msubsup")) == 1
    assert len(elements(r"\int_0^1 x", "msubsup")) == 1  # limits beside the sign
    assert [e.get("form") for e in elements("-a = -b - c", "mo")] == ["prefix", None, "prefix", "infix"]
    assert len(elements(r"\log x", "mspace")) == 1 and len(elements(r"\log(x)", "mspace")) == 0 and len(elements(r"a\log x", "mspace")) == 2
    assert [e.get("minsize") for e in elements(r"\Big(x\Big)", "mo")] == ["1.8em"] * 2
    assert len(elements(r"\begin{align} a &= b \\ &= c && \text{why} \end{align}", "mtd")) == 8
    assert [e.get("class") for e in elements(r"\boxed{x} \underbrace{y}_{z}", "mrow")][-2:] == ["boxed", "underbrace"]


@pytest.mark.parametrize(
    "tex", [r"\unknown x", r"\frac{1", r"a^", r"a}", r"\begin{tikz}x\end{tikz}", r"a & b", r"\left x", r"\text{a \beta}", r"\big x y \\"]
)
def test_a_formula_that_it_does_not_know_is_named(tex):
    with pytest.raises(mathml.BadTeX, match="^The formula "):
        mathml.convert(tex)


# ---------------------------------------------------------------- notebooks


def notebook(folder, *cells: str):
    """A notebook: text that starts with # is prose, the rest code."""
    kinds = [nbformat.v4.new_markdown_cell if text.startswith("# ") else nbformat.v4.new_code_cell for text in cells]
    path = folder / "98_sample.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[kind(text) for kind, text in zip(kinds, cells, strict=True)]), path)
    return path


PROSE = r"""# A <small> page

[beside](97_other.ipynb#Why), [elsewhere](96_none.ipynb), [web](https://example.org). Inline $p(x\mid z) < 1$.

$$\log p(x) \tag{1.1}$$

| a | b |
|---|---|
| $K^L$ | p(x\|z) |

<details><summary>Solution</summary>

```python
x = 1
```

</details>
"""
CODE = """
from vae_helpers import pretrained
from vae_helpers.models import VAE
from vae_helpers.widgets import LatentPad
print("printed <b>")
LatentPad(VAE((8, 8), 2, seed=0), caption="The pad.")"""
FIGURE = "import matplotlib.pyplot as plt\nplt.figure(figsize=(2, 1))\nplt.plot([0, 1])\nplt.show()"


def test_export_of_a_small_notebook(tmp_path, capsys):
    path = notebook(tmp_path, PROSE, CODE, FIGURE)
    (tmp_path / "97_other.html").touch()
    before = path.read_bytes()
    made = nbformat.read(path, 4)
    made.cells[2].metadata["alt"] = "A line & its axes."
    nbformat.write(made, path)
    before = path.read_bytes()
    assert export_page.main([str(path), "-o", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["97_other.html", "98_sample.ipynb", "page.html"]
    assert f"{len(page.encode()) / 1000:.0f} kB" in capsys.readouterr().out

    assert "<title>A &lt;small&gt; page</title>" in page and page.count("<h1") == 1
    assert '<a href="97_other.html#Why">beside</a>, elsewhere, <a href="https://example.org">web</a>' in page
    assert '<span class="number">(1.1)</span>' in page and "<td><math>" in page and "p(x|z)" in page
    assert "<details><summary>Solution</summary>" in page and "$" not in re.sub(
        r"<(script|style)\b.*?</\1>|data:[^\"]*", "", page, flags=re.S
    )
    assert "printed &lt;b&gt;" in page and 'alt="A line &amp; its axes."' in page and 'alt="The pad."' in page
    assert "Made from 98_sample.ipynb by <code>python3 run.py export 98_sample.ipynb</code>" in page
    assert [state["caption"] for state in states(page)] == ["The pad."]
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert not re.findall(r'(?:src|poster|srcset|data)="(?!data:)[^"]*"|<link|<iframe|@import|url\((?!data:)', outside)
    assert "default-src 'none'" in page


def test_a_page_has_a_list_of_its_sections():
    body = '<h1 id="t">T</h1><p>x</p>\n<h2 id="one">One <math>n</math><a class="anchor-link" href="#one">#</a></h2>\n'
    body += '<details class="further"><summary><h2 id="two">Two<a class="anchor-link" href="#two">#</a></h2></summary></details>'
    page = export_page.with_contents(body, stored=False)
    nav = page[page.index("<p>" + export_page.NO_KERNEL) : page.index("</nav>")]
    assert re.findall(r'<li><a href="#(.*?)">(.*?)</a></li>', nav) == [("one", "One <math>n</math>"), ("two", "Two")]
    assert page.replace(nav + "</nav>\n", "") == body and page.index("<p>x") < page.index("<nav") < page.index('<h2 id="one"')
    assert export_page.with_contents(body[body.index("<details") :], stored=True).startswith("<p>")  # not in the fold
    assert export_page.with_contents("<p>x</p>", stored=False) == "<p>x</p>"


def test_what_a_page_cites_stands_at_its_end():
    body = cell_html.markdown("[Burda et al. 2016](references.md#burda2016) and [here](#one)", {export_page.REFERENCES})
    page = export_page.with_references(body)
    assert '<a href="#burda2016">Burda et al. 2016</a>' in page and re.findall(r'<li><a id="(.*?)">', page) == ["burda2016"]
    assert page.index("</p>") < page.index("References") < page.index("Importance Weighted Autoencoders")
    assert export_page.with_references("<p>x</p>") == "<p>x</p>"
    assert "<a" not in cell_html.markdown("[Burda et al. 2016](references.md#burda2016)", set())  # a slide, which has no end


def test_export_of_views_alone(tmp_path, capsys):
    second = CODE.replace("The pad.", "Second & last.")
    path, target = notebook(tmp_path, PROSE, CODE, FIGURE, second), tmp_path / "views.html"
    made = nbformat.read(path, 4)
    made.cells += [nbformat.v4.new_markdown_cell(text) for text in ("*Figure: Drag it.*", "What to look for: two gaps.")]
    nbformat.write(made, path)
    assert export_page.main([str(path), "-o", str(target), "--views"]) == 0
    page = target.read_text(encoding="utf-8")
    assert [state["caption"] for state in states(page)] == ["The pad.", "Second & last."]
    assert "printed &lt;b" not in page and "Solution" not in page and page.count("<h1") == 1
    headings = re.findall(r'<h2 id="(view-\d)">(.*?)</h2>', page)
    assert export_page.LEAD_IN in page and headings == [("view-1", "The pad."), ("view-2", "Second &amp; last.")]
    look_for = page.split("<h3>What to look for</h3>")[1].split("</div>")[0]
    assert "<math" in look_for and "<h1" not in look_for  # the notebook's own words, above it
    assert "<em>Figure: Drag it.</em>" in page and "<p>Two gaps.</p>" in page.split("<h3>What to look for</h3>")[2]  # or below it
    assert export_page.main([str(path), "-o", str(target), "--views", "2"]) == 0
    page = target.read_text(encoding="utf-8")
    assert [state["caption"] for state in states(page)] == ["Second & last."]
    assert "<code>python3 run.py export 98_sample.ipynb --views 2</code>" in page
    capsys.readouterr()
    assert export_page.main([str(path), "-o", str(tmp_path / "none.html"), "--views", "3"]) == 1
    assert "The notebook has 2 interactive views: expected numbers from 1 to 2, got [3]" in capsys.readouterr().err
    assert not (tmp_path / "none.html").exists()


def test_export_of_stored_outputs_executes_nothing(tmp_path, capsys):
    path, target = notebook(tmp_path, PROSE, "raise SystemExit"), tmp_path / "page.html"
    made = nbformat.read(path, 4)
    made.cells[1].outputs = [nbformat.v4.new_output("display_data", {"image/png": "iVBORw0K", "text/plain": "LatentPad: The pad."})]
    nbformat.write(made, path)
    assert export_page.main([str(path), "-o", str(target), "--stored"]) == 0
    page = target.read_text(encoding="utf-8")
    assert 'alt="LatentPad: The pad." src="data:image/png;base64,iVBORw0K"' in page and states(page) == []
    assert "<code>python3 run.py export 98_sample.ipynb --stored</code>" in page
    with pytest.raises(SystemExit):
        export_page.main([str(path), "--stored", "--views", "1"])
    assert "expected neither --stored nor --slides with it" in capsys.readouterr().err
    path.write_text("{}", encoding="utf-8")
    assert export_page.main([str(path), "--stored", "-o", str(target)]) == 1
    assert "98_sample.ipynb cannot be read as a notebook: KeyError('cells')" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == page


def test_export_of_slides(tmp_path, monkeypatch, capsys):
    """A section a `slide`, a screen a `subslide`, what is skipped left out; the notes of its section on each screen."""
    path = notebook(tmp_path, "# T", "1 + 1", "secret = 1", "print('x')")
    made = nbformat.read(path, 4)
    for cell, kind in zip(made.cells, ("slide", "fragment", "skip", "subslide"), strict=True):
        cell.metadata.slideshow = {"slide_type": kind}
    nbformat.write(made, path)
    monkeypatch.setattr(export_page, "speaker_notes", lambda notebook: {"T": "**3 min.** Say it."})
    assert export_page.main([str(path), "-o", str(tmp_path), "--stored", "--slides"]) == 0
    page = (tmp_path / "98_sample_slides.html").read_text(encoding="utf-8")
    body = page[page.index('<div class="slides">') : page.index("<script>")]
    assert (
        body.count("<section>") == 1 + 1 and body.count('<section data-timing="180">') == 1 and body.count("<strong>3 min.</strong>") == 2
    )
    assert body.count('<div class="fragment">\n<div class="code">') == 1 and "secret" not in body
    assert export_page.main([str(path), "-o", str(tmp_path), "--stored", "--slides", "--short"]) == 1
    assert "Expected the minutes of a short class" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        export_page.main([str(path), "-o", str(tmp_path), "--stored", "--short"])


def test_a_notebook_without_slide_types_is_one_slide(tmp_path):
    assert export_page.main([str(notebook(tmp_path, "# T", "1 + 1")), "-o", str(tmp_path), "--stored", "--slides"]) == 0
    page = (tmp_path / "98_sample_slides.html").read_text(encoding="utf-8")
    assert page[page.index('<div class="slides">') : page.index("<script>")].count("<section>") == 1 + 1


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["# T", "assert 1 == 2, 'no'"],
            "98_sample.ipynb does not run to its end: cell 1: AssertionError: no    at `assert 1 == 2, 'no'`. No page",
        ),
        (["# T", "# Formula $\\foo$"], "cell 1: The formula '\\\\foo' uses \\foo, which tools/mathml.py does not know"),
    ],
)
def test_a_failure_is_told_and_writes_nothing(tmp_path, capsys, cells, message):
    path = notebook(tmp_path, *cells)
    assert export_page.main([str(path), "-o", str(tmp_path / "page.html")]) == 1
    assert capsys.readouterr().err.startswith(f"export: {message}")
    assert [file.name for file in tmp_path.iterdir()] == ["98_sample.ipynb"]


def test_a_folder_that_may_only_be_read_is_named_before_anything_runs(tmp_path, capsys, monkeypatch):
    path = notebook(tmp_path, "# T", "raise SystemExit")
    monkeypatch.setattr(export_page.os, "access", lambda folder, mode: folder != tmp_path)
    assert export_page.main([str(path), "-o", str(tmp_path / "page.html")]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith(f"export: You may not write into {tmp_path}. Give another place: -o my-page.html")


@pytest.mark.parametrize("said", [True, False], ids=["as the README says it", "by itself"])
def test_nbconvert_shows_the_pictures_of_views(tmp_path, said):
    """Live views would ask other hosts for their program. With the options that the README names, the page asks no host for anything."""
    options = [word for word in README.replace("`", " ").split() if said and re.match("--(ExecutePre|HTMLEx)", word)]
    path = notebook(tmp_path, "# T", CODE)
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", *options, path]
    subprocess.run(command, check=True, capture_output=True, env=surroundings(), cwd=tmp_path)
    html = path.with_suffix(".html").read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 1 and '<script type="application/vnd.jupyter.widget-view' not in html
    if said:
        assert "html-manager" not in html and not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*', html)


def test_wrong_paths(tmp_path, capsys):
    path = notebook(tmp_path, "# T")
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{", encoding="utf-8")
    for arguments, message in {
        ("none.ipynb",): "There is no notebook none.ipynb. Give the path of one",
        (str(tmp_path),): "There is no notebook",
        (str(path), str(path), "-o", "one.html"): "Expected a folder after -o for 2 notebooks, got the one file one.html",
        (str(path), "-o", str(tmp_path / "none" / "a.html")): "There is no folder",
        (str(broken), "-o", str(tmp_path)): "broken.ipynb cannot be read as a notebook",
    }.items():
        assert export_page.main(list(arguments)) == 1
        assert f"export: {message}" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["98_sample.ipynb", "broken.ipynb"]
