-- Who is asking and what may they do (src/core/identity). Ids are UUID text, times milliseconds since
-- 1970, lists and objects JSON text, hashes hexadecimal.
create table organizations (
  id text primary key,
  name text not null,
  slug text not null unique,
  description text,
  logo_url text,
  plan text not null,
  settings text not null,
  is_active bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index organizations_by_age on organizations (created_at, id);

create table environments (
  id text primary key,
  org_id text not null references organizations (id) on delete cascade,
  slug text not null,
  display_name text not null,
  is_default bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique (org_id, slug)
);

create table users (
  id text primary key,
  org_id text not null references organizations (id),
  email text not null unique,
  name text,
  password_hash text not null,
  status text not null,
  roles text not null,
  labels text not null,
  user_groups text not null,
  created_at bigint not null,
  updated_at bigint not null,
  last_login_at bigint
);
create index users_by_org on users (org_id, id);

-- A session is the family of its refresh tokens. `ended_epoch` is the value of
-- identity_epoch.sessions at its end, so that other processes can ask what ended since.
create table user_sessions (
  id text primary key,
  org_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  environment_id text not null references environments (id) on delete cascade,
  ip text not null,
  user_agent text not null,
  created_at bigint not null,
  updated_at bigint not null,
  last_used_at bigint not null,
  expires_at bigint not null,
  expires_at_max bigint not null,
  ended_at bigint,
  ended_epoch bigint
);
create index user_sessions_by_user on user_sessions (user_id, created_at);
create index user_sessions_by_end on user_sessions (ended_epoch);
create index user_sessions_by_expiry on user_sessions (expires_at);

create table refresh_tokens (
  token_hash text primary key,
  session_id text not null references user_sessions (id) on delete cascade,
  issued_at bigint not null,
  expires_at bigint not null,
  spent_at bigint,
  successor_hash text not null
);
create index refresh_tokens_by_session on refresh_tokens (session_id);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);

create table teams (
  id text primary key,
  org_id text not null references organizations (id) on delete cascade,
  name text not null,
  description text,
  created_at bigint not null,
  updated_at bigint not null
);
create index teams_by_org on teams (org_id, created_at, id);

create table team_members (
  team_id text not null references teams (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  role text not null,
  created_at bigint not null,
  updated_at bigint not null,
  primary key (team_id, user_id)
);
create index team_members_by_user on team_members (user_id);

-- `allow` is a set of bits: 1 create, 2 read, 4 update, 8 delete.
create table permissions (
  id text primary key,
  org_id text not null references organizations (id) on delete cascade,
  principal_kind text not null,
  principal_id text not null,
  resource text not null,
  allow bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique (org_id, principal_kind, principal_id, resource)
);

create table api_keys (
  id text primary key,
  org_id text not null references organizations (id) on delete cascade,
  user_id text not null references users (id) on delete cascade,
  environment_id text not null references environments (id) on delete cascade,
  name text,
  description text,
  key_hash text not null unique,
  key_prefix text not null,
  scopes text not null,
  ip_allow text not null,
  created_at bigint not null,
  updated_at bigint not null,
  last_used_at bigint,
  expires_at bigint,
  revoked_at bigint,
  previous_key_hash text unique,
  previous_expires_at bigint
);
create index api_keys_by_user on api_keys (user_id, created_at);

-- Append-only and chained by hashes. No foreign keys: it outlives what it speaks about.
create table audit_logs (
  seq bigint primary key,
  created_at bigint not null,
  org_id text not null,
  actor_kind text not null,
  actor_id text not null,
  token_id text not null,
  ip text not null,
  action text not null,
  object text not null,
  result text not null,
  details text not null,
  prev_hash text not null,
  hash text not null
);
create index audit_logs_by_org on audit_logs (org_id, seq);

-- The end of the chain. Whoever changes identities locks this row first.
create table audit_head (
  id bigint primary key,
  seq bigint not null,
  hash text not null
);
insert into audit_head (id, seq, hash) values (1, 0, '');

-- Counters that every process watches.
create table identity_epoch (
  id bigint primary key,
  rights bigint not null,
  sessions bigint not null
);
insert into identity_epoch (id, rights, sessions) values (1, 0, 0);
