// `zserver worker` on the PostgreSQL of a server, without a call to that server: jobs.md section 8.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { after as afterAll, before, test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { Postgres } from './support/postgres.mjs';
import { after, binary, eventually, expectStatus, Server } from './support/server.mjs';

const WAIT_MS = 60_000;

let postgres;
let folder;
let common;
let server;
let jobs;
before(async () => {
  postgres = await Postgres.start();
  folder = await mkdtemp(path.join(tmpdir(), 'zserver-direct-'));
  common = {
    ZSTORAGE_BACKEND: 'postgres', DATABASE_URL: postgres.database('direct'),
    ZBRAIN_LEASE_TTL: '3', ZWORKER_KILL_GRACE_SECS: '1',
    ZBRAIN_ARTIFACTS: path.join(folder, 'artifacts'),
  };
  server = await Server.start(
    { env: { ...common, ZSTORAGE_AUTO_MIGRATE: 'true', ZWORKER_MODE: 'custom' } });
  jobs = new Jobs(server, (await server.account('admin@example.org')).token);
});
afterAll(async () => {
  await server?.stop();
  await postgres?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

// A worker's process; `ready` when it says that it runs, `exited` with its code.
function startWorker(id, { env = {}, args = [] } = {}) {
  const child = spawn(binary, ['worker', '--id', id, '--temp-dir', path.join(folder, id), ...args],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...common, ...env } });
  const worker = { child, text: '' };
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  worker.ready = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      readline.createInterface({ input: stream }).on('line', (line) => {
        worker.text += `${line}\n`;
        if (line.startsWith('zserver worker ')) resolve(line);
      });
    }
    exited.then(() => reject(new Error(`the worker ended: ${worker.text}`)));
  });
  worker.ready.catch(() => {});
  worker.exited = exited;
  worker.stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    const exit = await Promise.race([exited, after(20_000)]);
    if (exit === undefined) child.kill('SIGKILL');
    return exit ?? await exited;
  };
  return worker;
}

const listed = async () => (await jobs.request('GET', '/v1/workers')).json;
const succeeded = (job) => assert.equal(job.state, 'succeeded', JSON.stringify(job));

test('it runs jobs, with input, files, log and artifacts', async () => {
  const worker = startWorker('w1', { args: ['--label', 'gpu', '--concurrency', '2',
    '--data', server.data] });
  try {
    const said = await worker.ready;
    assert.match(said, /^zserver worker w1 runs up to 2 jobs of PostgreSQL postgres:/);
    const upload = await jobs.request('POST', '/v1/files',
      { body: 'a file', headers: { 'Content-Type': 'text/plain' } });
    assert.ok([200, 201].includes(upload.status), upload.text);
    const id = await jobs.sh(
      'cat in/a.txt; cat > "$ZJOB_ARTIFACTS/input"; echo \'{"ok":true}\' > "$ZJOB_OUTPUT"',
      { input: { n: 1 }, requires: ['gpu'],
        files: { 'in/a.txt': createHash('sha256').update('a file').digest('hex') } });
    const job = await jobs.untilFinal(id, WAIT_MS);
    succeeded(job);
    assert.deepEqual([job.worker_id, job.output, job.attempt], ['w1', { ok: true }, 1]);
    assert.deepEqual(await jobs.lines(id), ['a file']);
    const artifact = await jobs.request('GET', `/v1/jobs/${id}/artifacts/input`);
    assert.deepEqual(JSON.parse(artifact.text), { n: 1 });
    const known = await eventually(async () =>
      (await listed()).find((one) => one.worker_id === 'w1'), WAIT_MS);
    assert.deepEqual([known.labels, known.slots, known.healthy, known.draining, known.mode],
      [['gpu'], 2, true, false, 'direct']);
    const other = await jobs.sh('true', { requires: ['tpu'] });
    const why = await eventually(async () => {
      const { reasons } = (await jobs.request('GET', `/v1/jobs/${other}/why`)).json;
      return reasons.find((reason) => reason.rule === 'worker');
    }, WAIT_MS);
    assert.match(why.detail, /tpu/);
    await jobs.request('DELETE', `/v1/jobs/${other}`);
  } finally {
    assert.deepEqual(await worker.stop(), { code: 0, signal: null }, worker.text);
  }
  await eventually(async () => (await listed()).every((one) => one.worker_id !== 'w1'), WAIT_MS);
});

test('SIGTERM: what runs is given time, then given back, and counts nothing', async () => {
  const worker = startWorker('w2', { env: { ZSHUTDOWN_GRACE_SECS: '5' } });
  await worker.ready;
  const quick = path.join(folder, 'quick');
  const short = await jobs.sh(`echo ready; while [ ! -e ${quick} ]; do sleep 0.02; done`);
  const long = await jobs.sh(
    'echo ready; [ "$ZJOB_ATTEMPT" = 2 ] || exec sleep 600');
  for (const id of [short, long])
    await eventually(async () => (await jobs.lines(id)).length === 1, WAIT_MS);
  const stopped = worker.stop();
  await writeFile(quick, '');
  assert.deepEqual(await stopped, { code: 0, signal: null }, worker.text);
  succeeded(await jobs.get(short));
  const left = await jobs.get(long);
  assert.deepEqual([left.state, left.retry_count, left.lost_leases], ['pending', 0, 0]);
  const next = startWorker('w3');
  try {
    await next.ready;
    const job = await jobs.untilFinal(long, WAIT_MS);
    succeeded(job);
    assert.deepEqual([job.attempt, job.worker_id, job.lost_leases], [2, 'w3', 0]);
  } finally {
    await next.stop();
  }
});

test('SIGKILL: its programs live on, and it goes on with them', async () => {
  const worker = startWorker('w4');
  await worker.ready;
  const go = path.join(folder, 'go');
  const id = await jobs.sh(`echo one; while [ ! -e ${go} ]; do sleep 0.02; done; echo two`);
  await eventually(async () => (await jobs.lines(id)).length === 1, WAIT_MS);
  await worker.stop('SIGKILL');
  const again = startWorker('w4');
  try {
    await again.ready;
    await writeFile(go, '');
    const job = await jobs.untilFinal(id, WAIT_MS);
    succeeded(job);
    assert.deepEqual(await jobs.lines(id), ['one', 'two']);
    assert.deepEqual([job.attempt, job.lost_leases], [1, 0]);
  } finally {
    await again.stop();
  }
});

test('without a folder that the servers use it refuses, and says what would be right', async () => {
  for (const nowhere of [path.join(folder, 'nowhere'), '']) {
    const worker = startWorker('w5', { env: { ZBRAIN_ARTIFACTS: nowhere } });
    const { code } = await worker.exited;
    assert.notEqual(code, 0);
    assert.match(worker.text, /ZBRAIN_ARTIFACTS/);
    assert.match(worker.text, /--data/);
  }
  expectStatus(await jobs.request('GET', '/v1/jobs'), 200);
});
