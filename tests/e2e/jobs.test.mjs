// Jobs: jobs.md, with programs that really run.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after as afterAll, before, test } from 'node:test';

import { Jobs } from './support/jobs.mjs';
import { after, eventually, expectStatus, problem, Server } from './support/server.mjs';

const NOBODY = '0198c0de-0000-7000-8000-000000000000';

let server;
let admin;
let jobs;
before(async () => {
  server = await Server.start({
    env: {
      ZBRAIN_BACKOFF_MS: '100', ZWORKER_KILL_GRACE_SECS: '1', ZSHUTDOWN_GRACE_SECS: '5',
      ZWORKER_CONCURRENCY: '4',
    },
  });
  admin = await server.account('admin@example.org');
  jobs = new Jobs(server, admin.token);
});
afterAll(() => server?.stop());

test('a program runs, and everything about it can be read', async () => {
  const id = await jobs.submit({
    command: ['sh', '-c', 'echo out; echo err >&2; echo "$REGION"; exit 0'],
    env: { REGION: 'eu' }, metadata: { project: 'analytics' }, name: 'first', tags: ['a'],
  });
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job));
  assert.equal(job.id, id);
  assert.equal(job.job_id, id);
  assert.equal(job.exit_code, 0);
  assert.equal(job.attempt, 1);
  assert.equal(job.retry_count, 0);
  assert.equal(job.error, null);
  assert.equal(job.error_message, null);
  assert.deepEqual(job.spec.command, job.spec.cmd);
  assert.equal(job.spec.org_id, 'default');
  assert.equal(job.spec.timeout_secs, 300);
  assert.equal(job.spec.max_retries, 3);
  assert.deepEqual(job.spec.metadata, { project: 'analytics' });
  assert.ok(job.completed_at >= job.started_at);
  assert.ok(job.worker_id.length > 0);
  assert.equal(job.submitted_by, admin.user_id);
  const entries = await jobs.logs(id);
  assert.deepEqual(entries.filter(({ stream }) => stream === 'stdout').map(({ line }) => line),
    ['out', 'eu']);
  assert.deepEqual(await jobs.lines(id, 'stderr'), ['err']);
  const seqs = entries.map(({ seq }) => seq);
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
  const text = await jobs.request('GET', `/v1/jobs/${id}/logs?stream=stdout`,
    { headers: { Accept: 'text/plain' } });
  assert.equal(text.text, 'out\neu\n');
  const listed = await jobs.request('GET', '/jobs?name=first&tag=a&metadata.project=analytics');
  assert.deepEqual(listed.json.map((one) => one.id), [id]);
});

test('input comes in, output goes out, in every documented way', async () => {
  const script = 'cat > from_stdin; cmp from_stdin "$ZJOB_INPUT" && '
    + 'printf \'{"sum":%s}\' "$(tr -cd 0-9 < from_stdin)" > "$ZJOB_OUTPUT"; '
    + 'test "$PWD" = "$HOME" && env | cut -d= -f1 | sort';
  const id = await jobs.sh(script, { input: { n: 42 } });
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job));
  assert.deepEqual(job.output, { sum: 42 });
  assert.deepEqual(job.spec.input, { n: 42 });
  const names = await jobs.lines(id);
  for (const name of ['ZJOB_ID', 'ZJOB_ATTEMPT', 'ZJOB_LEASE_TOKEN', 'ZJOB_ORG', 'ZJOB_ENV',
    'ZJOB_DIR', 'ZJOB_INPUT', 'ZJOB_OUTPUT', 'ZJOB_ARTIFACTS', 'ZJOB_TIMEOUT_SECS', 'PATH', 'HOME',
    'TMPDIR', 'LANG']) assert.ok(names.includes(name), name);
  assert.ok(!names.some((name) => name.startsWith('ZDB_') || name.startsWith('ZWORKER_')));
  const wrong = await jobs.sh('echo "{" > "$ZJOB_OUTPUT"', { max_retries: 0 });
  assert.equal((await jobs.untilFinal(wrong)).error.code, 'invalid_output');
});

