// Read a topic of ours with stock Node clients: kafkajs and Confluent's registry client. Nothing of ours is imported.
// usage: node read_topic.cjs TOPIC [BOT_ID]; prints one JSON line a record, from the beginning to the end as it is now.
const { Kafka, logLevel } = require("kafkajs");
const { SchemaRegistry } = require("@kafkajs/confluent-schema-registry");

const [topic, botId] = process.argv.slice(2);
const brokers = (process.env.EARSHOT_KAFKA_BOOTSTRAP_SERVERS || "127.0.0.1:19092").split(",");
const host = process.env.EARSHOT_SCHEMA_REGISTRY_URL || "http://127.0.0.1:19081/apis/ccompat/v7";

async function main() {
  const kafka = new Kafka({ clientId: "read-topic", brokers, logLevel: logLevel.ERROR });
  const registry = new SchemaRegistry({ host });
  const admin = kafka.admin();
  await admin.connect();
  const unread = new Map();
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
    if (BigInt(high) > BigInt(low)) unread.set(partition, BigInt(high) - 1n);
  }
  const groupId = `read-topic-${process.pid}-${Date.now()}`;
  const consumer = kafka.consumer({ groupId });
  const end = async () => {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => {});
    await admin.disconnect();
  };
  if (unread.size === 0) return end();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      if (!botId || message.key?.toString() === botId) {
        const record = await registry.decode(message.value);
        console.log(JSON.stringify(record, (_, value) => (typeof value === "bigint" ? value.toString() : value)));
      }
      if (unread.get(partition) <= BigInt(message.offset)) unread.delete(partition);
      if (unread.size === 0) setImmediate(end);
    },
  });
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
