// `zserver worker` against a server's lease API: drain, lost leases, its own death.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after as afterAll, before, test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { binary, eventually, expectStatus, Server } from './support/server.mjs';

const TIME = { timeout: 60_000 };

let server;
let jobs;
let key;
let folder;
const workers = [];
before(async () => {
  server = await Server.start({ env: { ZWORKER_MODE: 'custom', ZBRAIN_LEASE_TTL: '3' } });
  jobs = new Jobs(server, (await server.account('admin@example.org')).token);
  const made = await jobs.request('POST', '/v1/api-keys',
    { body: { name: 'worker', scopes: ['jobs:read', 'jobs:update', 'files:read'] } });
  expectStatus(made, 201);
  key = made.json.key;
  folder = await mkdtemp(path.join(tmpdir(), 'zserver-worker-'));
});
afterAll(async () => {
  for (const worker of workers) worker.child.kill('SIGKILL');
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

// A worker that takes jobs with this label.
async function startWorker(label) {
  const child = spawn(binary, ['worker', '--server', server.url, '--id', label, '--label', label,
    '--concurrency', '1', '--temp-dir', path.join(folder, label)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: folder, ZWORKER_TOKEN: key, ZWORKER_KILL_GRACE_SECS: '1',
      ZOBS_LOG_LEVEL: 'error' },
  });
  const worker = { child, exited: new Promise((resolve) => child.once('exit', resolve)) };
  workers.push(worker);
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  return worker;
}

const isGone = (pid) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
};

test('SIGTERM: what runs ends, nothing more is taken, exit 0', TIME, async () => {
  const worker = await startWorker('drained');
  const spec = { requires: ['drained'] };
  const running = await jobs.sh('echo begun; sleep 1; echo done > "$ZJOB_ARTIFACTS/a"; echo end',
    spec);
  await eventually(async () => (await jobs.lines(running)).length === 1);
  const next = await jobs.sh('echo never', spec);
  worker.child.kill('SIGTERM');
  assert.equal(await worker.exited, 0);
  const job = await jobs.get(running);
  assert.deepEqual([job.state, job.attempt, job.lost_leases], ['succeeded', 1, 0]);
  assert.deepEqual(await jobs.lines(running), ['begun', 'end']);
  assert.equal((await jobs.request('GET', `/v1/jobs/${running}/artifacts/a`)).text, 'done\n');
  assert.deepEqual([(await jobs.get(next)).state, (await jobs.get(next)).attempt], ['pending', 0]);
  await jobs.request('DELETE', `/v1/jobs/${next}`);
});

test('a cancel reaches the program at the worker', TIME, async () => {
  const worker = await startWorker('canceled');
  const id = await jobs.sh('echo $$; sleep 60', { requires: ['canceled'] });
  const [pid] = await eventually(async () => {
    const lines = await jobs.lines(id);
    return lines.length === 1 && lines;
  });
  assert.deepEqual((await jobs.request('DELETE', `/v1/jobs/${id}`)).json, { status: 'canceling' });
  assert.equal((await jobs.untilFinal(id)).state, 'canceled');
  assert.ok(isGone(Number(pid)));
  worker.child.kill('SIGTERM');
  assert.equal(await worker.exited, 0);
});

test('a worker that was away too long stops the program that it lost', TIME, async () => {
  const worker = await startWorker('stalled');
  const id = await jobs.sh('echo $$; sleep 60', { requires: ['stalled'] });
  const [pid] = await eventually(async () => {
    const lines = await jobs.lines(id);
    return lines.length === 1 && lines;
  });
  worker.child.kill('SIGSTOP');
  const other = await eventually(async () => {
    const reply = await jobs.request('POST', '/v1/workers/lease',
      { body: { worker_id: 'other', max: 1, wait_ms: 1000, labels: ['stalled'] } });
    return reply.json.jobs[0];
  }, 20_000);
  assert.deepEqual([other.job.id, other.attempt, other.job.lost_leases], [id, 2, 1]);
  assert.ok(!isGone(Number(pid)), 'nobody could end it yet');
  worker.child.kill('SIGCONT');
  await eventually(() => isGone(Number(pid)), 20_000);
  const done = await jobs.request('POST', `/v1/workers/jobs/${id}/finish`,
    { body: { token: other.token, outcome: 'succeeded', output: 'theirs' } });
  expectStatus(done, 200);
  assert.deepEqual([done.json.state, done.json.output], ['succeeded', 'theirs']);
  worker.child.kill('SIGTERM');
  assert.equal(await worker.exited, 0);
});

test('a worker that died and came back goes on with its program', TIME, async () => {
  let worker = await startWorker('killed');
  const id = await jobs.sh('for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 0.2; done',
    { requires: ['killed'] });
  await eventually(async () => (await jobs.lines(id)).length >= 2);
  worker.child.kill('SIGKILL');
  await worker.exited;
  worker = await startWorker('killed');
  const job = await jobs.untilFinal(id);
  assert.deepEqual([job.state, job.attempt, job.lost_leases], ['succeeded', 1, 0]);
  assert.deepEqual(await jobs.lines(id), Array.from({ length: 8 }, (_, i) => `line ${i + 1}`));
  worker.child.kill('SIGTERM');
  assert.equal(await worker.exited, 0);
});
