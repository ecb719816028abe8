"""Named servers that share fast-moving client positions with no database in the middle."""

__version__ = "0.1.0"
