// Vectors that come, move and go beside an index: after each crash, what searches say is held
// against the rows themselves.

import { Unanswered } from './client.mjs';

export const VECTOR_SCHEMA = [
  // No VECTOR(8): its CHECK is a function of the server's, which other readers of the file lack.
  'CREATE TABLE vectors (id INTEGER PRIMARY KEY, v TEXT)',
];

const DIMENSIONS = 8;
const ROWS_FIRST = 1500; // enough for a graph, and for files
const ROWS_AT_ONCE = 40;
const IDS = 3000;
const SCANNED_MAX = 10_000;
const CLOSE = 1e-4;

const distance = (a, b) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0));

export class VectorWriter {
  constructor(ledger, random) {
    Object.assign(this, { ledger, random, filled: 0, compared: 0 });
  }

  #vector() {
    return Array.from({ length: DIMENSIONS }, () => this.random.between(-1000, 1000) / 100);
  }

  async #send(client, token, method, path, body, statuses) {
    let answer;
    try {
      answer = await client.request(method, path, { token, body });
    } catch (error) {
      if (error instanceof Unanswered) this.ledger.unknown('vectors');
      throw error;
    }
    if (statuses.includes(answer.status)) this.ledger.acknowledged('vectors');
    else this.ledger.refused('vectors', answer);
    return answer;
  }

  async #insert(client, token, count) {
    const rows = Array.from({ length: count },
      () => `(${this.random.between(1, IDS)}, '${JSON.stringify(this.#vector())}')`);
    const sql = `INSERT OR REPLACE INTO vectors VALUES ${rows.join(',')}`;
    await this.#send(client, token, 'POST', '/v1/sql', { sql }, [200]);
  }

  async step(client, token) {
    if (this.filled < ROWS_FIRST) {
      await this.#insert(client, token, 250);
      this.filled += 250;
      return;
    }
    const kind = this.random.between(0, 20);
    const id = this.random.between(1, IDS);
    const run = (sql) => this.#send(client, token, 'POST', '/v1/sql', { sql }, [200]);
    if (kind === 0) {
      const body = { table: 'vectors', column: 'v', wait: this.random.chance(0.5) };
      await this.#send(client, token, 'POST', '/v1/indexes/hnsw/build', body, [200, 201, 202]);
    } else if (kind < 4) {
      await run(`DELETE FROM vectors WHERE id BETWEEN ${id} AND ${id + 20}`);
    } else if (kind < 7) {
      const other = this.random.between(1, IDS);
      await run(`UPDATE OR REPLACE vectors SET id = ${other} WHERE id = ${id}`);
    } else if (kind < 9) {
      await run('ALTER TABLE vectors RENAME TO renamed');
      await run('ALTER TABLE renamed RENAME TO vectors');
    } else if (kind < 12) {
      const body = { table: 'vectors', column: 'v', query: this.#vector(), top_k: 10 };
      await this.#send(client, token, 'POST', '/v1/knn', body, [200]);
    } else {
      await this.#insert(client, token, ROWS_AT_ONCE);
    }
  }

  async verify(client, token) {
    // A crash may have come between the two names.
    await client.request('POST', '/v1/sql',
      { token, body: { sql: 'ALTER TABLE renamed RENAME TO vectors' } });
    const stored = await client.rows(token, 'SELECT id, v FROM vectors', []);
    const rows = new Map(stored.map(([id, text]) => [id, JSON.parse(text)]));
    if (rows.size === 0) return;
    const query = this.#vector();
    const { ledger } = this;
    const all = await client.expect(200, 'POST', '/v1/knn', {
      token, body: { table: 'vectors', column: 'v', query, top_k: SCANNED_MAX },
    });
    ledger.must(all.results.length === rows.size,
      `a scan finds ${all.results.length} vectors of ${rows.size}`);
    this.#compare(rows, query, all.results, 'a scan');
    const near = await client.request('POST', '/v1/indexes/hnsw/search', {
      token, body: { table: 'vectors', column: 'v', query, top_k: 20 },
    });
    if (near.status === 404) return; // never built
    if (!ledger.must(near.status === 200, `a search answers ${near.status}`)) return;
    ledger.must(near.body.results.length === Math.min(20, rows.size),
      `a search finds ${near.body.results.length} vectors`);
    this.#compare(rows, query, near.body.results, 'a search');
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
  }
}
