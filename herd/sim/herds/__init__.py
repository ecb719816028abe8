"""Simulated herds: their clients, what these saw, and the judgement of it."""
