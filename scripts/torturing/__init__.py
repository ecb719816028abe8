"""What `scripts/torture` is made of: clients, strangers, faults, and the checks of what always holds."""
