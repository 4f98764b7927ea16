#pragma once
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "wire/packets.h"
#include "wire/property_writer.h"

namespace hermod::wire::testing {

/// Makes valid packets of every type and version from a seed. Owns what the packets' views show; a packet is
/// valid until the next make().
class RandomPacket {
 public:
  struct Made {
    Version version;
    Role receiver;
    Packet packet;
  };

  explicit RandomPacket(unsigned seed) : random_(seed) {}

  Made make() {
    texts_.clear();
    writers_.clear();
    const auto version = static_cast<Version>(below(3) + 3);
    const bool v5 = version == Version::Mqtt5;
    switch (below(v5 ? 12 : 11)) {
      case 0:
        return {version, Role::Server, connect(version)};
      case 1:
        return {version, Role::Client, connack(version)};
      case 2:
        return {version, Role::Server, publish(version, Role::Server)};
      case 3:
        return {version, Role::Client, publish(version, Role::Client)};
      case 4:
        return {version, any_role(), ack(version)};
      case 5:
        return {version, Role::Server, subscribe(version)};
      case 6:
        return {version, Role::Client,
                Suback{packet_id(), suback_reasons(v5), answer_properties(version, PacketType::Suback)}};
      case 7:
        return {version, Role::Server, unsubscribe(version)};
      case 8:
        return {version, Role::Client, unsuback(version)};
      case 9:
        return coin() ? Made{version, Role::Server, Pingreq{}} : Made{version, Role::Client, Pingresp{}};
      case 10:
        return v5 ? disconnect() : Made{version, Role::Server, Disconnect{}};
      default:
        return auth();
    }
  }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool coin() { return below(2) == 1; }
  Role any_role() { return coin() ? Role::Server : Role::Client; }
  QoS qos() { return static_cast<QoS>(below(3)); }
  PacketId packet_id() { return {static_cast<std::uint16_t>(below(65535) + 1)}; }

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  /// Any of ASCII, two, three and four byte characters; short mostly, sometimes long.
  std::string_view text(std::size_t smallest = 0) {
    static constexpr std::string_view kCharacters[] = {"a", "Z", "0", "/", " ", "ä", "°", "€", "温", "🚀"};
    std::string out;
    std::size_t count = smallest + (below(20) == 0 ? below(400) : below(12));
    while (count-- > 0) out += kCharacters[below(std::size(kCharacters))];
    return keep(std::move(out));
  }
  Bytes binary() {
    std::string out;
    for (std::size_t count = below(10) == 0 ? below(20'000) : below(30); count > 0; --count) {
      out += static_cast<char>(random_());
    }
    return as_bytes(keep(std::move(out)));
  }

  std::uint32_t number_for(const PropertyRule& rule) {
    const std::uint32_t value = coin() ? below(200) : static_cast<std::uint32_t>(random_());
    const std::uint32_t lowest = rule.range == PropertyRange::NotZero ? 1 : 0;
    switch (rule.type) {
      case PropertyType::Byte:
        return value & 1;
      case PropertyType::TwoByteInteger:
        return std::max(value & 0xFFFF, lowest);
      case PropertyType::VariableByteInteger:
        return std::max(value & kLargestRemainingLength, lowest);
      default:
        return std::max(value, lowest);
    }
  }

  void add(PropertyWriter& writer, const PropertyRule& rule) {
    switch (rule.type) {
      case PropertyType::Utf8StringPair:
        writer.add_user(text(), text());
        break;
      case PropertyType::Utf8String:
        writer.add(rule.id, text(1));
        break;
      case PropertyType::BinaryData:
        writer.add(rule.id, binary());
        break;
      default:
        writer.add(rule.id, number_for(rule));
    }
  }

  /// Some of the properties that may stand in `place`, without those of `except`.
  Properties properties(Version version, PropertyPlace place, PropertySet except = 0) {
    if (version != Version::Mqtt5 || below(3) == 0) return {};
    PropertyWriter& writer = writers_.emplace_back();
    std::vector<PropertyRule> rules(std::begin(kPropertyRules), std::end(kPropertyRules));
    std::shuffle(rules.begin(), rules.end(), random_);
    for (const PropertyRule& rule : rules) {
      if ((rule.allowed & bit_of(place)) == 0 || (except & bit_of(rule.id)) != 0 || coin()) continue;
      const bool repeats = (rule.may_repeat & bit_of(place)) != 0;
      for (std::uint32_t count = repeats ? below(4) + 1 : 1; count > 0; --count) add(writer, rule);
    }
    return writer.properties();
  }
  Properties answer_properties(Version version, PacketType type) {
    return properties(version, place_of(type));
  }

  Connect connect(Version version) {
    Connect p{.version = version, .client_id = text(1), .clean_start = coin()};
    p.keep_alive = static_cast<std::uint16_t>(below(65536));
    if (coin()) {
      p.will = Will{text(1), binary(), qos(), coin(), properties(version, PropertyPlace::Will)};
    }
    if (coin()) p.username = text();
    if (coin() && (p.username || version == Version::Mqtt5)) p.password = binary();
    // Authentication data needs a method; leave the pair to the tables.
    p.properties = properties(version, place_of(PacketType::Connect), bit_of(PropertyId::AuthenticationData));
    return p;
  }

  Connack connack(Version version) {
    static constexpr ReasonCode kReasons[] = {ReasonCode::Success,
                                              ReasonCode::UnsupportedProtocolVersion,
                                              ReasonCode::ClientIdentifierNotValid,
                                              ReasonCode::ServerUnavailable,
                                              ReasonCode::BadUserNameOrPassword,
                                              ReasonCode::NotAuthorized};
    Connack p{.reason = kReasons[below(std::size(kReasons))]};
    p.session_present = p.reason == ReasonCode::Success && version != Version::Mqtt31 && coin();
    p.properties = properties(version, place_of(PacketType::Connack));
    return p;
  }

  Publish publish(Version version, Role receiver) {
    Publish p{.qos = qos(), .retain = coin(), .topic = text(1), .payload = binary()};
    if (p.qos != QoS::AtMostOnce) {
      p.id = packet_id();
      p.dup = coin();
    }
    const PropertySet except = receiver == Role::Server ? bit_of(PropertyId::SubscriptionIdentifier) : 0;
    p.properties = properties(version, place_of(PacketType::Publish), except);
    if (p.properties.has(PropertyId::TopicAlias) && coin()) p.topic = {};
    return p;
  }

  Ack ack(Version version) {
    const auto type = static_cast<PacketType>(below(4) + 4);
    const bool first_half = type == PacketType::Puback || type == PacketType::Pubrec;
    Ack p{.type = type, .id = packet_id()};
    if (version == Version::Mqtt5 && coin()) {
      p.reason = first_half ? ReasonCode::QuotaExceeded : ReasonCode::PacketIdentifierNotFound;
    }
    p.properties = answer_properties(version, type);
    return p;
  }

  Subscribe subscribe(Version version) {
    SubscribeFilterWriter& writer = subscribe_filters_ = {};
    for (std::uint32_t count = below(5) + 1; count > 0; --count) {
      const bool v5 = version == Version::Mqtt5;
      writer.add({text(), qos(), v5 && coin(), v5 && coin(), static_cast<RetainHandling>(v5 ? below(3) : 0)},
                 version);
    }
    return {packet_id(), writer.filters(), properties(version, place_of(PacketType::Subscribe))};
  }

  Unsubscribe unsubscribe(Version version) {
    UnsubscribeFilterWriter& writer = unsubscribe_filters_ = {};
    for (std::uint32_t count = below(5) + 1; count > 0; --count) writer.add(text());
    return {packet_id(), writer.filters(), properties(version, place_of(PacketType::Unsubscribe))};
  }

  ReasonCodes reasons_of(std::initializer_list<ReasonCode> choice) {
    reasons_.clear();
    for (std::uint32_t count = below(6) + 1; count > 0; --count) {
      reasons_.push_back(choice.begin()[below(static_cast<std::uint32_t>(choice.size()))]);
    }
    return reasons_;
  }
  ReasonCodes suback_reasons(bool v5) {
    return reasons_of({kGrantedQoS0, ReasonCode::GrantedQoS1, ReasonCode::GrantedQoS2,
                       v5 ? ReasonCode::NotAuthorized : ReasonCode::UnspecifiedError});
  }

  Unsuback unsuback(Version version) {
    Unsuback p{.id = packet_id()};
    if (version == Version::Mqtt5) {
      p.reasons = reasons_of({ReasonCode::Success, ReasonCode::NoSubscriptionExisted});
    }
    p.properties = answer_properties(version, PacketType::Unsuback);
    return p;
  }

  Made disconnect() {
    const Role receiver = any_role();
    Disconnect p{.reason = receiver == Role::Server ? ReasonCode::DisconnectWithWillMessage
                                                    : ReasonCode::SessionTakenOver};
    const PropertySet except = receiver == Role::Client ? bit_of(PropertyId::SessionExpiryInterval) : 0;
    p.properties = properties(Version::Mqtt5, place_of(PacketType::Disconnect), except);
    return {Version::Mqtt5, receiver, p};
  }

  Made auth() {
    PropertyWriter& writer = writers_.emplace_back();
    writer.add(PropertyId::AuthenticationMethod, text());
    if (coin()) writer.add(PropertyId::AuthenticationData, binary());
    return {Version::Mqtt5, any_role(), Auth{ReasonCode::ContinueAuthentication, writer.properties()}};
  }

  std::mt19937 random_;
  std::deque<std::string> texts_;
  std::deque<PropertyWriter> writers_;
  SubscribeFilterWriter subscribe_filters_;
  UnsubscribeFilterWriter unsubscribe_filters_;
  std::vector<ReasonCode> reasons_;
};

}  // namespace hermod::wire::testing
