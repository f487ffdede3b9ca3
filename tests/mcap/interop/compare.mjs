// Are the messages that the reader of MCAP's authors finds, with every checksum looked at, those that `sctx cat --samples --no-decode` prints? In the same
// order, each with its topic, time, sender, encoding, schema and bytes: node compare.mjs FILE CAT. Prints how many there are.
import { McapStreamReader } from "@mcap/core";
import lz4 from "@foxglove/wasm-lz4";
import zstd from "@foxglove/wasm-zstd";
import { readFileSync } from "node:fs";

await lz4.isLoaded;
await zstd.isLoaded;
const decompressHandlers = {
  lz4: (data, size) => new Uint8Array(lz4(data, Number(size))),
  zstd: (data, size) => new Uint8Array(zstd.decompress(data, Number(size))),
};
const [path, printed] = process.argv.slice(2);
const lines = readFileSync(printed, "utf8").split("\n").slice(0, -1);
const stream = new McapStreamReader({ includeChunks: true, decompressHandlers, validateCrcs: true });
stream.append(new Uint8Array(readFileSync(path)));

const channels = new Map();
let profile, count = 0, samples = 0, privates = 0;
const must = (what, ours, theirs) => {
  if (ours !== theirs) throw new Error(`message ${count}: ${what}: cat says ${ours}, the file ${theirs}`);
};
function compare(message) {
  const text = lines[count++];
  if (text === undefined) throw new Error(`cat says only ${lines.length} messages`);
  const line = JSON.parse(text);
  const { topic, messageEncoding, metadata } = channels.get(message.channelId);
  const data = "base64" in line ? Buffer.from(line.base64, "base64") : Buffer.from(line.text, "utf8");
  must("topic", line.topic, topic);
  must("time", text.match(/"time":(\d+)/)[1], `${message.logTime}`); // more digits than a double has
  must("bytes", data.toString("hex"), Buffer.from(message.data).toString("hex"));
  must("len", line.len, message.data.byteLength);
  if (profile !== "sctx") return must("seq", line.seq, count);
  must("publish time", `${message.publishTime}`, `${message.logTime}`);
  must("seq", line.seq & 0xffffffff, message.sequence | 0);
  must("encoding", line.encoding, metadata.get("sctx:encoding"));
  must("from", line.from, metadata.get("sctx:sender"));
  must("sample", "sample" in line, metadata.has("sctx:marker"));
  must("encoding, as the registry has it", line.encoding.replace(/^protobuf:.*/, "protobuf").replace("application/json", "json"), messageEncoding);
  samples += "sample" in line;
}
for (let record; (record = stream.nextRecord()); ) {
  if (record.type === "Header") profile = record.profile;
  else if (record.type === "Channel") channels.set(record.id, record);
  else if (record.type === "Message") compare(record);
  else if (record.type === "Unknown") privates++;
}
if (!stream.done()) throw new Error("the file is not complete");
if (count !== lines.length) throw new Error(`the file has ${count} messages, cat says ${lines.length}`);
console.log(`${count} messages, ${samples} samples, ${privates} private records`);
