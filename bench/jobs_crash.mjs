// Kills the server and a worker many times while jobs run, and counts what became of each job.

import { spawnSync } from 'node:child_process';
import process from 'node:process';

const given = process.argv.slice(2);
const rounds = given.some((one) => one.startsWith('--rounds')) ? [] : ['--rounds', '100'];
const binary = process.env.ZSERVER_BINARY ?? 'build/release/zserver';
const { status } = spawnSync(binary, ['crashtest', 'jobs', ...rounds, ...given],
  { stdio: 'inherit' });
process.exitCode = status ?? 1;
