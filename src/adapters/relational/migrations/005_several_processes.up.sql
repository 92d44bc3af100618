-- Workers of processes that lease from one store (src/core/jobs/worker_store.hpp), as they last
-- told. Without org_id they work for every tenant.
create table job_workers (
  id text not null primary key,
  org_id text,
  env_slug text,
  mode text not null,
  labels text not null,
  kinds text not null,
  sandbox smallint not null,
  slots bigint not null,
  draining smallint not null,
  seen_at bigint not null
);

-- Folders of blobs that servers write to, by the name that lies in them (adapters/relational/
-- blob_folders.hpp).
create table blob_folders (
  id text not null primary key,
  announced_at bigint not null
);

-- Files that jobs are given (`files` of a specification): a file that is named here cannot be
-- deleted (file_catalog.cpp).
create table job_files (
  job ${BLOB} not null references jobs (id) on delete cascade,
  org_id text not null,
  env_slug text not null,
  sha256 text not null,
  primary key (job, sha256)
);
create index job_files_by_file on job_files (org_id, env_slug, sha256);
