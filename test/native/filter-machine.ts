/**
 * Runs a seccomp filter as the kernel does (Documentation/networking/filter.rst, net/core/filter.c): the few instructions that filters of
 * ours are made of. Another instruction, a jump out of the program or an end that is never reached is an error.
 */
export interface Instruction {
  readonly operation: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly value: number;
}

export interface SystemCall {
  readonly architecture: number;
  readonly number: number;
  readonly args?: readonly bigint[];
}

export const architectures = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 } as const;

/** `EPERM` and the like are what the caller gets; nothing is carried out then. */
export type Answer = 'allow' | 'kill' | 'EPERM' | 'ENOENT' | 'ENOSYS' | 'EACCES' | 'ENOTTY';

const errors: Readonly<Record<number, Answer>> = { 1: 'EPERM', 2: 'ENOENT', 13: 'EACCES', 25: 'ENOTTY', 38: 'ENOSYS' };

export function answerTo(filter: readonly Instruction[], call: SystemCall): Answer {
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; at < filter.length; ) {
    const { operation, ifTrue, ifFalse, value } = filter[at] ?? outside(at);
    at += 1;
    switch (operation) {
      // BPF_LD | BPF_W | BPF_ABS
      case 0x20:
        accumulator = data.getUint32(value, true);
        break;
      // BPF_JMP | BPF_JEQ | BPF_K, then BPF_JGE, BPF_JSET
      case 0x15:
        at += accumulator === value ? ifTrue : ifFalse;
        break;
      case 0x35:
        at += accumulator >= value ? ifTrue : ifFalse;
        break;
      case 0x45:
        at += (accumulator & value) !== 0 ? ifTrue : ifFalse;
        break;
      // BPF_RET | BPF_K
      case 0x06:
        return answerOf(value);
      default:
        throw new Error(`instruction ${at - 1} is unknown: ${operation}`);
    }
  }
  throw new Error('the filter came to no answer');
}

function outside(at: number): never {
  throw new Error(`there is no instruction ${at}`);
}

/** `struct seccomp_data`: number, architecture, address of the instruction, six arguments. */
function seccompData({ architecture, number, args = [] }: SystemCall): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  for (const [index, argument] of args.entries()) data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, argument), true);
  return data;
}

function answerOf(value: number): Answer {
  switch (value & 0xffff_0000) {
    case 0x7fff_0000:
      return 'allow';
    case 0x8000_0000 | 0:
      return 'kill';
    case 0x0005_0000: {
      const error = errors[value & 0xffff];
      if (error !== undefined) return error;
    }
  }
  throw new Error(`an answer that is not ours: ${value.toString(16)}`);
}
