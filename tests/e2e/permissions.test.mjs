// Permission records, users, organizations, teams, audit: http-api.md section 3, workflows.md 5.4.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { problem, Server } from './support/server.mjs';

let server;
let admin;
before(async () => {
  server = await Server.start();
  admin = await server.account('admin@example.org');
  await server.sql(admin.token, 'CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)');
  await server.sql(admin.token, 'CREATE TABLE secrets (id INTEGER PRIMARY KEY)');
});
afterAll(() => server?.stop());

const asAdmin = () => ({ token: admin.token });
const allow = (principal, resource, rights) =>
  server.put('/v1/permissions', { principal, resource, allow: rights }, asAdmin());
const effective = async (token) => (await server.get('/v1/permissions/effective', { token })).json;
const run = (token, sql) => server.post('/v1/sql', { sql }, { token });

test('the last administrator stays', async () => {
  problem(assert, await server.put(`/v1/users/${admin.user_id}`, { status: 'disabled' }, asAdmin()),
    409, 'last_admin');
  problem(assert, await server.put(`/v1/users/${admin.user_id}`, { roles: ['reader'] }, asAdmin()),
    409, 'last_admin');
});

test('a record replaces the default, and its removal brings it back', async () => {
  const user = await server.account('default@example.org');
  assert.deepEqual((await effective(user.token)).tables, ['read']);
  const principal = { kind: 'role', id: 'reader' };
  const made = await server.post('/v1/permissions',
    { principal, resource: 'tables', allow: ['create', 'read'] }, asAdmin());
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(
    (await effective(user.token)).tables, ['create', 'read'], 'for the next request');
  problem(assert, await server.post('/v1/permissions',
    { principal, resource: 'tables', allow: [] }, asAdmin()), 409, 'permission_exists');
  const changed = await server.put(`/v1/permissions/${made.json.id}`, { allow: [] }, asAdmin());
  assert.deepEqual(changed.json.allow, []);
  assert.deepEqual((await effective(user.token)).tables, []);
  problem(assert, await run(user.token, 'SELECT * FROM orders'), 403, 'permission_denied');
  assert.equal((await server.delete(`/v1/permissions/${made.json.id}`, asAdmin())).status, 204);
  assert.deepEqual((await effective(user.token)).tables, ['read']);
  problem(assert, await server.get(`/v1/permissions/${made.json.id}`, asAdmin()), 404, 'not_found');
});

test('rights come from what a statement touches', async () => {
  const user = await server.account('touch@example.org');
  assert.equal((await run(user.token, 'SELECT * FROM orders')).status, 200);
  problem(assert, await run(user.token, 'INSERT INTO orders VALUES (1, \'x\')'), 403,
    'permission_denied');
  problem(assert, await run(user.token, "UPDATE orders SET note = 'x'"), 403, 'permission_denied');
  problem(assert, await run(user.token, 'DELETE FROM orders'), 403, 'permission_denied');
  problem(assert, await run(user.token, 'DROP TABLE orders'), 403, 'permission_denied');
  await allow({ kind: 'user', id: user.user_id }, 'tables', ['create']);
  assert.equal((await run(user.token, "INSERT INTO orders VALUES (10, 'x')")).status, 200);
  problem(assert, await run(user.token, 'DELETE FROM orders'), 403, 'permission_denied');
  problem(assert,
    await run(user.token,
      'INSERT INTO orders VALUES (10, \'y\') ON CONFLICT (id) DO UPDATE SET note = \'y\''),
    403, 'permission_denied');
});

test('a record for one table counts for that table only', async () => {
  const user = await server.account('table@example.org');
  const narrowed = await allow({ kind: 'user', id: user.user_id }, 'tables/secrets', []);
  assert.equal(narrowed.status, 200, narrowed.text);
  assert.equal(narrowed.json.ok, true);
  const granted =
    await allow({ kind: 'user', id: user.user_id }, 'tables/orders', ['read', 'delete']);
  assert.equal(granted.json.resource, 'tables/orders');
  assert.equal((await run(user.token, 'DELETE FROM orders WHERE id = -1')).status, 200);
  problem(
    assert, await run(user.token, 'DELETE FROM secrets WHERE id = -1'), 403, 'permission_denied');
});

test('labels and groups carry rights', async () => {
  const user = await server.account('label@example.org');
  await allow({ kind: 'label', id: 'writer' }, 'tables', ['create', 'read']);
  const changed = await server.put(`/v1/users/${user.user_id}`, { labels: ['writer'] }, asAdmin());
  assert.deepEqual(changed.json.labels, ['writer']);
  assert.deepEqual((await effective(user.token)).tables, ['create', 'read']);
});

test('nobody grants more than they have', async () => {
  const user = await server.account('grant@example.org');
  await allow({ kind: 'user', id: user.user_id }, 'permissions', ['create', 'read', 'update']);
  const principal = { kind: 'user', id: user.user_id };
  problem(assert,
    await server.post('/v1/permissions', { principal, resource: 'tables', allow: ['delete'] },
      { token: user.token }),
    403, 'grant_exceeds_own');
  problem(assert, await server.put(`/v1/users/${user.user_id}`, { roles: ['admin'] },
    { token: user.token }), 403, 'grant_exceeds_own');
});