test('a failure is retried with back-off, then fails', async () => {
  const id = await jobs.sh('echo "attempt $ZJOB_ATTEMPT"; exit 7', { max_retries: 2 });
  const retrying = await jobs.until(id, (job) => job.state !== 'pending' && job.retry_count > 0);
  assert.ok(['retrying', 'running', 'failed'].includes(retrying.state));
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'failed');
  assert.equal(job.attempt, 3);
  assert.equal(job.retry_count, 2);
  assert.deepEqual({ ...job.error, message: undefined },
    { code: 'exit_nonzero', exit_code: 7, message: undefined });
  assert.equal(job.error_message, job.error.message);
  assert.deepEqual(await jobs.lines(id), ['attempt 1', 'attempt 2', 'attempt 3']);
  const again = await jobs.request('POST', `/v1/jobs/${id}/retry`);
  expectStatus(again, 200);
  assert.equal(again.json.retry_count, 0);
  await jobs.untilFinal(id);
  const never = await jobs.sh('exit 3', { retry: { no_retry_exit_codes: [3] } });
  assert.equal((await jobs.untilFinal(never)).attempt, 1);
  const missing = await jobs.submit({ command: ['/no/such/program'] });
  assert.equal((await jobs.untilFinal(missing)).error.code, 'spawn_failed');
});

test('a program that takes too long is killed with everything it started', async () => {
  const id = await jobs.sh('(sleep 60 & echo $!) ; sleep 60', { timeout_secs: 1, max_retries: 0 });
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'failed');
  assert.equal(job.error.code, 'timeout');
  const pid = Number((await jobs.lines(id))[0]);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('cancel: before it runs, and while it runs', async () => {
  const later = await jobs.sh('exit 0', { delay_secs: 3600 });
  assert.equal((await jobs.get(later)).waiting, 'schedule');
  let reply = await jobs.request('DELETE', `/v1/jobs/${later}`);
  expectStatus(reply, 200);
  assert.deepEqual(reply.json, { status: 'canceled' });
  problem(assert, await jobs.request('DELETE', `/v1/jobs/${later}`), 409, 'job_finished');

  const id = await jobs.sh('trap "" TERM; echo ready; sleep 60 & wait; sleep 60');
  await eventually(async () => (await jobs.lines(id)).includes('ready'));
  reply = await jobs.request('POST', `/jobs/${id}/cancel`);
  assert.deepEqual(reply.json, { status: 'canceling' });
  expectStatus(await jobs.request('DELETE', `/v1/jobs/${id}`), 200, 'twice is no error');
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'canceled');
  assert.equal(job.error.code, 'canceled');
  problem(assert, await jobs.request('DELETE', `/v1/jobs/${NOBODY}`), 404, 'not_found');
  expectStatus(await jobs.request('DELETE', `/v1/jobs/${id}?purge=true`), 204);
  expectStatus(await jobs.request('GET', `/v1/jobs/${id}`), 404);
});

// The records of a stream, as they come.
async function* records(reply) {
  let rest = '';
  for await (const bytes of reply.body) {
    rest += Buffer.from(bytes).toString();
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines) yield line;
  }
}

