/** The half of the catalogue that is about borders: values, errors, calls, ways out, files, and what stays from call to call. */

import { border } from './border.ts';
import { declareTests } from './declare-tests.ts';
import { errors } from './errors.ts';
import { hostCalls } from './host-calls.ts';
import { isolation } from './isolation.ts';
import { withPatience } from './patience.ts';
import { state } from './state.ts';
import { values } from './values.ts';

declareTests(withPatience([...values, ...errors, ...hostCalls, ...border, ...isolation, ...state]));
