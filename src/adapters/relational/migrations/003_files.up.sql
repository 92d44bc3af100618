-- Files (src/core/files): the blobs of the store, who has them, and who needs them. `sha256` is
-- hexadecimal; a blob's `state` is live or condemned (it is being removed).
create table file_blobs (
  sha256 text primary key,
  size bigint not null,
  state text not null,
  claimed_at bigint not null,
  damaged_at bigint
);
create index file_blobs_by_state on file_blobs (state, sha256);

create table files (
  org_id text not null references organizations (id) on delete cascade,
  env_slug text not null,
  sha256 text not null references file_blobs (sha256),
  size bigint not null,
  content_type text not null,
  created_at bigint not null,
  primary key (org_id, env_slug, sha256)
);
create index files_by_age on files (org_id, env_slug, created_at, sha256);
create index files_by_blob on files (sha256);

create table file_references (
  org_id text not null,
  env_slug text not null,
  sha256 text not null,
  holder text not null,
  primary key (org_id, env_slug, sha256, holder),
  foreign key (org_id, env_slug, sha256) references files (org_id, env_slug, sha256)
    on delete cascade
);
