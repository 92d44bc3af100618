// Every operation of api/openapi.yaml is called, and every reply validated against its schema.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { openStream, Socket } from './support/events.mjs';
import { check, document, operations } from './support/openapi.mjs';
import { eventually, Server } from './support/server.mjs';

const NOBODY = '0198c0de-0000-7000-8000-000000000000';
const PASSWORD = 'correct horse 9';
let server;
const succeeded = new Set();
const problems = [];

before(async () => { server = await Server.start(); });
afterAll(() => server?.stop());

// A request whose reply is validated, whatever its status.
async function call(method, target, options = {}) {
  const reply = await server.request(method, target, options);
  const result = check(method, target, reply);
  problems.push(...result.problems);
  if (reply.status < 400) succeeded.add(result.operation);
  if (options.expect)
    assert.equal(reply.status, options.expect, `${method} ${target}: ${reply.text}`);
  return reply;
}

test('the served document is the one in the repository', async () => {
  const served = await call('GET', '/openapi.json', { expect: 200 });
  assert.deepEqual(served.json, JSON.parse(JSON.stringify(document)));
});

test('operations', async () => {
  for (const path of ['/health', '/ready', '/live', '/healthz', '/version', '/stats', '/metrics']) {
    await call('GET', path, { expect: 200 });
  }
});

test('accounts', async () => {
  const email = 'admin@example.org';
  await call('POST', '/v1/auth/signup', { body: { email, password: PASSWORD }, expect: 201 });
  await call('POST', '/v1/auth/signup', { body: { email, password: PASSWORD }, expect: 409 });
  await call('POST', '/v1/auth/signup', { body: { email: 'x' }, expect: 422 });
  const login =
    (await call('POST', '/v1/auth/login', { body: { email, password: PASSWORD }, expect: 200 }))
      .json;
  await call('POST', '/v1/auth/login', { body: { email, password: 'wrong one' }, expect: 401 });
  const token = login.access_token;
  await call('GET', '/v1/whoami', { token, expect: 200 });
  await call('GET', '/v1/whoami', { expect: 401 });
  await call('GET', '/v1/environments', { token, expect: 200 });
  let refresh_token = (await call('POST', '/v1/auth/refresh',
    { body: { refresh_token: login.refresh_token }, expect: 200 })).json.refresh_token;
  for (const path of ['/v1/auth/switch-environment', '/v1/auth/switch']) {
    refresh_token = (await call('POST', path,
      { body: { refresh_token, environment: 'sandbox' }, expect: 200 })).json.refresh_token;
  }
  await call('POST', '/v1/auth/password',
    { token, body: { current_password: PASSWORD, new_password: 'new horse 123' }, expect: 204 });
  await call('POST', '/v1/auth/password',
    { token, body: { current_password: 'new horse 123', new_password: PASSWORD }, expect: 204 });
  const other = (await server.login(email)).bundle;
  const sessions = (await call('GET', '/v1/auth/sessions', { token, expect: 200 })).json;
  const others = sessions.filter((session) => !session.current);
  await call('DELETE', `/v1/auth/sessions/${others[0].id}`, { token, expect: 204 });
  await call('DELETE', `/v1/auth/sessions/${NOBODY}`, { token, expect: 404 });
  await call('DELETE', '/v1/auth/sessions/nonsense', { token, expect: 400 });
  await call('POST', '/v1/auth/logout', { token: other.access_token });
  const last = (await server.login(email)).bundle;
  await call(
    'POST', '/v1/auth/logout', { body: { refresh_token: last.refresh_token }, expect: 204 });
});

test('accounts of the second family', async () => {
  const credentials = { email: 'second@example.org', password: PASSWORD };
  const made =
    (await call('POST', '/api/v1/auth/register', { body: credentials, expect: 201 })).json;
  await call('POST', '/api/v1/auth/login', { body: credentials, expect: 200 });
  await call('POST', '/api/v1/auth/refresh', { token: made.token, expect: 200 });
  await call(
    'POST', '/api/v1/auth/refresh', { body: { refresh_token: made.refresh_token }, expect: 200 });
  await call('GET', '/api/v1/auth/me', { token: made.token, expect: 200 });
  await call('POST', '/api/v1/auth/logout', { token: made.token, expect: 204 });
});

