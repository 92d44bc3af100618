// Transactions of several statements: both rows of a pair and the money that moves, or nothing.

import { setTimeout as sleep } from 'node:timers/promises';

import { Unanswered } from './client.mjs';
import { isUnknown } from './ledger.mjs';

const ACCOUNTS = 10;
const MONEY = 1000; // on each account at first

export const PAIR_SCHEMA = [
  'CREATE TABLE halves (writer INTEGER NOT NULL, seq INTEGER NOT NULL, side TEXT NOT NULL,'
    + ' PRIMARY KEY (writer, seq, side))',
  'CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)',
  `INSERT INTO accounts (id, balance) VALUES ${Array.from({ length: ACCOUNTS },
    (_, id) => `(${id}, ${MONEY})`).join(', ')}`,
];

class Refused extends Error {
  constructor(answer) {
    super(`${answer.status}`);
    this.answer = answer;
  }
}

// The balances as they follow from the transactions known to be committed; shared by the writers.
export class Bank {
  constructor() {
    this.balances = Array(ACCOUNTS).fill(MONEY);
  }

  apply({ from, to, amount }) {
    this.balances[from] -= amount;
    this.balances[to] += amount;
  }

  async verify(client, token, ledger) {
    const rows = await client.rows(token, 'SELECT balance FROM accounts ORDER BY id');
    const found = rows.map(([balance]) => balance);
    ledger.must(JSON.stringify(found) === JSON.stringify(this.balances),
      `balances are ${found}, not ${this.balances}`);
  }
}

export class PairWriter {
  constructor(ledger, random, number, bank) {
    Object.assign(this, { ledger, random, number, bank, asked: 0, verified: 0, present: 0 });
    this.tried = new Map(); // seq → {outcome, transfer}, since the last verification
  }

  async step(client, token) {
    // A pause, because who writes in a transaction keeps all other writers waiting.
    await sleep(this.random.between(0, 40));
    this.asked += 1;
    const from = this.random.between(0, ACCOUNTS - 1);
    const to = (from + this.random.between(1, ACCOUNTS - 1)) % ACCOUNTS;
    // Until the commit has been asked for, nothing may ever be seen of it.
    const transfer = { from, to, amount: this.random.between(1, 9) };
    const attempt = { outcome: 'refused', transfer };
    this.tried.set(this.asked, attempt);
    try {
      await this.#run(client, token, this.asked, attempt);
    } catch (error) {
      if (error instanceof Refused) {
        this.ledger.refused('transaction', error.answer);
        const rollback = `/v1/transactions/${attempt.id}/rollback`;
        if (attempt.id) await client.request('POST', rollback, { token });
        return;
      }
      if (error instanceof Unanswered && attempt.outcome === 'unknown') {
        this.ledger.unknown('transaction');
      }
      throw error;
    }
  }

  async #run(client, token, seq, attempt) {
    const call = async (status, path, body) => {
      const answer = await client.request('POST', `/v1/transactions/${path}`, { token, body });
      if (answer.status !== status) throw new Refused(answer);
      return answer.body;
    };
    const { transaction_id: id } = await call(201, 'begin', { write: this.random.chance(0.9) });
    attempt.id = id;
    const execute = (sql, params) => call(200, `${id}/execute`, { sql, params });
    const half = 'INSERT INTO halves (writer, seq, side) VALUES (?, ?, ?)';
    const move = 'UPDATE accounts SET balance = balance + ? WHERE id = ?';
    const { from, to, amount } = attempt.transfer;
    await execute(half, [this.number, seq, 'left']);
    await execute(move, [-amount, from]);
    await execute(move, [amount, to]);
    await execute(half, [this.number, seq, 'right']);
    if (this.random.chance(0.1)) {
      await call(200, `${id}/rollback`);
      return;
    }
    attempt.outcome = 'unknown';
    try {
      await call(200, `${id}/commit`);
    } catch (error) {
      if (error instanceof Refused && !isUnknown(error.answer.status)) attempt.outcome = 'refused';
      throw error;
    }
    attempt.outcome = 'acknowledged';
    this.bank.apply(attempt.transfer);
    this.ledger.acknowledged('transaction');
  }

  async verify(client, token) {
    const sql = 'SELECT seq, count(*) FROM halves WHERE writer = ? AND seq > ? GROUP BY seq';
    const found = new Map(await client.rows(token, sql, [this.number, this.verified]));
    for (const [seq, { outcome, transfer }] of this.tried) {
      const halves = found.get(seq) ?? 0;
      const what = `transaction ${seq} of writer ${this.number}`;
      this.ledger.must(halves === 0 || halves === 2, `half of ${what}`);
      if (outcome === 'acknowledged') this.ledger.must(halves > 0, `acknowledged ${what}`);
      if (outcome === 'refused') this.ledger.must(halves === 0, `${what} was never committed`);
      if (outcome === 'unknown' && halves > 0) {
        this.ledger.applied('transaction');
        this.bank.apply(transfer);
      }
      if (halves > 0) this.present += 1;
      found.delete(seq);
    }
    this.ledger.must(found.size === 0, `${found.size} pairs nobody wrote`);
    this.verified = this.asked;
    this.tried.clear();
  }

  async verifyAll(client, token) {
    const sql = 'SELECT count(*), count(DISTINCT seq) FROM halves WHERE writer = ?';
    const [[halves, pairs]] = await client.rows(token, sql, [this.number]);
    this.ledger.must(pairs === this.present && halves === 2 * pairs,
      `writer ${this.number} at the end: ${halves} halves, not twice ${this.present}`);
  }
}
