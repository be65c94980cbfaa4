"""Interactive views. Each runs in the browser at the speed of the hand, and is a picture where there is no kernel.

Importing this loads no view: each name is fetched from its module when it is first asked for.
"""

from importlib import import_module

HOMES = {  # name: module
    "Bell": "bell",
    "BetaStory": "beta_story",
    "DigitCanvas": "digit_canvas",
    "Estimates": "estimates",
    "FrameStack": "frame_stack",
    "Interpolation": "interpolation",
    "LatentPad": "latent_pad",
    "LatentSliders": "latent_sliders",
    "Playground": "playground",
    "save_page": "kit.page",
}
__all__ = list(HOMES)


def __getattr__(name: str):
    if name not in HOMES:
        raise AttributeError(f"there is no view {name!r}: expected one of {', '.join(HOMES)}")
    return getattr(import_module(f".{HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
