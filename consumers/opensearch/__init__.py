"""The search engine: sessions, messages and tool calls as documents."""
