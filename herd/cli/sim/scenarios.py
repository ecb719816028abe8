"""`herd sim scenarios`: what there is to simulate."""

from __future__ import annotations

import json

import click

from herd.cli.options import example, json_option


@example("herd sim scenarios", "herd sim scenarios --json | jq -r '.[].name'")
@click.command()
@json_option
def scenarios(*, as_json: bool) -> None:
    """List the scenarios that come with herd. A file of your own does as well.

    \b
    With --json, a list of objects:
      name, about, duration_s   what it is, and how long in virtual time
      checks                    the names of what must be true
    """  # noqa: D301  # click's mark for lines that stay as they are
    from herd.sim.scenario import load_scenario, shipped

    found = {name: load_scenario(name) for name in shipped()}
    if as_json:
        told = [
            {
                "name": name,
                "about": each.about,
                "duration_s": each.duration_s,
                "checks": list(each.checks),
            }
            for name, each in found.items()
        ]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    width = max(map(len, found), default=0)
    for name, each in found.items():
        click.echo(f"{name:<{width}}  {each.about}")
