"""The options that narrow a list of sessions or a search."""

from __future__ import annotations

from typing import Annotated

import typer

Agent = Annotated[str | None, typer.Option(help="Agent id.")]
Channel = Annotated[str | None, typer.Option(help="Channel, such as telegram.")]
Sender = Annotated[str | None, typer.Option(help="Id or name of who wrote.")]
Role = Annotated[str | None, typer.Option(help="user, assistant, toolResult, …")]
Model = Annotated[str | None, typer.Option(help="Model, or provider/model.")]
Tool = Annotated[str | None, typer.Option(help="Name of a tool that was used.")]
Project = Annotated[str | None, typer.Option(help="Working folder.")]
Since = Annotated[str | None, typer.Option(help="From: 2026-03-01, 2026-03-01T12:00Z, or 7d, 24h, 30m ago.")]
Until = Annotated[str | None, typer.Option(help="Up to, as --since; a day is included.")]
