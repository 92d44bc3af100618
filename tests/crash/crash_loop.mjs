// Kills the server again and again while clients write, and counts what was acknowledged and lost.
// SIGKILL leaves the kernel's page cache alone: this shows that commits come before answers and
// that nothing is half applied, not that bytes reach the disk.
// Usage: node crash_loop.mjs [--binary PATH] [--kills N] [--seed S] [--json]

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Client, Unanswered } from './client.mjs';
import { IdentityWriter } from './identities.mjs';
import { integrityProblems } from './integrity.mjs';
import { Ledger } from './ledger.mjs';
import { Bank, PAIR_SCHEMA, PairWriter } from './pairs.mjs';
import { PermissionWriter } from './permissions.mjs';
import { Random } from './random.mjs';
import { CounterWriter, ROW_SCHEMA, RowWriter, TableWriter } from './rows.mjs';
import { CrashingServer } from './server.mjs';
import { VECTOR_SCHEMA, VectorWriter } from './vectors.mjs';

const ADMIN = { email: 'admin@example.com', password: 'correct horse battery 9' };
const LOAD_MS = [20, 450]; // how long clients write before the kill
const EARLY_KILL_SHARE = 0.1; // of the kills hit a server that is still starting
const EARLY_MS = [0, 60];
const LOSSES_SHOWN = 20;
const INTEGRITY_ALWAYS = 50; // the copy grows: later only now and then
const INTEGRITY_EVERY = 10;

// Who writes, and the tables they need.
const EVERYBODY = {
  schema: [...ROW_SCHEMA, ...PAIR_SCHEMA, ...VECTOR_SCHEMA],
  writers: (many, bank) => [
    ...many(12, RowWriter), ...many(2, CounterWriter), ...many(1, TableWriter),
    ...many(3, PairWriter, bank), ...many(2, IdentityWriter), ...many(2, PermissionWriter),
    ...many(1, VectorWriter),
  ],
  hasBank: true,
};

class CrashLoop {
  constructor(server, { kills, seed, sabotage, atLeast = {}, cast = EVERYBODY }) {
    Object.assign(this, { server, kills, sabotage, atLeast, cast });
    this.random = new Random(seed);
    this.ledger = new Ledger();
    this.bank = new Bank();
    this.earlyKills = 0;
    const many = (count, Writer, ...more) => Array.from({ length: count },
      (_, number) => new Writer(this.ledger, this.random.fork(), number, ...more));
    this.writers = cast.writers(many, this.bank);
  }

  async run(progress) {
    await this.server.start();
    await this.#prepare();
    for (let kill = 1; kill <= this.kills; kill += 1) {
      await this.#load();
      if (kill <= INTEGRITY_ALWAYS || kill % INTEGRITY_EVERY === 0) await this.#checkIntegrity();
      while (kill < this.kills && this.random.chance(EARLY_KILL_SHARE)) {
        kill += 1;
        await this.#crashEarly();
      }
      await this.sabotage?.(this.server.data);
      await this.server.start();
      await this.#verify();
      progress(kill, this.ledger);
      if (this.ledger.losses.length > 0) break;
    }
    await this.#verifyAll();
    this.client.close();
    await this.server.kill();
  }