test('logs are followed while the program runs', async () => {
  const slow = await jobs.sh('echo one; sleep 1.5; echo two');
  const headers = { Authorization: `Bearer ${admin.token}` };
  const reply = await fetch(`${server.url}/v1/jobs/${slow}/logs?follow=true`, { headers });
  assert.match(reply.headers.get('content-type'), /application\/x-ndjson/);
  const seen = [];
  for await (const line of records(reply)) {
    if (line === '') continue;
    const record = JSON.parse(line);
    if (record.line === 'one') {
      const state = (await jobs.get(slow)).state;
      assert.equal(state, 'running', 'the first line comes before the end');
    }
    seen.push(record);
  }
  assert.deepEqual(seen.filter((one) => one.stream === 'stdout').map((one) => one.line),
    ['one', 'two']);
  assert.equal(seen.at(-1).end.state, 'succeeded');

  const events = await fetch(`${server.url}/v1/jobs/${slow}/logs?follow=true&stream=stdout`,
    { headers: { ...headers, Accept: 'text/event-stream' } });
  assert.match(events.headers.get('content-type'), /text\/event-stream/);
  const text = await events.text();
  assert.match(text, /^id: \d+\nevent: log\ndata: \{.*"line":"one"\}\n\n/);
  assert.match(text, /event: end\ndata: \{"state":"succeeded".*\}\n\n$/);
  const first = /^id: (\d+)/.exec(text)[1];
  const rest = await fetch(`${server.url}/v1/jobs/${slow}/logs?follow=true&stream=stdout`,
    { headers: { ...headers, Accept: 'text/event-stream', 'Last-Event-ID': first } });
  assert.doesNotMatch(await rest.text(), /"line":"one"/);
});

test('artifacts are kept, listed and served as files are', async () => {
  const bytes = 'x'.repeat(100_000);
  const id = await jobs.sh('mkdir -p "$ZJOB_ARTIFACTS/deep"; cd "$ZJOB_ARTIFACTS"; '
    + 'head -c 100000 /dev/zero | tr "\\0" x > deep/data.bin; echo hi > a.txt; '
    + 'ln -s /etc/passwd p');
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job));
  assert.equal(job.artifact_count, 2);
  const list = (await jobs.request('GET', `/v1/jobs/${id}/artifacts`)).json;
  assert.deepEqual(list.map(({ name, size }) => [name, size]),
    [['a.txt', 3], ['deep/data.bin', bytes.length]]);
  const sha = createHash('sha256').update(bytes).digest('hex');
  assert.equal(list[1].sha256, sha);
  const one = `/v1/jobs/${id}/artifacts/deep/data.bin`;
  const got = await jobs.request('GET', one);
  assert.equal(got.text, bytes);
  assert.equal(got.headers.get('etag'), `"${sha}"`);
  assert.match(got.headers.get('content-disposition'), /attachment; filename="data.bin"/);
  assert.equal(got.headers.get('content-security-policy'), 'sandbox');
  const part = await jobs.request('GET', one, { headers: { Range: 'bytes=5-9' } });
  assert.equal(part.status, 206);
  assert.equal(part.text, 'xxxxx');
  const none = await jobs.request('GET', one, { headers: { 'If-None-Match': `"${sha}"` } });
  assert.equal(none.status, 304);
  assert.equal((await jobs.request('GET', one, { headers: { Range: 'bytes=100000-' } })).status,
    416);
  assert.equal((await jobs.request('GET', `/v1/jobs/${id}/artifacts/p`)).status, 404);
  const failed = await jobs.sh('echo kept > "$ZJOB_ARTIFACTS/why.txt"; exit 1', { max_retries: 0 });
  await jobs.untilFinal(failed);
  assert.equal((await jobs.request('GET', `/v1/jobs/${failed}/artifacts/why.txt`)).text, 'kept\n');
});

test('files of the tenant are put into the working directory', async () => {
  const stored = await jobs.request('POST', '/v1/files',
    { body: 'from a file', headers: { 'Content-Type': 'text/plain' } });
  const id = await jobs.sh('cat in/data.txt', { files: { 'in/data.txt': stored.json.sha256 } });
  const job = await jobs.untilFinal(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job));
  assert.deepEqual(await jobs.lines(id), ['from a file']);
  const missing = await jobs.sh('cat x', { files: { x: 'ab'.repeat(32) } });
  assert.equal((await jobs.untilFinal(missing)).error.code, 'input_missing');
});

