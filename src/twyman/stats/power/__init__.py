"""How large an effect a plan could see, how many units would show one, and how long that takes."""

from twyman.stats.power.precision import detectable as detectable
from twyman.stats.power.precision import drift_needed as drift_needed
from twyman.stats.power.precision import information_needed as information_needed
from twyman.stats.power.precision import share_inflation as share_inflation
