// Events over WebSocket and as event streams, with the npm `ws` client: http-api.md section 9,
// docs/events.md.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after as afterAll, before, test } from 'node:test';

import { openStream, Socket } from './support/events.mjs';
import { RawConnection, statusOf } from './support/raw.mjs';
import { after, eventually, expectStatus, problem, Server } from './support/server.mjs';

let server;
let admin;
before(async () => {
  server = await Server.start({ env: { ZWS_AUTH_TIMEOUT_SECS: '1', ZWS_QUEUE: '64' } });
  admin = await server.account('admin@example.org');
  await server.sql(admin.token, 'CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)');
});
afterAll(() => server?.stop());

let nextId = 1;
const insert = (title = 'x') =>
  server.sql(admin.token, 'INSERT INTO books VALUES (?, ?)', [nextId++, title]);
const reader = (name) => server.account(`${name}@example.org`);

test('a credential goes into header, query, subprotocol or first message', async () => {
  for (const how of ['header', 'query', 'protocol']) {
    const socket = await Socket.open(server, { token: admin.token, how });
    assert.equal(socket.raw.protocol, how === 'protocol' ? 'bearer' : '');
    assert.equal((await socket.ask({ action: 'ping' })).type, 'pong');
    await socket.close();
  }
  const socket = await Socket.open(server);
  const refused = await socket.ask({ action: 'subscribe', topic: 'system' });
  assert.equal(refused.error, 'unauthenticated');
  assert.equal(refused.code, 'unauthenticated');
  const answer = await socket.ask({ action: 'auth', token: admin.token });
  assert.equal(answer.type, 'authenticated');
  assert.equal(answer.data.user_id, admin.user_id);
  await socket.close();
  for (const how of ['header', 'query', 'protocol']) {
    await assert.rejects(Socket.open(server, { token: 'nonsense', how }), { status: 401 });
  }
  const silent = await Socket.open(server);
  assert.equal((await silent.closed).code, 4401);
});

test('without an upgrade it is 426, from a foreign page 403', async () => {
  const plain = await server.get('/ws');
  assert.equal(plain.status, 426);
  assert.equal(plain.headers.get('upgrade'), 'websocket');
  assert.equal((await server.post('/ws', {})).status, 405);
  await assert.rejects(
    Socket.open(server, { token: admin.token, headers: { Origin: 'https://evil.example' } }),
    { status: 403 });
  const own = await Socket.open(server,
    { token: admin.token, headers: { Origin: `http://127.0.0.1:${server.port}` } });
  await own.close();
});

test('changes of tables arrive after their commit', async () => {
  const socket = await Socket.open(server, { token: admin.token });
  const { data } = await socket.subscribe('tables/books');
  assert.equal(data.topic, 'tables/books');
  assert.ok(Number.isSafeInteger(data.seq));
  await insert('Dune');
  const event = await socket.event('tables/books', 'change');
  assert.ok(event.seq > data.seq);
  assert.equal(event.data.operation, 'insert');
  assert.equal(event.data.count, 1);
  assert.equal(event.data.event, 'change');
  for (const field of ['timestamp', 'level', 'message']) assert.ok(event.data[field], field);
  await server.sql(admin.token, 'UPDATE books SET title = title');
  assert.equal((await socket.event('tables/books')).data.operation, 'update');
  const gone = await socket.ask({ action: 'unsubscribe', topic: 'tables/books' });
  assert.equal(gone.type, 'unsubscribed');
  await insert();
  assert.deepEqual((await socket.ask({ action: 'list' })).data.subscriptions, []);
  assert.deepEqual(socket.frames, []);
  await socket.close();
});

