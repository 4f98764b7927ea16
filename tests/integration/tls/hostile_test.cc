#include <algorithm>
#include <iostream>

#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

class TlsHostile : public Tls {
 protected:
  /// A plain connection to the port for TLS.
  RawClient plain() { return RawClient(tls_port_.number()); }
  void expect_tls_service() { over_tls("probe").ping(); }
};

/// "16 0301" as three bytes.
std::string bytes_of(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return out;
}

TEST_F(TlsHostile, PlainMqttIsToldApartInTheLog) {
  start_tls();
  RawClient lost = plain();
  lost.send(connect_bytes({.client_id = "lost"}));
  lost.expect_close();
  expect_logged("the client speaks MQTT without TLS on a port for TLS");
  expect_tls_service();
}

TEST_F(TlsHostile, PlainHttpIsToldApartInTheLog) {
  start_tls();
  RawClient lost = plain();
  lost.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  lost.expect_close();
  expect_logged("the client speaks HTTP without TLS on a port for TLS");
}

TEST_F(TlsHostile, GarbageInsteadOfAClientHelloIsRefused) {
  start_tls();
  std::string seen;
  for (int first = 0; first < 256; ++first) {
    RawClient raw = plain();
    std::string bytes(1, static_cast<char>(first));
    for (int i = 0; i < 300; ++i) bytes += static_cast<char>(first * 31 + i * 7);
    raw.try_send(bytes);
    raw.finish_sending();
    EXPECT_TRUE(raw.drain_until_closed()) << first;
  }
  expect_tls_service();
}

/// A good one of TLS 1.2.
std::string client_hello() {
  return bytes_of(
      "16 03 01 00 5d 01 00 00 59 03 03 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00"
      "00 04 c02b c02f 01 00 00 2c 000a 0004 0002 0017 000b 0002 0100 000d 0006 0004 0403 0804"
      "0010 0007 0005 04 6d717474 0017 0000 ff01 0001 00");
}

/// A ClientHello that is cut or changed at every place.
TEST_F(TlsHostile, BrokenClientHellosAreRefused) {
  start_tls();
  const std::string hello = client_hello();
  RawClient whole = plain();
  whole.send(hello);
  whole.expect_bytes("\x16\x03\x03");  // a record of the handshake: so it was a good one

  for (std::size_t at = 0; at < hello.size(); ++at) {
    RawClient cut = plain();
    cut.try_send(hello.substr(0, at));
    cut.finish_sending();
    EXPECT_TRUE(cut.drain_until_closed()) << at;
    RawClient changed = plain();
    std::string bytes = hello;
    bytes[at] = static_cast<char>(~bytes[at]);
    changed.try_send(bytes);
    changed.finish_sending();
    EXPECT_TRUE(changed.drain_until_closed()) << at;
  }
  expect_tls_service();
}

TEST_F(TlsHostile, DataThatIsNoRecordEndsAnEstablishedConnection) {
  start_tls();
  RawClient raw = raw_over_tls();
  raw.send(connect_bytes({.client_id = "broken"}));
  raw.next();
  raw.send_unsealed(std::string(5000, '\x17'));
  EXPECT_TRUE(raw.drain_until_closed());
  expect_logged("tls.broken");
  expect_tls_service();
}

TEST_F(TlsHostile, AWillDoesNotWaitUntilABrokenConnectionIsGone) {
  start_tls({}, {{"net.close_time", "1m"}});
  MqttClient observing = client("observer");
  observing.subscribe("will", 1);
  MqttClient broken(raw_over_tls(),
                    {.client_id = "mortal", .will = Will{.topic = "will", .payload = "gone"}});
  broken.raw().send_unsealed(std::string(5000, '\x17'));
  EXPECT_EQ(observing.receive().payload, "gone");
}

TEST_F(TlsHostile, AHandshakeThatTakesTooLongIsEnded) {
  start_tls({}, {{"tls.handshake_timeout", "300ms"}});
  RawClient silent = plain();
  RawClient slow = plain();
  slow.send(std::string("\x16\x03\x01\x02", 4));
  silent.expect_close();
  slow.expect_close();
  expect_logged("reason=timeout");
}

