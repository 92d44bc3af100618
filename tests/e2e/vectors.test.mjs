// Nearest neighbours and vector indexes: http-api.md section 6.

import assert from 'node:assert/strict';
import { after as afterAll, before, test } from 'node:test';

import { after, eventually, problem as checkProblem, Server } from './support/server.mjs';

let server;
let token;
before(async () => {
  server = await Server.start();
  token = (await server.account('admin@example.org')).token;
});
afterAll(() => server?.stop());

// Numbers that are the same in every run.
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 2147483648 - 1;
  };
}
const vectorOf = (random, dimensions) =>
  Array.from({ length: dimensions }, () => Math.fround(random()));

const problem = (reply, status, code = 'invalid_argument') =>
  checkProblem(assert, reply, status, code);

const blobOf = (vector) => {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return { base64: bytes.toString('base64') };
};

const l2 = (a, b) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0));

// The truth: [[id, distance]] of the nearest, ties by id.
const exact = (rows, query, k, distance = l2) =>
  [...rows].map(([id, vector]) => [id, distance(query, vector)])
    .sort((a, b) => a[1] - b[1] || a[0] - b[0]).slice(0, k);

async function insertAll(table, rows, tag = () => null) {
  const all = [...rows];
  for (let at = 0; at < all.length; at += 300) {
    const part = all.slice(at, at + 300);
    const params = part.flatMap(([id, vector]) => [id, tag(id), blobOf(vector)]);
    await server.sql(token, `INSERT INTO ${table} (id, tag, v) VALUES `
      + part.map(() => '(?, ?, ?)').join(', '), params);
  }
}

const knn = (body) => server.post('/v1/knn', body, { token });
const build = (body, options) =>
  server.post('/v1/indexes/hnsw/build', body, { token, ...options });
const search = (body, options) =>
  server.post('/v1/indexes/hnsw/search', body, { token, ...options });
const idsOf = (reply) => reply.json.results.map((hit) => hit.row_id);

async function makeTable(name, count, dimensions, seed = 7) {
  await server.sql(token, `CREATE TABLE ${name} (id INTEGER PRIMARY KEY, tag TEXT, v BLOB)`);
  const random = numbers(seed);
  const rows = new Map();
  for (let id = 1; id <= count; ++id) rows.set(id, vectorOf(random, dimensions));
  await insertAll(name, rows, (id) => (id % 10 === 0 ? 'tenth' : 'other'));
  return { rows, random };
}

function assertHits(reply, wanted, what = '') {
  assert.equal(reply.status, 200, `${what} ${reply.text}`);
  const got = reply.json.results;
  assert.deepEqual(got.map((hit) => hit.row_id), wanted.map(([id]) => id), what);
  got.forEach((hit, i) => assert.ok(Math.abs(hit.distance - wanted[i][1]) < 1e-4, what));
}

// A graph may miss a neighbour; what it gives is in order, and as far away as it says.
function assertNear(reply, wanted, rows, query, what = '') {
  assert.equal(reply.status, 200, `${what} ${reply.text}`);
  const got = reply.json.results;
  assert.equal(got.length, wanted.length, what);
  got.forEach(({ row_id, distance }, i) => {
    assert.ok(Math.abs(distance - l2(query, rows.get(row_id))) < 1e-4, what);
    assert.ok(i === 0 || got[i - 1].distance <= distance, what);
  });
  const near = new Set(wanted.map(([id]) => id));
  const met = got.filter(({ row_id }) => near.has(row_id)).length;
  assert.ok(met >= wanted.length * 0.8, `${what} ${met} of ${wanted.length}`);
}

test('the example of the contract', async () => {
  const reply = await knn({
    metric: 'cosine', query: [0.1, 0.2, 0.3, 0.4],
    vectors: [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]], top_k: 5,
  });
  assert.equal(reply.status, 200, reply.text);
  const [first, second] = reply.json.results;
  assert.equal(first.index, 0);
  assert.ok(Math.abs(first.distance) < 1e-6);
  assert.equal(second.index, 1);
  assert.ok(Math.abs(second.distance - 0.0311) < 1e-3);
});