test('secrets of the environment are seen by nobody else', async () => {
  const id = await jobs.sh('echo "token is $API_TOKEN"', { env: { API_TOKEN: 'correct-horse-9' } });
  await jobs.untilFinal(id);
  assert.deepEqual(await jobs.lines(id), ['token is ***']);
  assert.equal((await jobs.get(id)).spec.env.API_TOKEN, 'correct-horse-9', 'to whoever sent it');
  const key = await server.post('/v1/api-keys', { name: 'r', scopes: ['jobs:read', 'jobs:create'] },
    { token: admin.token });
  const own = await server.get(`/v1/jobs/${id}`, { token: key.json.key });
  assert.equal(own.json.spec.env.API_TOKEN, 'correct-horse-9', 'the key acts as the same user');
  const other = await server.account('reader@example.org');
  const principal = { kind: 'user', id: other.user_id };
  expectStatus(await server.post('/v1/permissions',
    { principal, resource: 'jobs', allow: ['read'] }, { token: admin.token }), 201);
  const masked = await eventually(async () => {
    const reply = await server.get(`/v1/jobs/${id}`, { token: other.token });
    return reply.status === 200 && reply;
  });
  assert.equal(masked.json.spec.env.API_TOKEN, '***');
});

test('a unique key is in use once at a time', async () => {
  const spec = { command: ['true'], delay_secs: 3600, unique_key: 'nightly' };
  const id = await jobs.submit(spec);
  const same = await jobs.request('POST', '/v1/jobs', { body: spec });
  expectStatus(same, 200);
  assert.deepEqual([same.json.job_id, same.json.deduplicated], [id, true]);
  problem(assert, await jobs.request('POST', '/v1/jobs',
    { body: { ...spec, on_conflict: 'error' } }), 409, 'unique_key_in_use');
  const replaced = await jobs.request('POST', '/v1/jobs',
    { body: { ...spec, command: ['false'], on_conflict: 'replace' } });
  assert.equal(replaced.json.job_id, id);
  assert.deepEqual((await jobs.get(id)).spec.command, ['false']);
  await jobs.request('DELETE', `/v1/jobs/${id}`);
  assert.notEqual(await jobs.submit(spec), id, 'free again');
});

test('an idempotency key submits once', async () => {
  const headers = { 'Idempotency-Key': 'submit-1' };
  const body = { command: ['true'] };
  const first = await jobs.request('POST', '/v1/jobs', { body, headers });
  const second = await jobs.request('POST', '/v1/jobs', { body, headers });
  assert.equal(second.json.job_id, first.json.job_id);
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  problem(assert, await jobs.request('POST', '/v1/jobs', { body: { command: ['false'] }, headers }),
    409, 'idempotency_key_reused');
});

test('dependencies hold a job back, and their failure cancels it', async () => {
  const first = await jobs.sh('sleep 0.3; echo first', { delay_secs: 1 });
  const second = await jobs.sh('echo second', { depends_on: [first] });
  const waiting = await jobs.get(second);
  assert.equal(waiting.waiting, 'dependencies');
  const why = (await jobs.request('GET', `/v1/jobs/${second}/why`)).json;
  assert.equal(why.state, 'pending');
  assert.deepEqual(why.reasons.find(({ rule }) => rule === 'dependency').held_by, [first]);
  const [a, b] = [await jobs.untilFinal(first), await jobs.untilFinal(second)];
  assert.equal(b.state, 'succeeded');
  assert.ok(b.started_at >= a.completed_at);

  const bad = await jobs.sh('exit 1', { max_retries: 0 });
  const held = await jobs.sh('echo never', { depends_on: [bad] });
  const anyway = await jobs.sh('echo anyway', { depends_on: [{ job_id: bad, when: 'finished' }] });
  const canceled = await jobs.untilFinal(held);
  assert.equal(canceled.state, 'canceled');
  assert.equal(canceled.error.code, 'dependency_failed');
  assert.equal((await jobs.untilFinal(anyway)).state, 'succeeded');
  problem(assert, await jobs.request('POST', '/v1/jobs',
    { body: { command: ['true'], depends_on: [NOBODY] } }), 422, 'no_such_dependency');
});

