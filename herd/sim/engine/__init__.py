"""The engine of the simulator: any Twisted program, a simulated kernel and network, virtual time."""
