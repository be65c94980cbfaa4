"""Files are whole or not there; pictures get lighter unless it shows."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from vae_helpers.files import beside, half_size, lighter, palette_png, write_beside_and_rename


def png(pixels: np.ndarray) -> bytes:
    Image.fromarray(pixels.astype(np.uint8)).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def pixels(content: bytes, mode: str = "RGB") -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert(mode), dtype=int)


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "new folder" / "notes.txt"
    write_beside_and_rename(path, "größer\n")
    assert path.read_bytes() == "größer\n".encode()  # UTF-8, and the line end as it was, whatever the system
    with pytest.raises(KeyboardInterrupt), beside(path) as part:
        part.write_text("half", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "größer\n"
        raise KeyboardInterrupt
    assert list(path.parent.iterdir()) == [path] and path.read_text(encoding="utf-8") == "größer\n"


def test_two_writers_in_one_process_do_not_meet(tmp_path):
    path = tmp_path / "same.bin"
    together = threading.Barrier(2)

    def write(letter: bytes) -> None:
        with beside(path) as part:
            together.wait()
            part.write_bytes(1000 * letter)
            together.wait()

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() in (1000 * b"a", 1000 * b"b")


def test_what_came_meanwhile_stays_where_that_is_wanted(tmp_path):
    for overwrite, left in ((True, b"mine"), (False, b"theirs")):
        path = tmp_path / f"{overwrite}.bin"
        with beside(path, overwrite) as part:
            path.write_bytes(b"theirs")
            part.write_bytes(b"mine")
        assert path.read_bytes() == left


def test_pictures_get_a_palette_unless_it_shows():
    ramp = np.broadcast_to(np.arange(256)[:, None, None], (256, 256, 4)).copy()
    ramp[..., 3] = 255
    few, plain = (
        png(ramp // 32 * 32 + (np.arange(4) == 3) * 31),
        png(ramp[..., :3] + np.random.default_rng(1).integers(-2, 3, (256, 256, 1)).clip(-ramp[..., :1], 255 - ramp[..., :1])),
    )
    noise = png(np.random.default_rng(0).integers(0, 256, (64, 64, 3)))
    assert Image.open(io.BytesIO(lighter(few))).mode == "P" and (pixels(lighter(few)) == pixels(few)).all()
    assert np.abs(pixels(lighter(plain)) - pixels(plain)).max() <= 16 and len(lighter(plain)) < len(plain)
    assert lighter(noise) == noise and lighter(lighter(few)) == lighter(few) and lighter(b"weights") == b"weights"


def test_a_light_picture_keeps_its_transparency():
    colours = np.array([(0, 0, 0, 0), (200, 30, 30, 255), (30, 30, 200, 128)])
    clear = colours[np.random.default_rng(0).integers(0, 3, (256, 256))]
    assert (pixels(lighter(png(clear)), "RGBA") == clear).all() and Image.open(io.BytesIO(lighter(png(clear)))).mode == "P"
    glass = np.full((64, 64, 4), 255)
    glass[..., 3] = np.random.default_rng(0).integers(0, 256, (64, 64))  # seen on black, not on white
    glass[..., :3] = np.random.default_rng(1).integers(0, 256, (64, 64, 3))
    assert lighter(png(glass)) == png(glass)


def test_half_size_and_frames():
    picture = np.full((40, 60, 3), 255)
    picture[10:20, 10:20] = (1, 115, 178)
    half = half_size(png(picture))
    assert pixels(half).shape == (20, 30, 3) and (pixels(half)[5:10, 5:10] == (1, 115, 178)).all()
    nearly = np.random.default_rng(0).integers(251, 256, (40, 60, 3))
    frame = palette_png(Image.fromarray(nearly.astype(np.uint8)), 8, quick=True)
    assert (pixels(frame) == 255).all()
