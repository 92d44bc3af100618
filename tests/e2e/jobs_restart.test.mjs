// Jobs over the end of the server that started them, and workers elsewhere: jobs.md sections 4, 8.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { eventually, expectStatus, problem, Server } from './support/server.mjs';

const SLOW = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i"; sleep 0.2; done; '
  + 'echo done > "$ZJOB_ARTIFACTS/end"';
const LINES = Array.from({ length: 10 }, (_, i) => `line ${i + 1}`);

test('a job outlives the server: same attempt, no line missing', async () => {
  const server = await Server.start({ env: { ZSHUTDOWN_GRACE_SECS: '2' } });
  try {
    const { email, token } = await server.account('admin@example.org');
    let jobs = new Jobs(server, token);
    const id = await jobs.sh(SLOW);
    await eventually(async () => (await jobs.lines(id)).length >= 2);
    await server.crashAndRestart();
    jobs = new Jobs(server, (await server.login(email)).token);
    const job = await jobs.untilFinal(id, 30_000);
    assert.equal(job.state, 'succeeded', JSON.stringify(job));
    assert.equal(job.attempt, 1, 'the server attached to the attempt it had left');
    assert.deepEqual(await jobs.lines(id), LINES);
    assert.equal((await jobs.request('GET', `/v1/jobs/${id}/artifacts/end`)).text, 'done\n');
  } finally {
    await server.stop();
  }
});

test('a server that is told to stop gives back what does not end in time', async () => {
  const env = { ZSHUTDOWN_GRACE_SECS: '1', ZWORKER_KILL_GRACE_SECS: '1' };
  const server = await Server.start({ env });
  try {
    const { email, token } = await server.account('admin@example.org');
    const jobs = new Jobs(server, token);
    const id = await jobs.sh('echo "attempt $ZJOB_ATTEMPT"; test "$ZJOB_ATTEMPT" = 2 || sleep 60');
    await eventually(async () => (await jobs.lines(id)).length === 1);
    const kept = server.ownsData;
    server.ownsData = false;
    const exit = await server.stop();
    assert.deepEqual(exit, { code: 0, signal: null });
    const again = await Server.start({ data: server.data });
    again.ownsData = kept;
    try {
      const later = new Jobs(again, (await again.login(email)).token);
      const job = await later.untilFinal(id);
      assert.equal(job.state, 'succeeded');
      assert.deepEqual([job.retry_count, job.lost_leases], [0, 0], 'a drain counts nothing');
    } finally {
      await again.stop();
    }
  } finally {
    if (server.child.exitCode === null) await server.stop();
  }
});

let server;
let jobs;
before(async () => {
  server = await Server.start({ env: { ZWORKER_MODE: 'custom', ZBRAIN_LEASE_TTL: '3' } });
  jobs = new Jobs(server, (await server.account('admin@example.org')).token);
});
afterAll(() => server?.stop());

const call = (path, body) => jobs.request('POST', `/v1/workers/${path}`, { body });
async function lease(worker = 'w1', fields = {}) {
  const reply = await call('lease', { worker_id: worker, max: 1, wait_ms: 5000, ...fields });
  expectStatus(reply, 200);
  return reply.json.jobs[0];
}

test('a worker elsewhere leases, reports and finishes', async () => {
  const id = await jobs.submit(
    { command: ['true'], input: { a: 1 }, env: { API_TOKEN: 'x1234567' } });
  const leased = await lease();
  assert.equal(leased.job.id, id);
  assert.equal(leased.attempt, 1);
  assert.match(leased.token, /^\d+$/);
  assert.ok(leased.lease_ms > 0 && leased.lease_ms <= 3000);
  assert.equal(leased.job.spec.env.API_TOKEN, 'x1234567');
  const { token } = leased;
  const beat = await call('heartbeat',
    { worker_id: 'w1', leases: [{ job_id: id, token, progress: 0.5 }] });
  assert.deepEqual(beat.json.leases[0], { job_id: id, ok: true, cancel: false,
    lease_ms: beat.json.leases[0].lease_ms });
  const logged = await call(`jobs/${id}/logs`,
    { token, lines: [{ stream: 'stdout', line: 'a' }, { stream: 'stderr', line: 'b' }] });
  expectStatus(logged, 200);
  const put = await jobs.request('PUT', `/v1/workers/jobs/${id}/artifacts/sub/r.txt?token=${token}`,
    { body: 'result', headers: { 'Content-Type': 'application/octet-stream' } });
  expectStatus(put, 201);
  for (const name of ['..%2Fx', 'a%2F%2Fb'])
    problem(assert, await jobs.request('PUT',
      `/v1/workers/jobs/${id}/artifacts/${name}?token=${token}`, { body: 'x' }), 400,
    'invalid_name');
  const listed = (await jobs.request('GET', '/v1/workers')).json;
  assert.deepEqual(listed.map(({ worker_id, busy }) => [worker_id, busy]), [['w1', 1]]);
  const finish = { token, outcome: 'succeeded', output: { b: 2 }, exit_code: 0 };
  const done = await call(`jobs/${id}/finish`, finish);
  expectStatus(done, 200);
  assert.deepEqual([done.json.state, done.json.output], ['succeeded', { b: 2 }]);
  expectStatus(await call(`jobs/${id}/finish`, finish), 200, 'the same again');
  problem(assert, await call(`jobs/${id}/finish`, { token, outcome: 'failed', error: 'x' }), 409,
    'lease_lost');
  assert.equal((await jobs.request('GET', `/v1/jobs/${id}/artifacts/sub/r.txt`)).text, 'result');
  assert.deepEqual((await jobs.logs(id)).map(({ line }) => line), ['a', 'b']);
});