test('metrics, aliases, ties and several queries', async () => {
  const vectors = [[0, 0], [3, 4], [3, 4], [-1, 0]];
  const ask = (metric, query, extra) => knn({ metric, query, vectors, top_k: 10, ...extra });
  const euclidean = await ask('euclidean', [0, 0]);
  assert.deepEqual(euclidean.json.results, [
    { index: 0, distance: 0 }, { index: 3, distance: 1 }, { index: 1, distance: 5 },
    { index: 2, distance: 5 }]);
  const inner = await ask('dot', [1, 1]);
  assert.deepEqual(inner.json.results.map((hit) => [hit.index, hit.distance]),
    [[1, -7], [2, -7], [0, 0], [3, 1]]);
  const cosine = await ask('cosine', [3, 4]);
  assert.equal(cosine.json.results.find((hit) => hit.index === 0).distance, 1);
  const many = await knn({ metric: 'l2', queries: [[0, 0], [3, 4]], vectors, top_k: 1 });
  assert.deepEqual(many.json.results,
    [[{ index: 0, distance: 0 }], [{ index: 1, distance: 0 }]]);
  const none = await knn({ metric: 'l2', query: [1], vectors: [], top_k: 1 });
  assert.deepEqual(none.json.results, []);
});

test('what cannot be compared is refused', async () => {
  const vectors = [[0, 0]];
  problem(await knn({ metric: 'l3', query: [0, 0], vectors, top_k: 1 }), 400, 'invalid_metric');
  problem(await knn({ metric: 'l2', query: [0], vectors, top_k: 1 }), 400, 'dimension_mismatch');
  problem(await knn({ metric: 'l2', query: [0, 0], vectors, top_k: 0 }), 400, 'invalid_argument');
  problem(await knn({ metric: 'l2', query: [], vectors: [], top_k: 1 }), 400);
  problem(await knn({ metric: 'l2', query: [1e300, 0], vectors, top_k: 1 }), 400);
  problem(await knn({ metric: 'l2', query: ['a', 0], vectors, top_k: 1 }), 422, 'unprocessable');
  problem(await knn({ metric: 'l2', vectors, top_k: 1 }), 422, 'unprocessable');
  problem(await knn({ query: [0, 0], vectors, top_k: 1 }), 422, 'unprocessable');
  problem(await server.post('/v1/knn', { metric: 'l2' }), 401, 'unauthenticated');
});

test('build, search, list, stats, drop', async () => {
  const { rows, random } = await makeTable('items', 3000, 8);
  const built = await build({ table: 'items', column: 'v' });
  assert.equal(built.status, 201, built.text);
  assert.equal(built.json.ok, true);
  assert.equal(built.json.rows, 3000);
  assert.equal(built.json.state, 'ready');
  const query = vectorOf(random, 8);
  const found = await search(
    { table: 'ITEMS', column: 'V', query, top_k: 10, ef_search: 60, include: ['tag'] });
  assertNear(found, exact(rows, query, 10), rows, query);
  assert.equal(found.json.plan, 'graph');
  assert.deepEqual(found.json.hits,
    found.json.results.map((hit) => [hit.row_id, hit.distance]));
  for (const hit of found.json.results) {
    assert.deepEqual(hit.row, { tag: hit.row_id % 10 === 0 ? 'tenth' : 'other' });
  }
  const all = await search({ table: 'items', column: 'v', query, top_k: 5000 });
  assert.equal(all.json.results.length, 3000);
  const listed = await server.get('/v1/indexes/hnsw', { token });
  assert.equal(listed.json.length, 1);
  const [index] = listed.json;
  assert.deepEqual([index.table, index.column, index.metric, index.m, index.ef_construction],
    ['items', 'v', 'l2', 16, 64]);
  assert.equal(index.dimensions, 8);
  const stats = await server.get('/v1/indexes/hnsw/items/v/stats', { token });
  assert.equal(stats.json.total_vectors, 3000);
  assert.equal(stats.json.layers[0].nodes, 3000);
  assert.ok(stats.json.recall > 0.9, `recall ${stats.json.recall}`);
  assert.ok(stats.json.memory_bytes > 3000 * 32);
  const again = await build({ table: 'items', column: 'v', metric: 'cosine', m: 8 });
  assert.equal(again.status, 200, again.text);
  assert.equal(again.json.metric, 'cosine');
  assert.equal((await server.delete('/v1/indexes/hnsw/items/v', { token })).status, 204);
  problem(await server.delete('/v1/indexes/hnsw/items/v', { token }), 404, 'no_such_index');
  problem(await search({ table: 'items', column: 'v', query, top_k: 1 }), 404, 'no_such_index');
});

