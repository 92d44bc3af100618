// SurrealDB's engine inside this process, on its own storage: inserts the lines of FILE again and
// again until there are COUNT documents, then prints "result SECONDS CPU_SECONDS GROWTH_MIB".
//     node surrealdb_ingest.mjs FILE FOLDER COUNT BATCH

import { readFileSync } from 'node:fs';
import process from 'node:process';

import { createNodeEngines } from '@surrealdb/node';
import { Surreal } from 'surrealdb';

const [file, folder, count, batch] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
const db = new Surreal({ engines: createNodeEngines() });
await db.connect(`surrealkv://${folder}`);
await db.use({ namespace: 'bench', database: 'bench' });

const begun = process.hrtime.bigint();
const cpu = process.cpuUsage();
const memory = process.memoryUsage.rss();
let peak = memory;
for (let sent = 0; sent < Number(count); sent += Number(batch)) {
  const documents = [];
  for (let i = sent; i < Math.min(sent + Number(batch), Number(count)); ++i) {
    documents.push(JSON.parse(lines[i % lines.length]));
  }
  await db.query('INSERT INTO load $documents RETURN NONE', { documents });
  peak = Math.max(peak, process.memoryUsage.rss());
}
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
const { user, system } = process.cpuUsage(cpu);
const [[{ count: stored }]] = await db.query('SELECT count() FROM load GROUP ALL');
await db.close();
if (stored !== Number(count)) throw new Error(`${stored} of ${count} documents are there`);
console.log(`result ${seconds} ${(user + system) / 1e6} ${(peak - memory) / 1048576}`);
process.exit(0);
