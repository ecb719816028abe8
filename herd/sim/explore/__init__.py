"""Searching histories: run, replay, shrink and compare them."""
