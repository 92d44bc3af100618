// Jobs: a real program over the ingested collection, its log as it is written, its artifact; then
// one that fails, one that is canceled, and one that waits for another.

import { createHash } from 'node:crypto';

// Reads the library's lines from its input file and counts the books of each decade.
const PROGRAM = String.raw`
import json, os, collections
total = collections.Counter()
done = 0
for line in open("library.ndjson"):
    total[json.loads(line)["year"] // 10 * 10] += 1
    done += 1
    if done % 5000 == 0:
        print(f"{done} books", flush=True)
        print('##zjob {"progress": %.2f}' % (done / 20000), flush=True)
with open(os.environ["ZJOB_ARTIFACTS"] + "/decades.csv", "w") as out:
    for decade in sorted(total):
        out.write(f"{decade},{total[decade]}\n")
json.dump({"books": done}, open(os.environ["ZJOB_OUTPUT"], "w"))
`;

async function ended(talk, token, id) {
  let answer;
  do {
    answer = await talk.request('GET', `/v1/jobs/${id}?wait_ms=20000`, { token });
  } while (['pending', 'running', 'retrying'].includes(answer.body?.state));
  return answer.body;
}

// The lines of a stream as they come; each is shown.
async function follow(talk, token, id) {
  const reply = await fetch(`${talk.url}/v1/jobs/${id}/logs?follow=true`,
    { headers: { Authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(60_000) });
  let rest = '';
  const records = [];
  for await (const bytes of reply.body) {
    rest += Buffer.from(bytes).toString();
    const lines = rest.split('\n');
    rest = lines.pop();
    for (const line of lines.filter((one) => one !== '')) {
      records.push(JSON.parse(line));
      talk.say(`  ${line}`);
    }
  }
  return records;
}

async function report(talk, { token }) {
  talk.step('A job: a Python program over the collection, exported into a file');
  const exported = await talk.request('GET', '/v1/collections/library/export', { token });
  const books = exported.text.trimEnd().split('\n').map((line) => JSON.parse(line));
  const file = await talk.request('POST', '/v1/files', {
    token, raw: { type: 'application/x-ndjson', bytes: exported.text }, status: 201,
  });
  const spec = {
    name: 'decades', command: ['python3', '-c', PROGRAM],
    files: { 'library.ndjson': file.body?.sha256 }, timeout_secs: 60,
  };
  const made = await talk.request('POST', '/v1/jobs', { token, body: spec, status: 201 });
  const id = made.body?.job_id;

  talk.step('Its log, followed while it runs');
  const records = await follow(talk, token, id);
  talk.equal('lines', records.filter(({ stream }) => stream === 'stdout').map(({ line }) => line),
    Array.from({ length: Math.floor(books.length / 5000) }, (_, n) => `${(n + 1) * 5000} books`));
  talk.equal('the last record', records.at(-1)?.end?.state, 'succeeded');

  talk.step('Its output and its artifact');
  const job = await ended(talk, token, id);
  talk.equal('output', job?.output, { books: books.length });
  const counted = new Map();
  for (const { year } of books) {
    const decade = Math.floor(year / 10) * 10;
    counted.set(decade, (counted.get(decade) ?? 0) + 1);
  }
  const expected = [...counted].sort((a, b) => a[0] - b[0]).map((pair) => `${pair.join(',')}\n`)
    .join('');
  const answer = await talk.request('GET', `/v1/jobs/${id}/artifacts/decades.csv`, { token });
  talk.equal('decades.csv', answer.text, expected);
  talk.equal('its ETag', answer.headers.get('etag'),
    `"${createHash('sha256').update(expected).digest('hex')}"`);
}

async function failures(talk, { token }) {
  talk.step('A job that fails is tried again; one that waits for it is canceled');
  const retry = { initial_ms: 50 };
  const made = await talk.request('POST', '/v1/jobs/bulk', {
    token,
    body: {
      jobs: [
        { ref: 'first', command: ['sh', '-c', 'exit 3'], max_retries: 1, retry },
        { command: ['true'], depends_on: ['@first'] },
      ],
    },
  });
  const [first, second] = (made.body?.results ?? []).map(({ job_id: id }) => id);
  const failed = await ended(talk, token, first);
  talk.equal('state', failed?.state, 'failed');
  talk.equal('attempts', failed?.attempt, 2);
  talk.equal('exit code', failed?.error?.exit_code, 3);
  talk.equal('the one behind it', (await ended(talk, token, second))?.error?.code,
    'dependency_failed');

  talk.step('A job that runs is canceled');
  const slow = await talk.request('POST', '/v1/jobs',
    { token, body: { command: ['sleep', '600'] }, status: 201 });
  await talk.request('DELETE', `/v1/jobs/${slow.body?.job_id}`, { token });
  talk.equal('state', (await ended(talk, token, slow.body?.job_id))?.state, 'canceled');
}

export async function walkJobs(talk, world) {
  for (const part of [report, failures]) await part(talk, { token: world.admin.access });
}
