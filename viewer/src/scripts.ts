/** Data files: classic scripts, because a page from file:// may load nothing else. */

/** Runs the script at `source`; resolves when it has run, or cannot be read. */
export function loadScript(source: string): Promise<void> {
  return new Promise((resolve) => {
    const script = document.createElement('script');
    const finish = () => {
      script.remove();
      resolve();
    };
    script.addEventListener('load', finish);
    script.addEventListener('error', finish);
    script.src = source;
    document.head.append(script);
  });
}
