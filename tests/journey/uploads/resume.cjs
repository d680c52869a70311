// tus-js-client as it comes: begins an upload, leaves it in the middle, finds it again and ends it
const fs = require('fs');
const [modules, endpoint, token, file, path, storage] = process.argv.slice(2);
const tus = require(`${modules}/tus-js-client`);
const options = (more) => ({
  endpoint,
  headers: { Authorization: `Bearer ${token}` },
  metadata: { path },
  chunkSize: 1 << 20,
  urlStorage: new tus.FileUrlStorage(storage),
  uploadSize: fs.statSync(file).size,
  retryDelays: [200, 500, 1000],
  onError: (error) => { console.error(String(error)); process.exit(1); },
  ...more,
});

function first() {
  const upload = new tus.Upload(fs.createReadStream(file), options({
    onChunkComplete: async (_size, accepted) => {
      if (accepted < 2 << 20) return;
      await upload.abort();
      console.log(`left at ${accepted}`);
      second();
    },
  }));
  upload.start();
}

async function second() {
  let lowest = Infinity;
  const upload = new tus.Upload(fs.createReadStream(file), options({
    onProgress: (sent) => { lowest = Math.min(lowest, sent); },
    onSuccess: () => { console.log(`went on from ${lowest}`); process.exit(0); },
  }));
  const before = await upload.findPreviousUploads();
  if (before.length !== 1) throw new Error(`${before.length} uploads were remembered`);
  upload.resumeFromPreviousUpload(before[0]);
  upload.start();
}

first();