test('many at once: as an array, as lines, all or none', async () => {
  const reply = await jobs.request('POST', '/v1/jobs/bulk', {
    body: {
      jobs: [
        { ref: 'a', command: ['true'] },
        { command: ['true'], depends_on: ['@a'] },
        { command: 'not an array' },
      ],
    },
  });
  expectStatus(reply, 200);
  assert.deepEqual([reply.json.submitted, reply.json.failed], [2, 1]);
  assert.equal(reply.json.results[2].error, 'unprocessable');
  assert.equal((await jobs.untilFinal(reply.json.results[1].job_id)).state, 'succeeded');

  const lines = Array.from({ length: 300 }, (_, n) =>
    JSON.stringify({ command: ['true'], tags: ['lines'], metadata: { n } }));
  lines.splice(10, 0, '{"command":');
  const bulk = await jobs.request('POST', '/v1/jobs/bulk',
    { body: lines.join('\n'), headers: { 'Content-Type': 'application/x-ndjson' } });
  assert.deepEqual([bulk.json.submitted, bulk.json.failed], [300, 1]);
  assert.equal(bulk.json.results[10].error, 'invalid_json');
  await eventually(async () => {
    const stats = (await jobs.request('GET', '/v1/jobs?tag=lines&state=succeeded&limit=1000')).json;
    return stats.length === 300;
  }, 30_000);
  // A walk over pages sees each once.
  const seen = new Set();
  let cursor = '';
  do {
    const page = await jobs.request('GET', `/v1/jobs?tag=lines&limit=70${cursor}`);
    for (const job of page.json) seen.add(job.id);
    const next = page.headers.get('x-next-cursor');
    cursor = next && `&cursor=${encodeURIComponent(next)}`;
  } while (cursor);
  assert.equal(seen.size, 300);

  const atomic = await jobs.request('POST', '/v1/jobs/bulk',
    { body: { atomic: true, jobs: [{ command: ['true'], tags: ['none'] }, { command: [] }] } });
  assert.equal(atomic.status, 422, atomic.text);
  assert.deepEqual((await jobs.request('GET', '/v1/jobs?tag=none')).json, []);
  const cycle = await jobs.request('POST', '/v1/jobs/bulk', {
    body: {
      atomic: true,
      jobs: [{ ref: 'a', command: ['true'], depends_on: ['@b'] },
        { ref: 'b', command: ['true'], depends_on: ['@a'] }],
    },
  });
  problem(assert, cycle, 422, 'dependency_cycle');
});

test('what is wrong with a specification is said', async () => {
  const wrong = (body) => jobs.request('POST', '/v1/jobs', { body });
  problem(assert, await wrong({}), 400, 'command_required');
  assert.equal((await wrong({ command: 'echo hi' })).status, 422);
  assert.equal((await wrong({ command: ['true'], timeout_secs: 0 })).status, 400);
  assert.equal((await wrong({ command: ['true'], env: { ZJOB_X: 'y' } })).status, 400);
  assert.equal((await wrong({ command: ['true'], org_id: 'other' })).status, 400);
  assert.equal((await wrong({ command: ['a'], cmd: ['b'] })).status, 400);
  problem(assert, await jobs.request('GET', '/v1/jobs?state=nonsense'), 400, 'invalid_state');
  assert.equal((await jobs.request('GET', '/v1/jobs/nonsense')).status, 400);
  assert.equal((await server.post('/v1/jobs', {})).status, 401);
});