test('API keys, under both names', async () => {
  const { token } = await server.login('admin@example.org');
  for (const base of ['/v1/api-keys', '/api/v1/api-keys']) {
    const key = (await call('POST', base, {
      token,
      expect: 201,
      body: {
        name: 'k',
        description: 'd',
        scopes: ['tables:read'],
        ip_allow: ['127.0.0.0/8'],
        expires_in_days: 1
      },
    })).json;
    await call('POST', base, { token, body: { expires_in_days: 0 }, expect: 400 });
    await call('POST', base, { token, body: { scopes: ['moons:read'] }, expect: 400 });
    await call('GET', `${base}?limit=1`, { token, expect: 200 });
    await call('GET', `${base}/${key.id}`, { token, expect: 200 });
    await call(
      'PUT', `${base}/${key.id}`, { token, body: { description: null, name: 'n'}, expect: 200});
    await call('POST', `${base}/${key.id}/rotate`, { token, expect: 200 });
    await call('DELETE', `${base}/${key.id}`, { token, expect: 200 });
    await call('GET', `${base}/${key.id}`, { token, expect: 410 });
    await call('GET', `${base}/${NOBODY}`, { token, expect: 404 });
  }
});

test('permissions, users, audit', async () => {
  const admin = await server.login('admin@example.org');
  const { token } = admin;
  const principal = { kind: 'group', id: 'staff' };
  const record = (await call('POST', '/v1/permissions',
    { token, body: { principal, resource: 'jobs', allow: ['read', 'create'] }, expect: 201 })).json;
  await call('PUT', '/v1/permissions',
    { token, body: { principal, resource: 'tables/orders', allow: [] }, expect: 200 });
  await call('GET', '/v1/permissions?limit=1', { token, expect: 200 });
  await call('GET', '/v1/permissions/effective', { token, expect: 200 });
  await call('GET', `/v1/permissions/${record.id}`, { token, expect: 200 });
  await call('PUT', `/v1/permissions/${record.id}`, { token, body: { allow: [] }, expect: 200 });
  await call('DELETE', `/v1/permissions/${record.id}`, { token, expect: 204 });
  await call('GET', `/v1/permissions/${record.id}`, { token, expect: 404 });
  const users = (await call('GET', '/v1/users', { token, expect: 200 })).json;
  const second = users.find((user) => user.email === 'second@example.org');
  await call('GET', `/v1/users/${second.id}`, { token, expect: 200 });
  await call('PUT', `/v1/users/${second.id}`,
    { token, body: { name: 'Second', labels: ['a'], groups: ['staff'] }, expect: 200 });
  await call('PUT', `/v1/users/${second.id}`, { token, body: { status: 'gone' }, expect: 400 });
  await call('GET', '/v1/audit?limit=1000', { token, expect: 200 });
  await call('GET', '/v1/audit?since=yesterday', { token, expect: 400 });
});

test('organizations and teams', async () => {
  const { token } = await server.login('admin@example.org');
  const base = '/api/v1/organizations';
  const made = (await call('POST', base, { token, body: { name: 'Acme' }, expect: 201 })).json;
  await call('GET', `${base}?limit=1`, { token, expect: 200 });
  await call('GET', `${base}/${made.id}`, { token, expect: 200 });
  await call('PUT', `${base}/${made.id}`, { token, body: { settings: { a: 1 } }, expect: 200 });
  await call('DELETE', `${base}/${made.id}`, { token, expect: 204 });
  await call('GET', `${base}/${made.id}`, { token, expect: 404 });

  const users = (await server.get('/v1/users', { token })).json;
  const second = users.find((user) => user.email === 'second@example.org');
  const team =
    (await call('POST', '/api/v1/teams', { token, body: { name: 'core' }, expect: 201 })).json;
  const path = `/api/v1/teams/${team.id}`;
  await call('GET', '/api/v1/teams', { token, expect: 200 });
  await call('GET', path, { token, expect: 200 });
  await call('PUT', path, { token, body: { description: 'x' }, expect: 200 });
  await call('POST', `${path}/members`,
    { token, body: { user_id: second.id, role: 'viewer' }, expect: 201 });
  await call('POST', `${path}/members`, { token, body: { user_id: NOBODY }, expect: 404 });
  await call('GET', `${path}/members`, { token, expect: 200 });
  await call('GET', `/v1/users/${second.id}`, { token, expect: 200 });
  await call('DELETE', `${path}/members/${second.id}`, { token, expect: 204 });
  await call('DELETE', path, { token, expect: 204 });
});

