/** Every peer that the benchmark knows, isotherm first. */
import { bareIsolate } from './bare-isolate.ts';
import { childProcess } from './child-process.ts';
import { deno } from './deno.ts';
import type { Driver } from './driver.ts';
import { isolatedVm } from './isolated-vm.ts';
import { isothermHttp } from './isotherm-http.ts';
import { isothermLibrary } from './isotherm-library.ts';
import { nodeHttp } from './node-http.ts';
import { nodeVm } from './node-vm.ts';
import { quickjs } from './quickjs.ts';
import { socketEcho, socketEchoOnOne } from './socket-echo.ts';
import { workerThreads } from './worker-threads.ts';
import { workerd } from './workerd.ts';

export const drivers: readonly Driver[] = [
  isothermLibrary,
  isothermHttp,
  isolatedVm,
  workerd,
  deno,
  workerThreads,
  childProcess,
  nodeVm,
  quickjs,
  bareIsolate,
  socketEcho,
  socketEchoOnOne,
  nodeHttp,
];

export function driverNamed(name: string): Driver {
  const driver = drivers.find((each) => each.name === name);
  if (driver === undefined) {
    const names = drivers.map((each) => each.name).join(', ');
    throw new RangeError(`no peer is named ${JSON.stringify(name)}; there are ${names}`);
  }
  return driver;
}