test('without the right the answer is 403, before the body is looked at', async () => {
  const user = await server.account('plain@example.org');
  for (const [method, path] of [['GET', '/v1/permissions'], ['POST', '/v1/permissions'],
    ['PUT', '/v1/permissions'], ['GET', '/v1/users'], ['GET', '/v1/audit'],
    ['GET', '/api/v1/organizations']]) {
    const reply = await server.request(method, path,
      { token: user.token, body: method === 'GET' ? undefined : '{broken' });
    problem(assert, reply, 403, 'permission_denied');
  }
});

test('lists are bare arrays with cursors', async () => {
  for (let i = 0; i < 3; ++i) await allow({ kind: 'group', id: `g${i}` }, 'jobs', ['read']);
  const seen = [];
  let cursor;
  do {
    const query = `limit=2&kind=group${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const page = await server.get(`/v1/permissions?${query}`, asAdmin());
    assert.equal(page.status, 200, page.text);
    assert.ok(Array.isArray(page.json) && page.json.length <= 2);
    seen.push(...page.json.map((record) => record.principal.id));
    cursor = page.headers.get('x-next-cursor');
    assert.equal(page.headers.get('link') !== null, cursor !== null);
  } while (cursor);
  assert.deepEqual(seen, ['g0', 'g1', 'g2']);
  const first = await server.get('/v1/permissions?limit=1', asAdmin());
  const foreign = encodeURIComponent(first.headers.get('x-next-cursor'));
  problem(assert, await server.get(`/v1/permissions?kind=group&cursor=${foreign}`, asAdmin()),
    400, 'invalid_cursor');
  problem(assert, await server.get('/v1/permissions?limit=0', asAdmin()), 400, 'invalid_argument');
  problem(
    assert, await server.get('/v1/permissions?kind=chief', asAdmin()), 400, 'invalid_argument');
});

test('bad records name the field', async () => {
  const post = (body) => server.post('/v1/permissions', body, asAdmin());
  const good = { principal: { kind: 'role', id: 'x' }, resource: 'jobs', allow: [] };
  for (const [body, status, field] of [
    [{ ...good, resource: 'moons' }, 400, 'resource'],
    [{ ...good, allow: ['fly'] }, 400, 'allow[0]'],
    [{ ...good, allow: 'read' }, 422, 'allow'],
    [{ ...good, principal: { kind: 'god', id: 'x' } }, 400, 'principal.kind'],
    [{ resource: 'jobs', allow: [] }, 422, 'principal'],
  ]) {
    const reply = await post(body);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.json.details.field, field, reply.text);
  }
});

test('the audit log tells who did what, and never how', async () => {
  const reply = await server.get('/v1/audit?limit=1000', asAdmin());
  assert.equal(reply.status, 200, reply.text);
  const actions = new Set(reply.json.map((record) => record.action));
  assert.ok(actions.size >= 3, [...actions].join());
  for (let i = 1; i < reply.json.length; ++i) {
    assert.equal(reply.json[i - 1].prev_hash, reply.json[i].hash, 'a chain');
  }
  assert.ok(!reply.text.includes('correct horse'), 'no passwords');
  const one = reply.json[0].action;
  const filtered =
    (await server.get(`/v1/audit?action=${encodeURIComponent(one)}`, asAdmin())).json;
  assert.ok(filtered.length > 0 && filtered.every((record) => record.action === one));
});

test('organizations and teams', async () => {
  const made = await server.post('/api/v1/organizations',
    { name: 'Acme', slug: 'acme', description: 'x' }, asAdmin());
  assert.equal(made.status, 201, made.text);
  const path = `/api/v1/organizations/${made.json.id}`;
  assert.equal(
    (await server.post('/api/v1/organizations', { name: 'B', slug: 'acme' }, asAdmin())).status,
    409);
  assert.equal(
    (await server.post('/api/v1/organizations', { name: 'B', slug: 'Not OK' }, asAdmin())).status,
    400);
  const list = (await server.get('/api/v1/organizations?limit=1', asAdmin())).json;
  assert.equal(list.organizations.length, 1);
  assert.equal(list.limit, 1);
  assert.ok(list.total >= 2);
  assert.equal((await server.put(path, { description: 'y' }, asAdmin())).json.description, 'y');
  assert.equal((await server.delete(path, asAdmin())).status, 204);
  assert.equal((await server.get(path, asAdmin())).status, 404);
  assert.equal((await server.delete('/api/v1/organizations/default', asAdmin())).status, 409);

  const user = await server.account('team@example.org');
  const team = (await server.post('/api/v1/teams', { name: 'core' }, asAdmin())).json;
  const members = `/api/v1/teams/${team.id}/members`;
  const added = await server.post(members, { user_id: user.user_id }, asAdmin());
  assert.equal(added.status, 201, added.text);
  assert.equal(added.json.role, 'member');
  const shown = (await server.get(members, asAdmin())).json;
  assert.equal(shown.total, 2);
  const view = (await server.get(`/v1/users/${user.user_id}`, asAdmin())).json;
  assert.deepEqual(view.teams, [{ team_id: team.id, role: 'member' }]);
  assert.deepEqual((await effective(user.token)).tables, ['create', 'read', 'update']);
  problem(assert, await server.delete(`${members}/${admin.user_id}`, asAdmin()), 409, 'last_owner');
  assert.equal((await server.delete(`${members}/${user.user_id}`, asAdmin())).status, 204);
  assert.deepEqual((await effective(user.token)).tables, ['read']);
});
