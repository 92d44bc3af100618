// ./dev demo: a server with data of its own, the walk, then the server stays up for you.
// Usage: node demo.mjs --binary PATH [--once]

import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { ServerProcess } from './server_process.mjs';
import { Talk } from './talk.mjs';
import { walk } from './walk.mjs';

const LOG_LINES_SHOWN = 30;

function showNextSteps(server, admin) {
  const login = JSON.stringify({ email: admin.email, password: admin.password });
  console.log(`
The server is up.

  URL       ${server.url}
  account   ${admin.email}   password ${admin.password}
  token     ${admin.access}
            (15 minutes; the last line below gets a new one)

Next, in another terminal:

  export ZSERVER_URL=${server.url} ZSERVER_TOKEN=${admin.access}
  ${server.binary} sql "SELECT title, year FROM books ORDER BY year LIMIT 5"
  curl -s $ZSERVER_URL/v1/tables -H "Authorization: Bearer $ZSERVER_TOKEN"
  curl -s $ZSERVER_URL/openapi.json     # every route
  curl -s $ZSERVER_URL/v1/auth/login -H 'Content-Type: application/json' -d '${login}'

./dev serve runs a server that keeps its data. Ctrl-C stops this one and removes its data.`);
}

async function demo(talk, server, { once, interrupted }) {
  const orInterrupted = (work) => Promise.race([work, interrupted.then(() => {
    throw new Error('interrupted');
  })]);
  const file = new URL('../../examples/books.json', import.meta.url);
  const books = JSON.parse(await readFile(file, 'utf8'));
  console.log(`Starting ${server.binary} with an empty data directory`);
  const startup = await orInterrupted(server.start());
  console.log(`listening on ${server.url} after ${startup.toFixed(0)} ms`);
  const admin = await orInterrupted(walk(talk, server, books));
  if (talk.wrong > 0) return false;
  if (once) {
    talk.step('SIGTERM: it finishes what runs and ends');
    return talk.equal('exit', await server.stop(), { code: 0, signal: null });
  }
  showNextSteps(server, admin);
  const how = await Promise.race([interrupted, server.ended]);
  if (how === 'interrupted') return true;
  console.log(`the server ended: ${JSON.stringify(how)}`);
  return how.code === 0; // Ctrl-C reaches it as well, and it may be the faster one
}

function untilInterrupted() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => resolve('interrupted'));
    }
  });
}

async function main() {
  const { values } = parseArgs({
    options: { binary: { type: 'string' }, once: { type: 'boolean', default: false } },
  });
  const talk = new Talk();
  const server = new ServerProcess(values.binary);
  const interrupted = untilInterrupted();
  let fine = false;
  try {
    fine = await demo(talk, server, { ...values, interrupted });
  } catch (error) {
    console.log(`\n${error.stack}${error.cause ? `\ncause: ${error.cause.message}` : ''}`);
  } finally {
    await server.stop();
    await server.remove();
  }
  if (!fine) {
    const lines = server.log.slice(-LOG_LINES_SHOWN).join('\n');
    console.log(`\nThe last lines of the server:\n${lines}`);
  }
  const verdict = fine ? '' : ': the demo FAILED';
  console.log(`\n${talk.right} of ${talk.total} answers right${verdict}`);
  process.exit(fine ? 0 : 1);
}

await main();
