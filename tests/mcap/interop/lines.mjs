// Records as lines of JSON: what tests/mcap/lines.c makes of the same ones.
const text = (value) => `"${value.replace(/["\\\u0000-\u001f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
const hex = (value) => `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}"`;
const map = (value) => `{${[...value].map(([k, v]) => `${text(k)}:${text(v)}`).join(",")}}`;
const counts = (value) => `{${[...value].map(([k, v]) => `"${k}":${v}`).join(",")}}`;
const entries = (value) => `[${value.map(([time, offset]) => `[${time},${offset}]`).join(",")}]`;
const number = (value) => `${value}`;

const members = {
  Header: { profile: text, library: text },
  Footer: { summaryStart: number, summaryOffsetStart: number, summaryCrc: number },
  Schema: { id: number, name: text, encoding: text, data: hex },
  Channel: { id: number, schemaId: number, topic: text, messageEncoding: text, metadata: map },
  Message: { channelId: number, sequence: number, logTime: number, publishTime: number, data: hex },
  Chunk: { messageStartTime: number, messageEndTime: number, uncompressedSize: number, uncompressedCrc: number, compression: text, records: hex },
  MessageIndex: { channelId: number, records: entries },
  ChunkIndex: {
    messageStartTime: number,
    messageEndTime: number,
    chunkStartOffset: number,
    chunkLength: number,
    messageIndexOffsets: counts,
    messageIndexLength: number,
    compression: text,
    compressedSize: number,
    uncompressedSize: number,
  },
  Attachment: { logTime: number, createTime: number, name: text, mediaType: text, data: hex },
  AttachmentIndex: { offset: number, length: number, logTime: number, createTime: number, dataSize: number, name: text, mediaType: text },
  Statistics: {
    messageCount: number,
    schemaCount: number,
    channelCount: number,
    attachmentCount: number,
    metadataCount: number,
    chunkCount: number,
    messageStartTime: number,
    messageEndTime: number,
    channelMessageCounts: counts,
  },
  Metadata: { name: text, metadata: map },
  MetadataIndex: { offset: number, length: number, name: text },
  SummaryOffset: { groupOpcode: number, groupStart: number, groupLength: number },
  DataEnd: { dataSectionCrc: number },
  Unknown: { opcode: number, data: hex },
};

export function line(record) {
  const of = members[record.type];
  const parts = Object.keys(of).map((name) => `,"${name}":${of[name](record[name])}`);
  return `{"type":"${record.type}"${parts.join("")}}\n`;
}
