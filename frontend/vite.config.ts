import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

/** What neuroglancer's published code must say otherwise here; each is looked for, so that a new version cannot drop one in silence. */
const amendments: { file: RegExp; found: RegExp; instead: string }[] = [
  {
    // `new Worker(/* webpackChunkName… *\/ new URL(…))`: with the comment Vite does not see a worker and ships a URL to source code
    file: /neuroglancer\/lib\/(data_management_context|async_computation\/request)\.js/,
    found: /new Worker\(\s*\/\*[^*]*\*\//,
    instead: 'new Worker(',
  },
  {
    // it takes the keyboard whenever nobody has it; on a page that is read, it waits until somebody goes in
    file: /neuroglancer\/lib\/util\/automatic_focus\.js/,
    found: /const isTopLevel = window\.top === window;/,
    instead: 'const isTopLevel = false;',
  },
  {
    // it compiles text into a function, which our pages forbid: the worker that decodes every sharded chunk would not start
    file: /neuroglancer\/lib\/sliceview\/compressed_segmentation\/encode_common\.js/,
    found: /const writeEncodedRepresentation = new Function\([\s\S]*?\}\)\(\)\s*\);/,
    instead: `function writeEncodedRepresentation(outputData, outputOffset, encodingBuffer, indexBuffer, encodedBits, wordCount) {
      for (let word = 0, element = 0; encodedBits > 0 && word < wordCount; ++word) {
        let packed = 0;
        for (let bit = 0; bit < 32; bit += encodedBits) packed |= indexBuffer[encodingBuffer[element++]] << bit;
        outputData[outputOffset + word] = packed;
      }
    }`,
  },
  {
    // so do the decoders of blosc, zstd and lz4, for the one function of theirs that calls into WebAssembly
    file: /numcodecs\/dist\/(blosc|zstd|lz4)\.js/,
    found: /function (\w+)\(a\) \{\s*var b = Function;[\s\S]*?return a instanceof Object \? a : c;\s*\}/,
    instead: `function $1(parts) {
      const names = parts.slice(0, -1);
      const code = parts[parts.length - 1];
      if (code.includes('thisWired')) throw new Error('methods of classes are not expected');
      return (...given) => {
        const known = Object.fromEntries(names.map((name, n) => [name, given[n]]));
        return (...values) => {
          const destructors = code.includes('var destructors') ? [] : null;
          const wired = values.map((value, n) => known['argType' + n].toWireType(destructors, value));
          const result = known.invoker(known.fn, ...wired);
          if (destructors) known.runDestructors(destructors);
          else wired.forEach((value, n) => known['arg' + n + 'Wired_dtor']?.(value));
          return code.includes('var ret =') ? known.retType.fromWireType(result) : undefined;
        };
      };
    }`,
  },
];

/** Needed in the page's bundle and in the workers' bundles. */
function amend(): Plugin {
  return {
    name: 'amend',
    enforce: 'pre',
    transform(code, id) {
      const amendment = amendments.find(({ file }) => file.test(id));
      if (!amendment) return null;
      if (!amendment.found.test(code)) this.error(`${id} no longer says ${amendment.found}: look again whether it must be amended`);
      return { code: code.replace(amendment.found, amendment.instead), map: null };
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
  plugins: [amend()],
  worker: { format: 'es', plugins: () => [amend()] },
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
