// One packet in, one packet out: what wire/ adds to every message.
#include <benchmark/benchmark.h>
#include <sys/uio.h>

#include <string>

#include "wire/decoder.h"
#include "wire/encoder.h"
#include "wire/property_writer.h"
#include "wire/topic_alias.h"
#include "wire/utf8.h"

namespace hermod::wire {
namespace {

constexpr std::string_view kTopic = "sensors/hall-3/temperature";  // 26 bytes

PropertyWriter some_properties() {
  PropertyWriter writer;
  writer.add(PropertyId::PayloadFormatIndicator, 1U)
      .add(PropertyId::ContentType, "application/json")
      .add(PropertyId::MessageExpiryInterval, 3600U)
      .add_user("trace", "4bf92f3577b34da6a3ce929d0e0e4736")
      .add_user("source", "line-7");
  return writer;
}

/// The bytes of one packet, from the queue it was encoded into.
template <class... Arguments>
std::string bytes_of(const Arguments&... arguments) {
  WriteQueue queue;
  encode(queue, arguments...);
  iovec piece{};
  queue.gather(&piece, 1);
  std::string bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
  return bytes;
}

void decode_all(benchmark::State& state, Version version, const std::string& packet) {
  Decoder decoder{Limits{}};
  decoder.set_version(version);
  for (auto _ : state) {
    std::size_t consumed = 0;
    benchmark::DoNotOptimize(packet.data());
    DecodeResult result = decoder.next(as_bytes(packet), consumed);
    benchmark::DoNotOptimize(result);
    if (consumed != packet.size()) return state.SkipWithError("not a packet");
  }
  state.counters["packet"] = static_cast<double>(packet.size());
}

/// A PUBLISH of `state.range(0)` bytes in all, QoS `state.range(1)`.
OutboundPublish publish_of(const benchmark::State& state, Version version, const std::string& filler) {
  const auto qos = static_cast<QoS>(state.range(1));
  OutboundPublish publish{.version = version, .qos = qos, .topic = kTopic, .id = {7}};
  const std::size_t head = encoded_size(publish);
  publish.payload = as_bytes(filler).first(static_cast<std::size_t>(state.range(0)) - head);
  return publish;
}

void decode_publish_v311(benchmark::State& state) {
  const std::string filler(20'000, 'x');
  decode_all(state, Version::Mqtt311, bytes_of(publish_of(state, Version::Mqtt311, filler)));
}
BENCHMARK(decode_publish_v311)->Args({64, 0})->Args({64, 1})->Args({16'384, 0});

void decode_publish_v5(benchmark::State& state) {
  const std::string filler(20'000, 'x');
  decode_all(state, Version::Mqtt5, bytes_of(publish_of(state, Version::Mqtt5, filler)));
}
BENCHMARK(decode_publish_v5)->Args({64, 0})->Args({64, 1})->Args({16'384, 0});

void decode_publish_with_five_properties(benchmark::State& state) {
  const PropertyWriter properties = some_properties();
  const Publish publish{.topic = kTopic, .payload = as_bytes("23.5"), .properties = properties.properties()};
  decode_all(state, Version::Mqtt5, bytes_of(Version::Mqtt5, publish));
}
BENCHMARK(decode_publish_with_five_properties);

void decode_puback(benchmark::State& state) {
  decode_all(state, Version::Mqtt5, bytes_of(Version::Mqtt5, Ack{.type = PacketType::Puback, .id = {7}}));
}
BENCHMARK(decode_puback);

void decode_subscribe(benchmark::State& state) {
  SubscribeFilterWriter filters;
  for (int i = 0; i < 8; ++i) filters.add({.filter = "sensors/+/temperature"}, Version::Mqtt5);
  decode_all(state, Version::Mqtt5,
             bytes_of(Version::Mqtt5, Subscribe{.id = {7}, .filters = filters.filters()}));
}
BENCHMARK(decode_subscribe);

/// Encodes into a queue that is emptied every 256 packets, as a busy connection's is.
void encode_all(benchmark::State& state, const OutboundPublish& publish) {
  WriteQueue queue;
  int written = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode(queue, publish));
    if (++written % 256 == 0) queue.consume(queue.size());
  }
}

void encode_publish_v311(benchmark::State& state) {
  const std::string filler(20'000, 'x');
  encode_all(state, publish_of(state, Version::Mqtt311, filler));
}
BENCHMARK(encode_publish_v311)->Args({64, 0})->Args({64, 1});

void encode_publish_v5(benchmark::State& state) {
  const std::string filler(20'000, 'x');
  encode_all(state, publish_of(state, Version::Mqtt5, filler));
}
BENCHMARK(encode_publish_v5)->Args({64, 0})->Args({64, 1});

void encode_publish_with_everything(benchmark::State& state) {
  const PropertyWriter properties = some_properties();
  const std::uint32_t identifiers[] = {1, 300};
  encode_all(state, {.qos = QoS::AtLeastOnce,
                     .topic = kTopic,
                     .topic_alias = 3,
                     .id = {7},
                     .forwarded_properties = properties.properties().raw(),
                     .message_expiry_interval = 60,
                     .subscription_identifiers = identifiers,
                     .payload = as_bytes("23.5")});
}
BENCHMARK(encode_publish_with_everything);

void encode_puback(benchmark::State& state) {
  WriteQueue queue;
  int written = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode(queue, Version::Mqtt5, Ack{.type = PacketType::Puback, .id = {7}}));
    if (++written % 256 == 0) queue.consume(queue.size());
  }
}
BENCHMARK(encode_puback);

void forward_five_properties(benchmark::State& state) {
  const PropertyWriter properties = some_properties();
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_forwarded(properties.properties().raw(), out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(forward_five_properties);

void outbound_alias(benchmark::State& state) {
  OutboundTopicAliases aliases(16);
  std::vector<std::string> topics;
  for (int i = 0; i < state.range(0); ++i)
    topics.push_back("sensors/hall-" + std::to_string(i) + "/temperature");
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(aliases.use(topics[next]));
    next = next + 1 == topics.size() ? 0 : next + 1;
  }
}
BENCHMARK(outbound_alias)->Arg(16)->Arg(17);

void check_topic(benchmark::State& state) {
  const std::string topic(static_cast<std::size_t>(state.range(0)), 't');
  for (auto _ : state) {
    benchmark::DoNotOptimize(topic.data());
    benchmark::DoNotOptimize(check_topic_text(as_bytes(topic)));
  }
}
BENCHMARK(check_topic)->Arg(7)->Arg(26)->Arg(255);

void check_utf8_payload(benchmark::State& state) {
  std::string payload;
  while (payload.size() < 4096)
    payload += state.range(0) == 0 ? "{\"temperature\": 23.5}\n" : "größe, 温度, 23°C\n";
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(as_bytes(payload)));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * payload.size()));
}
BENCHMARK(check_utf8_payload)->Arg(0)->Arg(1);

}  // namespace
}  // namespace hermod::wire