test('who lost the lease changes nothing any more', async () => {
  const id = await jobs.submit({ command: ['true'] });
  const old = await lease('w1');
  const fresh = await eventually(async () => {
    const again = await call('lease', { worker_id: 'w2', max: 1, wait_ms: 1000 });
    return again.json.jobs[0];
  }, 15_000);
  assert.equal(fresh.job.id, id);
  assert.equal(fresh.attempt, 2);
  assert.equal(fresh.job.lost_leases, 1);
  const { token } = old;
  const lines = [{ stream: 'stdout', line: 'x' }];
  problem(assert, await call(`jobs/${id}/logs`, { token, lines }), 409, 'lease_lost');
  problem(assert, await call(`jobs/${id}/finish`, { token, outcome: 'succeeded' }), 409,
    'lease_lost');
  problem(assert, await jobs.request('PUT', `/v1/workers/jobs/${id}/artifacts/a?token=${token}`,
    { body: 'x' }), 409, 'lease_lost');
  const beat = await call('heartbeat', { worker_id: 'w1', leases: [{ job_id: id, token }] });
  assert.equal(beat.json.leases[0].ok, false);
  await jobs.request('DELETE', `/v1/jobs/${id}`);
  const asked = await call('heartbeat',
    { worker_id: 'w2', leases: [{ job_id: id, token: fresh.token }] });
  assert.deepEqual([asked.json.leases[0].ok, asked.json.leases[0].cancel], [true, true]);
  const ended = await call(`jobs/${id}/finish`, { token: fresh.token, outcome: 'canceled' });
  assert.equal(ended.json.state, 'canceled');
});

test('a worker that started again says what it still runs; the rest runs again', async () => {
  const kept = await jobs.submit({ command: ['true'] });
  const { token } = await lease('w4');
  const gone = await jobs.submit({ command: ['true'], max_retries: 0 });
  await lease('w4');
  const beat = await call('heartbeat',
    { worker_id: 'w4', all: true, leases: [{ job_id: kept, token }] });
  assert.deepEqual(beat.json.leases.map(({ job_id, ok }) => [job_id, ok]), [[kept, true]]);
  const again = await lease('w5');
  assert.deepEqual([again.job.id, again.job.lost_leases], [gone, 1]);
  expectStatus(await call(`jobs/${gone}/finish`, { token: again.token, outcome: 'lost' }), 200);
  const third = await lease('w5');
  assert.deepEqual([third.job.id, third.job.lost_leases], [gone, 2]);
  for (const [id, last] of [[kept, token], [gone, third.token]])
    expectStatus(await call(`jobs/${id}/finish`, { token: last, outcome: 'succeeded' }), 200);
});

test('only workers with the labels get a job; a release counts nothing', async () => {
  const id = await jobs.submit({ command: ['true'], requires: ['gpu'] });
  const none = await call('lease', { worker_id: 'w1', max: 1, wait_ms: 0 });
  assert.deepEqual(none.json.jobs, []);
  const leased = await lease('w3', { labels: ['gpu', 'big'] });
  assert.equal(leased.job.id, id);
  const released = await call(`jobs/${id}/release`, { token: leased.token });
  assert.equal(released.json.state, 'pending');
  const again = await lease('w3', { labels: ['gpu'] });
  assert.deepEqual([again.attempt, again.job.retry_count, again.job.lost_leases], [2, 0, 0]);
  await call(`jobs/${id}/finish`, { token: again.token, outcome: 'succeeded' });
});
