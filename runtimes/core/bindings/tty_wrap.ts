/** `internalBinding('tty_wrap')`: no descriptor of a function is a terminal, which is what libuv would say of each. */
export function createBindings(): Record<string, object> {
  return {
    tty_wrap: {
      UV_TTY_MODE_NORMAL: 0,
      UV_TTY_MODE_RAW: 1,
      UV_TTY_MODE_IO: 2,
      UV_TTY_MODE_RAW_VT: 3,
      isTTY: () => false,
      TTY: class TTY {
        constructor(_fd: number, failure: Record<string, unknown>) {
          failure.errno = -22;
          failure.code = 'EINVAL';
          failure.message = 'invalid argument';
          failure.syscall = 'uv_tty_init';
        }
      },
    },
  };
}
