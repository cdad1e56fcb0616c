-- Figures over all messages are sums of quarters of an hour, which the sink keeps beside them.
CREATE TABLE message_activity (
    quarter timestamptz NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    messages bigint NOT NULL,
    calls bigint NOT NULL,
    call_errors bigint NOT NULL,
    errors bigint NOT NULL,
    total_tokens bigint NOT NULL,
    cost_nanousd bigint NOT NULL,
    PRIMARY KEY (quarter, session_id, provider, model)
);
COMMENT ON TABLE message_activity IS 'What was said in one quarter of an hour of one session, by whom: sums over its messages, inherited ones left out, that figures over many sessions are made of.';
COMMENT ON COLUMN message_activity.quarter IS 'When the quarter of an hour begins.';
COMMENT ON COLUMN message_activity.session_id IS 'The session it belongs to.';
COMMENT ON COLUMN message_activity.provider IS 'Provider of the model that replied, its first 200 characters, unknown where it is not stated; empty in the row of all that is no reply of a model.';
COMMENT ON COLUMN message_activity.model IS 'Model that replied, likewise.';
COMMENT ON COLUMN message_activity.messages IS 'Messages as a session counts them: no compactions, no branch summaries, none of extensions.';
COMMENT ON COLUMN message_activity.calls IS 'Model replies; gateway and mirror rows are not calls.';
COMMENT ON COLUMN message_activity.call_errors IS 'Model replies that ended in an error.';
COMMENT ON COLUMN message_activity.errors IS 'Model replies that ended in an error, and failed tool results.';
COMMENT ON COLUMN message_activity.total_tokens IS 'Tokens, as the messages have them.';
COMMENT ON COLUMN message_activity.cost_nanousd IS 'Billionths of a US dollar.';
INSERT INTO message_activity
SELECT date_bin('15 minutes', timestamp, timestamptz '2000-01-01 00:00:00+00'), session_id,
    CASE WHEN model_call THEN left(coalesce(nullif(provider, ''), 'unknown'), 200) ELSE '' END,
    CASE WHEN model_call THEN left(coalesce(nullif(model, ''), 'unknown'), 200) ELSE '' END,
    count(*) FILTER (WHERE role NOT IN ('custom_message', 'compaction', 'branch_summary')),
    count(*) FILTER (WHERE model_call), count(*) FILTER (WHERE model_call AND is_error),
    count(*) FILTER (WHERE is_error),
    least(greatest(sum(total_tokens), -9223372036854775808), 9223372036854775807)::bigint,
    least(greatest(sum(cost_nanousd), -9223372036854775808), 9223372036854775807)::bigint
FROM messages WHERE NOT inherited GROUP BY 1, 2, 3, 4;

-- What is counted of each message and tool call is in their indexes by session: it is found without reading texts.
DROP INDEX messages_session;
CREATE INDEX messages_session ON messages (session_id, timestamp)
    INCLUDE (inherited, role, model_call, is_error, total_tokens);
DROP INDEX tool_calls_session;
CREATE INDEX tool_calls_session ON tool_calls (session_id, started_at)
    INCLUDE (inherited, name, outcome, duration_ms, tool_call_id);
