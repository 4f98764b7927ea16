// The page of a user: connects to the broker and as the client that its address names, keeps its session for
// an hour, and shows what it is told.
"use strict";
const words = new URLSearchParams(location.search);
const shown = (id) => document.getElementById(id);
const set_state = (text) => { shown("state").textContent = text; };

shown("broker").textContent = words.get("broker");
const client = mqtt.connect(words.get("broker"), {
  clientId: words.get("client"),
  protocolVersion: 5,
  clean: false,
  properties: { sessionExpiryInterval: 3600 },
  resubscribe: false,
});

client.on("connect", (connack) => {
  shown("connections").textContent = Number(shown("connections").textContent) + 1;
  set_state(connack.sessionPresent ? "back in its session" : "connected");
  if (connack.sessionPresent) return;
  const subscriptions = { "news/0": { qos: 0 }, "news/1": { qos: 1 }, "news/2": { qos: 2 } };
  client.subscribe(subscriptions, (error, granted) => {
    set_state(error ? error.message : `subscribed at QoS ${granted.map((one) => one.qos).join(", ")}`);
  });
  client.publish(`from/${words.get("client")}`, "a page is here", { qos: 2 });
});
client.on("close", () => set_state("disconnected"));
client.on("message", (topic, payload, packet) => {
  const row = shown("messages").insertRow();
  for (const text of [topic, packet.qos, payload.toString()]) row.insertCell().textContent = text;
});
