"""The counter with a bug: its server forgets what it has counted, so a repeated request counts twice."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from herd.sim.scenario import load_module

counter = load_module(str(Path(__file__).with_name("counter.py")))
scenario = evolve(
    counter.scenario,
    about="Four clients add to a counter that forgets what it has counted.",
    build=counter.build_with(forgetful=True),
)
