#include "client/packet_text.h"

#include <gtest/gtest.h>

#include "wire/property_writer.h"

namespace hermod::client {
namespace {

using wire::Ack;
using wire::Connack;
using wire::Connect;
using wire::Disconnect;
using wire::Packet;
using wire::PacketId;
using wire::PacketType;
using wire::Publish;
using wire::QoS;
using wire::ReasonCode;
using wire::Version;

TEST(PacketText, EveryPacketIsOneLineThatBeginsWithItsName) {
  const std::pair<Packet, std::string_view> packets[] = {
      {Connect{.version = Version::Mqtt311, .client_id = "me", .clean_start = false, .keep_alive = 60},
       "CONNECT version 3.1.1, client id \"me\", resuming, keep alive 60"},
      {Connack{.session_present = true}, "CONNACK, Success (0x00), session present"},
      {Publish{.topic = "a/b", .payload = as_bytes("hello")}, "PUBLISH QoS 0, topic \"a/b\", 5 bytes"},
      {Publish{.dup = true, .qos = QoS::ExactlyOnce, .retain = true, .id = PacketId{65535}, .topic = "a"},
       "PUBLISH id 65535 QoS 2, again, retained, topic \"a\", 0 bytes"},
      {Ack{.type = PacketType::Puback, .id = PacketId{1}, .reason = ReasonCode::NoMatchingSubscribers},
       "PUBACK id 1, No matching subscribers (0x10)"},
      {Ack{.type = PacketType::Pubrel, .id = PacketId{2}}, "PUBREL id 2, Success (0x00)"},
      {wire::Pingreq{}, "PINGREQ"},
      {wire::Pingresp{}, "PINGRESP"},
      {Disconnect{.reason = ReasonCode::SessionTakenOver}, "DISCONNECT, Session taken over (0x8E)"},
  };
  for (const auto& [packet, text] : packets) EXPECT_EQ(packet_text(packet), text);
}

TEST(PacketText, FiltersAndReasonsComeInTheirOrder) {
  wire::SubscribeFilterWriter filters;
  filters.add({.filter = "a/#", .qos = QoS::AtLeastOnce}, Version::Mqtt5);
  filters.add({.filter = "b", .qos = QoS::AtMostOnce}, Version::Mqtt5);
  EXPECT_EQ(packet_text(wire::Subscribe{.id = PacketId{3}, .filters = filters.filters()}),
            "SUBSCRIBE id 3, \"a/#\" QoS 1, \"b\" QoS 0");
  wire::UnsubscribeFilterWriter gone;
  gone.add("a");
  gone.add("b");
  EXPECT_EQ(packet_text(wire::Unsubscribe{.id = PacketId{4}, .filters = gone.filters()}),
            "UNSUBSCRIBE id 4, \"a\", \"b\"");
}

TEST(PacketText, WhatThePeerWroteCannotSpeakToTheTerminal) {
  const std::string text = packet_text(Publish{.topic = "a\x1b[2Jb\n"});
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  wire::PropertyWriter words;
  words.add(wire::PropertyId::ReasonString, "go\raway");
  EXPECT_EQ(reason_text(ReasonCode::Banned, words.properties()).find('\r'), std::string::npos);
}

TEST(ReasonText, TheBrokersOwnWordsStandBehindNameAndNumber) {
  EXPECT_EQ(reason_text(ReasonCode::NotAuthorized, {}), "Not authorized (0x87)");
  wire::PropertyWriter words;
  words.add(wire::PropertyId::ReasonString, "ask Ann");
  EXPECT_EQ(reason_text(ReasonCode::NotAuthorized, words.properties()), "Not authorized (0x87): ask Ann");
}

}  // namespace
}  // namespace hermod::client
