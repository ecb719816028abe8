"""Pictures of a trace: text, JSON lines, the format of ShiViz, a space-time diagram. They know no herd."""

from __future__ import annotations

from herd.sim.pictures.jsonlines import write_jsonlines
from herd.sim.pictures.shiviz import write_shiviz
from herd.sim.pictures.svg import write_svg
from herd.sim.pictures.text import write_text
from herd.sim.pictures.window import PictureError, Window

__all__ = ["PictureError", "Window", "write_jsonlines", "write_shiviz", "write_svg", "write_text"]
