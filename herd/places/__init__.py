"""What is near a position: one interface, many providers."""
