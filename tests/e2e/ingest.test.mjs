// POST /v1/collections/{name}/ingest: http-api.md section 7, docs/collections.md.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import {after as afterAll, before, test} from 'node:test';
import zlib from 'node:zlib';

import {after, eventually, expectStatus, problem, Server} from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start({env: {ZHTTP_BODY_TIMEOUT_SECS: '2'}});
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

const NDJSON = 'application/x-ndjson';
let count = 0;
const create = async (projection) => {
  const name = `c${++count}`;
  expectStatus(await server.post('/v1/collections', {name, projection}, {token}), 201);
  return name;
};
const ingest = (name, body, {query = '', type = NDJSON, headers = {}} = {}) => server.request(
    'POST', `/v1/collections/${name}/ingest${query}`,
    {token, body, headers: {'Content-Type': type, ...headers}});
const rows = async (sql, params) => (await server.sql(token, sql, params)).rows;
const total = async (name) => (await rows(`SELECT count(*) AS n FROM ${name}`))[0].n;
const lines = (documents) => documents.map((document) => JSON.stringify(document)).join('\n');
const numbered = (from, to) =>
    lines(Array.from({length: to - from}, (_, i) => ({_id: from + i, n: from + i})));
const json = () => ({type: 'application/json'});

test('the report of the contract', async () => {
  const name = await create();
  const reply =
      await ingest(name, '{"a":1}\n\n{broken\n{"a":2}\n', {type: `${NDJSON}; charset=utf-8`});
  expectStatus(reply, 200);
  assert.equal(reply.json.ingested, 2);
  assert.equal(reply.json.errors, 1);
  assert.equal(reply.json.batches, 1);
  const [error] = reply.json.error_details;
  assert.deepEqual(
      {...error, message: ''}, {index: 1, line: 3, offset: 9, error: 'invalid_json', message: ''});
  assert.match(error.message, /^line 3: /);
  assert.equal(reply.json.bytes, 25);
  const empty = await ingest(name, '');
  assert.deepEqual([empty.json.ingested, empty.json.errors], [0, 0]);
});

test('JSON: arrays, one object, values in a row', async () => {
  const name = await create();
  for (const [body, expected] of [
           ['[{"n":1},\n {"n":2}]', 2], ['{"n":3}', 1], ['{"n":4} {"n":5}\n{"n":6}', 3], ['[]', 0],
           ['{\n "n": 7\n}', 1]]) {
    const reply = await ingest(name, body, json());
    expectStatus(reply, 200, body);
    assert.equal(reply.json.ingested, expected, body);
  }
  assert.equal(await total(name), 7);
  const mixed = await ingest(name, '[1,{"n":8},null]', json());
  assert.deepEqual([mixed.json.ingested, mixed.json.errors], [1, 2]);
  const broken = await ingest(name, '[{"n":9},\n{"n":10},\n{"n":]', json());
  const {details} = problem(assert, broken, 400, 'invalid_json');
  assert.equal(details.ingested, 2);
  assert.equal(details.line, 3);
  assert.equal(details.offset, 20);
  assert.equal(await total(name), 10);
});

test('types of bodies and parameters are checked', async () => {
  const name = await create();
  problem(assert, await ingest(name, '{}', {type: 'text/plain'}), 415, 'unsupported_media_type');
  problem(assert, await ingest('nowhere', '{}'), 404, 'no_such_collection');
  for (const query
           of ['?on_error=maybe', '?on_conflict=x', '?atomic=2', '?max_errors=-1', '?resume_from=0',
               '?id_field=']) {
    problem(assert, await ingest(name, '{}', {query}), 400, 'invalid_argument');
  }
});

test('ids: their own, another field, made here', async () => {
  const name = await create();
  const reply = await ingest(
      name, lines([
        {_id: 'a'}, {key: 'k'}, {_id: 1.5, key: 'x'}, {_id: null}, {_id: ''}, {_id: {}}, {key: 7},
        {}
      ]),
      {query: '?id_field=key'});
  assert.equal(reply.json.ingested, 5);
  assert.deepEqual(
      reply.json.error_details.map((error) => error.error),
      ['invalid_id', 'invalid_id', 'invalid_id']);
  const ids = (await rows(`SELECT _id FROM ${name} ORDER BY _id`)).map((row) => row._id);
  assert.deepEqual(ids.filter((id) => id.length < 20), ['1.5', '7', 'a', 'k']);
  assert.equal(ids.length, 5);
});

