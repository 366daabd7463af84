// The partition kafkajs's own default partitioner (Java's murmur2) picks for each key on stdin, one a line.
// node partitions.js PARTITIONS < KEYS
const { Partitioners } = require("kafkajs");

const partitionMetadata = Array.from({ length: Number(process.argv[2]) }, (_, partitionId) => ({
  partitionId,
  leader: 1,
}));
const pick = Partitioners.DefaultPartitioner();
const keys = require("fs").readFileSync(0, "utf-8").split("\n").filter(Boolean);
for (const key of keys) {
  console.log(pick({ topic: "any", partitionMetadata, message: { key: Buffer.from(key) } }));
}
