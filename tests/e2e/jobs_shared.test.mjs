// Several servers on one PostgreSQL: jobs.md sections 1, 3, 4. What must hold over all of them is
// shown by programs that leave marks in a folder of the test; nothing depends on how fast they are.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after as afterAll, before, test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { Postgres } from './support/postgres.mjs';
import { eventually, expectStatus, Server } from './support/server.mjs';

const WAIT_MS = 60_000;
const SECRETS = { ZJWT_SECRET: 'a'.repeat(64), ZJWT_REFRESH_SECRET: 'b'.repeat(64) };

let postgres;
let folder;
let databases = 0;
before(async () => {
  postgres = await Postgres.start();
  folder = await mkdtemp(path.join(tmpdir(), 'zserver-shared-'));
});
afterAll(async () => {
  await postgres?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

// Servers on a database of their own, each with its environment, and one administrator of all.
class Team {
  static async start(...environments) {
    const team = new Team();
    team.name = `team_${++databases}`;
    team.common = {
      ZSTORAGE_BACKEND: 'postgres', DATABASE_URL: postgres.database(team.name),
      ZSTORAGE_AUTO_MIGRATE: 'true', ZWORKER_CONCURRENCY: '2', ZBRAIN_BACKOFF_MS: '100',
      ZWORKER_KILL_GRACE_SECS: '1', ZSHUTDOWN_GRACE_SECS: '5', ...SECRETS,
    };
    team.servers = [];
    for (const env of environments) team.servers.push(await team.#server(env));
    const { token } = await team.servers[0].account('admin@example.org');
    team.jobs = team.servers.map((server) => new Jobs(server, token));
    return team;
  }

  #server(env) { return Server.start({ env: { ...this.common, ...env } }); }

  mark(name) { return path.join(folder, `${this.name}-${name}`); }

  // The lines of a file that programs append to.
  async marks(name) {
    const text = await readFile(this.mark(name), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  async stop() { await Promise.all(this.servers.map((server) => server.stop())); }
}

const succeeded = (job) => assert.equal(job.state, 'succeeded', JSON.stringify(job));
const all = (list, what) => Promise.all(list.map(what));
const until = (file) => `while [ ! -e "${file}" ]; do sleep 0.02; done`;
const times = (count, what) => Promise.all(Array.from({ length: count }, (_, i) => what(i)));

test('what one takes either runs, and the limits hold over both', async () => {
  const team = await Team.start({ ZBRAIN_MAX_RUNNING: '3' }, { ZBRAIN_MAX_RUNNING: '3' });
  const [a, b] = team.jobs;
  try {
    // Three can only meet when both servers run some: each has two slots.
    const meet = team.mark('meet');
    const ids = await times(3, () => a.sh(
      `echo in >> "${meet}"; while [ $(wc -l < "${meet}") -lt 3 ]; do sleep 0.02; done`));
    const met = await all(ids, (id) => b.untilFinal(id, WAIT_MS));
    met.forEach(succeeded);
    assert.equal(new Set(met.map(({ worker_id: worker }) => worker)).size, 2);
    assert.deepEqual(await all(ids, (id) => a.get(id)), met, 'both say the same');

    // Enter and leave, in one file: the kernel keeps the order of short appends.
    const step = (file) => `echo + >> "${file}"; sleep 0.05; echo - >> "${file}"`;
    const keyed = await times(12, (i) => [a, b][i % 2].sh(step(team.mark('keyed')),
      { concurrency: { key: 'k', max: 2 } }));
    const free = await times(12, (i) => [a, b][i % 2].sh(step(team.mark('free'))));
    (await all([...keyed, ...free], (id) => a.untilFinal(id, WAIT_MS))).forEach(succeeded);
    const most = async (name) => {
      let inside = 0;
      return Math.max(...(await team.marks(name)).map((mark) => (inside += mark === '+' ? 1 : -1)));
    };
    assert.ok(await most('keyed') <= 2, `a key ran ${await most('keyed')} times at once`);
    assert.ok(await most('free') <= 3, `a tenant ran ${await most('free')} jobs at once`);
    assert.equal((await team.marks('keyed')).length, 24, 'each ran once');
    assert.equal((await team.marks('free')).length, 24, 'each ran once');
    for (const jobs of team.jobs) {
      const stats = (await jobs.request('GET', '/v1/jobs/stats')).json;
      assert.deepEqual([stats.succeeded, stats.pending, stats.running], [27, 0, 0]);
    }
  } finally {
    await team.stop();
  }
});

test('a rate holds over both; a pause and a limit of waiting jobs are everybody\'s', async () => {
  const team = await Team.start({ ZBRAIN_MAX_PENDING: '20' }, { ZBRAIN_MAX_PENDING: '20' });
  const [a, b] = team.jobs;
  try {
    const file = team.mark('rated');
    const rated = await times(6, (i) => [a, b][i % 2].sh(`echo x >> "${file}"`,
      { rate: { key: 'r', per_minute: 3 } }));
    await eventually(async () => (await team.marks('rated')).length === 3, WAIT_MS);
    // What comes later runs, so the others were looked at and passed over.
    succeeded(await a.untilFinal(await b.sh('true'), WAIT_MS));
    const states = (await all(rated, (id) => b.get(id))).map(({ state }) => state).sort();
    assert.deepEqual(states.slice(0, 3), ['pending', 'pending', 'pending']);
    assert.equal((await team.marks('rated')).length, 3);
    await all(rated, (id) => a.request('DELETE', `/v1/jobs/${id}`));

    expectStatus(await a.request('POST', '/v1/jobs/pause'), 200);
    const held = await times(10, () => b.sh('true'));
    const more = await times(10, () => a.sh('true'));
    await eventually(async () =>
      (await b.request('POST', '/v1/jobs', { body: { command: ['true'] } })).status === 429,
    WAIT_MS);
    expectStatus(await b.request('POST', '/v1/jobs/resume'), 200);
    (await all([...held, ...more], (id) => a.untilFinal(id, WAIT_MS))).forEach(succeeded);
  } finally {
    await team.stop();
  }
});

test('a cancel reaches the program at once, whoever is asked', async () => {
  // Heartbeats are 30 s apart: none tells the worker of it in time.
  const team = await Team.start({}, {});
  const [a, b] = team.jobs;
  try {
    const ids = await times(4, () => a.sh('echo ready; sleep 600'));
    await eventually(async () =>
      (await all(ids, (id) => b.lines(id))).every((lines) => lines.includes('ready')), WAIT_MS);
    const workers = new Set((await all(ids, (id) => b.get(id))).map((job) => job.worker_id));
    assert.equal(workers.size, 2, 'each runs two');
    await all(ids, (id) => b.request('DELETE', `/v1/jobs/${id}`));
    for (const job of await all(ids, (id) => a.untilFinal(id, 20_000)))
      assert.equal(job.state, 'canceled', JSON.stringify(job));
  } finally {
    await team.stop();
  }
});

test('SIGKILL of one: the other finishes its jobs, each once', async () => {
  const team = await Team.start({ ZBRAIN_LEASE_TTL: '3' }, { ZBRAIN_LEASE_TTL: '3' });
  const [a, b] = team.jobs;
  const [first] = team.servers;
  try {
    const go = team.mark('go');
    const ids = await times(4, () => a.sh(`echo ready; ${until(go)}; echo done`));
    await eventually(async () =>
      (await all(ids, (id) => b.lines(id))).every((lines) => lines.includes('ready')), WAIT_MS);
    const before = await all(ids, (id) => b.get(id));
    assert.equal(new Set(before.map((job) => job.worker_id)).size, 2);
    first.child.kill('SIGKILL');
    await first.exited;
    const left = await b.sh('echo late');
    await writeFile(go, '');
    const jobs = await all(ids, (id) => b.untilFinal(id, WAIT_MS));
    jobs.forEach(succeeded);
    succeeded(await b.untilFinal(left, WAIT_MS));
    const told = jobs.map(({ attempt, lost_leases: lost }) => [attempt, lost]).sort();
    assert.deepEqual(told, [[1, 0], [1, 0], [2, 1], [2, 1]], 'two were on the one that died');
    for (const id of ids)
      assert.ok((await b.lines(id)).filter((line) => line === 'done').length >= 1);
    // What the dead one's programs still had to say counts nothing.
    await first.crashAndRestart();
    a.server = first;
    succeeded(await a.untilFinal(await a.sh('true'), WAIT_MS));
    assert.deepEqual(await all(ids, (id) => a.get(id)), jobs);
    const stats = (await a.request('GET', '/v1/jobs/stats')).json;
    assert.deepEqual([stats.succeeded, stats.failed, stats.running], [6, 0, 0]);
  } finally {
    await team.stop();
  }
});

test('a server that comes back goes on with the attempts it had', async () => {
  const team = await Team.start({}, { ZWORKER_MODE: 'custom' });
  const [a, b] = team.jobs;
  try {
    const go = team.mark('go');
    const id = await b.sh(`echo one; ${until(go)}; echo two`);
    await eventually(async () => (await b.lines(id)).length === 1, WAIT_MS);
    await team.servers[0].crashAndRestart();
    await writeFile(go, '');
    const job = await b.untilFinal(id, WAIT_MS);
    succeeded(job);
    assert.deepEqual([job.attempt, job.lost_leases], [1, 0]);
    assert.deepEqual(await a.lines(id), ['one', 'two']);
  } finally {
    await team.stop();
  }
});

test('a worker elsewhere may call any of the servers', async () => {
  const custom = { ZWORKER_MODE: 'custom' };
  const team = await Team.start(custom, custom);
  const [a, b] = team.jobs;
  try {
    const id = await a.submit({ command: ['true'] });
    const call = (jobs, target, body) => jobs.request('POST', `/v1/workers/${target}`, { body });
    const leased = await call(a, 'lease', { worker_id: 'w', max: 1, wait_ms: 5000 });
    const [{ job, token }] = leased.json.jobs;
    assert.equal(job.id, id);
    const lines = [{ stream: 'stdout', line: 'x' }];
    expectStatus(await call(b, `jobs/${id}/logs`, { token, lines }), 200);
    const beat = await call(b, 'heartbeat', { worker_id: 'w', leases: [{ job_id: id, token }] });
    assert.equal(beat.json.leases[0].ok, true, beat.text);
    expectStatus(await call(b, `jobs/${id}/finish`, { token, outcome: 'succeeded' }), 200);
    succeeded(await a.get(id));
    assert.deepEqual(await a.lines(id), ['x']);
    await eventually(async () => (await b.request('GET', '/v1/workers')).json
      .some((one) => one.worker_id === 'w'), WAIT_MS);
  } finally {
    await team.stop();
  }
});
