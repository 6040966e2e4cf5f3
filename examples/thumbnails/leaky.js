// A thumbnail generator with the classic bug of reused environments: /tmp still holds the frames of the run before.
// Ask for 4 frames, then for 2: the second answer counts 4.
//   npx isotherm invoke examples/thumbnails --handler leaky.handler --event '{"frames":4}' --repeat 2
const fs = require('node:fs');
const path = require('node:path');
const { frame } = require('./frames.js');

exports.handler = async ({ frames = 3, name = 'clip' } = {}) => {
  for (let i = 0; i < frames; i += 1) {
    // Each run names its files by the clip and the frame, so a longer run before leaves files behind a shorter one.
    fs.writeFileSync(path.join('/tmp', `${name}-${Date.now()}-${i}.pgm`), frame(64, 36, i));
  }
  const thumbnails = fs.readdirSync('/tmp').filter((file) => file.endsWith('.pgm'));
  return { asked: frames, thumbnails: thumbnails.length };
};