test('SQL, tables and transactions', async () => {
  const { token } = await server.login('admin@example.org');
  const sql = (text, params) => ({ token, body: { sql: text, params } });
  await call(
    'POST', '/v1/sql', {...sql('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)'), expect: 200});
  await call('POST', '/v1/sql', { ...sql("INSERT INTO t VALUES (1, 'x')"), expect: 200 });
  await call('POST', '/v1/sql', { ...sql('SELECT * FROM t WHERE id = ?', [1]), expect: 200 });
  await call('POST', '/v1/sql', { ...sql('SELECT * FROM missing'), expect: 400 });
  await call('POST', '/v1/sql', { ...sql("INSERT INTO t VALUES (1, 'x')"), expect: 409 });
  await call('POST', '/v1/sql', { ...sql("ATTACH 'x' AS y"), expect: 403 });
  for (const Accept of ['text/csv', 'application/x-ndjson']) {
    await call('POST', '/v1/sql', { ...sql('SELECT * FROM t'), headers: { Accept }, expect: 200 });
  }
  await call('GET', '/v1/tables', { token, expect: 200 });
  await call('GET', '/v1/tables/t', { token, expect: 200 });
  await call('GET', '/v1/tables/t/sample', { token, expect: 200 });
  await call('GET', '/v1/tables/missing', { token, expect: 404 });
  for (const end of ['commit', 'rollback']) {
    const begun = (await call('POST', '/v1/transactions/begin', { token, expect: 201 })).json;
    const path = `/v1/transactions/${begun.transaction_id}`;
    await call('POST', `${path}/execute`, { ...sql('SELECT * FROM t'), expect: 200 });
    await call('POST', `${path}/execute`, { ...sql('SELEC'), expect: 400 });
    await call('GET', `${path}/status`, { token, expect: 200 });
    await call('POST', `${path}/${end}`, { token, expect: 200 });
    await call('POST', `${path}/${end}`, { token, expect: 409 });
  }
  await call('GET', '/v1/transactions', { token, expect: 200 });
  await call('GET', `/v1/transactions/${NOBODY}/status`, { token, expect: 404 });
});

test('vectors', async () => {
  const { token } = await server.login('admin@example.org');
  await server.sql(token, 'CREATE TABLE points (id INTEGER PRIMARY KEY, v VECTOR(2))');
  await server.sql(token, `INSERT INTO points VALUES (1, '[1,0]'), (2, '[0,1]')`);
  const query = [1, 0];
  await call('POST', '/v1/knn', {
    token, body: { metric: 'cosine', query, vectors: [[1, 0], [0, 1]], top_k: 1 }, expect: 200,
  });
  await call('POST', '/v1/knn',
    { token, body: { table: 'points', column: 'v', queries: [query] }, expect: 200 });
  await call('POST', '/v1/knn',
    { token, body: { metric: 'x', query, vectors: [], top_k: 1 }, expect: 400 });
  const column = { table: 'points', column: 'v' };
  await call('POST', '/v1/indexes/hnsw/search', { token, body: { ...column, query }, expect: 404 });
  await call('POST', '/v1/indexes/hnsw/build', { token, body: column, expect: 201 });
  await call('POST', '/v1/indexes/hnsw/build', { token, body: column, expect: 200 });
  await call('POST', '/v1/indexes/hnsw/search',
    { token, body: { ...column, query, top_k: 2, include: ['id'] }, expect: 200 });
  await call('GET', '/v1/indexes/hnsw?table=points', { token, expect: 200 });
  await call('GET', '/v1/indexes/hnsw/points/v/stats', { token, expect: 200 });
  await call('DELETE', '/v1/indexes/hnsw/points/v', { token, expect: 204 });
  await call('DELETE', '/v1/indexes/hnsw/points/v', { token, expect: 404 });
});

