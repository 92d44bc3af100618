// A PostgreSQL server of the test's own: on a socket in a folder that goes with it.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

const HOME = '/usr/lib/postgresql';

// $1 folder of the programs, $2 folder of this server. The end of standard input is the end of the
// test, however that ends.
const KEEPER = `
programs=$1; home=$2
if "$programs/initdb" -D "$home/data" -U zs --auth=trust --no-sync --encoding=UTF8 \
    --locale=C.UTF-8 --no-instructions </dev/null >"$home/log" 2>&1
then
  "$programs/postgres" -D "$home/data" -k "$home" -c listen_addresses= -c max_connections=100 \
    -c shared_buffers=32MB -c fsync=off </dev/null >>"$home/log" 2>&1 &
  pid=$!
  until "$programs/pg_isready" -q -h "$home" -U zs || ! kill -0 $pid 2>/dev/null
  do sleep 0.05; done
  kill -0 $pid 2>/dev/null && echo started || echo failed
  read -r order
  kill -QUIT $pid 2>/dev/null; wait $pid 2>/dev/null
else
  echo failed; read -r order
fi
rm -rf "$home"
`;

function programs() {
  if (process.env.ZS_POSTGRES_BIN) return process.env.ZS_POSTGRES_BIN;
  const found = (existsSync(HOME) ? readdirSync(HOME) : [])
    .map((version) => path.join(HOME, version, 'bin'))
    .filter((folder) => existsSync(path.join(folder, 'initdb'))).sort();
  if (found.length === 0) throw new Error(`no PostgreSQL below ${HOME}: install it (./dev does)`);
  return found.at(-1);
}

// Whom it runs as: it refuses root.
function user() {
  if (process.getuid() !== 0) return {};
  const number = (flag) => Number(execFileSync('id', [flag, 'postgres']).toString());
  return { uid: number('-u'), gid: number('-g') };
}

export class Postgres {
  static async start() {
    const postgres = new Postgres();
    postgres.home = mkdtempSync(path.join(tmpdir(), 'zs-pg-'));
    const runs = user();
    if (runs.uid !== undefined)
      execFileSync('chown', [`${runs.uid}:${runs.gid}`, postgres.home]);
    postgres.bin = programs();
    postgres.keeper = spawn('sh', ['-c', KEEPER, 'sh', postgres.bin, postgres.home],
      { ...runs, cwd: '/', detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    postgres.exited = new Promise((resolve) => { postgres.keeper.once('exit', resolve); });
    const lines = readline.createInterface({ input: postgres.keeper.stdout });
    const [line] = await Promise.race([
      new Promise((resolve) => { lines.once('line', (text) => resolve([text])); }),
      postgres.exited.then(() => ['gone']),
    ]);
    if (line !== 'started') {
      const log = path.join(postgres.home, 'log');
      const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
      await postgres.stop();
      throw new Error(`PostgreSQL did not start:\n${text}`);
    }
    return postgres;
  }

  // A database nobody used yet; answers its URL.
  database(name) {
    this.sql('postgres', `create database ${name} template template0`);
    return `postgres://zs@/${name}?host=${this.home}`;
  }

  // Answers the rows as text, columns divided by |.
  sql(database, text) {
    const flags = ['-X', '-A', '-t', '-q', '-h', this.home, '-U', 'zs', '-d', database, '-c', text];
    return execFileSync(path.join(this.bin, 'psql'), flags).toString().trim();
  }

  async stop() {
    this.keeper.stdin.end();
    await this.exited;
  }
}
