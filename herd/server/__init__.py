"""One herd server: Twisted services around the core, built and wired in `node`."""