test('collections', async () => {
  const { token } = await server.login('admin@example.org');
  const projection = { columns: { name: 'name', n: { path: 'n', type: 'INTEGER' } } };
  await call('POST', '/v1/collections', { token, body: { name: 'docs', projection }, expect: 201 });
  await call('POST', '/v1/collections', { token, body: { name: 'docs', projection }, expect: 200 });
  await call('POST', '/v1/collections', { token, body: { name: '1' }, expect: 400 });
  await call('GET', '/v1/collections', { token, expect: 200 });
  await call('GET', '/v1/collections/docs', { token, expect: 200 });
  await call('GET', '/v1/collections/nope', { token, expect: 404 });
  const headers = { 'Content-Type': 'application/x-ndjson', 'Idempotency-Key': 'stream-1' };
  const body = '{"_id":"a","name":"x","n":1}\n{"_id":"b"}\n{broken\n';
  await call('POST', '/v1/collections/docs/ingest', { token, body, headers, expect: 200 });
  await call('GET', '/v1/collections/docs/ingest',
    { token, headers: { 'Idempotency-Key': 'stream-1' }, expect: 200 });
  await call('POST', '/v1/collections/docs/ingest', { token, body: { _id: 'c' }, expect: 200 });
  await call('GET', '/v1/collections/docs/documents?limit=1', { token, expect: 200 });
  const a = '/v1/collections/docs/documents/a';
  await call('GET', a, { token, expect: 200 });
  await call('PUT', a, { token, body: { name: 'y' }, expect: 200 });
  await call('PATCH', a, { token, body: { n: 5 }, expect: 200 });
  await call('GET', '/v1/collections/docs/export', { token, expect: 200 });
  await call('DELETE', a, { token, expect: 204 });
  await call('GET', a, { token, expect: 404 });
  await call('GET', '/v1/collections/docs/projection', { token, expect: 200 });
  await call('PUT', '/v1/collections/docs/projection',
    { token, body: { columns: { name: 'name' } }, expect: 200 });
  await call('DELETE', '/v1/collections/docs', { token, expect: 204 });
});

test('files', async () => {
  const { token } = await server.login('admin@example.org');
  const headers = { 'Content-Type': 'text/plain' };
  const body = 'some bytes';
  const { sha256 } = (await call('POST', '/v1/files', { token, body, headers, expect: 201 })).json;
  await call('POST', '/v1/files', { token, body, headers, expect: 200 });
  await call('GET', `/v1/files/${sha256}`, { token, expect: 200 });
  await call('GET', `/v1/files/${sha256}`, { token, headers: { Range: 'bytes=0-3' }, expect: 206 });
  await call('GET', '/v1/files/nonsense', { token, expect: 400 });
  await call('GET', '/v1/files', { token, expect: 200 });
  await call('POST', '/v1/files/maintenance', { token, body: { job: 'verify' }, expect: 202 });
  await call('GET', '/v1/files/maintenance', { token, expect: 200 });
  await call('DELETE', `/v1/files/${sha256}`, { token, expect: 204 });
});

test('full text and search', async () => {
  const { token } = await server.login('admin@example.org');
  await server.sql(token, 'CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, v VECTOR(2))');
  await server.sql(token, `INSERT INTO notes VALUES (1, 'a calm sea', '[1,0]'), (2, 'x', '[0,1]')`);
  const index = { table: 'notes', columns: ['body'] };
  await call('POST', '/v1/indexes/text/build', { token, body: index, expect: 201 });
  await call('POST', '/v1/indexes/text/build', { token, body: index, expect: 200 });
  await call('GET', '/v1/indexes/text', { token, expect: 200 });
  const vector = { column: 'v', query: [1, 0] };
  for (const body of [{ text: 'sea' }, { vector }, { text: { query: 'sea' }, vector,
    include: ['body'] }]) {
    await call('POST', '/v1/search', { token, body: { table: 'notes', ...body }, expect: 200 });
  }
  await call('POST', '/v1/search', { token, body: { table: 'notes', text: '' }, expect: 400 });
  await call('DELETE', '/v1/indexes/text/notes', { token, expect: 204 });
  await call('DELETE', '/v1/indexes/text/notes', { token, expect: 404 });
});

test('files', async () => {
  const { token } = await server.login('admin@example.org');
  const headers = { 'Content-Type': 'text/plain' };
  const file = (await call('POST', '/v1/files', { token, headers, body: 'x', expect: 201 })).json;
  await call('POST', '/v1/files', { token, headers, body: 'x', expect: 200 });
  await call('POST', '/v1/files',
    { token, headers: { 'Content-Type': 'multipart/mixed; boundary=a' }, body: 'x', expect: 415 });
  await call('GET', '/v1/files?limit=1', { token, expect: 200 });
  const path = `/v1/files/${file.sha256}`;
  await call('GET', path, { token, expect: 200 });
  await call('GET', path, { token, headers: { Range: 'bytes=0-0' }, expect: 206 });
  await call('GET', path, { token, headers: { Range: 'bytes=9-' }, expect: 416 });
  await call('GET', '/v1/files/nonsense', { token, expect: 400 });
  await call('DELETE', path, { token, expect: 204 });
  await call('GET', path, { token, expect: 404 });
  await call('GET', '/v1/files/maintenance', { token, expect: 200 });
  await call('POST', '/v1/files/maintenance', { token, body: { job: 'verify' }, expect: 202 });
  await call('POST', '/v1/files/maintenance', { token, body: { job: 'rest' }, expect: 400 });
});

