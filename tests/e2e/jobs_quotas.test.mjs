// Quotas of jobs, and what files and purges owe to jobs: jobs.md section 9.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { eventually, expectStatus, problem, Server } from './support/server.mjs';

const WAIT_MS = 30_000;

async function withServer(env, work) {
  const server = await Server.start({ env });
  try {
    await work(new Jobs(server, (await server.account('admin@example.org')).token), server);
  } finally {
    await server.stop();
  }
}

const submit = (jobs) => jobs.request('POST', '/v1/jobs', { body: { command: ['true'] } });

test('who has stored too much submits nothing until jobs are purged', async () => {
  await withServer({ ZBRAIN_MAX_STORED_BYTES: '100000' }, async (jobs, server) => {
    const id = await jobs.sh('head -c 150000 /dev/zero > "$ZJOB_ARTIFACTS/big"');
    assert.equal((await jobs.untilFinal(id)).state, 'succeeded');
    const refused = await eventually(async () => {
      const reply = await submit(jobs);
      return reply.status === 429 && reply;
    }, WAIT_MS);
    assert.match(problem(assert, refused, 429, 'quota_exceeded').message, /150000|15\d{4}/);
    expectStatus(await jobs.request('DELETE', `/v1/jobs/${id}?purge=true`), 204);
    await eventually(async () => (await submit(jobs)).status === 201, WAIT_MS);
    const metrics = await server.get('/metrics', { token: jobs.token });
    assert.match(metrics.text, /^zbrain_artifact_bytes /m);
  });
});

test('a disk without room takes no job', async () => {
  // More than any disk of a test has free.
  await withServer({ ZFILES_RESERVE: String(2 ** 40) }, async (jobs) => {
    problem(assert, await submit(jobs), 507, 'storage_full');
  });
});

test('artifacts have a folder of their own when one is named', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'zserver-artifacts-'));
  try {
    await withServer({ ZBRAIN_ARTIFACTS: path.join(folder, 'a') }, async (jobs, server) => {
      const id = await jobs.sh('echo kept > "$ZJOB_ARTIFACTS/x"');
      await jobs.untilFinal(id);
      assert.equal((await jobs.request('GET', `/v1/jobs/${id}/artifacts/x`)).text, 'kept\n');
      assert.equal((await readdir(path.join(folder, 'a', 'blobs'))).length, 1);
      assert.deepEqual(await readdir(path.join(server.data, 'files', 'blobs')), []);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a file that a job is given stays as long as the job; so does what others depend on',
  async () => {
    await withServer({ ZWORKER_MODE: 'custom' }, async (jobs) => {
      const upload = await jobs.request('POST', '/v1/files',
        { body: 'needed', headers: { 'Content-Type': 'text/plain' } });
      assert.ok([200, 201].includes(upload.status), upload.text);
      const sha = createHash('sha256').update('needed').digest('hex');
      const id = await jobs.submit({ command: ['true'], files: { 'in.txt': sha } });
      problem(assert, await jobs.request('DELETE', `/v1/files/${sha}`), 409, 'file_in_use');
      const behind = await jobs.submit(
        { command: ['true'], depends_on: [{ job_id: id, when: 'finished' }], delay_secs: 3600 });
      await jobs.request('DELETE', `/v1/jobs/${id}`);
      problem(assert, await jobs.request('DELETE', `/v1/jobs/${id}?purge=true`), 409,
        'job_needed');
      await jobs.request('DELETE', `/v1/jobs/${behind}`);
      expectStatus(await jobs.request('DELETE', `/v1/jobs/${id}?purge=true`), 204);
      const gone = await jobs.request('DELETE', `/v1/files/${sha}`);
      assert.ok([200, 204].includes(gone.status), gone.text);
    });
  });

test('why names the label that no worker has', async () => {
  await withServer({ ZWORKER_LABELS: 'cpu' }, async (jobs) => {
    const id = await jobs.submit({ command: ['true'], requires: ['cpu', 'gpu'] });
    const why = (await jobs.request('GET', `/v1/jobs/${id}/why`)).json;
    const reason = why.reasons.find(({ rule }) => rule === 'worker');
    assert.match(reason?.detail ?? JSON.stringify(why), /gpu/);
    assert.doesNotMatch(reason.detail, /cpu/);
  });
});

test('a schedule whose maker lost the right submits nothing, and says so', async () => {
  await withServer({}, async (jobs, server) => {
    const other = await server.account('maker@example.org');
    const change = async (roles) => expectStatus(await jobs.request('PUT',
      `/v1/users/${other.user_id}`, { body: { roles } }), 200);
    await change(['admin']);
    const maker = new Jobs(server, (await server.login('maker@example.org')).token);
    const made = await maker.request('POST', '/v1/job-schedules', { body: {
      name: 's', cron_expression: '* * * * * *', overlap: 'allow', spec: { command: ['true'] } } });
    expectStatus(made, 201);
    const get = async () => (await jobs.request('GET', `/v1/job-schedules/${made.json.id}`)).json;
    await eventually(async () => (await get()).last_job_id, WAIT_MS);
    await change(['reader']);
    await eventually(async () => /creator/.test((await get()).last_error ?? ''), WAIT_MS);
    await change(['admin']);
    await eventually(async () => !(await get()).last_error, WAIT_MS);
  });
});
