// A webhook receiver in Node: verify, tell repeats, keep the order. Needs `npm install standardwebhooks`.
// Run with WEBHOOK_SECRET=whsec_… PORT=8080 node receiver.cjs
const { createServer } = require("node:http");
const { Webhook } = require("standardwebhooks");

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const seen = new Set(); // in production: a unique key in your database, kept for some days
const lastSequence = new Map();

// `sequence` is dense for each bot: a jump is an event that Earshot gave up on, after days of tries.
function take(event) {
  const last = lastSequence.get(event.data.bot_id) ?? -1;
  lastSequence.set(event.data.bot_id, Math.max(last, event.sequence));
  const missing = Math.max(0, event.sequence - last - 1);
  console.log(JSON.stringify({ type: event.type, sequence: event.sequence, missing }));
}

createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    let event;
    try {
      event = webhook.verify(Buffer.concat(pieces).toString("utf8"), request.headers); // the raw body, before any parsing
    } catch {
      return response.writeHead(401).end();
    }
    const id = request.headers["webhook-id"];
    if (!seen.has(id)) {
      seen.add(id);
      take(event);
    }
    response.writeHead(204).end(); // for a repeat too, or it comes again
  });
}).listen(Number(process.env.PORT), "127.0.0.1");
