// Autocommit statements: single rows, a counter, and tables that come and go.

import { setTimeout as sleep } from 'node:timers/promises';

import { Unanswered } from './client.mjs';
import { isUnknown } from './ledger.mjs';

export const ROW_SCHEMA = [
  'CREATE TABLE singles (writer INTEGER NOT NULL, seq INTEGER NOT NULL, payload TEXT NOT NULL,'
    + ' PRIMARY KEY (writer, seq))',
  'CREATE TABLE counters (writer INTEGER PRIMARY KEY, n INTEGER NOT NULL)',
];

const payloadOf = (writer, seq) => `row ${seq} of writer ${writer} `.repeat(1 + (seq % 20));

// Sends one statement. Answers 'acknowledged', 'refused' or 'unknown', and counts it.
async function send(ledger, kind, client, token, sql, params) {
  let answer;
  try {
    answer = await client.request('POST', '/v1/sql', { token, body: { sql, params } });
  } catch (error) {
    if (error instanceof Unanswered) ledger.unknown(kind);
    throw error;
  }
  if (answer.status === 200) {
    ledger.acknowledged(kind);
    return 'acknowledged';
  }
  ledger.refused(kind, answer);
  return isUnknown(answer.status) ? 'unknown' : 'refused';
}

// Inserts rows (writer, 1), (writer, 2), … one at a time.
export class RowWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number, asked: 0, verified: 0, present: 0 });
    this.outcomes = new Map(); // seq → outcome, since the last verification
  }

  async step(client, token) {
    this.asked += 1;
    const seq = this.asked;
    this.outcomes.set(seq, 'unknown');
    const sql = 'INSERT INTO singles (writer, seq, payload) VALUES (?, ?, ?)';
    const params = [this.number, seq, payloadOf(this.number, seq)];
    this.outcomes.set(seq, await send(this.ledger, 'row', client, token, sql, params));
  }

  async verify(client, token) {
    const sql = 'SELECT seq, payload FROM singles WHERE writer = ? AND seq > ? ORDER BY seq';
    const found = new Map(await client.rows(token, sql, [this.number, this.verified]));
    const ofWriter = `of writer ${this.number}`;
    for (const [seq, outcome] of this.outcomes) {
      const payload = found.get(seq);
      const there = payload !== undefined;
      const { ledger } = this;
      if (outcome === 'acknowledged') ledger.must(there, `acknowledged row ${seq} ${ofWriter}`);
      if (outcome === 'refused') ledger.must(!there, `refused row ${seq} ${ofWriter} is there`);
      if (outcome === 'unknown' && there) ledger.applied('row');
      if (there) {
        ledger.must(payload === payloadOf(this.number, seq), `row ${seq} ${ofWriter} is torn`);
        this.present += 1;
      }
      found.delete(seq);
    }
    this.ledger.must(found.size === 0, `${found.size} rows nobody wrote ${ofWriter}`);
    this.verified = this.asked;
    this.outcomes.clear();
  }

  // All rows of all crashes once more: what was there must still be.
  async verifyAll(client, token) {
    const [[count]] = await client.rows(token,
      'SELECT count(*) FROM singles WHERE writer = ?', [this.number]);
    this.ledger.must(count === this.present,
      `writer ${this.number} at the end: ${count} rows, not ${this.present}`);
  }
}

// Adds 1 again and again: a lost update shows as a number that is too small.
export class CounterWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number, value: null, unknown: 0 });
  }

  async step(client, token) {
    const sql = 'INSERT INTO counters (writer, n) VALUES (?, 1)'
      + ' ON CONFLICT (writer) DO UPDATE SET n = n + 1';
    this.unknown += 1;
    const outcome = await send(this.ledger, 'counter', client, token, sql, [this.number]);
    if (outcome !== 'unknown') this.unknown -= 1;
    if (outcome === 'acknowledged') this.value = (this.value ?? 0) + 1;
  }

  async verify(client, token) {
    const rows = await client.rows(token, 'SELECT n FROM counters WHERE writer = ?', [this.number]);
    const found = rows.length ? rows[0][0] : null;
    const least = this.value ?? 0;
    const actual = found ?? 0;
    this.ledger.must(actual >= least && actual <= least + this.unknown,
      `counter ${this.number} is ${actual}, not ${least} (and ${this.unknown} unknown)`);
    for (let i = least; i < actual; i += 1) this.ledger.applied('counter');
    this.value = found;
    this.unknown = 0;
  }

  async verifyAll() {}
}

// Creates a table, drops it, creates the next one. Slow on purpose: DDL makes every other statement
// prepare again.
export class TableWriter {
  constructor(ledger, random, number) {
    Object.assign(this, { ledger, random, number, made: 0, exists: false, unknown: false });
  }

  get name() {
    return `passing_${this.number}_${this.made}`;
  }

  async step(client, token) {
    await sleep(this.random.between(5, 40));
    if (!this.exists) this.made += 1;
    const sql = this.exists ? `DROP TABLE ${this.name}` : `CREATE TABLE ${this.name} (a, b)`;
    this.unknown = true;
    const outcome = await send(this.ledger, 'table', client, token, sql, []);
    this.unknown = outcome === 'unknown';
    if (outcome === 'acknowledged') this.exists = !this.exists;
  }

  async verify(client, token) {
    const answer = await client.request('GET', `/v1/tables/${this.name}`, { token });
    const found = answer.status === 200;
    if (!this.unknown) {
      this.ledger.must(found === this.exists, `table ${this.name}: there ${found}`);
    } else if (found !== this.exists) {
      this.ledger.applied('table');
    }
    this.exists = found;
    this.unknown = false;
  }

  async verifyAll() {}
}
