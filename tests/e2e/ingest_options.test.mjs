// Dead letters, repetitions, projections that change meanwhile, and what is audited:
// docs/collections.md.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after as afterAll, before, test } from 'node:test';

import { Socket } from './support/events.mjs';
import { expectStatus, problem, Server } from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

const NDJSON = 'application/x-ndjson';
let made = 0;
async function create(projection) {
  const name = `o${++made}`;
  expectStatus(await server.post('/v1/collections', { name, projection }, { token }), 201);
  return name;
}
const ingest = (name, body, query = '', headers = {}) =>
  server.request('POST', `/v1/collections/${name}/ingest${query}`,
    { token, body, headers: { 'Content-Type': NDJSON, ...headers } });
const rows = async (sql) => (await server.sql(token, sql)).rows;
const total = async (name) => (await rows(`SELECT count(*) AS n FROM ${name}`))[0].n;

test('dead letters keep what could not be stored, and why', async () => {
  const name = await create({ columns: { n: { path: 'n', type: 'INTEGER' } } });
  const dead = await create();
  const body = '{"_id":1,"n":1}\n{"_id":1}\n{broken\n{"n":"x"}\n{"n":2}';
  const reply = await ingest(name, body, `?dead_letter=${dead}`);
  expectStatus(reply, 200);
  assert.deepEqual([reply.json.ingested, reply.json.errors], [2, 3]);
  const letters = (await rows(`SELECT doc FROM ${dead} ORDER BY rowid`))
    .map(({ doc }) => (typeof doc === 'string' ? JSON.parse(doc) : doc));
  assert.deepEqual(letters.map(({ collection, index, line, offset, error, document }) =>
    [collection, index, line, offset, error, document]), [
    [name, 1, 2, 16, 'duplicate_id', '{"_id":1}'], [name, 2, 3, 26, 'invalid_json', '{broken'],
    [name, 3, 4, 34, 'projection_mismatch', '{"n":"x"}'],
  ]);
  assert.match(letters[1].message, /^line 3: /);
  const huge = `{"a":"${'x'.repeat(2_000_000)}"}`;
  await ingest(name, huge, `?dead_letter=${dead}`);
  const [{ doc }] = await rows(`SELECT doc FROM ${dead} ORDER BY rowid DESC LIMIT 1`);
  const last = typeof doc === 'string' ? JSON.parse(doc) : doc;
  assert.equal(last.error, 'document_too_large');
  assert.equal(last.truncated, true);
  // Nothing is written when it is only tried, and nothing when a letter has no place.
  await ingest(name, '[]', `?dead_letter=${dead}&dry_run=true`);
  assert.equal(await total(dead), 4);
  const strict = await create({ columns: { x: { path: 'x', type: 'TEXT', required: true } } });
  problem(assert, await ingest(name, '{"_id":"new"}\n[]', `?dead_letter=${strict}`), 422,
    'dead_letter_failed');
  assert.deepEqual(await rows(`SELECT _id FROM ${name} WHERE _id = 'new'`), []);
  problem(assert, await ingest(name, '{}', '?dead_letter=nowhere'), 404, 'no_such_collection');
  problem(assert, await ingest(name, '{}', `?dead_letter=${name}`), 400, 'invalid_argument');
  problem(assert, await ingest(name, '{}', `?dead_letter=${dead}&atomic=true`), 400,
    'invalid_argument');
});

test('after on_error=abort the stream goes on before what ended it', async () => {
  const name = await create();
  const dead = await create();
  const headers = { 'Idempotency-Key': 'mended' };
  const query = `?on_error=abort&dead_letter=${dead}`;
  const good = '{"n":1}\n{"n":2}\n';
  const refused = problem(assert, await ingest(name, `${good}{bad\n{"n":4}\n`, query, headers), 422,
    'ingest_failed');
  assert.equal(refused.details.resume_from, good.length);
  assert.equal(refused.details.error_details[0].line, 3);
  assert.deepEqual([await total(name), await total(dead)], [2, 0]);
  const place = await server.get(`/v1/collections/${name}/ingest`, { token, headers });
  expectStatus(place, 200);
  assert.deepEqual([place.json.offset, place.json.documents, place.json.errors],
    [good.length, 2, 0]);
  problem(assert, await ingest(name, '{}', `${query}&resume_from=0`, headers), 409,
    'resume_mismatch');
  const rest = await ingest(name, '{"n":3}\n{"n":4}\n', `${query}&resume_from=${good.length}`,
    headers);
  expectStatus(rest, 200);
  assert.deepEqual([rest.json.ingested, rest.json.errors, await total(name)], [4, 0, 4]);
  const whole = await ingest(name, `${good}{"n":3}\n{"n":4}\n{"n":5}\n`, query, headers);
  assert.deepEqual([whole.json.ingested, await total(name)], [5, 5]);
});

