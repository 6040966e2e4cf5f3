// Makes small PGM pictures of a "video": frame i is a gradient shifted by i pixels.
exports.frame = (width, height, shift) => {
  const header = Buffer.from(`P5\n${width} ${height}\n255\n`, 'ascii');
  const pixels = Buffer.alloc(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = ((x + y + shift) * 255) / (width + height + shift);
  }
  return Buffer.concat([header, pixels]);
};
