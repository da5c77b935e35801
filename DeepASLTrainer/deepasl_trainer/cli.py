"""The command ``deepasl-train``: simulate, fit, evaluate, table, export."""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType

from deepasl.commands.command import exit_code
from deepasl_trainer.commands import evaluate, export, fit, table
from deepasl_trainer.simulation import data_set

COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "simulate": (data_set, "write synthetic people as a BIDS data set, with the truth"),
    "fit": (fit, "train, or go on with a training that was stopped"),
    "evaluate": (evaluate, "measure networks and other methods on people kept for testing"),
    "table": (table, "the paper's experiments: leave people out, every lambda; goes on where it was stopped"),
    "export": (export, "write the ONNX file, its card and its registry entry"),
}
"""Each module has `add_arguments(parser)` and `run(options)`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit code, see `deepasl.commands.command`."""
    options = _parser().parse_args(arguments)
    _set_up_messages(options.debug)
    return exit_code(
        "deepasl-train",
        partial(_say, options.command, options),
        when_interrupted="interrupted; run the same command again to go on.",
        debug=options.debug,
    )


def _say(command: Callable[[argparse.Namespace], object], options: argparse.Namespace) -> None:
    """Run a command and print what it made."""
    if (made := command(options)) is not None:
        print(made)


def _set_up_messages(debug: bool) -> None:
    """Warnings of this package always; what Lightning says of its own workings only when debugging."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(message)s")
    if not debug:
        logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", module="lightning")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deepasl-train", description="Train, evaluate and export DeepASL networks.")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and more messages")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(command=module.run)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
