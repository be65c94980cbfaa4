"""All benchmarks one after the other, and one table for the README.

    python benchmarks/table.py                    everything, about ten minutes
    python benchmarks/table.py training drag      these parts
    python benchmarks/table.py --quick            each part in its shortest form: to see that it works, not to quote

Each part is a script of its own beside this one, with its settings and its explanation, and runs here in a new Python. Leave the machine
alone meanwhile: the last line says what other processes took of it just before each part.
"""

import argparse
import importlib
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rows import Row, machine, markdown, others_busy

PARTS = {  # name: (module, settings of the shortest form)
    "training": ("training", {"epochs": 1}),
    "digits": ("digits", {"seeds": 2}),
    "import": ("imports", {"repeats": 1}),
    "first": ("first_picture", {"install": False}),
    "drag": ("drag", {"repeats": 1}),
    "playground": ("playground", {"repeats": 1}),
    "notebooks": ("notebooks", {"names": ["00_start_here"]}),
    "binder": ("binder", {"names": ["00_start_here"]}),
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="each part in its shortest form")
    options = parser.parse_args(arguments)
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; known are {', '.join(PARTS)}")
    begin, rows, busy = time.perf_counter(), [], []
    try:
        for part in options.parts or PARTS:
            module, shortest = PARTS[part]
            busy.append(others_busy())
            print(f"{part}: others take {busy[-1]:.0f} % of the processor", flush=True)
            with ProcessPoolExecutor(1, get_context("spawn")) as fresh:  # no thread count, memory or event loop of another part
                rows += fresh.submit(run, module, shortest if options.quick else {}).result()
    finally:  # what was measured before an error is worth having
        print("\n" + markdown(rows))
        quiet = f"Just before each part, other processes took at most {max(busy, default=0):.0f} % of the processor."
        print(
            f"\nMeasured by `python3 run.py bench`, {machine()}. {quiet} The whole took {(time.perf_counter() - begin) / 60:.0f} minutes."
        )


def run(module: str, settings: dict) -> list[Row]:
    return importlib.import_module(module).measure(**settings)


if __name__ == "__main__":
    main()
