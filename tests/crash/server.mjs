// The server under test: the real binary on a data directory that outlives every crash.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const LISTENING = /^zserver listening on (http:\/\/\S+)$/;
const START_MS_MAX = 20_000;
const LOG_LINES_MAX = 100;

// No limit on attempts, no expiry during a run, passwords that cost little: this is not about them.
const SETTINGS = {
  ZRATE_LIMIT_PER_MINUTE: '0',
  ZRATE_LIMIT_USER_PER_MINUTE: '0',
  ZAUTH_LOGIN_PER_ACCOUNT: '0',
  ZAUTH_LOGIN_PER_IP: '0',
  ZAUTH_SIGNUP_PER_IP: '0',
  ZAUTH_REFRESH_PER_IP: '0',
  ZJWT_ACCESS_TTL_SECS: '86400',
  ZAUTH_ARGON2_MEMORY_KIB: '8192',
  ZAUTH_ARGON2_PASSES: '1',
  ZOBS_METRICS_ENABLED: 'false',
  ZHTTP_ACCESS_LOG: 'false',
};

export class CrashingServer {
  static async create(binary, env = {}) {
    const directory = await mkdtemp(path.join(tmpdir(), 'zserver-crash-'));
    return new CrashingServer(binary, directory, env);
  }

  constructor(binary, directory, env) {
    this.binary = binary;
    this.directory = directory;
    this.env = env;
    this.data = path.join(directory, 'data');
    this.log = [];
    this.url = null;
  }

  // The process, before it listens. A kill in this time hits recovery itself.
  spawn() {
    const flags = ['server', '--host', '127.0.0.1', '--port', '0', '--data', this.data];
    const { PATH, HOME, LANG } = process.env;
    this.child = spawn(this.binary, flags, {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH, HOME, LANG, ...SETTINGS, ...this.env },
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(error.message));
      this.child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
    });
    readline.createInterface({ input: this.child.stderr }).on('line', (line) => {
      this.log.push(line);
      if (this.log.length > LOG_LINES_MAX) this.log.shift();
    });
    const lines = readline.createInterface({ input: this.child.stdout });
    this.listening = new Promise((resolve) => {
      lines.on('line', (line) => {
        const found = LISTENING.exec(line);
        if (found) resolve(found[1]);
      });
    });
  }

  async start() {
    this.spawn();
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve(null), START_MS_MAX);
    });
    this.url = await Promise.race([this.listening, late, this.ended.then(() => null)]);
    clearTimeout(timer);
    if (!this.url) {
      throw new Error(`the server does not start:\n${this.log.slice(-20).join('\n')}`);
    }
  }

  // Answers how it ended: SIGKILL, unless it had crashed by itself before.
  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }

  async remove() {
    this.child?.kill('SIGKILL');
    await this.ended;
    await rm(this.directory, { recursive: true, force: true });
  }
}
