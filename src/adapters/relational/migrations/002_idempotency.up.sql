-- Replies that a repeated request gets again (http-api.md section 1.5). `owner` and `key_id` are
-- hashes; `state` is running, done or lost; `headers` is a JSON array of [name, value].
create table idempotency_keys (
  key_id text primary key,
  owner text not null,
  request_hash text not null,
  state text not null,
  started_at bigint not null,
  status bigint,
  content_type text,
  headers text,
  body text
);
create index idempotency_keys_by_owner on idempotency_keys (owner, started_at);
create index idempotency_keys_by_age on idempotency_keys (started_at);
