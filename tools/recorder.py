"""A fast drag in the page, recorded from inside it (recorder.js): what was drawn after each event, and when."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

POSITIONS, EVENTS_A_SECOND, DELAY_MS = 100, 50, 150
RECORDER = Path(__file__).with_name("recorder.js").read_text(encoding="utf-8")
# Every message between page and kernel is DELAY / 2 late, each way, in its order: a slow link.
SLOW_LINK = f"""{{
    const late = {DELAY_MS} / 2, plain = window.WebSocket, heard = Object.getOwnPropertyDescriptor(plain.prototype, "onmessage");
    window.WebSocket = class extends plain {{
        send(data) {{ setTimeout(() => this.readyState === plain.OPEN && super.send(data), late); }}
        get onmessage() {{ return heard.get.call(this); }}
        set onmessage(f) {{ heard.set.call(this, f && ((event) => setTimeout(() => f.call(this, event), late))); }}
    }};
}}"""


class Drag(NamedTuple):
    """What a drag looked like from inside the page."""

    events: list[dict]
    paints: list[dict]
    blanks: int
    frames: int

    def shown(self) -> list[dict | None]:
        """For each position the picture that was drawn before the next one was heard of, or None."""
        first = {}
        for paint in self.paints:
            first.setdefault(paint["after"], paint)
        return [first.get(k + 1) for k in range(len(self.events))]


def drag(page, start: tuple[float, float], end: tuple[float, float], after: Callable[[], None]) -> Drag:
    """Move the pressed mouse from `start` over POSITIONS places to `end` (screen pixels), EVENTS_A_SECOND; `after()` waits for the end."""
    cdp = page.context.new_cdp_session(page)

    def mouse(kind: str, x: float, y: float, pressed: bool) -> None:  # Playwright's own looks for drag-and-drop at each move: too slow
        event = {"type": kind, "x": x, "y": y, "button": "left" if pressed else "none", "buttons": int(pressed), "clickCount": 1}
        cdp.send("Input.dispatchMouseEvent", event)

    mouse("mouseMoved", *start, pressed=False)
    mouse("mousePressed", *start, pressed=True)
    page.evaluate("recorder.start()")
    begin = time.monotonic()
    for k in range(1, POSITIONS + 1):
        mouse("mouseMoved", *(a + (b - a) * k / POSITIONS for a, b in zip(start, end, strict=True)), pressed=True)
        time.sleep(max(0, begin + k / EVENTS_A_SECOND - time.monotonic()))
    mouse("mouseReleased", *end, pressed=True)
    after()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    record = page.evaluate("recorder.dragging = false, recorder")
    return Drag(record["events"], record["paints"], record["blanks"], record["frames"])
