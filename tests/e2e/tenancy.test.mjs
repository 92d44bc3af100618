// Every object belongs to one (organization, environment): http-api.md section 1.3.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { problem, Server } from './support/server.mjs';

let server;
let admin;
let live;
let sandbox;
before(async () => {
  server = await Server.start();
  admin = await server.account('admin@example.org');
  live = admin.token;
  sandbox = (await server.login(admin.email, { environment: 'sandbox' })).token;
});
afterAll(() => server?.stop());

test('environments share no table, no row and no name', async () => {
  await server.sql(live, 'CREATE TABLE only_live (id INTEGER)');
  await server.sql(live, 'INSERT INTO only_live VALUES (1)');
  problem(assert,
    await server.post('/v1/sql', { sql: 'SELECT * FROM only_live' }, { token: sandbox }), 400,
    'no_such_table');
  problem(
    assert, await server.get('/v1/tables/only_live', { token: sandbox }), 404, 'no_such_table');
  assert.deepEqual((await server.get('/v1/tables', { token: sandbox })).json, []);
  await server.sql(sandbox, 'CREATE TABLE only_live (other TEXT)');
  assert.deepEqual((await server.sql(sandbox, 'SELECT * FROM only_live')).rows, []);
  assert.deepEqual((await server.sql(live, 'SELECT * FROM only_live')).rows, [{ id: 1 }]);
});

test('an API key stays in the environment it was made in', async () => {
  const key = (await server.post('/v1/api-keys', {}, { token: sandbox })).json.key;
  assert.equal((await server.get('/v1/whoami', { token: key })).json.env_slug, 'sandbox');
  assert.deepEqual((await server.sql(key, 'SELECT * FROM only_live')).rows, []);
});

test('another schema name does not lead out of the database', async () => {
  for (const sql of ['SELECT * FROM sandbox.only_live', 'SELECT * FROM live.only_live',
    'SELECT * FROM "../default/sandbox".only_live']) {
    const reply = await server.post('/v1/sql', { sql }, { token: live });
    assert.ok(reply.status === 400 || reply.status === 403, reply.text);
  }
  const temp =
    await server.post('/v1/sql', { sql: 'CREATE TEMP TABLE shared (id INTEGER)' }, { token: live });
  if (temp.status === 200) {
    const seen = await server.post('/v1/sql', { sql: 'SELECT * FROM shared' }, { token: sandbox });
    assert.notEqual(seen.status, 200, 'temporary space is not shared');
  }
});

test('ids of nobody and of others are alike', async () => {
  const user = await server.account('user@example.org');
  const nobody = '0198c0de-0000-7000-8000-000000000000';
  const made = (await server.post('/v1/api-keys', {}, { token: live })).json;
  for (const path of ['/v1/users/', '/v1/permissions/', '/v1/api-keys/']) {
    assert.equal((await server.get(path + nobody, { token: live })).status, 404, path);
  }
  const own = await server.get(`/v1/api-keys/${made.id}`, { token: user.token });
  assert.ok([403, 404].includes(own.status));
  assert.ok(!own.text.includes(made.key_prefix));
});

test('a crash loses nothing that was answered', async () => {
  await server.sql(live, 'CREATE TABLE durable (id INTEGER PRIMARY KEY)');
  for (let i = 1; i <= 20; ++i) await server.sql(live, 'INSERT INTO durable VALUES (?)', [i]);
  await server.crashAndRestart();
  const session = await server.login(admin.email);
  assert.equal(
    (await server.sql(session.token, 'SELECT count(*) AS n FROM durable')).rows[0].n, 20);
  assert.equal(
    (await server.get('/v1/whoami', { token: live })).status, 200, 'sessions survive too');
});