test('made anew without a name, an index keeps its name', async () => {
  await server.sql(token, 'CREATE TABLE renewed (id INTEGER PRIMARY KEY, v VECTOR(2))');
  await server.sql(token, 'CREATE INDEX near_it ON renewed USING hnsw (v)');
  const again = await build({ table: 'renewed', column: 'v', metric: 'cosine' });
  assert.deepEqual([again.status, again.json.name, again.json.metric], [200, 'near_it', 'cosine']);
  problem(await server.post('/v1/sql', { sql: 'CREATE INDEX near_it ON renewed (id)' }, { token }),
    409, 'index_exists');
  await server.sql(token, 'CREATE INDEX ordinary ON renewed (id)');
  problem(await build({ table: 'renewed', column: 'v', name: 'ordinary' }), 409, 'index_exists');
  await server.sql(token, 'DROP INDEX near_it');
  assert.equal((await search({ table: 'renewed', column: 'v', query: [1, 0], top_k: 1 })).status,
    404);
});

test('a search sees what was committed before it', async () => {
  const { rows, random } = await makeTable('fresh', 1500, 4, 21);
  assert.equal((await build({ table: 'fresh', column: 'v' })).status, 201);
  const ask = async (query, k = 3) =>
    idsOf(await search({ table: 'fresh', column: 'v', query, top_k: k }));
  for (let round = 0; round < 20; ++round) {
    const id = 10_000 + round;
    const vector = vectorOf(random, 4).map((value) => value * 10);
    await server.sql(token, 'INSERT INTO fresh VALUES (?, ?, ?)', [id, null, blobOf(vector)]);
    assert.equal((await ask(vector))[0], id);
    const moved = vector.map((value) => -value);
    await server.sql(token, 'UPDATE fresh SET v = ? WHERE id = ?', [blobOf(moved), id]);
    assert.equal((await ask(moved))[0], id);
    await server.sql(token, 'DELETE FROM fresh WHERE id = ?', [id]);
    assert.ok(!(await ask(moved, 50)).includes(id));
  }
  const begun = await server.post('/v1/transactions/begin', {}, { token });
  const path = `/v1/transactions/${begun.json.transaction_id}`;
  const far = [50, 50, 50, 50];
  await server.post(`${path}/execute`,
    { sql: 'INSERT INTO fresh VALUES (?, ?, ?)', params: [20_000, null, blobOf(far)] }, { token });
  assert.notEqual((await ask(far))[0], 20_000);
  await server.post(`${path}/commit`, undefined, { token });
  assert.equal((await ask(far))[0], 20_000);
  await server.sql(token, 'DELETE FROM fresh WHERE id = 20000');
  const query = vectorOf(random, 4);
  assertNear(await search({ table: 'fresh', column: 'v', query, top_k: 5, ef_search: 200 }),
    exact(rows, query, 5), rows, query);
  await server.sql(token, 'DELETE FROM fresh');
  assert.deepEqual(await ask(query), []);
});

test('filters give what a filtered scan gives', async () => {
  const { rows, random } = await makeTable('filtered', 4000, 6, 5);
  assert.equal((await build({ table: 'filtered', column: 'v' })).status, 201);
  const cases = [
    ['tag = ?', ['tenth'], (id) => id % 10 === 0],
    ['id % 2 = 0', [], (id) => id % 2 === 0],
    ['id < 4 OR (id = 3999)', [], (id) => id < 4 || id === 3999],
    ["tag = 'no such'", [], () => false],
    ['id > 40', [], (id) => id > 40],
    ['id IN (SELECT id FROM filtered WHERE id <= 100)', [], (id) => id <= 100],
  ];
  for (const [filter, params, matches] of cases) {
    const query = vectorOf(random, 6);
    const some = [...rows].filter(([id]) => matches(id));
    const body = { table: 'filtered', column: 'v', query, top_k: 8, filter,
      filter_params: params };
    assertNear(await search({ ...body, ef_search: 400 }), exact(some, query, 8), rows, query,
      filter);
    assertHits(await knn(body), exact(some, query, 8), filter);
  }
  for (const filter of ['1) UNION SELECT rowid FROM filtered WHERE (1', '1; DROP TABLE filtered',
    '1 -- x', '1 /* x', "'", '', "1=$a(')) UNION SELECT 1 WHERE (1='')"]) {
    const refused = await search(
      { table: 'filtered', column: 'v', query: vectorOf(random, 6), top_k: 1, filter });
    problem(refused, 400, 'invalid_filter');
  }
  problem(await search({ table: 'filtered', column: 'v', query: vectorOf(random, 6), top_k: 1,
    filter: 'no_column = 1' }), 400, 'no_such_column');
});

