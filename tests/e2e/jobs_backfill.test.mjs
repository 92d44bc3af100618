// Back-fills of schedules, also over the end of the server: docs/jobs.md, Templates and schedules.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { Postgres } from './support/postgres.mjs';
import { eventually, expectStatus, problem, Server } from './support/server.mjs';

const WAIT_MS = 90_000;
const HOUR_MS = 3_600_000;
const BEGIN = Date.parse('2024-01-01T00:00:00Z');
const hours = (count) => ({
  from: new Date(BEGIN).toISOString(), to: new Date(BEGIN + count * HOUR_MS).toISOString(),
});
const each = (count) => Array.from({ length: count }, (_, i) => BEGIN + i * HOUR_MS);

// What most tests talk to.
let server;
let jobs;
before(async () => {
  server = await Server.start();
  jobs = new Jobs(server, (await server.account('admin@example.org')).token);
});
afterAll(() => server?.stop());

// A schedule that does not fire by itself; answers its path.
async function hourly(command = ['true']) {
  const made = await jobs.request('POST', '/v1/job-schedules', {
    body: { name: 'hourly', spec: { command }, cron_expression: '0 * * * *', is_active: false },
  });
  expectStatus(made, 201);
  return { id: made.json.id, path: `/v1/job-schedules/${made.json.id}` };
}

async function fill(schedule, body) {
  const made = await jobs.request('POST', `${schedule.path}/backfills`, { body });
  expectStatus(made, 201);
  assert.equal(made.headers.get('location'), `${schedule.path}/backfills/${made.json.id}`);
  return made.headers.get('location');
}
const get = async (path) => (await jobs.request('GET', path)).json;
const untilOver = (path) => eventually(async () => {
  const now = await get(path);
  return ['done', 'canceled'].includes(now?.state) && now.running === 0 && now;
}, WAIT_MS);

async function jobsOf(schedule) {
  const list = await jobs.request('GET', `/v1/jobs?schedule_id=${schedule.id}&limit=1000`);
  expectStatus(list, 200);
  return list.json;
}
const dueTimes = (list) =>
  list.map(({ spec }) => Date.parse(spec.metadata.nominal_time)).sort((a, b) => a - b);

// How many of them were in the queue at once and not final, as the server's own times say.
function mostUnfinished(list) {
  const changes = list.flatMap((job) =>
    [[Date.parse(job.created_at), 1], [Date.parse(job.completed_at), -1]]);
  changes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0;
  return Math.max(...changes.map(([, change]) => (now += change)));
}

test('a server killed in the middle submits each due time once', async () => {
  const schedule = await hourly(['sh', '-c', 'echo "for $ZJOB_NOMINAL_TIME"; sleep 0.05']);
  const path = await fill(schedule, { ...hours(40), parallel: 3 });
  for (const least of [6, 18]) {
    await eventually(async () => (await get(path)).submitted >= least, WAIT_MS);
    await server.crashAndRestart();
    jobs = new Jobs(server, (await server.login('admin@example.org')).token);
  }
  const over = await untilOver(path);
  assert.deepEqual([over.state, over.total, over.submitted, over.skipped, over.position],
    ['done', 40, 40, 0, null]);
  const list = await jobsOf(schedule);
  assert.deepEqual(dueTimes(list), each(40));
  assert.ok(mostUnfinished(list) <= 3, `${mostUnfinished(list)} at once`);
  assert.ok(list.every(({ state }) => state === 'succeeded'));
  assert.deepEqual(new Set(list.map(({ spec }) => spec.metadata.backfill_id)),
    new Set([over.id]));
  const [line] = await jobs.lines(list[0].id);
  assert.equal(Date.parse(line.slice('for '.length)),
    Date.parse(list[0].spec.metadata.nominal_time));
  const again = await fill(schedule, hours(42));
  const rest = await untilOver(again);
  assert.deepEqual([rest.submitted, rest.skipped], [2, 40]);
});

