/** A child that sends back what arrives on file descriptor 3: the least that a host and a child can do for one message. */
import { Socket } from 'node:net';

const socket = new Socket({ fd: 3, readable: true, writable: true });
socket.on('data', (chunk) => socket.write(chunk));