test('definitions of tables are told: created, altered, deleted', async () => {
  const socket = await Socket.open(server, { token: admin.token });
  await socket.ask({ action: 'subscribe', topic: 'tables/*' });
  const say = (sql) => server.sql(admin.token, sql);
  const told = async () => {
    const { topic, type, data } = await socket.next();
    return [topic, type, data.operation];
  };
  await say('CREATE TABLE shelves (id INTEGER PRIMARY KEY)');
  assert.deepEqual(await told(), ['tables/shelves', 'created', undefined]);
  await say('ALTER TABLE shelves ADD COLUMN room TEXT');
  assert.deepEqual(await told(), ['tables/shelves', 'altered', undefined]);
  await say('CREATE INDEX by_room ON shelves (room)');
  await say("INSERT INTO shelves VALUES (1, 'cellar')");
  assert.deepEqual(await told(), ['tables/shelves', 'change', 'insert'], 'an index tells nothing');
  await say('ALTER TABLE shelves RENAME TO racks');
  assert.deepEqual([await told(), await told()],
    [['tables/shelves', 'deleted', undefined], ['tables/racks', 'created', undefined]]);
  await say('DROP TABLE racks');
  assert.deepEqual(await told(), ['tables/racks', 'deleted', undefined]);
  await socket.close();
});

test('collections tell of their documents, and of themselves', async () => {
  const socket = await Socket.open(server, { token: admin.token });
  await socket.subscribe('collections/*');
  expectStatus(
    await server.post('/v1/collections', { name: 'notes' }, { token: admin.token }), 201);
  assert.equal((await socket.event('collections/notes')).type, 'created');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  expectStatus(await server.post('/v1/collections/notes/ingest', '{"a":1}\n{"a":2}\n',
    { token: admin.token, headers }), 200);
  const told = await socket.event('collections/notes', 'ingest');
  assert.equal(told.data.count, 2);
  assert.equal(told.data.ids.length, 2);
  const change = await socket.event('collections/notes', 'change');
  assert.equal(change.data.operation, 'insert');
  assert.equal(change.data.count, 2);
  expectStatus(await server.delete('/v1/collections/notes', { token: admin.token }), 204);
  await socket.event('collections/notes', 'deleted');
  await socket.close();
});

test('permission changes are told, and take subscriptions away within five seconds', async () => {
  const user = await reader('loses');
  const watcher = await Socket.open(server, { token: admin.token });
  await watcher.subscribe('permissions');
  const socket = await Socket.open(server, { token: user.token });
  assert.equal((await socket.ask({ action: 'subscribe', topic: 'permissions' })).error,
    'permission_denied');
  await socket.subscribe('tables/*');
  const role = { principal: { kind: 'role', id: 'reader' }, resource: 'tables', allow: [] };
  const made = await server.post('/v1/permissions', role, { token: admin.token });
  expectStatus(made, 201);
  const told = await watcher.event('permissions', 'created');
  assert.equal(told.data.record.id, made.json.id);
  const lost = await socket.next((frame) => frame.type === 'unsubscribed', 5000);
  assert.equal(lost.data.reason, 'permission_denied');
  assert.equal(lost.data.topic, 'tables/*');
  await insert();
  expectStatus(
    await server.delete(`/v1/permissions/${made.json.id}`, { token: admin.token }), 204);
  await watcher.event('permissions', 'deleted');
  assert.deepEqual(socket.frames.filter((frame) => frame.topic !== 'meta/ws'), []);
  await Promise.all([watcher.close(), socket.close()]);
});

test('a wildcard leaves out what its listener may not read', async () => {
  const user = await reader('wild');
  await server.sql(admin.token, 'CREATE TABLE secrets (id INTEGER PRIMARY KEY)');
  expectStatus(await server.post('/v1/permissions',
    { principal: { kind: 'role', id: 'reader' }, resource: 'tables/secrets', allow: [] },
    { token: admin.token }), 201);
  const socket = await Socket.open(server, { token: user.token });
  assert.equal((await socket.ask({ action: 'subscribe', topic: 'tables/secrets' })).error,
    'permission_denied');
  await socket.subscribe('tables/*');
  const all = await Socket.open(server, { token: admin.token });
  await all.subscribe('tables/*');
  await server.sql(admin.token, 'INSERT INTO secrets VALUES (1)');
  await insert('seen by both');
  await all.event('tables/secrets', 'change');
  await all.event('tables/books', 'change');
  await socket.event('tables/books', 'change');
  assert.deepEqual(socket.frames.filter((frame) => frame.topic === 'tables/secrets'), []);
  await Promise.all([socket.close(), all.close()]);
});

