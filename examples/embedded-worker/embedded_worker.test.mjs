// The example as its README shows it, with its own binary in the place of zserver.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { openStream } from '../../tests/e2e/support/events.mjs';
import { Jobs } from '../../tests/e2e/support/jobs.mjs';
import { eventually, Server } from '../../tests/e2e/support/server.mjs';

const KIND = 'word-count';
const TIME = { timeout: 60_000 };
const LONG = { texts: Array.from({ length: 50 }, (_, i) => `text ${i}`), pause_ms: 100_000 };

let server;
let admin;
let jobs;
before(async () => {
  server = await Server.start({ env: { ZBRAIN_BACKOFF_MS: '50' } });
  admin = await server.account('admin@example.org');
  jobs = new Jobs(server, admin.token);
});
afterAll(() => server?.stop());

test('a job of its kind runs in the server: output, log, progress, artifact', TIME, async () => {
  const events = await openStream(server, '/v1/events?topic=jobs/*&types=progress,artifact',
    { token: admin.token });
  const input = { texts: ['The cat and the dog', 'the end'] };
  const id = await jobs.submit({ kind: KIND, input });
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job));
  assert.deepEqual(job.output, { words: 7, distinct: 5 });
  assert.deepEqual([job.attempt, job.artifact_count], [1, 1]);
  assert.deepEqual(await jobs.lines(id), ['text 1: 5 words', 'text 2: 2 words']);
  const csv = await jobs.request('GET', `/v1/jobs/${id}/artifacts/words.csv`);
  assert.equal(csv.text, 'word,count\nand,1\ncat,1\ndog,1\nend,1\nthe,3\n');
  const seen = [];
  while (!seen.includes('artifact')) {
    const event = await events.next();
    if (event.data.topic !== `jobs/${id}`) continue;
    seen.push(event.data.type);
    if (event.data.type === 'progress') assert.ok(event.data.data.progress >= 0.5);
  }
  events.close();
  assert.ok(seen.includes('progress'));
});

test('programs run beside it', TIME, async () => {
  const id = await jobs.sh('echo hello');
  assert.equal((await jobs.untilFinal(id)).state, 'succeeded');
  const modes = (await jobs.request('GET', '/v1/workers')).json.map((one) =>
    [one.mode, one.kinds, one.slots]);
  assert.deepEqual(modes.sort(), [['handlers', [KIND], 2], ['local', ['process'], 4]]);
});

test('cancel and timeout reach the handler', TIME, async () => {
  const id = await jobs.submit({ kind: KIND, input: LONG });
  await eventually(async () => (await jobs.lines(id)).length === 1);
  assert.deepEqual((await jobs.request('DELETE', `/v1/jobs/${id}`)).json, { status: 'canceling' });
  assert.equal((await jobs.untilFinal(id)).state, 'canceled');
  const late = await jobs.submit({ kind: KIND, input: LONG, timeout_secs: 1, max_retries: 0 });
  assert.equal((await jobs.untilFinal(late)).error.code, 'timeout');
});

test('an input that can never work fails at once, an unknown kind waits', TIME, async () => {
  const id = await jobs.submit({ kind: KIND, input: { texts: 'one' } });
  const job = await jobs.untilFinal(id);
  assert.deepEqual([job.state, job.attempt, job.error.code], ['failed', 1, 'worker_error']);
  assert.match(job.error.message, /'texts' must be an array/);
  const other = await jobs.submit({ kind: 'no-such-kind' });
  assert.equal((await jobs.get(other)).waiting, 'worker');
});

test('after a crash the job runs again', TIME, async () => {
  const id = await jobs.submit({ kind: KIND, input: { ...LONG, pause_ms: 400 } });
  await eventually(async () => (await jobs.lines(id)).length >= 1);
  await server.crashAndRestart();
  jobs = new Jobs(server, (await server.login(admin.email)).token);
  const again = await jobs.until(id, (job) => job.attempt === 2);
  assert.equal(again.lost_leases, 1);
  await jobs.request('DELETE', `/v1/jobs/${id}`);
  assert.equal((await jobs.untilFinal(id)).state, 'canceled');
});
