// Idempotency-Key: http-api.md section 1.5.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { problem, Server } from './support/server.mjs';

let server;
let admin;
let token;
before(async () => {
  server = await Server.start();
  admin = await server.account('admin@example.org');
  token = admin.token;
  await server.sql(token, 'CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)');
});
afterAll(() => server?.stop());

const keyed = (key, body, options = {}) => server.post('/v1/sql', body,
  { token, ...options, headers: { 'Idempotency-Key': key, ...options.headers } });
const count = async () => (await server.sql(token, 'SELECT count(*) AS n FROM t')).rows[0].n;
const insert = { sql: "INSERT INTO t (v) VALUES ('x') RETURNING id" };

test('a repetition gets the first reply and changes nothing', async () => {
  const first = await keyed('a', insert);
  assert.equal(first.status, 200, first.text);
  assert.equal(first.headers.get('idempotency-replayed'), null);
  const again = await keyed('a', insert);
  assert.equal(again.status, 200);
  assert.equal(again.text, first.text);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal(await count(), 1);
});

test('the same key for another request is a conflict', async () => {
  await keyed('b', insert);
  problem(assert, await keyed('b', { sql: 'SELECT 1' }), 409, 'idempotency_key_reused');
});

test('another principal, environment or path has keys of its own', async () => {
  const before = await count();
  await keyed('c', insert);
  const key = (await server.post('/v1/api-keys', {}, { token })).json.key;
  const other = await keyed('c', insert, { token: key });
  assert.equal(other.headers.get('idempotency-replayed'), null);
  assert.equal(await count(), before + 2);
});

test('conflicts are kept, mendable errors are not', async () => {
  await server.sql(token, "INSERT INTO t VALUES (1000, 'taken')");
  const clash = { sql: "INSERT INTO t VALUES (1000, 'again')" };
  problem(assert, await keyed('d', clash), 409, 'constraint_violation');
  await server.sql(token, 'DELETE FROM t WHERE id = 1000');
  const again = await keyed('d', clash);
  assert.equal(again.status, 409);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  const missing = { sql: 'SELECT * FROM not_yet' };
  problem(assert, await keyed('e', missing), 400, 'no_such_table');
  await server.sql(token, 'CREATE TABLE not_yet (id INTEGER)');
  assert.equal((await keyed('e', missing)).status, 200);
});

test('a running request is not run twice', async () => {
  const slow = {
    sql :
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000)
      SELECT count(*) FROM n`,
  };
  const replies = await Promise.all([keyed('f', slow), keyed('f', slow), keyed('f', slow)]);
  const codes = replies.map((reply) => reply.json.error ?? 'ok').sort();
  assert.ok(codes.includes('ok'), codes.join());
  assert.ok(codes.every((code) => ['ok', 'idempotency_in_progress'].includes(code)), codes.join());
});

test('large replies and secrets are not kept, and not repeated', async () => {
  const large = { sql: 'SELECT hex(zeroblob(700000)) AS h' };
  assert.equal((await keyed('g', large)).status, 200);
  problem(assert, await keyed('g', large), 409, 'idempotency_reply_lost');
  const make = () => server.post('/v1/api-keys', { name: 'once' },
    { token, headers: { 'Idempotency-Key': 'h' } });
  assert.equal((await make()).status, 201);
  problem(assert, await make(), 409, 'idempotency_reply_lost');
  const keys = (await server.get('/v1/api-keys', { token })).json;
  assert.equal(keys.filter((key) => key.name === 'once').length, 1);
});

test('bad keys are refused', async () => {
  problem(assert, await keyed('k'.repeat(256), insert), 400, 'invalid_argument');
  assert.equal((await keyed('k'.repeat(255), insert)).status, 200);
});

test('kept replies survive a crash', async () => {
  const first = await keyed('z', insert);
  await server.crashAndRestart();
  const again = await keyed('z', insert);
  assert.equal(again.text, first.text);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
});

test('what was cut off by a crash never runs again', async () => {
  const slow = {
    sql: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    timeout_ms: 60_000,
  };
  // One of them runs, the others are told so.
  const sent = [1, 2, 3].map(() => keyed('y', slow).catch((error) => error));
  problem(assert, await Promise.race(sent), 409, 'idempotency_in_progress');
  await server.crashAndRestart();
  assert.ok((await Promise.all(sent)).some((reply) => reply instanceof Error));
  problem(assert, await keyed('y', slow), 409, 'idempotency_reply_lost');
});
