import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/**
 * neuroglancer writes `new Worker(/* webpackChunkName… *\/ new URL(…))`; with the comment Vite does not see a worker
 * and ships a URL to source code. Needed in the page's bundle and in the workers' bundles.
 */
function showWorkersToVite(): Plugin {
  return {
    name: 'show-workers-to-vite',
    enforce: 'pre',
    transform(code, id) {
      if (!/neuroglancer\/lib\/(data_management_context|async_computation\/request)\.js/.test(id)) return null;
      const found = code.replace(/new Worker\(\s*\/\*[^*]*\*\//, 'new Worker(');
      if (found === code) this.error('neuroglancer no longer has the comment: remove this plugin');
      return { code: found, map: null };
    },
  };
}

/** neuroglancer takes the keyboard whenever nobody has it; on a page that is read, it waits until somebody goes in. */
function leaveKeyboardToReader(): Plugin {
  return {
    name: 'leave-keyboard-to-reader',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('neuroglancer/lib/util/automatic_focus.js')) return null;
      const found = code.replace('const isTopLevel = window.top === window;', 'const isTopLevel = false;');
      if (found === code) this.error('neuroglancer decides otherwise now when it takes the focus: look again');
      return { code: found, map: null };
    },
  };
}

/** neuroglancer's build switches: only what an archive's own pages read; no client of somebody's cloud, no log-in pages. */
const neuroglancerParts = [
  'neuroglancer/datasource:none_by_default',
  'neuroglancer/datasource/zarr:enabled',
  'neuroglancer/kvstore:none_by_default',
  'neuroglancer/kvstore/http:enabled',
  'neuroglancer/kvstore/byte_range:enabled', // sharded zarr
  'neuroglancer/kvstore/gzip:enabled',
];

export default defineConfig({
  base: '', // relative addresses: the archive may live under any path
  resolve: { conditions: [...defaultClientConditions, ...neuroglancerParts] },
  plugins: [showWorkersToVite(), leaveKeyboardToReader()],
  worker: { format: 'es', plugins: () => [showWorkersToVite()] },
  build: {
    outDir: '../src/micrographia/web/static/viewers',
    emptyOutDir: true,
    manifest: 'manifest.json', // the server finds the hashed entry there
    assetsDir: '',
    license: { fileName: 'licences.md' }, // of every package in the build, as their licences ask
    sourcemap: false,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
    rolldownOptions: { input: ['src/main.ts'] },
  },
});
