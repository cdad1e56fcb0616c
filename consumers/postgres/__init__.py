"""The relational store: events, sessions, messages, tool calls and model usage as tables."""
