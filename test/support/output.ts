/** What `act` writes to standard output and standard error meanwhile, line by line; nothing of it is shown. */
export function outputOf(act: () => void): readonly string[] {
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write.bind(stream));
  let text = '';
  for (const stream of streams)
    stream.write = (chunk: string | Uint8Array) => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    };
  try {
    act();
  } finally {
    streams.forEach((stream, index) => Object.assign(stream, { write: originals[index] }));
  }
  return text.split('\n').filter(Boolean);
}
