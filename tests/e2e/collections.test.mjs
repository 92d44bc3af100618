// Collections, projections and documents: http-api.md section 7, docs/collections.md.

import assert from 'node:assert/strict';
import {after as afterAll, before, test} from 'node:test';

import {eventually, expectStatus, problem, Server} from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

const call = (method, target, body, extra = {}) =>
    server.request(method, target, {token, body, ...extra});
const rows = async (sql, params) => (await server.sql(token, sql, params)).rows;
const ndjson = {
  'Content-Type': 'application/x-ndjson'
};
const ingest = async (name, documents, query = '') => {
  const body = documents.map((document) => JSON.stringify(document)).join('\n');
  const reply =
      await call('POST', `/v1/collections/${name}/ingest${query}`, body, {headers: ndjson});
  expectStatus(reply, 200);
  return reply.json;
};
const create = async (name, projection) => {
  const reply = await call('POST', '/v1/collections', {name, projection});
  expectStatus(reply, 201);
  return reply.json;
};

test('create, list, get, query and drop', async () => {
  const created = await create('events');
  assert.equal(created.ok, true);
  assert.equal(created.projection, null);
  const again = await call('POST', '/v1/collections', {name: 'events'});
  assert.equal(again.status, 200);
  await ingest('events', [{_id: 'a', n: 1}, {_id: 'b', n: 2}, {n: 3}]);
  const listed = await call('GET', '/v1/collections');
  assert.deepEqual(listed.json.map(({name, document_count: n}) => [name, n]), [['events', 3]]);
  const found = await call('GET', '/v1/collections/events');
  assert.equal(found.json.document_count, 3);
  assert.deepEqual(
      await rows('SELECT _id, doc FROM events WHERE _id IN (\'a\', \'b\')'),
      [{_id: 'a', doc: {_id: 'a', n: 1}}, {_id: 'b', doc: {_id: 'b', n: 2}}]);
  const [{id}] = await rows("SELECT _id AS id FROM events WHERE json_extract(doc, '$.n') = 3");
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const [table] = (await call('GET', '/v1/tables?kind=collection')).json;
  assert.equal(table.name, 'events');
  assert.deepEqual(table.columns.map((column) => column.name), ['_id', '_ts', 'doc']);
  assert.equal((await call('DELETE', '/v1/collections/events')).status, 204);
  problem(assert, await call('GET', '/v1/collections/events'), 404, 'no_such_collection');
  problem(
      assert, await call('POST', '/v1/sql', {sql: 'SELECT * FROM events'}), 400, 'no_such_table');
});

test('names share one space with tables and are checked', async () => {
  await server.sql(token, 'CREATE TABLE plain (x INTEGER)');
  problem(assert, await call('POST', '/v1/collections', {name: 'plain'}), 409, 'table_exists');
  for (const name of ['', '1a', 'a b', 'x'.repeat(64), '_zs_x', 'sqlite_x', 'é']) {
    problem(assert, await call('POST', '/v1/collections', {name}), 400, 'invalid_name');
  }
  await create('taken');
  const other = {columns: {a: 'a'}};
  problem(
      assert, await call('POST', '/v1/collections', {name: 'taken', projection: other}), 409,
      'collection_exists');
  problem(assert, await call('POST', '/v1/sql', {sql: 'CREATE TABLE taken (x)'}), 400, 'sql_error');
  problem(
      assert, await call('POST', '/v1/sql', {sql: 'ALTER TABLE taken ADD COLUMN x'}), 403,
      'statement_not_allowed');
  await server.sql(token, 'DROP TABLE taken');
  problem(assert, await call('GET', '/v1/collections/taken'), 404, 'no_such_collection');
  await create('taken', other);
});

