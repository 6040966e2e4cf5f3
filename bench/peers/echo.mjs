// Sends back what arrives on file descriptor 3, and ends with it.
import { Socket } from 'node:net';

const socket = new Socket({ fd: 3, readable: true, writable: true });
socket.on('data', (chunk) => socket.write(chunk));
socket.on('end', () => process.exit());
