"""Interactive views. Each runs in the browser at the speed of the hand, and is a picture where there is no kernel."""

from .beta_story import BetaStory
from .digit_canvas import DigitCanvas
from .frame_stack import FrameStack
from .interpolation import Interpolation
from .latent_pad import LatentPad
from .latent_sliders import LatentSliders
from .page import save_page
from .training_dashboard import TrainingDashboard

__all__ = ["BetaStory", "DigitCanvas", "FrameStack", "Interpolation", "LatentPad", "LatentSliders", "TrainingDashboard", "save_page"]
