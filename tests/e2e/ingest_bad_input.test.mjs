// What is sent to an ingest and cannot be stored: docs/collections.md.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after as afterAll, before, test } from 'node:test';

import { eventually, expectStatus, problem, Server } from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start({ env: { ZHTTP_BODY_TIMEOUT_SECS: '60' } });
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

const NDJSON = 'application/x-ndjson';
let made = 0;
async function create(projection, { on = server, as = token } = {}) {
  const name = `bad${++made}`;
  expectStatus(await on.post('/v1/collections', { name, projection }, { token: as }), 201);
  return name;
}
const ingest = (name, body, { query = '', headers = {}, on = server, as = token } = {}) =>
  on.request('POST', `/v1/collections/${name}/ingest${query}`,
    { token: as, body, headers: { 'Content-Type': NDJSON, ...headers } });
const total = async (name, on = server, as = token) =>
  (await on.sql(as, `SELECT count(*) AS n FROM ${name}`)).rows[0].n;
const rows = (count, from = 0) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ _id: from + i, pad: 'x'.repeat(150) }))
    .join('\n');
const codes = (reply) => reply.json.error_details.map(({ index, error }) => [index, error]);

test('a zstd body that is broken in its middle', async (t) => {
  const packed = spawnSync('zstd', ['-c', '--check'], { input: rows(20000) }).stdout;
  if (!packed) return t.skip('needs the program zstd');
  const name = await create();
  packed.fill(0x55, Math.floor(packed.length / 2), Math.floor(packed.length / 2) + 200);
  const reply = await ingest(name, packed, { headers: { 'Content-Encoding': 'zstd' } });
  const { details } = problem(assert, reply, 400, 'invalid_zstd');
  assert.equal(details.ingested, await total(name), 'what was told is what is there');
  const other = await ingest(name, 'no zstd', { headers: { 'Content-Encoding': 'zstd' } });
  problem(assert, other, 400, 'invalid_zstd');
});

test('a vector of another dimension, and numbers that are none', async () => {
  const name = await create({ columns: { v: { path: 'v', type: 'VECTOR(3)', required: true } } });
  const body = [
    '{"v":[1,2,3]}', '{"v":[1,2]}', '{"v":[1,2,3,4]}', '{"v":[1,"2",3]}', '{"v":"[1,2,3]"}',
    '{"v":[1,2,NaN]}', '{"v":[1,2,Infinity]}', '{"v":[1,2,-Infinity]}', '{"v":[1,2,1e999]}',
    '{"v":null}', '{}', '{"v":[]}', '{"v":[1,2,1e39]}', '{"v":[0.5,-1,1e-3]}',
  ];
  const reply = await ingest(name, body.join('\n'));
  expectStatus(reply, 200);
  assert.deepEqual(codes(reply), [
    [1, 'projection_mismatch'], [2, 'projection_mismatch'], [3, 'projection_mismatch'],
    [4, 'projection_mismatch'], [5, 'invalid_json'], [6, 'invalid_json'], [7, 'invalid_json'],
    [8, 'invalid_json'], [9, 'projection_mismatch'], [10, 'projection_mismatch'],
    [11, 'projection_mismatch'], [12, 'projection_mismatch'],
  ]);
  assert.equal(reply.json.ingested, 2);
  const found = await server.sql(token, `SELECT v FROM ${name} ORDER BY v <-> '[1,2,3]'`);
  assert.equal(found.rows.length, 2);
});

test('an id twice in one body', async () => {
  const body = '{"_id":"a","n":1}\n{"_id":"b"}\n{"_id":"a","n":2}\n{"_id":1}\n{"_id":"1"}';
  const kept = async (name) => (await server.sql(token,
    `SELECT json_extract(doc, '$.n') AS n FROM ${name} WHERE _id = 'a'`)).rows;
  for (const [query, counts, n] of [
    ['', [3, 2, 0, 0], 1], ['?on_conflict=replace', [5, 0, 0, 2], 2],
    ['?on_conflict=ignore', [3, 0, 2, 0], 1],
  ]) {
    const name = await create();
    const { json } = await ingest(name, body, { query });
    assert.deepEqual([json.ingested, json.errors, json.ignored, json.replaced], counts, query);
    assert.deepEqual(await kept(name), [{ n }], query);
    assert.equal(await total(name), 3);
  }
  const name = await create();
  const atomic = await ingest(name, body, { query: '?atomic=true' });
  problem(assert, atomic, 422, 'ingest_failed');
  assert.equal(await total(name), 0);
});

