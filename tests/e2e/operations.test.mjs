// Probes, metrics, version, statistics: http-api.md section 10.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { Server } from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

test('a fresh server is healthy, ready and alive', async () => {
  const health = (await server.get('/health')).json;
  assert.equal(health.status, 'healthy', JSON.stringify(health));
  assert.equal(health.checks.database, 'healthy');
  assert.equal(health.checks.rtc, 'disabled');
  const ready = await server.get('/ready');
  assert.equal(ready.status, 200);
  assert.deepEqual(ready.json.checks, { database: 'ok', queue: 'not_configured', storage: 'ok' });
  for (const path of ['/live', '/healthz']) {
    assert.deepEqual((await server.get(path)).json, { status: 'alive' });
  }
});

test('version and statistics', async () => {
  const version = (await server.get('/version')).json;
  assert.equal(version.name, 'zserver');
  assert.deepEqual(version.api, ['v1', 'v2/rtc', 'api/v1']);
  const stats = (await server.get('/stats')).json;
  assert.equal(stats.status, 'running');
  assert.ok(stats.system.memory_usage_bytes > 1_000_000);
});

test('metrics count by route and never by id', async () => {
  await server.sql(token, 'SELECT 1');
  await server.get('/v1/users/0198c0de-0000-7000-8000-000000000000', { token });
  const reply = await server.get('/metrics');
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  for (const name of ['http_requests_total', 'http_request_duration_seconds_bucket',
         'http_requests_in_flight', 'sql_statements_total', 'sql_duration_seconds_bucket',
         'transactions_active', 'system_memory_usage_bytes', 'system_cpu_usage_percent',
         'zserver_build_info']) {
    assert.ok(
      reply.text.includes(`\n${name}`) || reply.text.startsWith(name), `${name} is missing`);
  }
  assert.match(reply.text, /http_requests_total\{[^}]*route="\/v1\/users\/\{id\}"/);
  assert.ok(!reply.text.includes('0198c0de'), 'no ids');
});

test('metrics may need a token of their own', async () => {
  const guarded = await Server.start({ env: { ZOBS_METRICS_TOKEN: 'a-metrics-token' } });
  try {
    assert.equal((await guarded.get('/metrics')).status, 401);
    assert.equal((await guarded.get('/metrics', { token: 'wrong' })).status, 401);
    assert.equal((await guarded.get('/metrics', { token: 'a-metrics-token' })).status, 200);
  } finally {
    await guarded.stop();
  }
});

test('metrics can be switched off', async () => {
  const silent = await Server.start({ env: { ZOBS_METRICS_ENABLED: 'false' } });
  try {
    assert.equal((await silent.get('/metrics')).status, 404);
  } finally {
    await silent.stop();
  }
});

test('request ids are taken over or minted', async () => {
  const given = await server.get('/live', { headers: { 'X-Request-Id': 'my.id-1' } });
  assert.equal(given.headers.get('x-request-id'), 'my.id-1');
  const bad = await server.get('/live', { headers: { 'X-Request-Id': 'not ok!' } });
  assert.match(bad.headers.get('x-request-id'), /^[A-Za-z0-9._-]{1,64}$/);
  assert.notEqual(bad.headers.get('x-request-id'), 'not ok!');
});

test('a stopping server finishes what runs and exits with 0', async () => {
  const stopping = await Server.start();
  const session = await stopping.account('admin@example.org');
  const slow = stopping.sql(session.token,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
      SELECT count(*) AS n FROM n`);
  await new Promise((resolve) => { setTimeout(resolve, 100); });
  const exit = await stopping.stop();
  assert.deepEqual(exit, { code: 0, signal: null });
  assert.equal((await slow).rows[0].n, 3_000_000);
});

test('a reader that never reads does not hold up the end', { timeout: 30_000 }, async () => {
  const stopping = await Server.start({ env: { ZSHUTDOWN_GRACE_SECS: '1' } });
  const session = await stopping.account('admin@example.org');
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
  const reply = await fetch(`${stopping.url}/v1/sql`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${session.token}`, 'Content-Type': 'application/json',
      Accept: 'application/x-ndjson',
    },
    body: JSON.stringify({ sql: endless, timeout_ms: 300_000 }),
  });
  assert.equal(reply.status, 200);
  const exit = await stopping.stop();
  assert.deepEqual(exit, { code: 0, signal: null }, stopping.log.slice(-5).join('\n'));
  await assert.rejects(reply.text());
});