test('two servers on one PostgreSQL, one of them killed, submit each due time once', async () => {
  const mine = [server, jobs];
  const postgres = await Postgres.start();
  const env = {
    ZSTORAGE_BACKEND: 'postgres', DATABASE_URL: postgres.database('backfill'),
    ZSTORAGE_AUTO_MIGRATE: 'true', ZJWT_SECRET: 'a'.repeat(64), ZJWT_REFRESH_SECRET: 'b'.repeat(64),
  };
  const servers = [];
  try {
    for (let i = 0; i < 2; ++i) servers.push(await Server.start({ env }));
    const { token } = await servers[0].account('admin@example.org');
    const [first, second] = servers.map((one) => new Jobs(one, token));
    jobs = first;
    const schedule = await hourly();
    const path = await fill(schedule, { ...hours(60), parallel: 2 });
    // A server that was told of it looks at once.
    expectStatus(await second.request('PATCH', path, { body: { parallel: 4 } }), 200);
    await eventually(async () => (await get(path)).submitted >= 10, WAIT_MS);
    jobs = second;
    await servers[0].crashAndRestart();
    const over = await untilOver(path);
    assert.deepEqual([over.state, over.submitted, over.skipped], ['done', 60, 0]);
    const list = await jobsOf(schedule);
    assert.deepEqual(dueTimes(list), each(60));
    assert.ok(mostUnfinished(list) <= 4, `${mostUnfinished(list)} at once`);
  } finally {
    [server, jobs] = mine;
    await Promise.all(servers.map((one) => one.stop()));
    await postgres.stop();
  }
});

test('it can be paused, widened, resumed and canceled', async () => {
  const schedule = await hourly();
  const path = await fill(schedule, hours(2000));
  await eventually(async () => (await get(path)).submitted > 0, WAIT_MS);
  const patch = async (body) => {
    const reply = await jobs.request('PATCH', path, { body });
    expectStatus(reply, 200);
    return reply.json;
  };
  assert.equal((await patch({ paused: true })).state, 'paused');
  const rested = await eventually(async () => {
    const now = await get(path);
    return now.running === 0 && now;
  }, WAIT_MS);
  assert.equal(rested.state, 'paused');
  assert.ok(rested.submitted < 2000);
  const resumed = await patch({ paused: false, parallel: 50 });
  assert.deepEqual([resumed.state, resumed.parallel], ['running', 50]);
  await eventually(async () => (await get(path)).submitted > rested.submitted, WAIT_MS);
  const canceled = await jobs.request('DELETE', path);
  expectStatus(canceled, 200);
  assert.equal(canceled.json.state, 'canceled');
  const over = await untilOver(path);
  assert.equal((await jobsOf(schedule)).length, Math.min(over.submitted, 1000), 'its jobs stay');
  problem(assert, await jobs.request('PATCH', path, { body: { paused: false } }), 409,
    'backfill_finished');
  const list = await jobs.request('GET', `${schedule.path}/backfills`);
  assert.deepEqual(list.json.map(({ id }) => id), [over.id]);
});

test('what cannot be is refused; a schedule takes its back-fills along', async () => {
  const schedule = await hourly();
  const all = `${schedule.path}/backfills`;
  const post = (body) => jobs.request('POST', all, { body });
  const { from, to } = hours(1);
  problem(assert, await post({ from: to, to: from }), 400, 'invalid_argument');
  problem(assert, await post({ from, to: new Date(Date.now() + HOUR_MS).toISOString() }), 400,
    'invalid_argument');
  problem(assert, await post({ from: '1990-01-01T00:00:00Z', to }), 400, 'too_many_due_times');
  problem(assert, await post({ from, to, parallel: 101 }), 400, 'invalid_argument');
  problem(assert, await post({ from }), 422, 'unprocessable');
  const never = await post({ from, to: '2024-01-01T00:00:00.001Z' });
  expectStatus(never, 201);
  const none = await post({ from: '2024-01-01T00:10:00Z', to: '2024-01-01T00:20:00Z' });
  assert.deepEqual([none.json.state, none.json.total], ['done', 0]);
  const { user_id } = await server.account('reader@example.org');
  expectStatus(await jobs.request('PUT', `/v1/users/${user_id}`, { body: { roles: ['reader'] } }),
    200);
  const reader = await server.login('reader@example.org');
  const denied = await server.request('POST', all, { token: reader.token, body: { from, to } });
  assert.equal(denied.status, 403);
  expectStatus(await jobs.request('DELETE', schedule.path), 204);
  assert.equal((await jobs.request('GET', `${all}/${none.json.id}`)).status, 404);
  assert.equal((await jobs.request('GET', all)).status, 404);
});