test('topics that are not there', async () => {
  const socket = await Socket.open(server, { token: admin.token });
  const error = async (topic) => (await socket.ask({ action: 'subscribe', topic })).error;
  assert.equal(await error('tables/missing'), 'not_found');
  assert.equal(await error('collections/missing'), 'not_found');
  assert.equal(await error('weather/today'), 'unknown_topic');
  assert.equal(await error('jobs/0198c0de-0000-7000-8000-000000000000'), 'not_found');
  assert.equal(await error('jobs/nonsense'), 'not_found');
  const job = await server.post('/v1/jobs', { command: ['true'] }, { token: admin.token });
  assert.equal(await error(`jobs/${job.json.job_id}`), undefined);
  const sandbox =
    await server.login('admin@example.org', { environment: 'sandbox' });
  const other = await Socket.open(server, { token: sandbox.token });
  for (const topic of ['tables/books', `jobs/${job.json.job_id}`])
    assert.equal((await other.ask({ action: 'subscribe', topic })).error, 'not_found');
  const stream = await server.get(`/v1/events?topic=jobs/${job.json.job_id}`,
    { token: sandbox.token });
  problem(assert, stream, 404, 'not_found');
  await Promise.all([socket.close(), other.close()]);
});

test('resume finds everything after a cut', async () => {
  const first = await Socket.open(server, { token: admin.token });
  await first.subscribe('tables/books');
  await insert('before');
  const { seq } = await first.event('tables/books');
  first.raw.terminate();
  for (let i = 0; i < 5; ++i) await insert(`meanwhile ${i}`);
  const second = await Socket.open(server, { token: admin.token });
  const resumed = await second.ask({ action: 'resume', seq, topics: ['tables/books', 'system'] });
  assert.equal(resumed.type, 'resumed');
  assert.equal(resumed.data.replayed, 5);
  assert.equal(resumed.data.complete, true);
  await insert('live');
  const seqs = [];
  for (let i = 0; i < 6; ++i) seqs.push((await second.event('tables/books')).seq);
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
  const third = await Socket.open(server, { token: admin.token });
  const old = await third.subscribe('tables/books', { from_seq: 1 });
  assert.equal(old.data.complete, false);
  assert.ok(old.data.replayed >= 6);
  await third.next((frame) => frame.seq === seqs[5]);
  await Promise.all([second.close(), third.close()]);
});

test('a slow reader is told of its gap, delays nobody, and finds the events again', async () => {
  await server.sql(admin.token, 'CREATE TABLE wide (id INTEGER PRIMARY KEY, filler TEXT)');
  const slow = await Socket.open(server, { token: admin.token });
  await slow.subscribe('tables/wide');
  const quick = await Socket.open(server, { token: admin.token });
  await quick.subscribe('tables/wide');
  slow.raw._socket.pause();
  const filler = randomBytes(24_000).toString('hex');
  const sent = 300;
  for (let i = 0; i < sent; ++i)
    await server.sql(admin.token, 'INSERT INTO wide VALUES (?, ?)', [i, filler]);
  const seen = [];
  for (let i = 0; i < sent; ++i) seen.push((await quick.event('tables/wide')).seq);
  slow.raw._socket.resume();
  const notice = await slow.next((frame) => frame.type === 'dropped');
  assert.ok(notice.data.since_last > 0);
  assert.equal(notice.seq, 0);
  await slow.next((frame) => frame.seq === seen.at(-1));
  const got = slow.frames.filter((frame) => frame.topic === 'tables/wide');
  const dropped = [notice, ...slow.frames.filter((frame) => frame.type === 'dropped')];
  const missing = dropped.reduce((sum, frame) => sum + frame.data.since_last, 0);
  assert.equal(got.length + 1 + missing, sent);
  slow.frames = [];
  const resumed = await slow.ask(
    { action: 'resume', seq: notice.data.last_seq, topics: ['tables/wide'] });
  const expected = seen.filter((seq) => seq > notice.data.last_seq);
  assert.equal(resumed.data.replayed, expected.length);
  assert.equal(resumed.data.complete, true);
  const again = [];
  while (again.at(-1) !== seen.at(-1)) again.push((await slow.event('tables/wide')).seq);
  assert.deepEqual(again, expected);
  const numbers = (await server.get('/v1/metrics/ws', { token: admin.token })).json;
  assert.ok(numbers.dropped_total >= missing);
  assert.ok(numbers.active_connections >= 2);
  await Promise.all([slow.close(), quick.close()]);
});