test('on_conflict: error, replace, ignore', async () => {
  const name = await create();
  await ingest(name, numbered(0, 10));
  const twice = `${numbered(5, 15)}\n{"_id":14,"n":"again"}`;
  const error = (await ingest(name, twice)).json;
  assert.deepEqual([error.ingested, error.errors], [5, 6]);
  assert.equal(error.error_details[0].error, 'duplicate_id');
  const ignore = (await ingest(name, lines([{_id: 1, n: 'x'}, {_id: 99}]), {
                   query: '?on_conflict=ignore'
                 })).json;
  assert.deepEqual([ignore.ingested, ignore.ignored, ignore.errors], [1, 1, 0]);
  const [{row: before}] = await rows(`SELECT rowid AS row FROM ${name} WHERE _id = '1'`);
  const replace = (await ingest(name, lines([{_id: 1, n: 'new'}, {_id: 100}, {_id: 100, n: 2}]), {
                    query: '?on_conflict=replace'
                  })).json;
  assert.deepEqual([replace.ingested, replace.replaced, replace.errors], [3, 2, 0]);
  assert.deepEqual(
      await rows(`SELECT rowid AS row, doc FROM ${name} WHERE _id = '1'`),
      [{row: before, doc: {_id: 1, n: 'new'}}]);
  assert.equal(await total(name), 17);
});

test('on_error=abort and max_errors keep what came before', async () => {
  const name = await create();
  const body = `${numbered(0, 3)}\n{bad\n${numbered(3, 5)}`;
  const abort =
      problem(assert, await ingest(name, body, {query: '?on_error=abort'}), 422, 'ingest_failed');
  assert.equal(abort.details.ingested, 3);
  assert.equal(abort.details.error_details[0].line, 4);
  assert.equal(await total(name), 3);
  const other = await create();
  const many = `{"_id":1}\n{bad\n{"_id":2}\n{bad\n{"_id":3}\n{bad\n{"_id":4}`;
  const over =
      problem(assert, await ingest(other, many, {query: '?max_errors=2'}), 422, 'ingest_failed');
  assert.deepEqual([over.details.ingested, over.details.errors], [3, 3]);
  const enough = await ingest(other, many, {query: '?max_errors=3&on_conflict=ignore'});
  assert.deepEqual([enough.json.ingested, enough.json.errors], [1, 3]);
});

test('atomic stores everything or nothing', async () => {
  const name = await create();
  const good = await ingest(name, numbered(0, 3000), {query: '?atomic=true'});
  assert.deepEqual([good.json.ingested, good.json.batches], [3000, 1]);
  const bad = await ingest(name, `${numbered(3000, 9000)}\n{"_id":5}`, {query: '?atomic=true'});
  const {details} = problem(assert, bad, 422, 'ingest_failed');
  assert.equal(details.error_details[0].error, 'duplicate_id');
  assert.equal(details.ingested, 0);
  problem(
      assert, await ingest(name, '[{"_id":"x"},{', {...json(), query: '?atomic=true'}), 400,
      'invalid_json');
  assert.equal(await total(name), 3000);
  const tooMany = await ingest(name, numbered(10_000, 110_001), {query: '?atomic=true'});
  problem(assert, tooMany, 413, 'atomic_too_large');
  assert.equal(await total(name), 3000);
});

test('a dry run stores nothing', async () => {
  const name = await create();
  await ingest(name, '{"_id":1}');
  const reply = await ingest(name, '{"_id":1}\n{"_id":2}\n{bad', {query: '?dry_run=true'});
  assert.deepEqual([reply.json.ingested, reply.json.errors], [1, 2]);
  assert.equal(await total(name), 1);
});

test('bad documents are errors of their line', async () => {
  const name = await create();
  const deep = `{"a":${'['.repeat(100)}1${']'.repeat(100)}}`;
  const huge = `{"a":"${'x'.repeat(20 * 1024 * 1024)}"}`;
  const parts = [
    Buffer.from('{"ok":1}\n'), Buffer.from('{"bad":"\xff"}\n', 'latin1'), Buffer.from(`${deep}\n`),
    Buffer.from(`${huge}\n`), Buffer.from('{"a":NaN}\n{"a":1,"a":2}\n[1]\n{"ok":2}')
  ];
  const reply = await ingest(name, Buffer.concat(parts));
  expectStatus(reply, 200);
  assert.equal(reply.json.ingested, 2, reply.text);
  assert.deepEqual(reply.json.error_details.map(({line, error}) => [line, error]), [
    [2, 'invalid_json'], [3, 'nesting_too_deep'], [4, 'document_too_large'], [5, 'invalid_json'],
    [6, 'duplicate_key'], [7, 'not_an_object']
  ]);
});

