// zserver ingest and zserver export: docs/cli.md.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after as afterAll, before, test } from 'node:test';
import zlib from 'node:zlib';

import { after, binary, Server } from './support/server.mjs';

let server;
let token;
let folder;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
  folder = await mkdtemp(path.join(tmpdir(), 'zserver-cli-'));
});
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(...args) {
  const env = { ...process.env, ZSERVER_TOKEN: token, ZSERVER_URL: server.url };
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const result = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => { result.stdout += chunk; });
  child.stderr.on('data', (chunk) => { result.stderr += chunk; });
  const ended = new Promise((resolve) => {
    child.on('close', (status) => resolve({ ...result, status }));
  });
  return { child, ended };
}
const run = (...args) => start(...args).ended;
const count = async (name) =>
  (await server.sql(token, `SELECT count(*) AS n FROM ${name}`)).rows[0].n;
const documents = (n) =>
  Array.from({ length: n }, (_, i) => JSON.stringify({ _id: i, n: i })).join('\n');

test('files go in, come out, and are stored once', async () => {
  const file = path.join(folder, 'a.ndjson');
  await writeFile(file, documents(5000));
  const first = await run('ingest', file, '--collection', 'c', '--create');
  assert.deepEqual([first.status, first.stdout],
    [0, `${file}: 5000 ingested, 0 ignored, 0 errors\n`], first.stderr);
  assert.equal((await run('ingest', file, '--collection', 'c')).status, 0);
  assert.equal(await count('c'), 5000);
  const out = path.join(folder, 'out.ndjson');
  assert.equal((await run('export', 'c', '-o', out)).status, 0);
  assert.equal((await readFile(out, 'utf8')).trimEnd(), documents(5000));
  const csv = await run('export', 'c', '--format', 'csv');
  assert.equal(csv.stdout.split('\r\n').length, 5002);
});

test('compressed files, JSON, and reports for machines', async () => {
  const packed = path.join(folder, 'b.ndjson.gz');
  await writeFile(packed, zlib.gzipSync(documents(3000)));
  const array = path.join(folder, 'b.json');
  await writeFile(array, '[{"key":"x"},{"key":"y"}]');
  const reply = await run('ingest', packed, array, '--collection', 'b', '--create', '--id-field',
    'key', '--json');
  assert.equal(reply.status, 0, reply.stderr);
  assert.deepEqual(JSON.parse(reply.stdout).map((report) => report.ingested), [3000, 2]);
});

test('packed on its way, and what is passed over goes to the dead letters', async () => {
  const file = path.join(folder, 'p.ndjson');
  await writeFile(file, `${documents(3000)}\n{"_id":7}\n{bad\n`);
  for (const coding of ['gzip', 'zstd', 'none']) {
    const reply = await run('ingest', file, '--collection', `packed_${coding}`, '--create',
      '--compress', coding, '--dead-letter', `rejected_${coding}`);
    assert.equal(reply.status, 1, 'two documents were not stored');
    assert.equal(reply.stdout, `${file}: 3000 ingested, 0 ignored, 2 errors\n`, reply.stderr);
    assert.equal(await count(`packed_${coding}`), 3000);
    const letters = await server.sql(token,
      `SELECT json_extract(doc, '$.error') AS e FROM rejected_${coding} ORDER BY rowid`);
    assert.deepEqual(letters.rows.map(({ e }) => e), ['duplicate_id', 'invalid_json']);
    const again = await run('ingest', file, '--collection', `packed_${coding}`,
      '--compress', coding, '--dead-letter', `rejected_${coding}`);
    assert.match(again.stdout, /3000 ingested, 0 ignored, 2 errors/);
    assert.equal(await count(`rejected_${coding}`), 2, 'told once');
  }
  const packed = await server.get('/metrics');
  assert.match(packed.text, /^ingest_documents_total/m);
});

test('a stream that an error ended goes on in the mended file', async () => {
  const file = path.join(folder, 'mended.ndjson');
  const options = [file, '--collection', 'mended', '--on-error', 'abort'];
  await writeFile(file, '{"n":1}\n{"n":2}\n{bad\n{"n":4}\n');
  const first = await run('ingest', ...options, '--create');
  assert.equal(first.status, 1);
  assert.match(first.stderr, /line 3: /);
  const [, key] = /--key (cli-[0-9a-f]+)/.exec(first.stderr);
  assert.equal(await count('mended'), 2);
  await writeFile(file, '{"n":1}\n{"n":2}\n{"n":"mended"}\n{"n":4}\n{"n":5}\n');
  const second = await run('ingest', ...options, '--key', key);
  assert.equal(second.status, 0, second.stderr);
  assert.match(second.stdout, /: 5 ingested, 0 ignored, 0 errors/);
  assert.equal(await count('mended'), 5, 'nothing is stored twice, although there are no ids');
});

test('exit codes', async () => {
  const bad = path.join(folder, 'bad.ndjson');
  await writeFile(bad, '{"a":1}\n{bad\n');
  const some = await run('ingest', bad, '--collection', 'bad', '--create');
  assert.equal(some.status, 1);
  assert.match(some.stderr, /line 2: /);
  assert.equal((await run('ingest', bad, '--collection', 'nowhere')).status, 1);
  assert.equal((await run('ingest', '/does/not/exist', '--collection', 'bad')).status, 2);
  assert.equal((await run('ingest', bad)).status, 2);
  assert.equal((await run('export', 'nowhere')).status, 1);
});

test('a server that dies meanwhile costs nothing', { timeout: 120_000 }, async () => {
  const file = path.join(folder, 'large.ndjson');
  await writeFile(file, documents(200_000));
  await run('ingest', path.join(folder, 'bad.ndjson'), '--collection', 'large', '--create');
  await server.sql(token, 'DELETE FROM large');
  const { port } = server;
  const first = start('ingest', file, '--collection', 'large', '--retries', '0');
  await after(150);
  await server.crashAndRestart();
  await first.ended;
  assert.notEqual(port, 0);
  const again = await run('ingest', file, '--collection', 'large');
  assert.equal(again.status, 0, again.stderr);
  assert.equal(await count('large'), 200_000);
});