test('logout closes the sockets of its session with 4401', async () => {
  const user = await reader('leaves');
  const other = await server.login('leaves@example.org');
  const socket = await Socket.open(server, { token: user.token });
  const stays = await Socket.open(server, { token: other.token });
  expectStatus(await server.post('/v1/auth/logout',
    { refresh_token: user.bundle.refresh_token }), 204);
  assert.equal((await socket.closed).code, 4401);
  assert.equal((await stays.ask({ action: 'ping' })).type, 'pong');
  await stays.close();
});

test('a revoked API key closes its sockets', async () => {
  const made = await server.post('/v1/api-keys', { name: 'feed', scopes: ['tables:read'] },
    { token: admin.token });
  expectStatus(made, 201);
  const socket = await Socket.open(server, { token: made.json.key });
  await socket.subscribe('tables/*');
  assert.equal((await socket.ask({ action: 'subscribe', topic: 'permissions' })).error,
    'permission_denied');
  expectStatus(await server.delete(`/v1/api-keys/${made.json.id}`, { token: admin.token }), 200);
  assert.equal((await socket.closed).code, 4401);
});

test('messages: what makes no sense, what is too large, what is too much', async () => {
  const socket = await Socket.open(server, { token: admin.token });
  socket.raw.send(Buffer.from([1, 2, 3]));
  assert.equal((await socket.next()).error, 'not_joined');
  for (let i = 0; i < 9; ++i) socket.raw.send('{"action":"fly"}');
  assert.equal((await socket.next()).error, 'invalid_message');
  assert.equal((await socket.closed).code, 1008);

  const large = await Socket.open(server, { token: admin.token });
  large.raw.send(JSON.stringify({ action: 'ping', filler: 'x'.repeat(70_000) }));
  assert.equal((await large.next()).error, 'message_too_large');
  assert.equal((await large.closed).code, 1009);

  const busy = await Socket.open(server, { token: admin.token });
  for (let i = 0; i < 400; ++i) busy.say({ action: 'ping' });
  await busy.next((frame) => frame.error === 'rate_limited');
  await busy.close();

  const many = await Socket.open(server, { token: admin.token });
  const columns = Array.from({ length: 100 }, (_, i) => `executions/${i}`);
  for (const topic of columns) await many.subscribe(topic);
  assert.equal((await many.ask({ action: 'subscribe', topic: 'system' })).error,
    'subscription_limit');
  await many.close();
});

