// The same generator, right: every run works in a directory of its own and removes it, whatever happens.
//   npx isotherm invoke examples/thumbnails --handler fixed.handler --event '{"frames":4}' --repeat 2
const fs = require('node:fs');
const path = require('node:path');
const { frame } = require('./frames.js');

exports.handler = async ({ frames = 3 } = {}) => {
  const directory = fs.mkdtempSync('/tmp/frames-');
  try {
    for (let i = 0; i < frames; i += 1) fs.writeFileSync(path.join(directory, `${i}.pgm`), frame(64, 36, i));
    return { asked: frames, thumbnails: fs.readdirSync(directory).length };
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
};