test('jobs, under both names', async () => {
  const { token } = await server.login('admin@example.org');
  const ended = (id) => eventually(async () => {
    const { state } = (await server.get(`/v1/jobs/${id}?wait_ms=1000`, { token })).json;
    return ['succeeded', 'failed', 'canceled'].includes(state);
  }, 20_000);
  for (const base of ['/v1/jobs', '/jobs']) {
    const post = (path, body, expect) => call('POST', `${base}${path}`, { token, body, expect });
    const command = ['sh', '-c', 'echo hi; echo kept > "$ZJOB_ARTIFACTS/a.txt"'];
    const id = (await post('', { command, env: { A: 'b' }, tags: ['t'], metadata: { k: 1 },
      priority: 1, concurrency: { key: 'c', max: 2 }, retry: { initial_ms: 10 } }, 201)).json.id;
    await post('', {}, 400);
    await post('', { command: 'x' }, 422);
    await ended(id);
    const one = `${base}/${id}`;
    const get = (path, expect, headers) =>
      call('GET', `${one}${path}`, { token, expect, headers });
    await get('', 200);
    await get('/logs', 200);
    await get('/logs', 200, { Accept: 'text/plain' });
    await get('/logs?follow=true', 200);
    await get('/logs?follow=true', 200, { Accept: 'text/event-stream' });
    await get('/artifacts', 200);
    await get('/artifacts/a.txt', 200);
    await get('/artifacts/a.txt', 206, { Range: 'bytes=0-1' });
    await get('/artifacts/b.txt', 404);
    await get('/why', 200);
    await post('/bulk', { jobs: [{ command: ['true'] }, {}] }, 200);
    await call('GET', `${base}?state=succeeded&tag=t&limit=1`, { token, expect: 200 });
    await call('GET', `${base}?state=nonsense`, { token, expect: 400 });
    await call('GET', `${base}/stats`, { token, expect: 200 });
    await post('/pause', undefined, 200);
    const held = (await post('', { command: ['true'] }, 201)).json.id;
    await post(`/${held}/cancel`, undefined, 200);
    await post(`/${held}/cancel`, undefined, 409);
    await post('/resume', undefined, 200);
    await post(`/${held}/retry`, undefined, 200);
    await ended(held);
    await post(`/${held}/retry`, undefined, 409);
    const later = (await post('', { command: ['true'], delay_secs: 60 }, 201)).json.id;
    await call('DELETE', `${base}/${later}`, { token, expect: 200 });
    await call('DELETE', `${base}/${later}?purge=true`, { token, expect: 204 });
    await call('DELETE', `${base}/${NOBODY}`, { token, expect: 404 });
  }
  await call('GET', '/api/v1/queue/stats', { token, expect: 200 });
});

test('job templates and schedules', async () => {
  const { token } = await server.login('admin@example.org');
  const template = { name: 't', spec: { command: ['echo', '${params.a}'] } };
  await call('POST', '/v1/job-templates', { token, body: template, expect: 201 });
  await call('POST', '/v1/job-templates', { token, body: template, expect: 409 });
  await call('GET', '/v1/job-templates', { token, expect: 200 });
  await call('GET', '/v1/job-templates/t', { token, expect: 200 });
  await call('PUT', '/v1/job-templates/t', { token, body: template, expect: 200 });
  await call('DELETE', '/v1/job-templates/t', { token, expect: 204 });
  await call('GET', '/v1/job-templates/t', { token, expect: 404 });
  const plan = { name: 's', spec: { command: ['true'] }, cron_expression: '0 3 * * *' };
  const { id } = (await call('POST', '/v1/job-schedules', { token, body: plan, expect: 201 })).json;
  await call('POST', '/v1/job-schedules',
    { token, body: { ...plan, cron_expression: 'x' }, expect: 400 });
  await call('GET', '/v1/job-schedules', { token, expect: 200 });
  await call('GET', `/v1/job-schedules/${id}`, { token, expect: 200 });
  await call('PUT', `/v1/job-schedules/${id}`, { token, body: plan, expect: 200 });
  await call('POST', `/v1/job-schedules/${id}/trigger`, { token, expect: 201 });
  await call('GET', `/v1/job-schedules/${id}`, { token, expect: 200 });
  const fills = `/v1/job-schedules/${id}/backfills`;
  const range = { from: '2014-01-01T00:00:00Z', to: '2024-01-01T00:00:00Z' };
  const fill = (await call('POST', fills, { token, body: range, expect: 201 })).json;
  await call('POST', fills, { token, body: { ...range, to: range.from }, expect: 400 });
  await call('POST', fills, { token, body: {}, expect: 422 });
  await call('GET', fills, { token, expect: 200 });
  await call('GET', `${fills}/${fill.id}`, { token, expect: 200 });
  await call('GET', `${fills}/${NOBODY}`, { token, expect: 404 });
  const one = `${fills}/${fill.id}`;
  await call('PATCH', one, { token, body: { paused: true, parallel: 2 }, expect: 200 });
  await call('DELETE', one, { token, expect: 200 });
  await call('PATCH', one, { token, body: { paused: false }, expect: 409 });
  await call('DELETE', `/v1/job-schedules/${id}`, { token, expect: 204 });
});

