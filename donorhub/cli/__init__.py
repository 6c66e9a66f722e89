"""The command line: ``donorhub serve``, ``donorhub import`` and all the others."""

from __future__ import annotations

import sys

import click

from donorhub.errors import DonorHubError

COMMANDS = {
    "serve": "donorhub.cli.running:serve",
    "worker": "donorhub.cli.running:worker",
    "timer": "donorhub.cli.running:timer",
    "demo": "donorhub.cli.demo.command:demo",
    "db": "donorhub.cli.database:db_group",
    "user": "donorhub.cli.access:user",
    "token": "donorhub.cli.access:token",
    "import": "donorhub.cli.imports:import_files",
    "webhooks": "donorhub.cli.webhooks:webhooks",
    "receipts": "donorhub.cli.receipts:receipts",
    "export": "donorhub.cli.exporting:export_command",
    "pending": "donorhub.cli.checking:pending",
    "verify": "donorhub.cli.checking:verify",
    "doctor": "donorhub.cli.checking:doctor",
}


class LazyGroup(click.Group):
    """Imports a command when it is called: ``donorhub --help`` need not load a web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from werkzeug.utils import import_string

        command: click.Command = import_string(COMMANDS[cmd_name])
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="donorhub")
def cli() -> None:
    """DonorHub: donors, gifts, bank files, payment providers and receipts."""


def main() -> None:
    """The entry point: an error of ours is one line on stderr and exit code 1."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as e:
        sys.exit(e.exit_code)
    except click.ClickException as e:
        e.show()
        sys.exit(e.exit_code)
    except click.Abort:
        sys.exit(130)
    except DonorHubError as e:
        click.echo(f"donorhub: {e.message}", err=True)
        sys.exit(1)
