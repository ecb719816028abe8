"""`python -m herd.cli`: the command without its script."""

from herd.cli.main import main

if __name__ == "__main__":
    main(prog_name="herd")