test('knn over a column needs no index, and takes JSON and declared vectors', async () => {
  await server.sql(token, 'CREATE TABLE notes (key TEXT PRIMARY KEY, e TEXT)');
  await server.sql(token, `INSERT INTO notes VALUES ('a', '[1, 0]'), ('b', '[0, 1]'),
    ('c', '[0.5, 0.5]'), ('bad', '[1, 2, 3]'), ('text', 'hello'), ('null', NULL)`);
  const reply = await knn({ table: 'notes', column: 'e', query: [1, 0], top_k: 10,
    include: ['key', 'e'] });
  assert.deepEqual(idsOf(reply), ['a', 'c', 'b']);
  assert.deepEqual(reply.json.results[0].row, { key: 'a', e: '[1, 0]' });
  problem(await knn({ table: 'notes', column: 'e', query: [1], top_k: 1 }), 400,
    'dimension_mismatch');
  problem(await knn({ table: 'notes', column: 'x', query: [1], top_k: 1 }), 404,
    'no_such_column');
  problem(await knn({ table: 'nowhere', column: 'x', query: [1], top_k: 1 }), 404,
    'no_such_table');
  const many = await knn({ table: 'notes', column: 'e', queries: [[1, 0], [0, 1]], top_k: 1 });
  assert.deepEqual(many.json.results.map(([hit]) => hit.row_id), ['a', 'b']);
});

test('what is no vector cannot be indexed', async () => {
  await server.sql(token, 'CREATE TABLE plain (id INTEGER PRIMARY KEY, t TEXT)');
  const empty = await build({ table: 'plain', column: 't' });
  assert.equal(empty.status, 201, empty.text);
  const nothing = await search({ table: 'plain', column: 't', query: [1, 2], top_k: 3 });
  assert.deepEqual(nothing.json.hits, []);
  await server.sql(token, "INSERT INTO plain (t) VALUES ('words')");
  problem(await build({ table: 'plain', column: 't' }), 400, 'not_a_vector');
  problem(await build({ table: 'plain', column: 'x' }), 404, 'no_such_column');
  problem(await build({ table: 'nothing', column: 'x' }), 404, 'no_such_table');
  problem(await build({ table: 'plain', column: 't', metric: 'hamming' }), 400, 'invalid_metric');
  problem(await build({ table: 'plain', column: 't', m: 3 }), 400);
  problem(await build({ table: 'plain', column: 't', ef_construction: 1 }), 400);
  await server.sql(token, 'DROP TABLE plain');
  const listed = await server.get('/v1/indexes/hnsw?table=plain', { token });
  assert.deepEqual(listed.json, []);
});

test('rights and tenants', async () => {
  await makeTable('secret', 20, 2, 3);
  assert.equal((await build({ table: 'secret', column: 'v' })).status, 201);
  const reader = await server.account('reader@example.org');
  const as = { token: reader.token };
  const query = { table: 'secret', column: 'v', query: [0, 0], top_k: 3 };
  assert.equal((await search(query, as)).status, 200);
  problem(await build({ table: 'secret', column: 'v' }, as), 403, 'permission_denied');
  problem(await server.delete('/v1/indexes/hnsw/secret/v', as), 403, 'permission_denied');
  const record = await server.post('/v1/permissions', {
    principal: { kind: 'user', id: reader.user_id }, resource: 'tables', allow: [],
  }, { token });
  assert.equal(record.status, 201, record.text);
  await server.put('/v1/permissions', {
    principal: { kind: 'role', id: 'reader' }, resource: 'tables', allow: [],
  }, { token });
  await eventually(async () => (await server.post('/v1/knn', query, as)).status === 403);
  assert.equal((await search(query, as)).status, 200);
  problem(await search({ ...query, include: ['tag'] }, as), 403, 'permission_denied');
  problem(await search({ ...query, filter: 'id > 3' }, as), 403, 'permission_denied');
  const sandbox = await server.login('admin@example.org', { environment: 'sandbox' });
  problem(await search(query, { token: sandbox.token }), 404, 'no_such_index');
});

