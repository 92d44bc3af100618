// A TCP connection that sends exactly the bytes it is told to: for requests no client library
// makes.

import net from 'node:net';

export class RawConnection {
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawConnection(socket)));
    });
  }

  constructor(socket) {
    this.socket = socket;
    this.received = '';
    this.closed = new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => { this.received += bytes.toString('latin1'); });
      socket.once('close', resolve);
    });
  }

  send(text) { this.socket.write(text, 'latin1'); }

  // Everything until the server closes the connection, or until `ms` have passed.
  async untilClosed(ms = 5000) {
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(() => resolve('late'), ms); });
    const outcome = await Promise.race([this.closed.then(() => 'closed'), late]);
    clearTimeout(timer);
    this.socket.destroy();
    return { text: this.received, closed: outcome === 'closed' };
  }
}

export async function rawRequest(port, text, ms) {
  const connection = await RawConnection.open(port);
  connection.send(text);
  return connection.untilClosed(ms);
}

export const statusOf = (text) => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
