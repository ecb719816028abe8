"""The scenarios that come with herd: `herd sim scenarios` lists them."""
