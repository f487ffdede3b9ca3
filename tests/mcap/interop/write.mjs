// A file by the writer of MCAP's authors: node write.mjs COMPRESSION 'OPTIONS OF McapWriter AS JSON' FILE. Prints what it hands to the writer.
import { McapWriter } from "@mcap/core";
import zstd from "@foxglove/wasm-zstd";
import lz4js from "lz4js";
import { writeFileSync } from "node:fs";
import { line } from "./lines.mjs";

await zstd.isLoaded;
const [compression, options, path] = process.argv.slice(2);
const compress = { zstd: (data) => new Uint8Array(zstd.compress(data)), lz4: (data) => new Uint8Array(lz4js.compress(data)) }[compression];
const parts = [];
const writable = {
  length: 0n,
  async write(data) {
    parts.push(data.slice());
    this.length += BigInt(data.byteLength);
  },
  position() {
    return this.length;
  },
};
const compressChunk = compress && ((data) => ({ compression, compressedData: compress(data) }));
const writer = new McapWriter({ writable, compressChunk, ...JSON.parse(options) });
const say = (type, record) => process.stdout.write(line({ type, ...record }));
const bytes = (string) => new TextEncoder().encode(string);

await writer.start({ profile: "x-test", library: "interop" });
const schema = await writer.registerSchema({ name: "shop.Order", encoding: "jsonschema", data: bytes('{"type":"object"}') });
const channels = [
  await writer.registerChannel({ topic: "shop/order", messageEncoding: "json", schemaId: schema, metadata: new Map([["sender", "till"], ["ö", '"\n']]) }),
  await writer.registerChannel({ topic: "log", messageEncoding: "", schemaId: 0, metadata: new Map() }),
];
for (let i = 0; i < 500; i++) {
  const logTime = 1795600000000000000n + BigInt((i * 7919) % 1009) * 1000000n + BigInt(i);
  const data = new Uint8Array((i * 37) % 400).map((_, at) => (at % 7 === 0 ? i * 31 + at : 48 + (at % 10)));
  const message = { channelId: channels[i % 2], sequence: i, logTime, publishTime: logTime - 5n, data };
  say("Message", message);
  await writer.addMessage(message);
  if (i === 250) {
    const attachment = { name: "a.txt", logTime: 1n, createTime: 2n, mediaType: "text/plain", data: bytes("attached") };
    say("Attachment", attachment);
    await writer.addAttachment(attachment);
    const metadata = { name: "made", metadata: new Map([["host", "till-7"], ["", ""]]) };
    say("Metadata", metadata);
    await writer.addMetadata(metadata);
  }
}
await writer.end();
writeFileSync(path, Buffer.concat(parts));
