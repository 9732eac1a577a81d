/** Where bytes of the map's files come from: its server, or a folder that the reader chooses. */

/** A stretch of a file. */
export interface Stretch {
  readonly file: string;
  readonly at: number;
  readonly count: number;
}

/** Gives the bytes of a stretch; null where it cannot. */
export type ByteSource = (stretch: Stretch, signal: AbortSignal) => Promise<Uint8Array | null>;

/** Range requests to the server that the page came from. */
export function fromServer(): ByteSource {
  /** Set once it has answered with something else than the range that was asked for. */
  let refused = false;
  return async ({ file, at, count }, signal) => {
    if (refused) return null;
    const range = `bytes=${at}-${at + count - 1}`;
    const answer = await fetch(file, { headers: { Range: range }, signal });
    if (answer.status !== 206) {
      // The whole of a BMP may be gigabytes.
      await answer.body?.cancel();
      refused = answer.ok;
      return null;
    }
    return new Uint8Array(await answer.arrayBuffer());
  };
}

/**
 * The files of the map's folder; null where it lacks one of `wanted`. A page from file:// may read no
 * file but those that the reader hands to it.
 */
export function fromFolder(files: Iterable<File>, wanted: readonly string[]): ByteSource | null {
  const chosen = new Map<string, File>();
  for (const file of files) {
    if (file.name.endsWith('.bmp')) chosen.set(inItsFolder(file.webkitRelativePath), file);
  }
  if (!wanted.every((path) => chosen.has(inItsFolder(path)))) return null;
  return async ({ file, at, count }) => {
    const found = chosen.get(inItsFolder(file));
    return found ? new Uint8Array(await found.slice(at, at + count).arrayBuffer()) : null;
  };
}

/** A file with its folder, whose name holds a digest: two maps share what is the same in both. */
function inItsFolder(path: string): string {
  return path.split('/').slice(-2).join('/');
}