test('templates are submitted by name', async () => {
  const template = {
    name: 'greet', description: 'says hello',
    spec: { command: ['echo', 'hello ${params.who}'], metadata: { kind: 'greeting' } },
    params_schema: { type: 'object', properties: { who: { type: 'string' } } },
  };
  expectStatus(await jobs.request('POST', '/v1/job-templates', { body: template }), 201);
  problem(assert, await jobs.request('POST', '/v1/job-templates', { body: template }), 409,
    'template_exists');
  const id = await jobs.submit({ template: 'greet', params: { who: 'big world' } });
  assert.equal((await jobs.untilFinal(id)).state, 'succeeded');
  assert.deepEqual(await jobs.lines(id), ['hello big world']);
  problem(assert, await jobs.request('POST', '/v1/jobs', { body: { template: 'greet' } }), 422,
    'missing_param');
  const changed = await jobs.request('PUT', '/v1/job-templates/greet',
    { body: { spec: { command: ['true'] } } });
  expectStatus(changed, 200);
  expectStatus(await jobs.request('DELETE', '/v1/job-templates/greet'), 204);
  assert.equal((await jobs.request('POST', '/v1/jobs', { body: { template: 'greet' } })).status,
    404);
});

test('schedules fire', async () => {
  const made = await jobs.request('POST', '/v1/job-schedules', {
    body: {
      name: 'often', spec: { command: ['true'], tags: ['often'] }, cron_expression: '* * * * * *',
      timezone: 'Europe/Berlin',
    },
  });
  expectStatus(made, 201, made.text);
  const path = `/v1/job-schedules/${made.json.id}`;
  assert.ok(Date.parse(made.json.next_run_at) > Date.now() - 2000);
  await eventually(async () => {
    const list = (await jobs.request('GET', `/v1/jobs?schedule_id=${made.json.id}`)).json;
    return list.some(({ state }) => state === 'succeeded');
  }, 15_000);
  const paused = await jobs.request('PUT', path, { body: { ...made.json, is_active: false } });
  assert.equal(paused.json.next_run_at, null);
  const triggered = await jobs.request('POST', `${path}/trigger`);
  expectStatus(triggered, 201);
  assert.equal((await jobs.untilFinal(triggered.json.job_id)).state, 'succeeded');
  problem(assert, await jobs.request('POST', '/v1/job-schedules',
    { body: { ...made.json, cron_expression: 'often' } }), 400, 'invalid_cron');
  problem(assert, await jobs.request('POST', '/v1/job-schedules',
    { body: { ...made.json, timezone: 'Mars/Olympus' } }), 400, 'invalid_timezone');
  expectStatus(await jobs.request('DELETE', path), 204);
});

test('limits per key, and a paused queue, say why a job waits', async () => {
  const concurrency = { key: 'one', max: 1 };
  const first = await jobs.sh('sleep 1', { concurrency });
  const second = await jobs.sh('true', { concurrency });
  const why = await eventually(async () => {
    const reply = (await jobs.request('GET', `/v1/jobs/${second}/why`)).json;
    return reply.reasons.find(({ rule }) => rule === 'concurrency');
  });
  assert.equal(why.limit, 1);
  assert.deepEqual(why.held_by, [first]);
  assert.equal((await jobs.untilFinal(second)).state, 'succeeded');

  expectStatus(await jobs.request('POST', '/v1/jobs/pause'), 200);
  const held = await jobs.sh('true');
  await after(300);
  assert.equal((await jobs.get(held)).waiting, 'paused');
  assert.equal((await jobs.request('GET', '/v1/jobs/stats')).json.paused, true);
  expectStatus(await jobs.request('POST', '/v1/jobs/resume'), 200);
  assert.equal((await jobs.untilFinal(held)).state, 'succeeded');
  const stats = (await jobs.request('GET', '/api/v1/queue/stats')).json;
  assert.ok(stats.completed > 0 && stats.workers > 0);
});

test('another environment sees nothing of it', async () => {
  const id = await jobs.sh('true');
  const sandbox = (await server.login(admin.email, { environment: 'sandbox' })).token;
  for (const path of ['', '/logs', '/artifacts', '/why'])
    assert.equal((await server.get(`/v1/jobs/${id}${path}`, { token: sandbox })).status, 404);
  assert.equal((await server.delete(`/v1/jobs/${id}`, { token: sandbox })).status, 404);
  assert.deepEqual((await server.get('/v1/jobs', { token: sandbox })).json, []);
});