test('every commit of a stream is an event', async () => {
  const name = await create();
  const socket = await Socket.open(server, { token });
  await socket.subscribe(`collections/${name}`);
  const body = Array.from({ length: 2500 }, (_, i) => JSON.stringify({ _id: i })).join('\n');
  await ingest(name, body, '?dry_run=true');
  await ingest(name, '{"_id":1}\n[]', '?atomic=true');
  const reply = await ingest(name, body);
  const told = [];
  let count = 0;
  while (count < 2500) {
    const { data } = await socket.event(`collections/${name}`, 'ingest');
    assert.equal(data.ids.length, Math.min(100, data.count));
    assert.equal(data.ids[0], `${count}`, 'in order, and nothing of what was undone');
    assert.match(data.message, /documents ingested$/);
    count += data.count;
    told.push(data);
  }
  assert.deepEqual([count, told.length], [reply.json.ingested, reply.json.batches]);
  await socket.close();
});

test('a repetition says that it is one', async () => {
  const name = await create();
  const headers = { 'Idempotency-Key': 'again' };
  const first = await ingest(name, '{"a":1}\n{"a":2}\n', '', headers);
  assert.equal(first.headers.get('idempotency-replayed'), null);
  const again = await ingest(name, '{"a":1}\n{"a":2}\n', '', headers);
  assert.equal(again.headers.get('idempotency-replayed'), 'true');
  assert.equal(again.json.ingested, 2);
  const longer = await ingest(name, '{"a":1}\n{"a":2}\n{"a":3}\n', '', headers);
  assert.equal(longer.headers.get('idempotency-replayed'), null);
  assert.equal(longer.json.ingested, 3);
  assert.equal(await total(name), 3);
});

test('a projection that changes meanwhile is followed', { timeout: 60_000 }, async () => {
  const name = await create();
  const request = http.request({
    port: server.port, method: 'POST', path: `/v1/collections/${name}/ingest`,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': NDJSON },
  });
  const answered = new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  const piece = Array.from({ length: 2000 }, (_, i) => JSON.stringify({ n: i })).join('\n') + '\n';
  let projected = 0;
  for (let i = 0; i < 20; ++i) {
    if (!request.write(piece)) await new Promise((resolve) => { request.once('drain', resolve); });
    if (i % 5 !== 2) continue;
    const column = `c${++projected}`;
    const reply = await server.request('PUT', `/v1/collections/${name}/projection`, {
      token, body: { projection: { columns: { [column]: { path: 'n', type: 'INTEGER' } } } },
    });
    assert.ok([200, 202, 409].includes(reply.status), reply.text);
  }
  request.end();
  let text = '';
  for await (const chunk of await answered) text += chunk;
  assert.equal(JSON.parse(text).ingested, 40000, text);
  const { projection } = (await server.get(`/v1/collections/${name}`, { token })).json;
  const [column] = Object.keys(projection.columns);
  let missing;
  for (let tries = 0; tries < 100 && missing !== 0; ++tries) {
    [{ missing }] = await rows(`SELECT count(*) AS missing FROM ${name} WHERE ${column} IS NULL`);
    if (missing !== 0) await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  assert.equal(missing, 0, 'every document has the column of the last projection');
});

test('exports go on behind a document, also as a table', async () => {
  const name = await create();
  await ingest(name, '{"_id":"a"}\n{"_id":"b,\\"x\\""}\n{"_id":"c"}');
  const get = async (query) => (await server.get(`/v1/collections/${name}/export${query}`,
    { token })).text;
  const csv = await get(`?format=csv&after=${encodeURIComponent('b,"x"')}`);
  assert.deepEqual(csv.trimEnd().split('\r\n').map((line) => line.split(',')[0]), ['_id', 'c']);
  problem(assert, await server.get(`/v1/collections/${name}/export?format=csv&after=z`, { token }),
    404, 'no_such_document');
});

test('exports and drops are audited', async () => {
  const name = await create();
  await ingest(name, '{"a":1}');
  await server.get(`/v1/collections/${name}/export`, { token });
  await server.get(`/v1/collections/${name}/export?format=csv`, { token });
  await server.get('/v1/collections/nowhere/export', { token });
  expectStatus(await server.request('DELETE', `/v1/collections/${name}`, { token }), 204);
  const listed = await server.get(`/v1/audit?object=${encodeURIComponent(`collection/${name}`)}`,
    { token });
  expectStatus(listed, 200);
  assert.deepEqual(listed.json.map(({ action }) => action),
    ['collection.delete', 'collection.export', 'collection.export']);
  assert.equal(listed.json[0].details.environment, 'live');
});
