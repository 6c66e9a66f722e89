"""The command line: ``donorhub serve``, ``donorhub import`` and all the others."""

from __future__ import annotations

import os
import sys

import click

from donorhub import config, logs
from donorhub.cli import (
    access,
    adopting,
    backing_up,
    breaching,
    checking,
    copying,
    database,
    deciding,
    duplicates,
    erasing,
    exporting,
    importing,
    payers,
    reopening,
    running,
    webhooks,
)
from donorhub.cli.demo.command import run_demo
from donorhub.errors import DonorHubError


@click.group("cli", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="donorhub")
def run_command() -> None:
    """DonorHub: donors, gifts, bank files, payment providers and receipts."""


for command in (
    running.serve_site,
    running.run_worker,
    running.keep_time,
    run_demo,
    database.db_group,
    adopting.adopt_installation,
    erasing.erase_donor,
    copying.copy_donor,
    breaching.breach_group,
    backing_up.make_backup,
    backing_up.restore_backup,
    access.user_group,
    access.token_group,
    importing.import_group,
    deciding.entries_group,
    payers.payers_group,
    duplicates.look_for_duplicates,
    webhooks.webhooks_group,
    reopening.receipts_group,  # with reopening sealed ones
    exporting.export_base,
    checking.show_pending,
    checking.verify_invariants,
    checking.examine_installation,
):
    run_command.add_command(command)


def main() -> None:
    """Run the command line; an error of ours is one line on stderr and exit code 1, others go to the log."""
    os.umask(0o077)  # what is written here is nobody else's to read
    logs.configure_logs(config.find_log_format())
    try:
        run_command.main(standalone_mode=False)
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
