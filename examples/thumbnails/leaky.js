// A thumbnail generator with the classic bug of reused environments: /tmp still holds the frames of the run before.
// Ask twice for 4 frames: the second answer counts 8.
//   npx isotherm invoke examples/thumbnails --handler leaky.handler --event '{"frames":4}' --repeat 2
const fs = require('node:fs');
const path = require('node:path');
const { frame } = require('./frames.js');

exports.handler = async ({ frames = 3, name = 'clip' } = {}) => {
  for (let i = 0; i < frames; i += 1) {
    // Names never clash, so nobody notices that the files of the run before are still there ...
    fs.writeFileSync(path.join('/tmp', `${name}-${Date.now()}-${i}.pgm`), frame(64, 36, i));
  }
  // ... until all that lies in /tmp is taken for this run's.
  const thumbnails = fs.readdirSync('/tmp').filter((file) => file.endsWith('.pgm'));
  return { asked: frames, thumbnails: thumbnails.length };
};
