/** The part of the catalogue that is about what is done for guests outside their isolate: network, bindings, cryptography, compression,
 * streamed answers. */

import { boundFunctions } from './bindings.ts';
import { declareTests } from './declare-tests.ts';
import { networks } from './network.ts';
import { withPatience } from './patience.ts';
import { services } from './services.ts';
import { streams } from './streams.ts';

declareTests(withPatience([...networks, ...boundFunctions, ...services, ...streams]));
