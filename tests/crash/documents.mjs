// Streams of documents with vectors, and an index over them: a stream that a crash cut goes on
// where the server has it, and afterwards searches are held against the rows, and the rows against
// what was sent.

import { Unanswered } from './client.mjs';

const DIMENSIONS = 8;
const BATCH = 100; // documents of a commit, so that a stream has several
const STREAM_DOCUMENTS = [150, 700];
const STREAMS_KEPT = 3; // per writer; older ones are deleted
const SCANNED_MAX = 10_000;
const CLOSE = 1e-4;
const PROJECTION = {
  columns: {
    v: { path: 'v', type: `VECTOR(${DIMENSIONS})`, required: true },
    stream: { path: 'stream', index: true },
    n: { path: 'n', type: 'INTEGER' },
  },
};

// Quarters are the same numbers in 32 bits.
const vectorOf = (random) =>
  Array.from({ length: DIMENSIONS }, () => random.between(-40, 40) / 4);
const distance = (a, b) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0));

// Sends, and tells the ledger. An answer of none of `statuses` is refused.
async function send(ledger, kind, client, method, path, options, statuses) {
  let answer;
  try {
    answer = await client.request(method, path, options);
  } catch (error) {
    if (error instanceof Unanswered) ledger.unknown(kind);
    throw error;
  }
  if (statuses.includes(answer.status)) ledger.acknowledged(kind);
  else ledger.refused(kind, answer);
  return answer;
}

// Streams without ids, where a document that is sent again would be there twice.
export class StreamWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number, made: 0, whole: [], open: null, resumed: 0 });
  }

  #begin() {
    const name = `s${this.number}-${this.made += 1}`;
    const count = this.random.between(...STREAM_DOCUMENTS);
    const lines = Array.from({ length: count },
      (_, n) => `${JSON.stringify({ stream: name, n, v: vectorOf(this.random) })}\n`);
    return { name, count, lines, sent: 0 };
  }

  async step(client, token) {
    if (this.whole.length > STREAMS_KEPT) return this.#forget(client, token);
    this.open ??= this.#begin();
    const { name, count, lines } = this.open;
    const headers = { 'Idempotency-Key': name };
    const path = '/v1/collections/documents/ingest';
    let begin = 0;
    // What is sent again is skipped by the server, or never leaves the client.
    const asks = this.open.sent > 0 && this.random.chance(0.5);
    if (asks) {
      const place = await client.request('GET', path, { token, headers });
      if (place.status === 200) begin = place.body.offset;
    }
    this.resumed += this.open.sent > 0 ? 1 : 0;
    this.open.sent += 1;
    const query = asks ? `?resume_from=${begin}` : '';
    const answer = await send(this.ledger, 'streams', client, 'POST', path + query,
      { token, headers, lines: lines.join('').slice(begin) }, [200]);
    if (answer.status !== 200) return;
    const { ingested, errors } = answer.body;
    this.ledger.must(ingested === count && errors === 0,
      `stream ${name}: ${ingested} of ${count} documents, ${errors} errors`);
    this.whole.push(this.open);
    this.open = null;
  }

  async #forget(client, token) {
    const [{ name }] = this.whole;
    const body = { sql: 'DELETE FROM documents WHERE stream = ?', params: [name] };
    this.whole[0].leaving = true;
    const answer = await send(this.ledger, 'deletions', client, 'POST', '/v1/sql',
      { token, body }, [200]);
    if (answer.status === 200) this.whole.shift();
  }

  async verify(client, token) {
    const rows = await client.rows(token,
      'SELECT stream, n FROM documents WHERE stream LIKE ? ORDER BY stream, n',
      [`s${this.number}-%`]);
    const found = new Map();
    for (const [stream, n] of rows) found.set(stream, [...(found.get(stream) ?? []), n]);
    for (const { name, count, leaving } of this.whole) {
      const there = found.get(name)?.length ?? 0;
      this.ledger.must(there === count || (leaving && there === 0),
        `stream ${name} was acknowledged: ${there} of ${count} documents`);
    }
    const known = new Set([...this.whole, this.open].map((stream) => stream?.name));
    for (const [name, numbers] of found) {
      this.ledger.must(known.has(name), `stream ${name} was deleted and is there`);
      const inOrder = numbers.every((n, i) => n === i);
      this.ledger.must(inOrder, `stream ${name}: not its first documents, each once`);
    }
  }

  async verifyAll() {
    this.ledger.must(this.resumed > 0, 'no stream was cut and went on');
  }
}

