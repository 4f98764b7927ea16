// MQTT.js against the broker on 127.0.0.1:$HERMOD_PORT, for every protocol version it speaks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import mqtt from 'mqtt';

const url = `mqtt://127.0.0.1:${process.env.HERMOD_PORT}`;
const versions = [
  { name: '3.1', options: { protocolId: 'MQIsdp', protocolVersion: 3 } },
  { name: '3.1.1', options: { protocolVersion: 4 } },
  { name: '5.0', options: { protocolVersion: 5 } },
];

let serial = 0;
const newId = () => `mqttjs-${process.pid}-${++serial}`;

function connect(options) {
  return mqtt.connectAsync(url, { reconnectPeriod: 0, connectTimeout: 5000, clientId: newId(), ...options });
}

/** Resolves with the next `count` messages. Call it before what makes them come. */
function messages(client, count) {
  return new Promise((resolve, reject) => {
    const got = [];
    const timer = setTimeout(() => reject(new Error(`${got.length} of ${count} messages came`)), 8000);
    client.on('message', function take(topic, payload, packet) {
      got.push({ topic, payload: payload.toString(), packet });
      if (got.length < count) return;
      clearTimeout(timer);
      client.off('message', take);
      resolve(got);
    });
  });
}

for (const { name, options } of versions) {
  test(`${name}: messages arrive at every QoS`, async () => {
    const subscriber = await connect(options);
    const publisher = await connect(options);
    await subscriber.subscribeAsync('js/qos/#', { qos: 2 });
    const coming = messages(subscriber, 3);
    for (const qos of [0, 1, 2]) await publisher.publishAsync(`js/qos/${qos}`, `hello ${qos}`, { qos });
    for (const [qos, message] of (await coming).entries()) {
      assert.equal(message.topic, `js/qos/${qos}`);
      assert.equal(message.payload, `hello ${qos}`);
      assert.equal(message.packet.qos, qos);
    }
    await Promise.all([subscriber.endAsync(), publisher.endAsync()]);
  });

  test(`${name}: a kept session gets what it missed`, async () => {
    const session = { ...options, clientId: newId(), clean: false, properties: { sessionExpiryInterval: 3600 } };
    const topic = `js/missed/${session.clientId}`;
    const first = await connect(session);
    await first.subscribeAsync(topic, { qos: 1 });
    await first.endAsync();
    const publisher = await connect(options);
    for (const payload of ['a', 'b', 'c']) await publisher.publishAsync(topic, payload, { qos: 1 });
    const second = mqtt.connect(url, { reconnectPeriod: 0, ...session });
    const got = await messages(second, 3);
    assert.deepEqual(got.map((message) => message.payload), ['a', 'b', 'c']);
    await Promise.all([second.endAsync(), publisher.endAsync()]);
  });

  test(`${name}: retained messages and wills`, async () => {
    const observer = await connect(options);
    const topic = `js/will/${newId()}`;
    await observer.subscribeAsync(topic, { qos: 1 });
    const mortal = await connect({ ...options, will: { topic, payload: 'gone', qos: 1, retain: true } });
    const coming = messages(observer, 1);
    mortal.stream.destroy();
    assert.equal((await coming)[0].payload, 'gone');
    const later = await connect(options);
    const kept = messages(later, 1);
    await later.subscribeAsync(topic, { qos: 1 });
    assert.equal((await kept)[0].packet.retain, true);
    await later.publishAsync(topic, '', { qos: 1, retain: true });
    mortal.end(true);
    await Promise.all([observer.endAsync(), later.endAsync()]);
  });

  test(`${name}: two thousand messages in order`, async () => {
    const subscriber = await connect(options);
    const publisher = await connect(options);
    const topic = `js/order/${newId()}`;
    await subscriber.subscribeAsync(topic, { qos: 2 });
    const coming = messages(subscriber, 2000);
    const sent = [];
    for (let i = 0; i < 2000; ++i) {
      sent.push(publisher.publishAsync(topic, String(i), { qos: 1 }));
      if (sent.length % 80 === 0) await Promise.all(sent);
    }
    for (const [i, message] of (await coming).entries()) assert.equal(message.payload, String(i));
    await Promise.all(sent);
    await Promise.all([subscriber.endAsync(), publisher.endAsync()]);
  });
}

test('5.0: properties, request and response', async () => {
  const options = { protocolVersion: 5 };
  const responder = await connect(options);
  const requester = await connect(options);
  const answers = `js/answers/${newId()}`;
  await responder.subscribeAsync('js/request', { qos: 1 });
  await requester.subscribeAsync(answers, { qos: 1, properties: { subscriptionIdentifier: 7 } });
  responder.once('message', (topic, payload, packet) => {
    responder.publish(packet.properties.responseTopic, `${payload}!`, {
      qos: 1,
      properties: { correlationData: packet.properties.correlationData, userProperties: { a: ['1', '2'] } },
    });
  });
  const coming = messages(requester, 1);
  await requester.publishAsync('js/request', 'hello', {
    qos: 1,
    properties: { responseTopic: answers, correlationData: Buffer.from([0, 1, 255]), contentType: 'text/plain' },
  });
  const [answer] = await coming;
  assert.equal(answer.payload, 'hello!');
  assert.deepEqual([...answer.packet.properties.correlationData], [0, 1, 255]);
  assert.deepEqual(answer.packet.properties.userProperties.a, ['1', '2']);
  assert.equal(answer.packet.properties.subscriptionIdentifier, 7);
  await Promise.all([responder.endAsync(), requester.endAsync()]);
});

test('5.0: topic aliases are used when the broker allows them', async () => {
  const options = { protocolVersion: 5, autoAssignTopicAlias: true, properties: { topicAliasMaximum: 10 } };
  const both = await connect(options);
  const topic = `js/alias/${newId()}`;
  await both.subscribeAsync(topic, { qos: 1 });
  const coming = messages(both, 5);
  for (let i = 0; i < 5; ++i) await both.publishAsync(topic, String(i), { qos: 1 });
  for (const message of await coming) assert.equal(message.topic, topic);
  await both.endAsync();
});

test('5.0: a session taken over is told so', async () => {
  const options = { protocolVersion: 5, clientId: newId() };
  const first = await connect(options);
  const told = once(first, 'disconnect');
  const second = await connect(options);
  const [packet] = await told;
  assert.equal(packet.reasonCode, 0x8e);
  first.end(true);
  await second.endAsync();
});
