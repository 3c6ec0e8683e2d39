"""fuma (赋码): deciding, and accounting for, the colour of an epidemic health code."""

__version__ = "0.1.0"

from fuma import compiled

compiled.use()
