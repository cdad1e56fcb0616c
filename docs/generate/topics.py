"""The reference of each topic in `docs/topics.md`; the text around it is written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

from docs.generate.examples import Example
from docs.generate.markdown import code, table
from schemas.guide import guide
from schemas.headers import headers_of_topic
from schemas.topics import DEAD_LETTERS, DERIVED, EMBEDDED, EVENTS, TOPICS, Topic

_BEGIN = "<!-- generated: topics -->\n"
_END = "<!-- end -->\n"
_DAY_MS = 24 * 60 * 60 * 1000
_MIB = 1024**2
_GIB = 1024**3
# Of a binary example the beginning shows what it is.
_SHOWN_HEX = 64


def render(page: str, examples: dict[str, Example]) -> str:
    """The page with its reference written anew.

    Args:
        page: The page as it is.
        examples: An example of each topic, by its name.
    """
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    sections = [_headers(), *(_section(topic, examples[topic.name]) for topic in TOPICS)]
    return f"{before}{_BEGIN}{''.join(sections)}{_END}{after}"


def retention(topic: Topic) -> str:
    """How long a topic keeps its records."""
    config = topic.config
    kept = []
    if days := int(config.get("retention.ms", 0)) // _DAY_MS:
        kept.append(f"{days} days")
    if size := int(config.get("retention.bytes", 0)) // _GIB:
        kept.append(f"{size} GiB in each partition")
    bound = f"{' or '.join(kept)}, whichever comes first" if len(kept) > 1 else "".join(kept) or "without end"
    if "compact" not in config["cleanup.policy"]:
        return f"{bound}; not compacted."
    if days := int(config.get("delete.retention.ms", 0)) // _DAY_MS:
        bound += f"; tombstones {days} days after compaction"
    return f"{bound}; compacted to the latest record of each key."


def _headers() -> str:
    columns = [(EVENTS,), (*DERIVED, *EMBEDDED), (DEAD_LETTERS,)]
    names = dict.fromkeys(header.name for topics in columns for header in headers_of_topic(topics[0]))
    rows = [[code(name), *(_header(name, topics) for topics in columns)] for name in names]
    titles = [", ".join(guide(topic).title.lower() for topic in topics) for topics in columns]
    return f"\n{table(['header', *titles], rows)}\n"


def _header(name: str, topics: Sequence[Topic]) -> str:
    headers = [header for topic in topics for header in headers_of_topic(topic) if header.name == name]
    said = (code(header.schema["const"]) if "const" in header.schema else header.doc for header in headers)
    return ", ".join(dict.fromkeys(said))


def _section(topic: Topic, example: Example) -> str:
    about = guide(topic)
    rows = [
        ["key", about.key],
        ["partitions", f"{topic.partitions}, by {topic.partitioned_by}"],
        ["order", about.order],
        ["duplicates", about.duplicates],
        ["tombstones", about.tombstones],
        ["kept", retention(topic)],
        ["size", f"{about.size} At most {int(topic.config['max.message.bytes']) // _MIB} MiB."],
        ["schema", f"[{topic.schema}.avsc](../schemas/avro/{topic.schema}.avsc), subject `{topic.subject}`"],
    ]
    shown = json.dumps(_shortened(example), indent=1, ensure_ascii=False)
    return (
        f"## {topic.name}\n\n{about.holds}\n\n{table(['', ''], rows)}\n"
        f'<details markdown="1"><summary>A record (bytes in hexadecimal, long ones cut)</summary>'
        f"\n\n```json\n{shown}\n```\n\n"
        "</details>\n\n"
    )


def _shortened(example: Example) -> Example:
    value = example["value"]
    if "vector" in value:
        return {**example, "value": {**value, "vector": value["vector"][:_SHOWN_HEX] + "…"}}
    raw = (value.get("payload") or {}).get("raw")
    if raw is None:
        return example
    return {**example, "value": {**value, "payload": {**value["payload"], "raw": raw[:_SHOWN_HEX] + "…"}}}