test('lines of 20 MB, one after the other, take no memory', { timeout: 120_000 }, async () => {
  const name = await create();
  const resident = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;
  const idle = resident();
  const line = Buffer.from(`{"a":"${'x'.repeat(20_000_000)}"}\n`);
  const body = Buffer.concat([line, line, line, Buffer.from('{"ok":1}\n'), line]);
  const reply = await ingest(name, body);
  expectStatus(reply, 200);
  assert.deepEqual(codes(reply), [0, 1, 2, 4].map((index) => [index, 'document_too_large']));
  assert.equal(reply.json.ingested, 1);
  assert.ok(resident() - idle < 48, `grew by ${Math.round(resident() - idle)} MiB`);
});

test('clients that stall disturb nobody', { timeout: 120_000 }, async () => {
  const name = await create();
  const resident = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;
  await ingest(name, rows(20000));
  const idle = resident();
  const stalled = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    const half = `${rows(1500, 100_000 + i * 1500)}\n{"_id":"half`;
    socket.write(`POST /v1/collections/${name}/ingest HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${token}\r\nContent-Type: ${NDJSON}\r\n` +
      `Content-Length: 100000000\r\n\r\n${half}`);
    return socket;
  }));
  try {
    await eventually(async () => await total(name) >= 20_000 + 20 * 1000, 30_000);
    const other = await create();
    const begun = Date.now();
    const reply = await ingest(other, rows(50000));
    assert.equal(reply.json?.ingested, 50000, reply.text);
    for (let i = 0; i < 20; ++i) await server.sql(token, 'SELECT 1');
    assert.ok(Date.now() - begun < 30_000, 'the others go on');
    assert.ok(resident() - idle < 64, `grew by ${Math.round(resident() - idle)} MiB`);
  } finally {
    for (const socket of stalled) socket.destroy();
  }
  await eventually(async () => (await ingest(name, rows(1, 900_000))).status === 200, 10_000);
});

test('a full disk is said, and what was told is there', { timeout: 120_000 }, async (t) => {
  const data = await mkdtemp(path.join(tmpdir(), 'zserver-full-'));
  const mounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=0700', 'tmpfs', data]).status === 0;
  if (!mounted) {
    await rm(data, { recursive: true, force: true });
    return t.skip('needs the right to mount a file system');
  }
  let small;
  try {
    small = await Server.start({ data });
    const as = (await small.account('admin@example.org')).token;
    const name = await create(undefined, { on: small, as });
    const headers = { 'Idempotency-Key': 'full' };
    const body = rows(300_000);
    const reply = await ingest(name, body, { on: small, as, headers });
    const { details } = problem(assert, reply, reply.status, 'storage_full');
    assert.ok(reply.status === 503 || reply.status === 507, reply.text);
    assert.ok(details.ingested > 1000, reply.text);
    assert.equal(await total(name, small, as), details.ingested);
    const state = await small.get(`/v1/collections/${name}/ingest`, { token: as, headers });
    assert.equal(state.json.offset, details.committed_offset);
    // Room again: the stream goes on where it was.
    spawnSync('mount', ['-o', 'remount,size=400m', data]);
    const rest = Buffer.from(body).subarray(state.json.offset);
    const again = await ingest(name, rest,
      { on: small, as, headers, query: `?resume_from=${state.json.offset}` });
    assert.equal(again.json?.ingested, 300_000, again.text);
    assert.equal(await total(name, small, as), 300_000);
  } finally {
    await small?.stop();
    spawnSync('umount', ['-l', data]);
    await rm(data, { recursive: true, force: true });
  }
});