/// What 95 of 100 round trips stay below.
std::chrono::microseconds most_of(std::vector<Clock::duration> round_trips) {
  std::ranges::sort(round_trips);
  return std::chrono::ceil<std::chrono::microseconds>(round_trips.at(round_trips.size() * 95 / 100));
}

TEST_F(TlsHostile, ManyHalfOpenHandshakesLeaveOthersAtTheirLatency) {
  start_tls({}, {{"tls.handshake_timeout", "60s"}});
  MqttClient connected = over_tls("connected");
  std::vector<Clock::duration> before;
  std::vector<Clock::duration> during;
  const auto measure = [&](std::vector<Clock::duration>& round_trips) {
    const auto start = Clock::now();
    connected.ping();
    round_trips.push_back(Clock::now() - start);
  };
  for (int i = 0; i < 200; ++i) measure(before);
  // A third says nothing, one the beginning of a ClientHello, and one all of it: the broker answers with its
  // certificate and signature, and waits.
  std::vector<RawClient> half_open;
  for (int i = 0; i < 1000; ++i) {
    half_open.push_back(plain());
    if (i % 3 == 1) half_open.back().send(client_hello().substr(0, 6));
    if (i % 3 == 2) half_open.back().send(client_hello());
    if (i % 10 == 9) measure(during);
  }
  for (int i = 0; i < 100; ++i) measure(during);
  for (std::size_t i = 2; i < half_open.size(); i += 3) half_open[i].expect_bytes("\x16\x03\x03");
  expect_tls_service();
  std::cout << "95 of 100 round trips before: " << most_of(before).count()
            << " us at most, and during a thousand half-open handshakes: " << most_of(during).count()
            << " us\n";
  if (kSanitized) return;
  EXPECT_LE(most_of(during).count(), std::max<std::int64_t>(100'000, 20 * most_of(before).count()));
}

TEST_F(TlsHostile, OneAddressHasItsShareOfHandshakes) {
  start_tls({}, {{"tls.max_handshakes_per_second_per_address", "3"}}, 1);
  int good = 0;
  for (int i = 0; i < 20; ++i) good += refusal({}).empty() ? 1 : 0;
  EXPECT_GE(good, 3);
  EXPECT_LT(good, 20);
  expect_logged("tls.max_handshakes_per_second_per_address is reached");
}

TEST_F(TlsHostile, AboveTheTotalHandshakesWaitForTheirTurn) {
  start_tls({}, {{"tls.max_handshakes_per_second", "20"}});
  const auto start = Clock::now();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(refusal({}), "");
  // Twenty at once, then one each 50 ms.
  EXPECT_GE(since(start), 400ms);
}

TEST_F(TlsHostile, WhoDemandsNewKeysAgainAndAgainIsEnded) {
  start_tls();
  RawClient raw = raw_over_tls({.only_version = 13});
  raw.send(connect_bytes({.client_id = "greedy"}));
  raw.next();
  int sent = 0;
  while (sent < 200'000 && !raw.closed() && raw.tls().send_key_update(Clock::now() + kPatience)) {
    ++sent;
    raw.poll(0ms);  // who only sends does not see the end for as long as the broker lingers
  }
  EXPECT_LT(sent, 200'000) << "nobody stopped it";
  expect_logged("the client demands new keys again and again");
  expect_tls_service();
}

/// Whoever changes its keys now and then may do so for ever.
TEST_F(TlsHostile, NewKeysAmongDataAreNoDemands) {
  start_tls();
  MqttClient client = over_tls("careful", {.only_version = 13});
  for (int i = 0; i < 100; ++i) {
    client.publish("load", std::string(8U << 10, 'x'), 1);
    ASSERT_TRUE(client.raw().tls().send_key_update(Clock::now() + kPatience));
  }
  client.ping();
}

}  // namespace hermod::integration