  async #logIn() {
    this.client?.close();
    this.client = new Client(this.server.url);
    const bundle = await this.client.expect(200, 'POST', '/v1/auth/login', { body: ADMIN });
    this.token = bundle.access_token;
  }

  async #prepare() {
    const client = new Client(this.server.url);
    await client.expect(201, 'POST', '/v1/auth/signup', { body: ADMIN });
    client.close();
    await this.#logIn();
    for (const sql of this.cast.schema) {
      await this.client.expect(200, 'POST', '/v1/sql', { token: this.token, body: { sql } });
    }
    await this.cast.prepare?.(this.client, this.token);
  }

  // Every writer writes until the server is gone.
  async #load() {
    const work = async (writer) => {
      try {
        for (;;) await writer.step(this.client, this.token);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
      }
    };
    let isOver = false;
    const all = Promise.all(this.writers.map(work)).finally(() => { isOver = true; });
    await Promise.race([all, this.#loaded(() => isOver)]);
    const how = await this.server.kill();
    this.ledger.must(how === 'SIGKILL', `the server ended by itself: ${how}\n${this.#lastLog()}`);
    await all;
  }

  async #loaded(isOver) {
    await sleep(this.random.between(...LOAD_MS));
    const isShort = ([kind, count]) => this.ledger.of(kind).acknowledged < count;
    while (!isOver() && Object.entries(this.atLeast).some(isShort)) await sleep(5);
  }

  #lastLog() {
    return this.server.log.slice(-10).join('\n');
  }

  async #checkIntegrity() {
    const problems = await integrityProblems(this.server.data, this.server.directory);
    for (const problem of problems) this.ledger.loss(`integrity: ${problem}`);
  }

  async #crashEarly() {
    this.earlyKills += 1;
    this.server.spawn();
    await sleep(this.random.between(...EARLY_MS));
    await this.server.kill();
  }

  async #verify() {
    await this.#logIn();
    for (const writer of this.writers) await writer.verify(this.client, this.token);
    if (this.cast.hasBank) await this.bank.verify(this.client, this.token, this.ledger);
  }

  async #verifyAll() {
    for (const writer of this.writers) await writer.verifyAll(this.client, this.token);
    for (const [kind, { acknowledged, refused: no }] of Object.entries(this.ledger.counts)) {
      this.ledger.must(acknowledged > no * 3,
        `${kind}: ${no} refused, ${acknowledged} done: this tested little`);
    }
  }
}

// Answers {seed, kills, earlyKills, seconds, counts, losses, oddities}. `sabotage(data)` may damage
// the data directory after each kill, to see that it is noticed. Before a kill, as many writes of
// each kind were acknowledged as `atLeast` says. `cast` says who writes.
export async function runCrashLoop({
  binary, kills, seed, sabotage, atLeast, cast, progress = () => {},
}) {
  const server = await CrashingServer.create(binary, cast?.env);
  const loop = new CrashLoop(server, { kills, seed, sabotage, atLeast, cast });
  const started = performance.now();
  try {
    await loop.run(progress);
  } finally {
    await server.remove();
  }
  const { counts, losses, oddities } = loop.ledger;
  const seconds = (performance.now() - started) / 1000;
  return { seed, kills, earlyKills: loop.earlyKills, seconds, counts, losses, oddities };
}

export function describe(report) {
  const { seed, kills, earlyKills, seconds } = report;
  const lines = [`seed ${seed}: ${kills} kills, ${earlyKills} of them while the server started, in`
    + ` ${seconds.toFixed(1)} s`, ''];
  const row = (...cells) => lines.push(cells.map((cell, i) => (i === 0
    ? String(cell).padEnd(16) : String(cell).padStart(14))).join(''));
  row('', 'acknowledged', 'unanswered', 'of it applied', 'refused');
  for (const [kind, count] of Object.entries(report.counts)) {
    row(kind, count.acknowledged, count.unknown, count.unknownApplied, count.refused);
  }
  for (const [what, times] of Object.entries(report.oddities)) {
    lines.push(`refused ${times} × ${what}`);
  }
  lines.push('', `lost or half applied: ${report.losses.length}`);
  for (const loss of report.losses.slice(0, LOSSES_SHOWN)) lines.push(`  ${loss}`);
  return lines.join('\n');
}

// What both command lines share. Answers the exit code.
export async function main(defaults) {
  const { values } = parseArgs({
    options: {
      binary: { type: 'string', default: process.env.ZSERVER_BINARY ?? defaults.binary },
      kills: { type: 'string', default: String(defaults.kills) },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      json: { type: 'boolean', default: false },
    },
  });
  const kills = Number(values.kills);
  const seed = Number(values.seed);
  if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
    console.error('--kills and --seed are whole numbers');
    return 2;
  }
  console.error(`seed ${seed}`);
  const progress = (kill) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${kill} of ${kills} kills`);
  };
  const report = await runCrashLoop({ binary: path.resolve(values.binary), kills, seed, progress });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  console.log(values.json ? JSON.stringify(report) : describe(report));
  return report.losses.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main({ binary: 'build/release/zserver', kills: 50 });
}