test('a projection gives typed, indexed columns', async () => {
  await create('people', {
    columns: {
      name: {path: 'name', required: true},
      age: {path: 'age', type: 'INTEGER', index: true},
      city: 'address.city',
      active: {path: 'active', type: 'BOOLEAN'},
      joined: {path: 'joined', type: 'TIMESTAMP'},
      tags: {path: 'tags', type: 'JSON'},
    }
  });
  const report = await ingest('people', [
    {
      _id: 1,
      name: 'Ada',
      age: 36,
      address: {city: 'London'},
      active: true,
      tags: ['x'],
      joined: '2026-01-15T10:30:00Z'
    },
    {_id: 2, name: 'Bob', age: 'old'},
    {_id: 3, age: 5},
    {_id: 4, name: 'Cy', age: null},
    {_id: 5, name: 'Di', joined: 'yesterday'},
    {_id: 6, name: 'Ed', active: 1},
  ]);
  assert.equal(report.ingested, 2);
  assert.equal(report.errors, 4);
  assert.deepEqual(
      report.error_details.map(({index, line, error}) => [index, line, error]),
      [1, 2, 4, 5].map((index) => [index, index + 1, 'projection_mismatch']));
  assert.deepEqual(
      await rows('SELECT _id, name, age, city, active, tags FROM people ORDER BY _id'), [
        {_id: '1', name: 'Ada', age: 36, city: 'London', active: true, tags: ['x']},
        {_id: '4', name: 'Cy', age: null, city: null, active: null, tags: null},
      ]);
  const plan = (await rows('EXPLAIN SELECT * FROM people WHERE age = 36')).map((row) => row.plan);
  assert.match(plan.join('\n'), /USING INDEX/);
  const projection = (await call('GET', '/v1/collections/people/projection')).json;
  assert.deepEqual(
      projection.columns.age, {path: 'age', type: 'INTEGER', required: false, index: true});
  for (const columns
           of [{}, {_id: 'x'}, {a: ''}, {a: 'x..y'}, {a: {path: 'x', type: 'BLOB'}}, {'a b': 'x'},
               {a: 1}]) {
    problem(
        assert, await call('PUT', '/v1/collections/people/projection', {projection: {columns}}),
        400, 'invalid_projection');
  }
});

test('a projection into another table', async () => {
  await server.sql(token, 'CREATE TABLE sums (who TEXT UNIQUE, n INTEGER NOT NULL)');
  problem(
      assert,
      await call(
          'POST', '/v1/collections',
          {name: 'orders', projection: {table: 'nowhere', columns: {who: 'who'}}}),
      400, 'invalid_projection');
  await create('orders', {table: 'sums', columns: {who: 'who', n: {path: 'n', type: 'INTEGER'}}});
  const report = await ingest('orders', [
    {_id: 1, who: 'a', n: 1}, {_id: 2, who: 'a', n: 2}, {_id: 3, who: 'b'}, {_id: 4, who: 'c', n: 4}
  ]);
  assert.equal(report.ingested, 2);
  assert.deepEqual(
      report.error_details.map((error) => error.error),
      ['constraint_violation', 'constraint_violation']);
  assert.deepEqual(
      await rows('SELECT who, n FROM sums ORDER BY who'), [{who: 'a', n: 1}, {who: 'c', n: 4}]);
  assert.deepEqual(await rows('SELECT _id FROM orders ORDER BY _id'), [{_id: '1'}, {_id: '4'}]);
});

test('a changed projection is filled for what is there', async () => {
  await create('fill');
  await ingest('fill', Array.from({length: 50}, (_, n) => ({_id: n, n, deep: {s: `s${n}`}})));
  problem(assert, await call('GET', '/v1/collections/fill/projection'), 404, 'no_projection');
  const put = (projection) => call('PUT', '/v1/collections/fill/projection', {projection});
  const bad = await put({columns: {n: {path: 'n', type: 'BOOLEAN'}}});
  problem(assert, bad, 422, 'backfill_failed');
  assert.match(bad.json.message, /^the stored document '0' does not fit .*'n' is not BOOLEAN$/);
  problem(assert, await call('GET', '/v1/collections/fill/projection'), 404, 'no_projection');
  const first = await put({columns: {n: {path: 'n', type: 'INTEGER', index: true}}});
  assert.equal(first.json?.backfilled, 50, first.text);
  assert.deepEqual(await rows('SELECT sum(n) AS s FROM fill'), [{s: 1225}]);
  const second = await put({columns: {n: {path: 'n', type: 'INTEGER'}, s: {path: 'deep.s'}}});
  assert.equal(second.json?.backfilled, 50, second.text);
  assert.deepEqual(await rows('SELECT s FROM fill WHERE n = 7'), [{s: 's7'}]);
  const none = await put(null);
  assert.equal(none.status, 200);
  assert.deepEqual(
      Object.keys((await rows('SELECT * FROM fill LIMIT 1'))[0]), ['_id', '_ts', 'doc']);
});

