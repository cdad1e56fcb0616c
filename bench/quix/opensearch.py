"""Messages into our own index, with a sink as users of Quix Streams write it: the bulk helper in a `BatchingSink`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from application import CONFIGURATION, application, milliseconds, run
from opensearchpy import OpenSearch
from opensearchpy.helpers import bulk
from quixstreams.sinks import BatchingSink, SinkBatch


class OpenSearchSink(BatchingSink):
    """A document for each record, with its version as external version."""

    def setup(self) -> None:
        """Connects."""
        self._client = OpenSearch(hosts=[CONFIGURATION["opensearch"]], timeout=60)

    def write(self, batch: SinkBatch) -> None:
        """Sends a batch; a version that is there already (409) is a success."""
        _, failures = bulk(self._client, self._actions(batch), chunk_size=batch.size, raise_on_error=False)
        refused = [failure for failure in failures if failure["index"]["status"] != 409]
        if refused:
            raise RuntimeError(f"{len(refused)} documents are refused: {refused[0]}")

    def _actions(self, batch: SinkBatch) -> Iterator[dict[str, Any]]:
        for item in batch:
            yield {
                "_index": CONFIGURATION["index"],
                "_id": item.value["message_id"],
                "version": item.value["version"],
                "version_type": "external",
                "_source": item.value,
            }


def document(message: dict[str, Any]) -> dict[str, Any]:
    """What is stored of a message."""
    known = {name: milliseconds(value) for name, value in message.items() if value is not None}
    return {**known, "cost_usd": message["cost_nanousd"] / 1_000_000_000}


if __name__ == "__main__":
    app, topic = application()
    app.dataframe(topic).apply(document).sink(OpenSearchSink())
    run(app)
