import { defineConfig } from 'vite';

/** The deposit page: a bundle of its own, so that who reads loads nothing of it. */
export default defineConfig({
  base: '',
  build: {
    outDir: '../src/micrographia/web/static/deposit',
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: '',
    license: { fileName: 'licences.md' },
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['src/deposit/main.ts'] },
  },
});