test('a long back-fill runs in the background', async () => {
  await create('big');
  for (let part = 0; part < 3; ++part) {
    await ingest('big', Array.from({length: 5000}, (_, n) => ({n: part * 5000 + n})));
  }
  const put = await call(
      'PUT', '/v1/collections/big/projection',
      {projection: {columns: {n: {path: 'n', type: 'INTEGER'}}}});
  assert.equal(put.status, 202, put.text);
  assert.equal(put.json.backfill.total, 15000);
  await ingest('big', [{_id: 'new', n: 1}]);
  const done = async () => {
    const {json} = await call('GET', '/v1/collections/big');
    return json.backfill === undefined;
  };
  await eventually(done, 20000);
  assert.deepEqual(
      await rows('SELECT count(n) AS c, sum(n) AS s FROM big'),
      [{c: 15001, s: 15000 * 14999 / 2 + 1}]);
});

test('single documents', async () => {
  await create('docs', {columns: {n: {path: 'n', type: 'INTEGER'}}});
  const at = (id) => `/v1/collections/docs/documents/${encodeURIComponent(id)}`;
  const made = await call('PUT', at('a/b c'), {n: 1, keep: {x: 1, y: 2}});
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.json, {ok: true, _id: 'a/b c', created: true});
  assert.equal((await call('PUT', at('a/b c'), {n: 2, keep: {x: 1, y: 2}})).status, 200);
  const found = await call('GET', at('a/b c'));
  assert.equal(found.json._id, 'a/b c');
  assert.deepEqual(found.json.doc, {n: 2, keep: {x: 1, y: 2}});
  const merged = await call('PATCH', at('a/b c'), {n: 3, keep: {x: null, z: [1]}});
  assert.deepEqual(merged.json?.doc, {n: 3, keep: {y: 2, z: [1]}}, merged.text);
  assert.deepEqual(await rows('SELECT n FROM docs'), [{n: 3}]);
  problem(assert, await call('PUT', at('x'), {_id: 'y'}), 400, 'invalid_argument');
  problem(assert, await call('PUT', at('x'), {n: 'text'}), 422, 'unprocessable');
  problem(assert, await call('PATCH', at('a/b c'), {n: 'text'}), 422, 'unprocessable');
  problem(assert, await call('PATCH', at('none'), {}), 404, 'no_such_document');
  problem(assert, await call('GET', at('none')), 404, 'no_such_document');
  assert.equal((await call('DELETE', at('a/b c'))).status, 204);
  problem(assert, await call('DELETE', at('a/b c')), 404, 'no_such_document');
});

test('lists by filter, in order, page by page', async () => {
  await create('items', {columns: {group: 'group'}});
  await ingest('items', Array.from({length: 250}, (_, n) => ({
                                                    _id: `i${String(n).padStart(3, '0')}`,
                                                    n,
                                                    group: ['x', 'y', 'z'][n % 3],
                                                    maybe: n % 5 ? n % 7 : null,
                                                    deep: {tag: `t${n % 4}`},
                                                  })));
  const list = async (query) => {
    const reply =
        await call('GET', `/v1/collections/items/documents?${new URLSearchParams(query)}`);
    expectStatus(reply, 200);
    return reply;
  };
  const all = async (query) => {
    const seen = [];
    let cursor;
    do {
      const page = await list(cursor ? {...query, cursor} : query);
      seen.push(...page.json);
      cursor = page.headers.get('x-next-cursor');
    } while (cursor);
    return seen;
  };
  const filter = (value) => ({filter: JSON.stringify(value)});
  const ids = (documents) => documents.map((document) => document._id);
  const count = async (value) => (await all({limit: 1000, ...filter(value)})).length;
  assert.deepEqual(ids((await list({limit: 3})).json), ['i000', 'i001', 'i002']);
  assert.equal(await count({group: 'x'}), 84);
  assert.equal(await count({n: {gte: 10, lt: 20}}), 10);
  assert.equal(await count({'deep.tag': {in : ['t0', 't1']}}), 126);
  assert.equal(await count({maybe: null}), 50);
  assert.equal(await count({missing: {exists: false}, n: {exists: true}}), 250);
  assert.equal(await count({_id: {prefix: 'i01'}}), 10);
  assert.equal(await count({group: {ne: 'x'}}), 166);
  for (const sort of ['n', '-n', 'maybe,-n', '-maybe,group,n', '-_id']) {
    const seen = await all({limit: 37, sort});
    assert.equal(new Set(ids(seen)).size, 250, sort);
    assert.deepEqual(ids(seen), ids((await list({limit: 1000, sort})).json), sort);
  }
  assert.deepEqual(
      (await all({limit: 40, sort: '-n', ...filter({group: 'y'})})).map((d) => d.doc.n),
      Array.from({length: 83}, (_, n) => 247 - 3 * n));
  for (const bad of ['{', '[]', '{"a":{"like":1}}', '{"a":[1]}', '{"":1}', '{"a\\"b":1}']) {
    problem(
        assert,
        await call('GET', `/v1/collections/items/documents?filter=${encodeURIComponent(bad)}`), 400,
        'invalid_filter');
  }
  const {headers} = await list({limit: 1});
  problem(
      assert,
      await call(
          'GET', `/v1/collections/items/documents?sort=n&cursor=${headers.get('x-next-cursor')}`),
      400, 'invalid_cursor');
});

