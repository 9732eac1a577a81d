import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { defineConfig, type Plugin } from 'vite';

/**
 * The CSP source of the one style sheet that OpenSeadragon injects, read from its own code: an
 * upgrade that changes the sheet changes the hash, and one that moves it stops the build.
 */
function openSeadragonStyle(): string {
  const code = readFileSync(createRequire(import.meta.url).resolve('openseadragon'), 'utf-8');
  const sheets = [...code.matchAll(/style\.textContent =((?:\s*\+?\s*'[^'\\]*')+);/g)];
  const literals = sheets[0]?.[1]?.match(/'[^']*'/g);
  if (sheets.length !== 1 || !literals) {
    throw new Error('OpenSeadragon no longer injects exactly one style sheet');
  }
  const sheet = literals.map((literal) => literal.slice(1, -1)).join('');
  return `sha256-${createHash('sha256').update(sheet).digest('base64')}`;
}

/** Writes index.html as it stands, with the hash in its place: no bundler may rewrite its tags. */
function page(): Plugin {
  return {
    name: 'memtiles-page',
    generateBundle() {
      const template = new URL('page/index.html', import.meta.url);
      const source = readFileSync(template, 'utf-8').replace(
        '%OPENSEADRAGON_STYLE%',
        openSeadragonStyle(),
      );
      this.emitFile({ type: 'asset', fileName: 'index.html', source });
    },
  };
}

export default defineConfig({
  plugins: [page()],
  build: {
    outDir: '../src/memtiles/site/static',
    emptyOutDir: true,
    target: 'es2022',
    license: { fileName: 'licenses.txt' },
    lib: {
      entry: 'src/main.ts',
      // One classic script: modules do not load from file://.
      formats: ['iife'],
      name: 'memtilesViewer',
      fileName: () => 'viewer.js',
      cssFileName: 'viewer',
    },
  },
});
