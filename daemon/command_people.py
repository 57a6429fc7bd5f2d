"""Commands around the people of the console: let in, list, let out, and a link to sign in."""

from __future__ import annotations

from typing import Annotated

import typer

from daemon.command_run import chore_settings, run
from schema.people import Role

people = typer.Typer(
    help="The people of the console: who may sign in, and in which role.", no_args_is_help=True
)

AddressArgument = Annotated[str, typer.Argument(help="The person's mail address.")]


@people.command("add")
def add(
    address: AddressArgument,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[Role, typer.Option(help="What they are here for; auditors only read.")] = Role.CLERK,
) -> None:
    """Let someone in, or give someone who is known another name or role."""
    from daemon.people import add_person

    typer.echo(run(add_person(chore_settings(), address, name, role)))


@people.command("list")
def list_all() -> None:
    """Show everyone."""
    from daemon.people import list_people

    run(list_people(chore_settings()))


@people.command("link")
def link(address: AddressArgument) -> None:
    """Print a link that signs this person in once, within 15 minutes; whoever has it is in."""
    from daemon.people import link_for

    typer.echo(run(link_for(chore_settings(), address)))


@people.command("revoke")
def revoke(address: AddressArgument) -> None:
    """Let someone out: all their sessions end, and their keys open nothing."""
    from daemon.people import let_out

    typer.echo(run(let_out(chore_settings(), address)))
