// A stock consumer: kafkajs and Confluent's registry client, nothing of ours. Prints COUNT records of TOPIC as JSON.
// node read_topic.js BROKERS REGISTRY_URL TOPIC COUNT
const { Kafka, logLevel } = require("kafkajs");
const { SchemaRegistry } = require("@kafkajs/confluent-schema-registry");

const [brokers, registryUrl, topic, count] = process.argv.slice(2);
const registry = new SchemaRegistry({ host: registryUrl });
const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `stock-node-${process.pid}-${Date.now()}` });
let left = Number(count);

async function main() {
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const record = await registry.decode(message.value);
      const headers = Object.fromEntries(Object.entries(message.headers).map(([k, v]) => [k, v.toString()]));
      console.log(JSON.stringify({ partition, key: message.key.toString(), headers, record }));
      left -= 1;
      if (left === 0) setImmediate(() => consumer.disconnect());
    },
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
