"""A department's client: reads its files, seals each report to the gateway, waits for the answers.

Usable on its own::

    from fuma.feed import FeedClient, json_lines, receipt_of

    with FeedClient.open(home, "health") as client, open(path, "rb") as file:
        summary = client.report(json_lines(file), receipt=receipt_of("health", path))
"""

from fuma.feed.client import FeedClient, Summary
from fuma.feed.lines import Line, RefusedRow, json_lines, receipt_of
from fuma.feed.mapping import Mapping, load_mapping
from fuma.feed.table import table_lines

__all__ = [
    "FeedClient",
    "Line",
    "Mapping",
    "RefusedRow",
    "Summary",
    "json_lines",
    "load_mapping",
    "receipt_of",
    "table_lines",
]