test('export gives every document once and can go on', async () => {
  await create('out');
  await ingest('out', Array.from({length: 5000}, (_, n) => ({_id: n, n, text: 'é\n'.repeat(40)})));
  await call('PUT', '/v1/collections/out/documents/plain', {pretty: true});
  const lines = async (query = '') => {
    const reply = await call('GET', `/v1/collections/out/export${query}`);
    expectStatus(reply, 200);
    return reply.text.trimEnd().split('\n').map((line) => JSON.parse(line));
  };
  const all = await lines();
  assert.equal(all.length, 5001);
  assert.equal(new Set(all.map((document) => String(document._id))).size, 5001);
  assert.deepEqual(all.at(-1), {_id: 'plain', pretty: true});
  assert.deepEqual(await lines('?after=4998'), all.slice(4999));
  problem(
      assert, await call('GET', '/v1/collections/out/export?after=zzz'), 404, 'no_such_document');
  const csv = (await call('GET', '/v1/collections/out/export?format=csv')).text;
  assert.equal(csv.split('\r\n')[0], '_id,_ts,doc');
  await create('copy');
  const copy = (await call('GET', '/v1/collections/out/export')).text;
  const copied = await call('POST', '/v1/collections/copy/ingest', copy, {headers: ndjson});
  assert.equal(copied.json.ingested, 5001);
});

test('rights on collections and on tables', async () => {
  await create('shared');
  await ingest('shared', [{_id: 'a'}]);
  const reader = await server.account('reader@example.org');
  const as = (method, target, body, headers) =>
      server.request(method, target, {token: reader.token, body, headers});
  assert.equal((await as ('GET', '/v1/collections')).status, 200);
  assert.equal((await as ('GET', '/v1/collections/shared/documents/a')).status, 200);
  assert.equal((await as ('POST', '/v1/sql', {sql: 'SELECT * FROM shared'})).status, 200);
  for (const [method, target, body] of [
           ['POST', '/v1/collections', {name: 'mine'}],
           ['DELETE', '/v1/collections/shared'],
           ['PUT', '/v1/collections/shared/documents/b', {}],
           ['PATCH', '/v1/collections/shared/documents/a', {}],
           ['DELETE', '/v1/collections/shared/documents/a'],
           ['PUT', '/v1/collections/shared/projection', {projection: null}],
  ]) {
    problem(assert, await as (method, target, body), 403, 'permission_denied');
  }
  problem(
      assert, await as ('POST', '/v1/collections/shared/ingest', '{}', ndjson), 403,
      'permission_denied');
  // Tables alone do not open a collection to SQL.
  const put = await call(
      'PUT', '/v1/permissions',
      {principal: {kind: 'role', id: 'reader'}, resource: 'collections', allow: []});
  expectStatus(put, 200);
  const denied = async () =>
      (await as ('POST', '/v1/sql', {sql: 'SELECT * FROM shared'})).status === 403;
  await eventually(denied);
  assert.deepEqual((await as ('GET', '/v1/tables?kind=collection')).json, []);
});

test('collections belong to their environment', async () => {
  const sandbox = await server.login('admin@example.org', {environment: 'sandbox'});
  await create('here');
  problem(
      assert, await server.get('/v1/collections/here', {token: sandbox.token}), 404,
      'no_such_collection');
});

test('collections survive a crash', async () => {
  await create('kept', {columns: {n: {path: 'n', type: 'INTEGER'}}});
  await ingest('kept', [{_id: 'a', n: 7}]);
  await server.crashAndRestart();
  assert.deepEqual(await rows('SELECT _id, n FROM kept'), [{_id: 'a', n: 7}]);
  assert.equal(
      (await call('GET', '/v1/collections/kept')).json.projection.columns.n.type, 'INTEGER');
});