test('workers elsewhere', async () => {
  const { token } = await server.login('admin@example.org');
  const post = (path, body, expect) => call('POST', `/v1/workers/${path}`, { token, body, expect });
  const spec = { command: ['true'], requires: ['mine'] };
  const lease = async () => (await post('lease',
    { worker_id: 'w', labels: ['mine'], wait_ms: 5000 }, 200)).json.jobs[0];
  const { id } = (await call('POST', '/v1/jobs', { token, body: spec, expect: 201 })).json;
  await post('lease', {}, 422);
  const given = await lease();
  await post(`jobs/${id}/release`, { token: given.token }, 200);
  const kept = (await lease()).token;
  await post('heartbeat', { worker_id: 'w', leases: [{ job_id: id, token: kept }] }, 200);
  await post(`jobs/${id}/logs`, { token: kept, lines: [{ stream: 'stdout', line: 'x' }] }, 200);
  await post(`jobs/${id}/logs`, { token: given.token, lines: [] }, 409);
  await call('PUT', `/v1/workers/jobs/${id}/artifacts/a?token=${kept}`, {
    token, body: 'x', headers: { 'Content-Type': 'application/octet-stream' }, expect: 201,
  });
  await call('GET', '/v1/workers', { token, expect: 200 });
  await post(`jobs/${id}/finish`, { token: kept, outcome: 'succeeded', output: 1 }, 200);
  await post(`jobs/${NOBODY}/finish`, { token: kept, outcome: 'succeeded' }, 404);
});

test('events', async () => {
  const { token } = await server.login('admin@example.org');
  await call('GET', '/v1/metrics/ws', { token, expect: 200 });
  await call('GET', '/v1/metrics/ws', { expect: 401 });
  await call('GET', '/v1/events', { token, expect: 400 });
  await call('GET', '/v1/events?topic=nonsense', { token, expect: 400 });
  await call('GET', '/v1/events?topic=tables/missing', { token, expect: 404 });
  await call('GET', '/ws', { expect: 426 });
  // These two do not end: their first bytes are looked at.
  const stream = await openStream(server, '/v1/events?topic=system', { token });
  assert.equal(stream.reply.status, 200);
  assert.equal(stream.reply.headers.get('content-type'), 'text/event-stream');
  assert.equal((await stream.next()).event, 'subscribed');
  stream.close();
  succeeded.add('get /v1/events');
  const socket = await Socket.open(server, { token });
  assert.equal((await socket.ask({ action: 'ping' })).type, 'pong');
  await socket.close();
  succeeded.add('get /ws');
});

test('the validator notices a wrong reply', async () => {
  const reply = await server.get('/version');
  assert.deepEqual(check('GET', '/version', reply).problems, []);
  const without = { ...reply, json: { ...reply.json, commit: undefined } };
  delete without.json.commit;
  assert.equal(check('GET', '/version', without).problems.length, 1);
  assert.equal(
    check('GET', '/version', { ...reply, json: {...reply.json, more: 1 } }).problems.length, 1);
  assert.equal(check('GET', '/version', { ...reply, status: 201 }).problems.length, 1);
});

test('every reply was as described', () => { assert.deepEqual(problems, []); });

test('every operation was called and succeeded', () => {
  assert.deepEqual(operations().filter((operation) => !succeeded.has(operation)), []);
});
