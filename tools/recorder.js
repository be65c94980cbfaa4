// Put into a page before its own scripts: window.recorder has .events (pointer moves), .paints (pictures, each with the number of events
// before it, the reading beside it, and the moment when the frame that shows it was handed to the compositor), .blanks (frames without a
// picture). Times in ms of performance.now(). A picture is what a view puts on its canvas (its reading follows in the same task), a change
// of its drawing if it has no canvas, or an image in an output, once decoded: there the red of the corner's pixel says which.
{
    const recorder = window.recorder = { events: [], paints: [], blanks: 0, frames: 0, dragging: false };
    addEventListener("pointermove", (event) => {
        if (recorder.dragging) recorder.events.push({ heard: performance.now() });
    }, true);
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
        queueMicrotask(() => (paint.text = reading(this.canvas.closest(".vae-view"))));
    };
    const reading = (view) => view?.querySelector(".vae-reading").textContent.trim();
    const drawing = ({ target, addedNodes }) => // that has changed, or that has come with its view
        target.closest?.("svg") ?? [...addedNodes].map((node) => node.querySelector?.(".vae-view svg")).find(Boolean);
    new MutationObserver((changes) => {
        const view = changes.map((change) => drawing(change)?.closest(".vae-view")).find(Boolean);
        if (view && !view.querySelector("canvas")) painted(reading(view)); // in the task of the event, once that is handled
    }).observe(document, { subtree: true, childList: true, attributes: true });
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
}
