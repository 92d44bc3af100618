// Starts a zserver with data of its own on a free loopback port, and ends it: gently or by SIGKILL.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const LISTENING = /^zserver listening on (http:\/\/\S+)$/;
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
const LOG_LINES_MAX = 200;

// Only what a program needs to run: no setting or secret of the caller reaches the server.
function cleanEnvironment() {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'];
  return Object.fromEntries(kept.filter((name) => process.env[name] !== undefined)
    .map((name) => [name, process.env[name]]));
}

export class ServerProcess {
  constructor(binary) {
    this.binary = binary;
    this.url = null;
    this.log = [];
    this.child = null;
    this.data = null;
  }

  // Starts it, or starts it again on the same data. Answers the milliseconds until it listened.
  async start() {
    this.data ??= await mkdtemp(path.join(tmpdir(), 'zserver-demo-'));
    const started = performance.now();
    const flags = ['server', '--host', '127.0.0.1', '--port', '0', '--data', this.data];
    this.child = spawn(this.binary, flags, {
      cwd: this.data,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), ZOBS_METRICS_ADDR: '127.0.0.1:0' },
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ error: error.message }));
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.url = await this.#untilItListens();
    return performance.now() - started;
  }

  async #untilItListens() {
    const lines = readline.createInterface({ input: this.child.stdout });
    const listening = new Promise((resolve) => {
      lines.on('line', (line) => {
        const found = LISTENING.exec(line);
        if (found) resolve(found[1]);
        this.#remember(line);
      });
    });
    const errors = readline.createInterface({ input: this.child.stderr });
    errors.on('line', (line) => this.#remember(line));
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), START_MS_MAX);
    });
    const url = await Promise.race([listening, late, this.ended]);
    clearTimeout(timer);
    if (typeof url === 'string') return url;
    const why = url ? `it ended: ${JSON.stringify(url)}` : `no line in ${START_MS_MAX} ms`;
    throw new Error(`the server did not print "zserver listening on http://…" (${why})`);
  }

  #remember(line) {
    this.log.push(line);
    if (this.log.length > LOG_LINES_MAX) this.log.shift();
  }

  // As a power cut would: no handler runs.
  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  // Answers {code, signal} of the ended process.
  async stop() {
    if (!this.child) return null;
    this.child.kill('SIGTERM'); // nothing happens when it has ended
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS_MAX);
    const how = await this.ended;
    clearTimeout(timer);
    return how;
  }

  async remove() {
    if (this.data) await rm(this.data, { recursive: true, force: true });
  }
}