test('quantised graphs rank by the exact values', async () => {
  const { rows, random } = await makeTable('rounded', 2500, 16, 11);
  for (const storage of ['f16', 'bf16', 'i8']) {
    for (const metric of ['l2', 'cosine']) {
      const built = await build({ table: 'rounded', column: 'v', storage, metric });
      assert.ok([200, 201].includes(built.status), built.text);
      const query = vectorOf(random, 16);
      const found =
        await search({ table: 'rounded', column: 'v', query, top_k: 5, ef_search: 200 });
      const truth = await knn({ table: 'rounded', column: 'v', query, top_k: 2500, metric });
      assert.equal(truth.status, 200, truth.text);
      const distances = new Map(
        truth.json.results.map(({ row_id, distance }) => [row_id, distance]));
      assert.equal(found.json.results.length, 5);
      for (const { row_id, distance } of found.json.results)
        assert.equal(distance, distances.get(row_id), `${storage} ${metric}`);
      const near = new Set(idsOf(truth).slice(0, 5));
      assert.ok(idsOf(found).filter((id) => near.has(id)).length >= 4, `${storage} ${metric}`);
      if (metric === 'l2') assertNear(found, exact(rows, query, 5), rows, query, storage);
    }
  }
});

test('an index survives a restart and a crash', async () => {
  const { rows, random } = await makeTable('lasting', 2000, 8, 13);
  assert.equal((await build({ table: 'lasting', column: 'v' })).status, 201);
  for (let round = 0; round < 3; ++round) {
    const id = 5000 + round;
    const vector = vectorOf(random, 8);
    rows.set(id, vector);
    await server.sql(token, 'INSERT INTO lasting VALUES (?, NULL, ?)', [id, blobOf(vector)]);
    await server.sql(token, 'DELETE FROM lasting WHERE id = ?', [round + 1]);
    rows.delete(round + 1);
    await server.crashAndRestart();
    const query = vectorOf(random, 8);
    assertNear(await search({ table: 'lasting', column: 'v', query, top_k: 10, ef_search: 200 }),
      exact(rows, query, 10), rows, query, `round ${round}`);
    assertHits(await search({ table: 'lasting', column: 'v', query: vector, top_k: 1 }),
      [[id, 0]]);
  }
});

const vectorOfBlob = (base64) => {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
};

test('killed while it builds and while rows change, it never gives a wrong row', async () => {
  const { random } = await makeTable('killed', 3000, 8, 17);
  let next = 10_000;
  for (let round = 0; round < 6; ++round) {
    const building = build({ table: 'killed', column: 'v', m: 8 + round }).catch(() => null);
    const writing = (async () => {
      for (let i = 0; i < 40; ++i) {
        const id = 1 + Math.floor(Math.abs(random()) * 3000);
        const vector = blobOf(vectorOf(random, 8));
        await server.sql(token, 'INSERT INTO killed VALUES (?, NULL, ?)', [next++, vector]);
        await server.sql(token, 'UPDATE killed SET v = ? WHERE id = ?', [vector, id]);
        await server.sql(token, 'DELETE FROM killed WHERE id = ?', [id + 1]);
      }
    })().catch(() => null);
    await after(30 + 60 * round);
    await server.crashAndRestart();
    await Promise.all([building, writing]);
    const all = await server.post('/v1/sql',
      { sql: 'SELECT id, v FROM killed', max_rows: 100_000 }, { token });
    const rows = new Map(all.json.rows.map((row) => [row.id, vectorOfBlob(row.v)]));
    const listed = (await server.get('/v1/indexes/hnsw?table=killed', { token })).json;
    for (let i = 0; i < 5; ++i) {
      const query = vectorOf(random, 8);
      const truth = exact(rows, query, 10);
      assertHits(await knn({ table: 'killed', column: 'v', query, top_k: 10 }), truth);
      if (listed.length === 0) continue;
      const found = await search({ table: 'killed', column: 'v', query, top_k: 10 });
      assert.equal(found.json.results.length, 10, found.text);
      for (const hit of found.json.results) {
        assert.ok(rows.has(hit.row_id), `row ${hit.row_id} is not there`);
        assert.ok(Math.abs(hit.distance - l2(query, rows.get(hit.row_id))) < 1e-4);
      }
    }
  }
});
