import test from 'ava';
import {
  engineGuestLimits,
  functionGuestLimits,
  guestLimitNames,
  guestLimitsDefault,
  splitGuestLimits,
  strictest,
} from '../../src/model/guest-limits.ts';

const code = 'InvalidParameterValueException';

test('an engine keeps what is stricter than the default, for every name', (t) => {
  for (const name of guestLimitNames) {
    const most = guestLimitsDefault[name];
    t.deepEqual(engineGuestLimits({ [name]: most, another: 'option' }), {});
    t.deepEqual(engineGuestLimits({ [name]: 1 }), { [name]: 1 });
    for (const wrong of [0, -1, 1.5, most + 1, '5', null, Number.NaN]) {
      t.throws(() => engineGuestLimits({ [name]: wrong }), {
        code,
        message: new RegExp(`^limits\\.${name} must be .* ${most}, `),
      });
    }
  }
});

test('a function may have each limit up to the engine’s, and an error names both', (t) => {
  const engine = { ...guestLimitsDefault, timers: 50 };
  t.deepEqual(functionGuestLimits({ timers: 50, logBytes: 7, openFiles: undefined }, engine), {
    timers: 50,
    logBytes: 7,
  });
  t.throws(() => functionGuestLimits({ timers: 51 }, engine), {
    code,
    message:
      "limits.timers of a function must be a whole number from 1 to the engine's limits.timers, which is 50; received 51",
  });
  t.throws(() => functionGuestLimits({ environmentsMax: 5 }, engine), {
    code,
    message: /has no limit "environmentsMax"/,
  });
  for (const wrong of [null, 3, 'timers=5', [1]]) {
    t.throws(() => functionGuestLimits(wrong, engine), { code, message: /^limits of a function must be an object, / });
  }
});

test('the stricter of two holds, and a default is not written down', (t) => {
  t.deepEqual(strictest({}, {}), {});
  t.deepEqual(strictest({ timers: 5, logBytes: 9 }, { timers: 7, logLines: 3 }), {
    timers: 5,
    logBytes: 9,
    logLines: 3,
  });
  t.deepEqual(strictest({ timers: 5 }, { timers: 4 }), { timers: 4 });
});

test('a tag has pairs, apart by spaces', (t) => {
  t.deepEqual(splitGuestLimits(' logBytes=10000  timers=50 '), { logBytes: 10_000, timers: 50 });
  t.deepEqual(splitGuestLimits(''), {});
  for (const wrong of ['logBytes', 'logBytes=', 'logBytes=-1', '=5', 'logBytes=1e3', 'timers=5;logBytes=6']) {
    t.throws(() => splitGuestLimits(wrong), { code, message: /NAME=NUMBER/ });
  }
});