// A handshake by hand; answers the connection once the server agreed.
async function handshake(token) {
  const connection = await RawConnection.open(server.port);
  connection.send(`GET /ws?token=${token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n`
    + 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  await eventually(() => connection.received.includes('\r\n\r\n'));
  assert.equal(statusOf(connection.received), 101);
  assert.match(connection.received, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  connection.received = '';
  return connection;
}

test('frames that RFC 6455 does not know end the connection', async () => {
  const mask = '\0\0\0\0';
  const cases = {
    'not masked': ['\x81\x01x', 1002],
    'a reserved bit': [`\xc1\x81${mask}x`, 1002],
    'an unknown opcode': [`\x83\x80${mask}`, 1002],
    'a fragmented ping': [`\x09\x80${mask}`, 1002],
    'a continuation of nothing': [`\x80\x80${mask}`, 1002],
    'a close code nobody may send': [`\x88\x82${mask}\x03\xed`, 1002],
    'no UTF-8': [`\x81\x82${mask}\xc3\x28`, 1007],
    'longer than may be': [`\x81\xff\0\0\0\0\x7f\xff\xff\xff${mask}`, 1009],
  };
  for (const [what, [bytes, code]] of Object.entries(cases)) {
    const connection = await handshake(admin.token);
    connection.send(bytes);
    const { text, closed } = await connection.untilClosed();
    assert.ok(closed, what);
    const at = text.lastIndexOf('\x88');
    const got = (text.charCodeAt(at + 2) << 8) | text.charCodeAt(at + 3);
    assert.equal(got, code, what);
  }
  // Bytes behind the handshake belong to the socket.
  const eager = await RawConnection.open(server.port);
  eager.send(`GET /ws?token=${admin.token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n`
    + 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    + `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x89\x81${mask}!`);
  await eventually(() => eager.received.endsWith('\x8a\x01!'));
  eager.socket.destroy();
});

test('event streams: events, several topics, resume, an end with the session', async () => {
  const user = await reader('streams');
  const stream = await openStream(server, '/v1/events?topic=tables/books&topic=system',
    { token: user.token });
  assert.equal(stream.reply.headers.get('content-type'), 'text/event-stream');
  const subscribed = await stream.next();
  assert.equal(subscribed.event, 'subscribed');
  assert.deepEqual(subscribed.data.topics, ['tables/books', 'system']);
  await insert('streamed');
  const event = await stream.next();
  assert.equal(event.event, undefined);
  assert.equal(event.data.topic, 'tables/books');
  assert.equal(event.id, String(event.data.seq));
  stream.close();
  await insert('missed');
  const again = await openStream(server, '/v1/events?topic=tables/books',
    { token: user.token, headers: { 'Last-Event-ID': event.id } });
  assert.equal((await again.next()).data.replayed, 1);
  assert.ok((await again.next()).data.seq > event.data.seq);
  expectStatus(await server.post('/v1/auth/logout',
    { refresh_token: user.bundle.refresh_token }), 204);
  assert.equal((await again.next()).event, 'closed');
  assert.equal(await again.next(), undefined);
});

test('SIGTERM: a notice, then 1001, and streams end', async () => {
  const other = await Server.start();
  const { token } = await other.account('admin@example.org');
  const socket = await Socket.open(other, { token });
  await socket.subscribe('system');
  const stream = await openStream(other, '/v1/events?topic=system', { token });
  await stream.next();
  const stopped = other.stop();
  const notice = await socket.event('system', 'shutdown');
  assert.equal(notice.data.in_secs, 30);
  assert.equal((await socket.closed).code, 1001);
  assert.equal((await stream.next()).data.type, 'shutdown');
  const ended = Date.now();
  assert.deepEqual(await stopped, { code: 0, signal: null });
  assert.ok(Date.now() - ended < 10_000);
});

test('limits of sockets and of connects', async () => {
  const small = await Server.start(
    { env: { ZWS_MAX_CONNECTIONS: '2', ZTRUSTED_PROXIES: '127.0.0.1', ZWS_CONNECT_RATE: '3' } });
  try {
    const { token } = await small.account('admin@example.org');
    const open = [await Socket.open(small, { token }), await Socket.open(small, { token })];
    await assert.rejects(Socket.open(small, { token }), { status: 503 });
    await open[0].close();
    await eventually(async () =>
      (await small.get('/v1/metrics/ws', { token })).json.active_connections === 1);
    const stream = await openStream(small, '/v1/events?topic=system', { token });
    assert.equal(stream.reply.status, 200);
    await assert.rejects(Socket.open(small, { token }), { status: 503 }, 'a stream has a place');
    problem(assert, await small.get('/v1/events?topic=system', { token }), 503, 'unavailable');
    stream.close();
    open[0] = await eventually(() => Socket.open(small, { token }).catch(() => undefined));
    const headers = { 'X-Forwarded-For': '203.0.113.7' };
    const outcomes = await Promise.all(Array.from({ length: 8 }, () =>
      Socket.open(small, { token, headers }).then((s) => s.close(), (error) => error.status)));
    assert.ok(outcomes.includes(429), String(outcomes));
    await Promise.all(open.map((socket) => socket.close()));
  } finally {
    await small.stop();
  }
});

test('idle sockets are pinged, and silent ones are closed', async () => {
  const strict = await Server.start({ env: { ZWS_PING_SECS: '1', ZWS_TIMEOUT_SECS: '3' } });
  try {
    const { token } = await strict.account('admin@example.org');
    const lively = await Socket.open(strict, { token });
    const silent = await Socket.open(strict, { token, options: { autoPong: false } });
    let pings = 0;
    lively.raw.on('ping', () => { ++pings; });
    assert.equal((await silent.closed).code, 4508);
    await after(1500);
    assert.ok(pings >= 2);
    assert.equal((await lively.ask({ action: 'ping' })).type, 'pong');
    await lively.close();
  } finally {
    await strict.stop();
  }
});
