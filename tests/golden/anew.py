"""Writes golden histories.

Usage::

    PYTHONPATH=tests python -m golden.anew          # decide the committed inputs anew
    PYTHONPATH=tests python -m golden.anew NAME     # and new ones, which are then committed
"""

from __future__ import annotations

import sys

from fuma.contracts.rulesfile import law_of_texts
from golden import story_orders, story_persons
from golden.making import (
    ORDERS,
    PERSONS,
    law_by_digest,
    ledger_of,
    load,
    names,
    save_inputs,
    save_ledger,
    texts,
)
from golden.orders import ledger_of_orders

#: Whose law the stories are told under: the nation's, and of those that they name.
DIVISIONS = ("", "14", "141123", "41", "45", "46")


def make(name: str) -> None:
    """The inputs of a history of persons and of one of orders. Raises ``FileExistsError``."""
    chosen = [t for t in texts() if t.division in DIVISIONS]
    save_inputs(name, PERSONS, chosen, story_persons.inputs(law_of_texts(chosen)))
    world, ceremony = story_orders.WORLD.hex(), list(story_orders.PUBLIC)
    save_inputs(name, ORDERS, chosen, story_orders.inputs(), world=world, ceremony=ceremony)


if __name__ == "__main__":
    for new in sys.argv[1:]:
        make(new)
    for each in names(PERSONS):
        golden = load(each)
        save_ledger(each, PERSONS, ledger_of(golden.inputs, law_by_digest(golden.law), 100))
    for each in names(ORDERS):
        save_ledger(each, ORDERS, ledger_of_orders(load(each, ORDERS), 100))