test('more errors than are told', async () => {
  const name = await create();
  const reply = await ingest(name, '{bad\n'.repeat(2500));
  assert.deepEqual(
      [reply.json.ingested, reply.json.errors, reply.json.error_details.length], [0, 2500, 100]);
});

test('gzip and zstd bodies', async () => {
  const name = await create();
  const body = numbered(0, 2000);
  const gzip = await ingest(name, zlib.gzipSync(body), {headers: {'Content-Encoding': 'gzip'}});
  assert.equal(gzip.json?.ingested, 2000, gzip.text);
  const broken = zlib.gzipSync(body);
  broken.fill(0, 2000, 2100);
  const reply = await ingest(await create(), broken, {headers: {'Content-Encoding': 'gzip'}});
  problem(assert, reply, 400, 'invalid_gzip');
  const cut = zlib.gzipSync(body).subarray(0, 1000);
  problem(
      assert, await ingest(name, cut, {headers: {'Content-Encoding': 'gzip'}}), 400,
      'invalid_gzip');
  const bomb = zlib.gzipSync(' '.repeat(50 << 20));
  problem(
      assert, await ingest(name, bomb, {headers: {'Content-Encoding': 'gzip'}}), 413,
      'compression_ratio');
  if (spawnSync('zstd', ['--version']).error) return;
  const zstd = spawnSync('zstd', ['-c'], {input: numbered(2000, 4000)}).stdout;
  const packed = await ingest(name, zstd, {headers: {'Content-Encoding': 'zstd'}});
  assert.equal(packed.json?.ingested, 2000, packed.text);
  problem(
      assert, await ingest(name, zstd.subarray(0, 500), {headers: {'Content-Encoding': 'zstd'}}),
      400, 'invalid_zstd');
});

test('a repetition with the same key stores nothing twice', async () => {
  const name = await create();
  const headers = {'Idempotency-Key': 'k1'};
  const body = lines(Array.from({length: 3000}, (_, n) => ({n})));
  const first = await ingest(name, body, {headers});
  assert.equal(first.json.ingested, 3000);
  const second = await ingest(name, body, {headers});
  assert.equal(second.json?.ingested, 3000, second.text);
  assert.equal(await total(name), 3000);
  problem(
      assert, await ingest(name, body, {headers, query: '?on_conflict=ignore'}), 409,
      'idempotency_key_reused');
  const state = await server.get(`/v1/collections/${name}/ingest`, {token, headers});
  assert.deepEqual(
      [state.json.offset, state.json.documents, state.json.ingested],
      [Buffer.byteLength(body), 3000, 3000]);
  problem(
      assert,
      await server.get(
          `/v1/collections/${name}/ingest`, {token, headers: {'Idempotency-Key': 'other'}}),
      404, 'no_such_stream');
});

