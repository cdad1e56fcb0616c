-- The first tables. Text is collated "C": ordered by code point, wherever the server runs; a prefix of an id is found by its index.

CREATE TABLE events (
    event_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    entry_type text COLLATE "C",
    family text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    agent_id text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    captured_at timestamptz NOT NULL,
    chain bytea,
    previous_chain bytea,
    entry_key bytea,
    entry_id text COLLATE "C",
    parent_entry_id text COLLATE "C",
    line_number bigint,
    byte_offset bigint,
    inherited boolean NOT NULL,
    source jsonb NOT NULL,
    body jsonb,
    PRIMARY KEY (event_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_session ON events (session_id, line_number);
COMMENT ON TABLE events IS 'One thing that happened in a session: a line of its transcript, a fact about its context or its life, or the head of a generation.';
COMMENT ON COLUMN events.event_id IS 'UUIDv5 of family, session_id and chain (of the content, where there is no chain). Equal events have equal ids, whoever captured them.';
COMMENT ON COLUMN events.kind IS 'What the event is. UNKNOWN: a well-formed line whose type this version does not know; UNPARSED: a line that is not a JSON object.';
COMMENT ON COLUMN events.entry_type IS 'The `type` that the line states, verbatim; null for what is not a line.';
COMMENT ON COLUMN events.family IS 'Products whose sessions share identities: clawdbot stands for Clawdbot, Moltbot and OpenClaw.';
COMMENT ON COLUMN events.session_id IS 'One transcript. The key of the topic.';
COMMENT ON COLUMN events.agent_id IS 'The agent whose session it is.';
COMMENT ON COLUMN events.occurred_at IS 'The line''s own time; where it has none the line''s before, the header''s, else 1970.';
COMMENT ON COLUMN events.captured_at IS 'When the producer read it.';
COMMENT ON COLUMN events.chain IS 'SHA-256(previous_chain, SHA-256(line with its terminator)): 32 bytes; null for context and lifecycle events. For TRANSCRIPT_HEAD the chain of the last line.';
COMMENT ON COLUMN events.previous_chain IS 'Chain of the line before; 32 zero bytes before the first line.';
COMMENT ON COLUMN events.entry_key IS 'SHA-256 of the line''s canonical JSON without id, parentId, firstKept*: 32 bytes, equal in every generation that holds the entry.';
COMMENT ON COLUMN events.entry_id IS 'The entry''s own id.';
COMMENT ON COLUMN events.parent_entry_id IS 'Id of the entry that this one follows.';
COMMENT ON COLUMN events.line_number IS 'Place in the transcript, from 1.';
COMMENT ON COLUMN events.byte_offset IS 'Where the line starts in the transcript, bytes.';
COMMENT ON COLUMN events.inherited IS 'The session has a parent and the entry is older than the session''s header: it was copied from the parent.';
COMMENT ON COLUMN events.source IS 'Where it was read. Part of no identity.';
COMMENT ON COLUMN events.body IS 'What the event says, where it is no message.';

CREATE TABLE sessions (
    session_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    family text COLLATE "C" NOT NULL,
    brand text COLLATE "C",
    agent_id text COLLATE "C",
    session_key text COLLATE "C",
    channel text COLLATE "C",
    chat_type text COLLATE "C",
    title text COLLATE "C",
    cwd text COLLATE "C",
    project text COLLATE "C",
    parent_session_id text COLLATE "C",
    parent_relation text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_reason text COLLATE "C",
    participants jsonb NOT NULL,
    models_used jsonb NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    total_tokens bigint NOT NULL,
    cost_nanousd bigint NOT NULL,
    message_count bigint NOT NULL,
    messages_by_role jsonb NOT NULL,
    tool_invocations jsonb NOT NULL,
    context_switches jsonb NOT NULL,
    context_switch_count bigint NOT NULL,
    error_count bigint NOT NULL,
    entry_count bigint NOT NULL,
    inherited_count bigint NOT NULL,
    unparsed_count bigint NOT NULL,
    context_summary text COLLATE "C",
    PRIMARY KEY (session_id)
);
CREATE INDEX sessions_activity ON sessions (last_activity_at, session_id);
CREATE INDEX sessions_agent_activity ON sessions (lower(agent_id), last_activity_at, session_id);
CREATE INDEX sessions_channel_activity ON sessions (lower(channel), last_activity_at, session_id);
CREATE INDEX sessions_parent ON sessions (parent_session_id);
COMMENT ON TABLE sessions IS 'Everything counted and known of one session; each entry counted once, however many generations hold it, inherited entries left out of totals.';
COMMENT ON COLUMN sessions.session_id IS 'One transcript. The key of the topic.';
COMMENT ON COLUMN sessions.version IS 'revision * 2^40 + distinct facts folded: a higher version replaces a lower one.';
COMMENT ON COLUMN sessions.family IS 'Products whose sessions share identities: clawdbot stands for Clawdbot, Moltbot and OpenClaw.';
COMMENT ON COLUMN sessions.brand IS 'clawdbot, moltbot, openclaw or pi, as the state folder is named.';
COMMENT ON COLUMN sessions.agent_id IS 'The agent whose session it is.';
COMMENT ON COLUMN sessions.session_key IS 'agent:<agent>:<channel>:…: the chat, which outlives the session.';
COMMENT ON COLUMN sessions.channel IS 'telegram, discord, whatsapp, webchat, …: lower case.';
COMMENT ON COLUMN sessions.chat_type IS 'direct, group or channel.';
COMMENT ON COLUMN sessions.title IS 'session_info name, else the display name of its context.';
COMMENT ON COLUMN sessions.cwd IS 'Working folder.';
COMMENT ON COLUMN sessions.project IS 'For now the working folder.';
COMMENT ON COLUMN sessions.parent_session_id IS 'Session that spawned or was forked into this one.';
COMMENT ON COLUMN sessions.parent_relation IS 'fork or subagent.';
COMMENT ON COLUMN sessions.created_at IS 'The header''s time, else the first entry''s.';
COMMENT ON COLUMN sessions.last_activity_at IS 'Time of the latest entry that is not inherited.';
COMMENT ON COLUMN sessions.closed_at IS 'When it was reset, deleted or ended; null while the session is open.';
COMMENT ON COLUMN sessions.closed_reason IS 'reset, deleted, ended; null while the session is open.';
COMMENT ON COLUMN sessions.participants IS 'Who took part: people and the agent.';
COMMENT ON COLUMN sessions.models_used IS 'Sorted by provider and model.';
COMMENT ON COLUMN sessions.input_tokens IS 'Input tokens, cached ones not included.';
COMMENT ON COLUMN sessions.output_tokens IS 'Output tokens.';
COMMENT ON COLUMN sessions.cache_read_tokens IS 'Input tokens read from the provider''s cache.';
COMMENT ON COLUMN sessions.cache_write_tokens IS 'Input tokens written to the provider''s cache.';
COMMENT ON COLUMN sessions.total_tokens IS 'Tokens of all calls, as stated, else the sum of the four.';
COMMENT ON COLUMN sessions.cost_nanousd IS 'Billionths of a US dollar.';
COMMENT ON COLUMN sessions.message_count IS 'Messages, inherited ones not included.';
COMMENT ON COLUMN sessions.messages_by_role IS 'How many of them each role wrote.';
COMMENT ON COLUMN sessions.tool_invocations IS 'Sorted by name.';
COMMENT ON COLUMN sessions.context_switches IS 'Sorted by time; the first 1,000.';
COMMENT ON COLUMN sessions.context_switch_count IS 'How many switches there were in all.';
COMMENT ON COLUMN sessions.error_count IS 'Model replies that ended in an error, and failed tool calls.';
COMMENT ON COLUMN sessions.entry_count IS 'Distinct lines that parsed, inherited ones left out.';
COMMENT ON COLUMN sessions.inherited_count IS 'Entries copied from the parent session.';
COMMENT ON COLUMN sessions.unparsed_count IS 'Lines that are no JSON object.';
COMMENT ON COLUMN sessions.context_summary IS 'Filled by a later stage.';

CREATE TABLE model_usage (
    session_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    provider text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    calls bigint NOT NULL,
    errors bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    total_tokens bigint NOT NULL,
    cost_nanousd bigint NOT NULL,
    PRIMARY KEY (session_id, provider, model)
);
CREATE INDEX model_usage_model ON model_usage (lower(model), session_id);
COMMENT ON TABLE model_usage IS 'What one session used of one model: models_used of its row in sessions, for sums and filters.';
COMMENT ON COLUMN model_usage.session_id IS 'One transcript. The key of the topic.';
COMMENT ON COLUMN model_usage.version IS 'revision * 2^40 + distinct facts folded: a higher version replaces a lower one.';
COMMENT ON COLUMN model_usage.provider IS 'Provider of the model.';
COMMENT ON COLUMN model_usage.model IS 'Name of the model.';
COMMENT ON COLUMN model_usage.calls IS 'Model replies; gateway and mirror rows are not calls.';
COMMENT ON COLUMN model_usage.errors IS 'Model replies that ended in an error.';
COMMENT ON COLUMN model_usage.input_tokens IS 'Input tokens, cached ones not included.';
COMMENT ON COLUMN model_usage.output_tokens IS 'Output tokens.';
COMMENT ON COLUMN model_usage.cache_read_tokens IS 'Input tokens read from the provider''s cache.';
COMMENT ON COLUMN model_usage.cache_write_tokens IS 'Input tokens written to the provider''s cache.';
COMMENT ON COLUMN model_usage.total_tokens IS 'Tokens of all calls, as stated, else the sum of the four.';
COMMENT ON COLUMN model_usage.cost_nanousd IS 'Billionths of a US dollar.';

CREATE TABLE messages (
    message_id uuid NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    agent_id text COLLATE "C",
    channel text COLLATE "C",
    cwd text COLLATE "C",
    project text COLLATE "C",
    entry_id text COLLATE "C" NOT NULL,
    parent_entry_id text COLLATE "C",
    line_number bigint NOT NULL,
    inherited boolean NOT NULL,
    role text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    sender_id text COLLATE "C",
    sender_name text COLLATE "C",
    timestamp timestamptz NOT NULL,
    text text COLLATE "C" NOT NULL,
    thinking text COLLATE "C",
    tools_used jsonb NOT NULL,
    tool_call_ids jsonb NOT NULL,
    tool_arguments text COLLATE "C",
    images integer NOT NULL,
    provider text COLLATE "C",
    model text COLLATE "C",
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    total_tokens bigint NOT NULL,
    cost_nanousd bigint NOT NULL,
    stop_reason text COLLATE "C",
    error_message text COLLATE "C",
    is_error boolean NOT NULL,
    truncated boolean NOT NULL,
    sentiment text COLLATE "C",
    PRIMARY KEY (message_id, timestamp)
) PARTITION BY RANGE (timestamp);
CREATE TABLE messages_default PARTITION OF messages DEFAULT;
CREATE INDEX messages_session ON messages (session_id, timestamp);
COMMENT ON TABLE messages IS 'One message of a session, as it is searched and shown. Made once for each (session_id, entry_key).';
COMMENT ON COLUMN messages.message_id IS 'UUIDv5 of family, session_id and entry_key. The key of the topic.';
COMMENT ON COLUMN messages.session_id IS 'The session it belongs to.';
COMMENT ON COLUMN messages.version IS 'revision * 2^40 + 1 + what is known of the session: 1 for each fact of it that is repeated here, up to 4 from a surer source.';
COMMENT ON COLUMN messages.agent_id IS 'The agent whose session it is.';
COMMENT ON COLUMN messages.channel IS 'Channel of the session: telegram, discord, whatsapp, webchat, …: lower case.';
COMMENT ON COLUMN messages.cwd IS 'Working folder of the session.';
COMMENT ON COLUMN messages.project IS 'For now the working folder.';
COMMENT ON COLUMN messages.entry_id IS 'The entry''s own id, else line:N.';
COMMENT ON COLUMN messages.parent_entry_id IS 'Id of the entry that this one follows.';
COMMENT ON COLUMN messages.line_number IS 'Place in the transcript where it was first seen, from 1.';
COMMENT ON COLUMN messages.inherited IS 'Copied from the parent session: left out of totals and of search hits.';
COMMENT ON COLUMN messages.role IS 'user, assistant, toolResult, bashExecution, custom_message, compaction, branch_summary.';
COMMENT ON COLUMN messages.origin IS 'USER, MODEL, TOOL, GATEWAY, MIRROR, SYSTEM, UNKNOWN.';
COMMENT ON COLUMN messages.sender_id IS 'Id of the person who wrote it, where it is known.';
COMMENT ON COLUMN messages.sender_name IS 'Name of the person who wrote it, where it is known.';
COMMENT ON COLUMN messages.timestamp IS 'The line''s own time; where it has none the line''s before, the header''s, else 1970.';
COMMENT ON COLUMN messages.text IS 'Text blocks joined by a blank line.';
COMMENT ON COLUMN messages.thinking IS 'Thinking blocks joined by a blank line.';
COMMENT ON COLUMN messages.tools_used IS 'Names of the tools that it calls, or whose result it is.';
COMMENT ON COLUMN messages.tool_call_ids IS 'The provider''s ids of those calls.';
COMMENT ON COLUMN messages.tool_arguments IS 'String and number values of the arguments of the calls that it makes, in order, one a line; of a bashExecution its command.';
COMMENT ON COLUMN messages.images IS 'How many images it holds.';
COMMENT ON COLUMN messages.provider IS 'Provider of the model that wrote it.';
COMMENT ON COLUMN messages.model IS 'Model that wrote it.';
COMMENT ON COLUMN messages.input_tokens IS 'Input tokens, cached ones not included.';
COMMENT ON COLUMN messages.output_tokens IS 'Output tokens.';
COMMENT ON COLUMN messages.cache_read_tokens IS 'Input tokens read from the provider''s cache.';
COMMENT ON COLUMN messages.cache_write_tokens IS 'Input tokens written to the provider''s cache.';
COMMENT ON COLUMN messages.total_tokens IS 'Tokens of the call, as stated, else the sum of the four.';
COMMENT ON COLUMN messages.cost_nanousd IS 'Billionths of a US dollar.';
COMMENT ON COLUMN messages.stop_reason IS 'Why the model stopped, as stated.';
COMMENT ON COLUMN messages.error_message IS 'Error of the model call.';
COMMENT ON COLUMN messages.is_error IS 'The model call ended in an error, or the tool result is a failure.';
COMMENT ON COLUMN messages.truncated IS 'The text was cut; the raw line is whole.';
COMMENT ON COLUMN messages.sentiment IS 'Filled by a later stage.';

CREATE TABLE tool_calls (
    tool_call_id uuid NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    call_id text COLLATE "C" NOT NULL,
    ordinal integer NOT NULL,
    agent_id text COLLATE "C",
    channel text COLLATE "C",
    cwd text COLLATE "C",
    project text COLLATE "C",
    provider text COLLATE "C",
    model text COLLATE "C",
    name text COLLATE "C" NOT NULL,
    arguments text COLLATE "C",
    result text COLLATE "C",
    outcome text COLLATE "C" NOT NULL,
    error text COLLATE "C",
    exit_code integer,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    duration_ms bigint,
    call_entry_id text COLLATE "C",
    result_entry_id text COLLATE "C",
    inherited boolean NOT NULL,
    PRIMARY KEY (tool_call_id)
);
CREATE INDEX tool_calls_session ON tool_calls (session_id, started_at);
CREATE INDEX tool_calls_name ON tool_calls (name, started_at);
COMMENT ON TABLE tool_calls IS 'One tool call of a session, joined with its result.';
COMMENT ON COLUMN tool_calls.tool_call_id IS 'UUIDv5 of family, session_id, call_id and ordinal. The key of the topic.';
COMMENT ON COLUMN tool_calls.session_id IS 'The session it belongs to.';
COMMENT ON COLUMN tool_calls.version IS 'revision * 2^40 + the sum over the calls and results known under call_id, each 1 + what was known of the session: 1 for each fact of it that is repeated here, up to 4 from a surer source.';
COMMENT ON COLUMN tool_calls.call_id IS 'The provider''s id; some providers use one again within a session.';
COMMENT ON COLUMN tool_calls.ordinal IS 'Place among the calls of the same call_id, by time.';
COMMENT ON COLUMN tool_calls.agent_id IS 'The agent whose session it is.';
COMMENT ON COLUMN tool_calls.channel IS 'Channel of the session.';
COMMENT ON COLUMN tool_calls.cwd IS 'Working folder of the session.';
COMMENT ON COLUMN tool_calls.project IS 'For now the working folder.';
COMMENT ON COLUMN tool_calls.provider IS 'Provider of the model that called.';
COMMENT ON COLUMN tool_calls.model IS 'Model that called.';
COMMENT ON COLUMN tool_calls.name IS 'Name of the tool.';
COMMENT ON COLUMN tool_calls.arguments IS 'JSON.';
COMMENT ON COLUMN tool_calls.result IS 'Text of the result, the first 32,768 characters.';
COMMENT ON COLUMN tool_calls.outcome IS 'succeeded, failed or pending.';
COMMENT ON COLUMN tool_calls.error IS 'Text of the error, the first 2,000 characters.';
COMMENT ON COLUMN tool_calls.exit_code IS 'Exit code of a command.';
COMMENT ON COLUMN tool_calls.started_at IS 'Time of the call; of the result where the call is unknown.';
COMMENT ON COLUMN tool_calls.ended_at IS 'Time of the result.';
COMMENT ON COLUMN tool_calls.duration_ms IS 'As the tool states it, else ended_at - started_at.';
COMMENT ON COLUMN tool_calls.call_entry_id IS 'Entry of the call.';
COMMENT ON COLUMN tool_calls.result_entry_id IS 'Entry of the result.';
COMMENT ON COLUMN tool_calls.inherited IS 'Copied from the parent session: left out of totals and of search hits.';
