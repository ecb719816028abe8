"""One TOML file describes a whole herd; read here into one frozen `Config`."""