// Single documents that come, move and go; each has one writer.
export class DocumentWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number });
    this.asked = new Map(); // id → what it may be; null is gone
  }

  async step(client, token) {
    const id = `d${this.number}-${this.random.between(1, 40)}`;
    const path = `/v1/collections/documents/documents/${id}`;
    const before = this.asked.get(id) ?? [null];
    const next = this.random.chance(0.2) ? null
      : { _id: id, stream: 'single', n: this.random.between(0, 1e9), v: vectorOf(this.random) };
    this.asked.set(id, [...before, next]);
    const answer = next === null
      ? await send(this.ledger, 'documents', client, 'DELETE', path, { token }, [204, 404])
      : await send(this.ledger, 'documents', client, 'PUT', path, { token, body: next },
        [200, 201]);
    this.asked.set(id, answer.status < 300 || answer.status === 404 ? [next] : before);
  }

  async verify(client, token) {
    const rows = await client.rows(token, 'SELECT _id, n FROM documents WHERE _id LIKE ?',
      [`d${this.number}-%`]);
    const found = new Map(rows);
    for (const [id, choices] of this.asked) {
      const n = found.get(id) ?? null;
      const right = choices.find((choice) => (choice?.n ?? null) === n);
      if (!this.ledger.must(right !== undefined, `document ${id} is none of what was sent`)) return;
      if (choices.length > 1 && n !== null) this.ledger.applied('documents');
      this.asked.set(id, [right]);
    }
  }

  async verifyAll() {}
}

// Builds and drops the index, and holds every answer against the rows.
export class IndexWriter {
  constructor(ledger, random) {
    Object.assign(this, { ledger, random, compared: 0, built: 0 });
  }

  async step(client, token) {
    const column = { table: 'documents', column: 'v' };
    const kind = this.random.between(0, 9);
    const path = '/v1/indexes/hnsw';
    if (kind === 0) {
      await send(this.ledger, 'indexes', client, 'DELETE', `${path}/documents/v`, { token },
        [204, 404]);
    } else if (kind < 4) {
      const body = { ...column, wait: this.random.chance(0.5), m: 8 };
      await send(this.ledger, 'indexes', client, 'POST', `${path}/build`, { token, body },
        [200, 201, 202]);
      this.built += 1;
    } else {
      const body = { ...column, query: vectorOf(this.random), top_k: 5 };
      await send(this.ledger, 'searches', client, 'POST', `${path}/search`, { token, body },
        [200, 404]);
    }
  }

  async verify(client, token) {
    const { ledger } = this;
    const stored = await client.rows(token, 'SELECT rowid, _id, v, doc FROM documents');
    for (const [, id, v, doc] of stored) {
      const same = JSON.stringify(v) === JSON.stringify(doc.v);
      ledger.must(same, `document ${id} has another vector than its column`);
    }
    const rows = new Map(stored.map(([, id, v]) => [id, v]));
    if (rows.size === 0) return;
    const query = vectorOf(this.random);
    const body = { table: 'documents', column: 'v', query };
    const all = await client.expect(200, 'POST', '/v1/knn',
      { token, body: { ...body, top_k: SCANNED_MAX } });
    ledger.must(all.results.length === rows.size,
      `a scan finds ${all.results.length} vectors of ${rows.size}`);
    this.#compare(rows, query, all.results, 'a scan');
    const near = await client.request('POST', '/v1/indexes/hnsw/search',
      { token, body: { ...body, top_k: 20 } });
    if (near.status === 404) return; // no index just now
    if (!ledger.must(near.status === 200, `a search answers ${near.status}`)) return;
    ledger.must(near.body.results.length === Math.min(20, rows.size),
      `a search finds ${near.body.results.length} vectors`);
    this.#compare(rows, query, near.body.results, 'a search');
    const sql = await client.rows(token,
      'SELECT _id, v <-> ?1 AS d FROM documents ORDER BY v <-> ?1 LIMIT 20', [query]);
    this.#compare(rows, query, sql.map(([id, d]) => ({ row_id: id, distance: d })), 'SQL');
  }

  #compare(rows, query, results, what) {
    for (const { row_id: id, distance: found } of results) {
      this.compared += 1;
      const actual = rows.get(id);
      if (!this.ledger.must(actual !== undefined, `${what} finds ${id}, which is gone`)) continue;
      const right = Math.abs(found - distance(actual, query)) < CLOSE;
      this.ledger.must(right, `${what} finds ${id} at ${found}, where it is not`);
    }
  }

  async verifyAll() {
    this.ledger.must(this.compared > 0, 'no vector was compared');
    this.ledger.must(this.built > 0, 'no index was built');
  }
}

export const DOCUMENTS = {
  env: { ZINGEST_BATCH: String(BATCH) },
  schema: [],
  prepare: (client, token) => client.expect(201, 'POST', '/v1/collections',
    { token, body: { name: 'documents', projection: PROJECTION } }),
  writers: (many) => [
    ...many(3, StreamWriter), ...many(3, DocumentWriter), ...many(1, IndexWriter),
  ],
};