// Sends the head and the first bytes, then cuts the connection once `ready` says so.
async function cutAfter(name, body, bytes, headers, ready) {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  const head = [
    `POST /v1/collections/${name}/ingest HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`,
    `Content-Type: ${NDJSON}`, `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([key, value]) => `${key}: ${value}`)
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.from(body).subarray(0, bytes));
  await eventually(ready, 10000);
  socket.destroy();
}

test('a stream that was cut goes on, with the rest or with everything', async () => {
  for (const way of ['rest', 'everything']) {
    const name = await create();
    const headers = {'Idempotency-Key': `cut-${way}`};
    const body = lines(Array.from({length: 20000}, (_, n) => ({n, fill: 'x'.repeat(20)})));
    const state = () => server.get(`/v1/collections/${name}/ingest`, {token, headers});
    const begun = async () => ((await state()).json?.documents ?? 0) > 0;
    await cutAfter(name, body, Math.floor(body.length / 2), headers, begun);
    const unlocked = async () => {
      const {offset} = (await state()).json;
      assert.ok(offset > 0 && offset < body.length);
      const rest = way === 'rest';
      const reply = await ingest(
          name, rest ? body.slice(offset) : body,
          {headers, query: rest ? `?resume_from=${offset}` : ''});
      if (reply.json.error === 'idempotency_in_progress' || reply.json.error === 'resume_mismatch')
        return false;
      expectStatus(reply, 200);
      assert.equal(reply.json.ingested, 20000);
      return true;
    };
    await eventually(unlocked, 10000);
    assert.deepEqual(
        await rows(
            `SELECT count(*) AS c, count(DISTINCT json_extract(doc, '$.n')) AS d FROM ${name}`),
        [{c: 20000, d: 20000}]);
    const wrong = await ingest(name, '{}', {headers, query: '?resume_from=5'});
    assert.equal(problem(assert, wrong, 409, 'resume_mismatch').details.offset, body.length);
  }
});

test('progress comes while the body goes', async () => {
  const name = await create();
  const request = http.request({
    port: server.port,
    method: 'POST',
    path: `/v1/collections/${name}/ingest`,
    headers: {Authorization: `Bearer ${token}`, 'Content-Type': NDJSON, Accept: NDJSON}
  });
  const seen = [];
  const ended = new Promise((resolve) => {
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
        const whole = text.split('\n');
        text = whole.pop();
        seen.push(...whole.map((line) => JSON.parse(line)));
      });
      response.on('end', resolve);
    });
  });
  for (let part = 0; part < 8; ++part) {
    request.write(`${numbered(part * 2000, part * 2000 + 2000)}\n`);
    await after(150);
  }
  await eventually(() => seen.length > 0, 5000);
  assert.ok(
      seen[0].progress.ingested >= 1000 && seen[0].progress.ingested <= 16000,
      JSON.stringify(seen));
  request.end();
  await ended;
  assert.equal(seen.at(-1).ingested, 16000);
  assert.deepEqual(seen.at(-1).error_details, []);
});

test('a client that stalls is let go, and what it sent stays', async () => {
  const name = await create();
  const socket = net.connect(server.port, '127.0.0.1');
  const body = `${numbered(0, 2000)}\n`;
  socket.write(
      `POST /v1/collections/${name}/ingest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${
          token}\r\n` +
      `Content-Type: ${NDJSON}\r\nContent-Length: 1000000\r\n\r\n${body}`);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await eventually(() => text.includes('request_timeout'), 15000);
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.match(text, /"ingested":2000/);
  assert.equal(await total(name), 2000);
  socket.destroy();
});

test('several streams and small writes at once', async () => {
  const names = await Promise.all([create(), create(), create()]);
  await server.sql(token, 'CREATE TABLE small (n INTEGER)');
  const streams = names.map((name) => ingest(name, numbered(0, 30000)));
  let done = false;
  const all = Promise.all(streams).then((replies) => {
    done = true;
    return replies;
  });
  let writes = 0;
  while (!done) {
    await server.sql(token, 'INSERT INTO small VALUES (1)');
    ++writes;
  }
  for (const reply of await all) assert.equal(reply.json.ingested, 30000);
  assert.deepEqual(await rows('SELECT count(*) AS n FROM small'), [{n: writes}]);
});

test('memory stays flat for a large body', {timeout: 180_000}, async () => {
  const name = await create();
  const rss = () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024;
  const idle = rss();
  const document = `${JSON.stringify({n: 1, text: 'x'.repeat(1000)})}\n`;
  const piece = Buffer.from(document.repeat(1000));
  const request = http.request({
    port: server.port,
    method: 'POST',
    path: `/v1/collections/${name}/ingest`,
    headers: {Authorization: `Bearer ${token}`, 'Content-Type': NDJSON}
  });
  const answered = new Promise((resolve) => {
    request.on('response', resolve);
  });
  let peak = 0;
  const pieces = 300;
  for (let i = 0; i < pieces; ++i) {
    if (!request.write(piece))
      await new Promise((resolve) => {
        request.once('drain', resolve);
      });
    peak = Math.max(peak, rss());
  }
  request.end();
  const response = await answered;
  let text = '';
  for await (const chunk of response) text += chunk;
  assert.equal(JSON.parse(text).ingested, pieces * 1000, text);
  assert.ok(peak - idle < 64 << 20, `grew by ${Math.round((peak - idle) / 1048576)} MiB`);
});

test(
    'a crash loses nothing that was answered, and the stream goes on', {timeout: 180_000},
    async () => {
      const name = await create();
      const rounds = 5;
      const body = lines(Array.from({length: 60000}, (_, n) => ({n})));
      const headers = {'Idempotency-Key': 'crash'};
      for (let round = 0; round < rounds; ++round) {
        const running = ingest(name, body, {headers}).catch(() => undefined);
        await after(30 + round * 40);
        await server.crashAndRestart();
        await running;
        const state = await server.get(`/v1/collections/${name}/ingest`, {token, headers});
        const known = state.json?.ingested ?? 0;
        assert.equal(await total(name), known, `round ${round}`);
      }
      const reply = await ingest(name, body, {headers});
      assert.equal(reply.json?.ingested, 60000, reply.text);
      assert.deepEqual(
          await rows(
              `SELECT count(*) AS c, count(DISTINCT json_extract(doc, '$.n')) AS d FROM ${name}`),
          [{c: 60000, d: 60000}]);
    });
