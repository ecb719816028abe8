"""`herd reload` and `herd reconcile`: what an operator tells running servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from herd.cli.options import ServerName, chosen, config_option, example, json_option, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from herd.config.model import Config

_names_argument = click.argument("names", metavar="[NAME...]", nargs=-1, type=ServerName())


@example("herd reload --config herd.toml", "herd reload Alford Ball")
@click.command()
@_names_argument
@config_option
@json_option
def reload(names: tuple[str, ...], config_file: Path | None, *, as_json: bool) -> None:
    """Have servers, all or those named, read their configuration again; no client is dropped.

    Neighbors come and go, limits and the logging of lines change; anything else is named and waits for a
    restart. A file that is wrong is refused whole, and the server goes on with the old one. SIGHUP does the
    same.

    Exit status: 0 if every server took it, else 1. With --json an object: each server's name,
    and an object with `ok`, and `done` or `error`.
    """
    config = load(config_file)
    _tell(config, chosen(config, names), {"command": "reload"}, as_json=as_json)


@example("herd reconcile", "herd reconcile Alford")
@click.command()
@_names_argument
@config_option
@json_option
def reconcile(names: tuple[str, ...], config_file: Path | None, *, as_json: bool) -> None:
    """Have servers, all or those named, compare caches with each neighbor now.

    They do so by themselves whenever a link comes up. `herd status` shows when they are in sync.

    Exit status: 0 if every server began, else 1. With --json an object: each server's name,
    and an object with `ok`, and `links` or `error`.
    """
    config = load(config_file)
    _tell(config, chosen(config, names), {"command": "reconcile"}, as_json=as_json)


def _tell(config: Config, names: tuple[str, ...], request: Mapping[str, Any], *, as_json: bool) -> None:
    from herd.cli.control import ControlError, ask

    answers: dict[str, dict[str, Any]] = {}
    for name in names:
        try:
            answers[name] = ask(config.control_socket(name), request)
        except ControlError as error:
            answers[name] = {"ok": False, "error": str(error)}
    if as_json:
        click.echo(json.dumps(answers, indent=2))
    else:
        for name, answer in answers.items():
            click.echo(f"{name}: {_in_words(answer)}", err=not answer["ok"])
    if not all(answer["ok"] for answer in answers.values()):
        raise click.exceptions.Exit(1)


def _in_words(answer: Mapping[str, Any]) -> str:
    if not answer["ok"]:
        return str(answer["error"])
    if "done" in answer:
        return "; ".join(answer["done"]) or "nothing has changed"
    return f"reconciling with {', '.join(answer.get('links', [])) or 'nobody: no link is up'}"
