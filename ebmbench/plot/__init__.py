"""Pictures for notebooks: a density, samples, learning curves, a board.

Needs nothing but matplotlib. The axes come back, so that the rest is yours::

    ax = ebmbench.plot.density(energy, rows)
    ax.set_title("after dsm")
"""

from ebmbench.plot.board import board
from ebmbench.plot.curves import curves
from ebmbench.plot.density import density
from ebmbench.plot.samples import samples

__all__ = ["board", "curves", "density", "samples"]
