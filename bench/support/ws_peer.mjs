// The peer of bench/events: a server on the npm `ws` package that does what ours is asked to do.
// Clients connect to /<number>. Commands on the control port, one per line:
//   fan <events>            sends so many events to every client, one after the other
//   each <rate> <seconds>   sends so many events per second, to one client after the other
// Usage: node ws_peer.mjs <root of the source tree>

import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';

const require = createRequire(path.join(process.argv[2], 'deps/package.json'));
const { WebSocketServer } = require('ws');

const clients = [];
let seq = 0;

function event(topic) {
  const time = new Date().toISOString();
  return JSON.stringify({
    topic, type: 'change', seq: ++seq, ts: time,
    data: {
      t: Number(process.hrtime.bigint()), operation: 'insert', count: 1, event: 'change',
      timestamp: time, level: 'info', message: `insert in ${topic}`,
    },
  });
}

function fan(events) {
  for (let i = 0; i < events; ++i) {
    const frame = Buffer.from(event('tables/all'));
    for (const client of clients) client.send(frame, { binary: false });
  }
}

async function each(rate, seconds) {
  const began = process.hrtime.bigint();
  const total = rate * seconds;
  let sent = 0;
  while (sent < total) {
    const passed = Number(process.hrtime.bigint() - began) / 1e9;
    const due = Math.min(total, Math.floor(passed * rate));
    for (; sent < due; ++sent) {
      const number = sent % clients.length;
      clients[number].send(event(`tables/t${number}`));
    }
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  }
}

const server = new WebSocketServer(
  { host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 4096 });
server.on('connection', (socket) => {
  clients.push(socket);
  socket.on('message', () => {});
  socket.on('close', () => { clients.splice(clients.indexOf(socket), 1); });
});
server.on('listening', () => {
  const control = net.createServer((connection) => {
    readline.createInterface({ input: connection }).on('line', async (line) => {
      const [command, first, second] = line.split(' ');
      if (command === 'fan') fan(Number(first));
      if (command === 'each') await each(Number(first), Number(second));
      connection.write('done\n');
    });
    connection.on('error', () => {});
  });
  control.listen(0, '127.0.0.1', () => {
    console.log(`listening ${server.address().port} ${control.address().port}`);
  });
});
