// What the reader of MCAP's authors finds in a file, with every checksum looked at: node read.mjs FILE FOLDER [FROM TO TOPIC...]
// FOLDER/theirs.stream: every record. With a time, by the summary: theirs.forwards, theirs.backwards, and what is in that time of each topic.
import { McapIndexedReader, McapStreamReader } from "@mcap/core";
import lz4 from "@foxglove/wasm-lz4";
import zstd from "@foxglove/wasm-zstd";
import { readFileSync, writeFileSync } from "node:fs";
import { line } from "./lines.mjs";

await lz4.isLoaded;
await zstd.isLoaded;
const decompressHandlers = {
  lz4: (data, size) => new Uint8Array(lz4(data, Number(size))),
  zstd: (data, size) => new Uint8Array(zstd.decompress(data, Number(size))),
};
const [path, folder, from, to, ...topics] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(path));
const save = (name, lines) => writeFileSync(`${folder}/theirs.${name}`, lines.join(""));

const everything = [];
const stream = new McapStreamReader({ includeChunks: true, decompressHandlers, validateCrcs: true });
stream.append(bytes);
for (let record; (record = stream.nextRecord()); ) everything.push(line(record));
if (!stream.done()) throw new Error("the file is not complete");
save("stream", everything);

if (from) {
  const readable = { size: async () => BigInt(bytes.length), read: async (at, len) => bytes.slice(Number(at), Number(at + len)) };
  const reader = await McapIndexedReader.Initialize({ readable, decompressHandlers });
  const messages = async (name, wanted) => {
    const lines = [];
    for await (const message of reader.readMessages({ ...wanted, validateCrcs: true })) lines.push(line(message));
    save(name, lines);
  };
  await messages("forwards", {});
  await messages("backwards", { reverse: true });
  for (const topic of topics) await messages(topic.replace("/", "."), { topics: [topic], startTime: BigInt(from), endTime: BigInt(to) });
}
