"""`herd completion`: the script that lets a shell complete commands, options and server names."""

from __future__ import annotations

import click

from herd.cli.options import example


@example('eval "$(herd completion bash)"', "herd completion fish > ~/.config/fish/completions/herd.fish")
@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a SHELL; names of servers come from the configuration.

    Put the bash or zsh example into the shell's start-up file.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None, "click knows the three shells"
    click.echo(found(ctx.find_root().command, {}, "herd", "_HERD_COMPLETE").source())
