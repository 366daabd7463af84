// Capture, as it runs inside the meeting's page: an init script, before any script of the page.
//
// It wraps RTCPeerConnection, turns every remote audio track into 20 ms frames of 48 kHz mono PCM16, and hands frames and
// messages, in order, to the bot. Layout of frames and words of the messages: frames.py. Two ways out:
//   websocket  a worker reads the tracks and writes to the bot's loopback socket; a busy page does not disturb it
//   binding    where a policy of the page forbids worker or socket: this thread reads and calls a Playwright binding,
//              in batches of 100 ms
// It reads the page's signalling sockets too, and changes nothing in what the page sees or sends.
(config) => {
  "use strict";
  if (window !== window.top) return;

  const SAMPLE_RATE_HZ = 48000;
  const BATCH_MS = 100;
  const HEARTBEAT_MS = 500;
  const RECEPTION_MS = 2000;
  const QUEUE_BLOCKS = 500; // 5 s of 10 ms blocks: a late reader must not lose any
  const NativeWebSocket = window.WebSocket;

  // Reads tracks into frames. Self-contained, because its text also becomes the worker.
  // `deliver` takes an ArrayBuffer (one frame) or an object (one message).
  const makeRecorder = (deliver) => {
    const SAMPLES = 960;
    const HEADER_BYTES = 28;
    // Smaller steps of the media clock are a late audio thread that catches up: the samples go on without a hole.
    const JUMP_US = 200000;
    const STALE_US = 200000;
    const slots = new Map();
    let stopped = false;

    const wallUs = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
    const frameCounts = () => Object.fromEntries([...slots.values()].map((slot) => [slot.number, slot.frames]));

    const open = (slot, mediaUs) => {
      slot.frame = { mediaUs, wallUs: wallUs(), samples: 0, pcm: new Int16Array(SAMPLES) };
    };

    // Sends the frame as far as it is filled: a time jump must not be hidden inside a frame.
    const flush = (slot) => {
      const frame = slot.frame;
      slot.frame = null;
      if (!frame || frame.samples === 0) return;
      const buffer = new ArrayBuffer(HEADER_BYTES + frame.samples * 2);
      const view = new DataView(buffer);
      view.setUint8(0, 1);
      view.setUint16(2, slot.number, true);
      view.setUint32(4, slot.frames, true);
      view.setBigInt64(8, BigInt(Math.round(frame.mediaUs)), true);
      view.setBigInt64(16, BigInt(frame.wallUs), true);
      view.setUint16(24, frame.samples, true);
      new Int16Array(buffer, HEADER_BYTES).set(frame.pcm.subarray(0, frame.samples));
      slot.frames += 1;
      deliver(buffer);
    };

    const monoSamples = (data) => {
      const mono = new Float32Array(data.numberOfFrames);
      data.copyTo(mono, { planeIndex: 0, format: "f32-planar" });
      if (data.numberOfChannels === 1) return mono;
      const right = new Float32Array(data.numberOfFrames);
      data.copyTo(right, { planeIndex: 1, format: "f32-planar" });
      return mono.map((sample, at) => (sample + right[at]) / 2);
    };

    const append = (slot, data) => {
      const samples = monoSamples(data);
      const usPerSample = 1e6 / data.sampleRate;
      const frame = slot.frame;
      if (frame && Math.abs(data.timestamp - frame.mediaUs - frame.samples * usPerSample) >= JUMP_US) flush(slot);
      for (let at = 0; at < samples.length; ) {
        if (!slot.frame) open(slot, data.timestamp + at * usPerSample);
        const { pcm, samples: filled } = slot.frame;
        const count = Math.min(SAMPLES - filled, samples.length - at);
        for (let i = 0; i < count; i += 1) {
          const sample = Math.max(-1, Math.min(1, samples[at + i]));
          pcm[filled + i] = sample < 0 ? sample * 32768 : sample * 32767;
        }
        slot.frame.samples += count;
        at += count;
        if (slot.frame.samples === SAMPLES) flush(slot);
      }
    };

    const read = async (slot, readable) => {
      const reader = readable.getReader();
      for (;;) {
        const { value: data, done } = await reader.read();
        if (done || stopped) break;
        if (data.sampleRate !== slot.sampleRateHz) {
          slot.sampleRateHz = data.sampleRate;
          deliver({ kind: "slot_format", number: slot.number, sample_rate_hz: data.sampleRate });
        }
        append(slot, data);
        data.close();
      }
      flush(slot);
      if (!stopped) deliver({ kind: "slot_closed", number: slot.number, frames: slot.frames });
    };

    return {
      add(number, name, readable) {
        const slot = { number, frames: 0, frame: null, sampleRateHz: 0 };
        slots.set(number, slot);
        deliver({ kind: "slot_opened", number, slot: name });
        read(slot, readable);
      },
      // A frame that nothing fills any more must not wait for the next voice in its slot.
      flush(number) {
        if (slots.has(number)) flush(slots.get(number));
      },
      beat(mainWallUs) {
        for (const slot of slots.values()) if (slot.frame && wallUs() - slot.frame.wallUs > STALE_US) flush(slot);
        deliver({ kind: "heartbeat", wall_us: wallUs(), main_wall_us: mainWallUs, frames: frameCounts() });
      },
      stop() {
        stopped = true;
        for (const slot of slots.values()) flush(slot);
        deliver({ kind: "goodbye", frames: frameCounts() });
      },
      deliver,
      wallUs,
    };
  };

  const workerMain = (makeRecorderHere, url) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const send = (what) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(what instanceof ArrayBuffer ? what : JSON.stringify(what));
    };
    const recorder = makeRecorderHere(send);
    let mainWallUs = recorder.wallUs();
    socket.onopen = () => postMessage("hello");
    onmessage = ({ data: order }) => {
      if (order.track) recorder.add(order.track.number, order.track.name, order.track.readable);
      else if (order.message) recorder.deliver(order.message);
      else if (order.flush) recorder.flush(order.flush.number);
      else if (order.beat) mainWallUs = recorder.wallUs();
      else if (order.stop) recorder.stop();
    };
    setInterval(() => recorder.beat(mainWallUs), 500);
  };

  // Each way out takes the same orders: message, track, flush, beat, stop, close.
  const throughWorker = () => {
    const source = `(${workerMain})(${makeRecorder}, ${JSON.stringify(config.url)});`;
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const orders = {
      message: (message) => worker.postMessage({ message }),
      track: (number, name, readable) => worker.postMessage({ track: { number, name, readable } }, [readable]),
      flush: (number) => worker.postMessage({ flush: { number } }),
      beat: () => worker.postMessage({ beat: true }),
      stop: () => worker.postMessage({ stop: true }),
      close: () => worker.terminate(),
    };
    return new Promise((resolve, reject) => {
      worker.onmessage = () => resolve(orders);
      worker.onerror = reject;
      setTimeout(reject, config.hello_timeout_ms);
    }).catch((reason) => {
      worker.terminate();
      throw reason;
    });
  };

  const throughBinding = () => {
    let frames = [];
    const flush = () => {
      if (frames.length === 0) return;
      const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.byteLength, 0));
      let at = 0;
      for (const frame of frames) {
        bytes.set(new Uint8Array(frame), at);
        at += frame.byteLength;
      }
      frames = [];
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      window[config.binding]("frames", btoa(text));
    };
    const recorder = makeRecorder((what) => {
      if (what instanceof ArrayBuffer) {
        frames.push(what);
        return;
      }
      flush();
      window[config.binding]("message", JSON.stringify(what));
    });
    setInterval(flush, BATCH_MS);
    return {
      message: recorder.deliver,
      track: recorder.add,
      flush: recorder.flush,
      beat: () => recorder.beat(recorder.wallUs()),
      stop: recorder.stop,
      close: () => {},
    };
  };

  // Orders given before a way out is open wait here, in order.
  let out = null;
  let waiting = [];
  const order = (name, ...parts) => (out ? out[name](...parts) : waiting.push([name, ...parts]));
  const start = (transport, ways) => {
    ways.message({ kind: "hello", transport });
    for (const [name, ...parts] of waiting) ways[name](...parts);
    waiting = [];
    out = ways;
    setInterval(() => order("beat"), HEARTBEAT_MS);
  };
  const chooseWayOut = async () => {
    if (config.transport !== "binding") {
      try {
        return start("websocket", await throughWorker());
      } catch (reason) {
        if (config.transport === "websocket") return undefined;
      }
    }
    return start("binding", throughBinding());
  };

  const elements = [];
  const knownTracks = new WeakSet();
  let slotsOpened = 0;
  const capture = (track, name) => {
    if (track.kind !== "audio" || knownTracks.has(track)) return;
    knownTracks.add(track);
    const number = slotsOpened++;
    // Without an element that plays it, a remote track yields no frames.
    const element = new Audio();
    element.muted = config.mute_elements;
    element.srcObject = new MediaStream([track]);
    element.play().catch(() => {});
    elements.push(element);
    order("track", number, name, new MediaStreamTrackProcessor({ track, maxBufferSize: QUEUE_BLOCKS }).readable);
    track.addEventListener("mute", () => {
      order("flush", number);
      order("message", { kind: "slot_muted", number });
    });
    track.addEventListener("unmute", () => order("message", { kind: "slot_unmuted", number }));
  };

  // Counts are kept by receiver: one that is gone says nothing any more, and what it played still counts.
  const received = new Map();
  const countReception = async () => {
    for (const [index, connection] of connections.entries()) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== "inbound-rtp" || report.kind !== "audio") continue;
        received.set(`${index}/${report.id}`, [report.concealedSamples ?? 0, report.totalSamplesReceived ?? 0]);
      }
    }
    const sum = (at) => [...received.values()].reduce((total, counts) => total + counts[at], 0);
    order("message", { kind: "samples_received", concealed_samples: sum(0), received_samples: sum(1) });
  };
  setInterval(countReception, RECEPTION_MS);

  const connections = [];
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct(native, parts, wrapper) {
      const connection = Reflect.construct(native, parts, wrapper);
      const index = connections.push(connection) - 1;
      connection.addEventListener("track", ({ track, transceiver }) => capture(track, `${index}/${transceiver.mid}`));
      return connection;
    },
  });
  window.WebSocket = new Proxy(NativeWebSocket, {
    construct(native, parts, wrapper) {
      const socket = Reflect.construct(native, parts, wrapper);
      socket.addEventListener("message", ({ data }) => {
        if (typeof data === "string") order("message", { kind: "signalling", text: data });
      });
      socket.addEventListener("close", () => order("message", { kind: "signalling_closed" }));
      return socket;
    },
  });

  // What the bot may ask of the page.
  window.earshotCapture = {
    stop: () => countReception().finally(() => order("stop")),
    close: () => order("close"),
    // Brings the frames back after the browser's audio service has died.
    reopenSinks: () => Promise.all(elements.map((element) => element.setSinkId("default").catch(() => {}))),
  };
  chooseWayOut();
}
