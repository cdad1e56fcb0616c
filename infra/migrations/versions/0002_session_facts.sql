ALTER TABLE messages
    ADD COLUMN model_call boolean NOT NULL DEFAULT false,
    ADD COLUMN brand text COLLATE "C",
    ADD COLUMN session_key text COLLATE "C",
    ADD COLUMN chat_type text COLLATE "C";
ALTER TABLE messages ALTER COLUMN model_call DROP DEFAULT;
COMMENT ON COLUMN messages.model_call IS 'It is the reply of a model: its tokens, cost, stop_reason and error are those of the call.';
COMMENT ON COLUMN messages.brand IS 'Product that wrote the transcript: clawdbot, moltbot, openclaw or pi.';
COMMENT ON COLUMN messages.session_key IS 'Chat of the session, agent:<agent>:<channel>:…; it outlives the session.';
COMMENT ON COLUMN messages.chat_type IS 'direct, group or channel.';

ALTER TABLE tool_calls
    ADD COLUMN brand text COLLATE "C",
    ADD COLUMN session_key text COLLATE "C",
    ADD COLUMN chat_type text COLLATE "C";
COMMENT ON COLUMN tool_calls.brand IS 'Product that wrote the transcript: clawdbot, moltbot, openclaw or pi.';
COMMENT ON COLUMN tool_calls.session_key IS 'Chat of the session, agent:<agent>:<channel>:…; it outlives the session.';
COMMENT ON COLUMN tool_calls.chat_type IS 'direct, group or channel.';
