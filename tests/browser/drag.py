"""A fast drag in the page, recorded from inside it: what was drawn after each event, and when. For test_drag.py and benchmarks/drag.py."""

import time
from typing import NamedTuple

POSITIONS, EVENTS_A_SECOND, DELAY_MS = 100, 50, 150

# Every message between page and kernel is DELAY / 2 late, each way, in its order: a slow link.
SLOW_LINK = f"""{{
    const late = {DELAY_MS} / 2, plain = window.WebSocket, heard = Object.getOwnPropertyDescriptor(plain.prototype, "onmessage");
    window.WebSocket = class extends plain {{
        send(data) {{ setTimeout(() => this.readyState === plain.OPEN && super.send(data), late); }}
        get onmessage() {{ return heard.get.call(this); }}
        set onmessage(f) {{ heard.set.call(this, f && ((event) => setTimeout(() => f.call(this, event), late))); }}
    }};
}}"""

# window.recorder: .events (pointer moves), .paints (pictures, each with the number of events before it, the reading beside it, and the
# moment when the frame that shows it was handed to the compositor), .blanks (frames without a picture), .bytes (received from the kernel).
# Times in ms of performance.now(). A picture is what a view puts on its canvas (its reading follows in the same task), or an image in an
# output, once decoded: there the red of the corner's pixel says which.
RECORDER = """{
    const recorder = window.recorder = { events: [], paints: [], blanks: 0, frames: 0, bytes: 0, dragging: false };
    addEventListener("pointermove", (event) => {
        if (recorder.dragging) recorder.events.push({ moved: event.timeStamp, heard: performance.now() });
    }, true);
    window.WebSocket = class extends window.WebSocket {
        constructor(...rest) {
            super(...rest);
            this.addEventListener("message", ({ data }) => (recorder.bytes += data.byteLength ?? data.size ?? data.length));
        }
    };
    const painted = (text) => {
        const paint = { at: performance.now(), after: recorder.events.length, text };
        recorder.paints.push(paint);
        const channel = new MessageChannel(); // its message comes when the frame has been laid out, painted and committed
        channel.port1.onmessage = () => (paint.frame = performance.now());
        requestAnimationFrame(() => channel.port2.postMessage(null));
        return paint;
    };
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (...rest) {
        put.apply(this, rest);
        const paint = painted("");
        queueMicrotask(() => (paint.text = this.canvas.closest(".vae-view")?.querySelector(".vae-reading").textContent.trim()));
    };
    const corner = (image) => {
        const context = new OffscreenCanvas(1, 1).getContext("2d");
        context.drawImage(image, 0, 0, 1, 1, 0, 0, 1, 1);
        return context.getImageData(0, 0, 1, 1).data[0];
    };
    const known = new WeakSet();
    new MutationObserver(() => document.querySelectorAll(".jp-RenderedImage img").forEach((image) => {
        if (known.has(image)) return;
        known.add(image);
        image.decode().then(() => image.isConnected && painted(String(255 - corner(image))), () => {});
    })).observe(document, { childList: true, subtree: true });
    const canvasIsBlank = (canvas) => new Set(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).size < 3;
    const isBlank = () => {
        const canvas = document.querySelector(".vae-image"), image = document.querySelector(".jp-RenderedImage img");
        return canvas ? canvasIsBlank(canvas) : !(image?.naturalWidth && image.getBoundingClientRect().height);
    };
    const look = () => {
        if (!recorder.dragging) return;
        recorder.frames++;
        if (isBlank()) recorder.blanks++;
        requestAnimationFrame(look);
    };
    recorder.start = () => { Object.assign(recorder, { events: [], paints: [], blanks: 0, frames: 0, dragging: true }); look(); };
}"""


class Drag(NamedTuple):
    """What a drag looked like from inside the page."""

    events: list[dict]
    paints: list[dict]
    blanks: int
    frames: int
    seconds: float

    def shown(self) -> list[dict | None]:
        """For each position the picture that was drawn before the next one was heard of, or None."""
        first = {}
        for paint in self.paints:
            first.setdefault(paint["after"], paint)
        return [first.get(k + 1) for k in range(len(self.events))]


def drag(page, start: tuple[float, float], end: tuple[float, float], after) -> Drag:
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
    seconds = time.monotonic() - begin
    mouse("mouseReleased", *end, pressed=True)
    after()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    record = page.evaluate("recorder.dragging = false, recorder")
    return Drag(record["events"], record["paints"], record["blanks"], record["frames"], seconds)
