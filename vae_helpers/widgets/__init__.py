"""Interactive views. Each runs in the browser at the speed of the hand, and is a picture where there is no kernel."""

from .frame_stack import FrameStack
from .latent_pad import LatentPad
from .latent_sliders import LatentSliders
from .training_dashboard import TrainingDashboard

__all__ = ["FrameStack", "LatentPad", "LatentSliders", "TrainingDashboard"]
