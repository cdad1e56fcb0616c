-- What is counted of messages and tool calls is in their indexes by session: figures over all of them read no text.
DROP INDEX messages_session;
CREATE INDEX messages_session ON messages (session_id, timestamp)
    INCLUDE (inherited, role, model_call, is_error, provider, model, total_tokens, cost_nanousd);
DROP INDEX tool_calls_session;
CREATE INDEX tool_calls_session ON tool_calls (session_id, started_at)
    INCLUDE (inherited, name, outcome, duration_ms, tool_call_id);
