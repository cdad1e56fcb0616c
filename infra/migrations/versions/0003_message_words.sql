-- A tsvector takes 1 MiB at most; what stands beyond the first 64 KiB of a message OpenSearch finds.
CREATE INDEX messages_words ON messages USING gin (to_tsvector('english', left(text, 65536)));
