import os
import shutil
from pathlib import Path


def test_x(lab, server):
    shutil.copytree("notebooks/results", server.notebooks / "results", dirs_exist_ok=True)
    for nb in os.environ["NB"].split(","):
        path = Path(nb)
        page = lab(path, size=(1366, 768))
        page.run_all()
        p = page.page
        n = p.locator(".jp-Notebook .jp-Cell").count()
        k = 0
        for i in range(n):
            v = page.cell(i).locator(".jp-OutputArea-output .vae-view")
            if not v.count():
                continue
            v = v.first
            v.scroll_into_view_if_needed()
            p.wait_for_timeout(300)
            before = v.inner_text()
            how = "-"
            t = v.locator("input[type=range], .vae-pad").first
            if t.count():
                b = t.bounding_box()
                m = p.mouse
                m.move(b["x"] + b["width"] * 0.5, b["y"] + b["height"] * 0.5)
                m.down()
                m.move(b["x"] + b["width"] * 0.72, b["y"] + b["height"] * 0.4, steps=8)
                m.up()
                p.wait_for_timeout(700)
                how = t.get_attribute("class") or t.evaluate("e=>e.tagName+e.type")
            print(path.name, i, how, "CHANGED" if v.inner_text() != before else "same", v.bounding_box()["height"], flush=True)
            p.screenshot(path=f"/tmp/lead/run-{path.name[:2]}-{k}.png")
            k += 1
        print(path.name, "errors", page.errors(), page.console_errors, page.other_hosts, flush=True)
