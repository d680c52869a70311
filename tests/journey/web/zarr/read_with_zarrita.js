// Reads addresses from standard input, one JSON string a line; writes shape and SHA-256 of the samples of each level of each, little-endian.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const zarr = await import(pathToFileURL(`${process.argv[2]}/zarrita/dist/src/index.js`));

for await (const line of createInterface({ input: process.stdin })) {
  const address = JSON.parse(line);
  const group = await zarr.open.v3(new zarr.FetchStore(address), { kind: "group" });
  const levels = [];
  for (const { path } of group.attrs.ome.multiscales[0].datasets) {
    const { data, shape } = await zarr.get(await zarr.open.v3(group.resolve(path), { kind: "array" }));
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    levels.push({ shape, type: data.constructor.name, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  console.log(JSON.stringify(levels));
}
