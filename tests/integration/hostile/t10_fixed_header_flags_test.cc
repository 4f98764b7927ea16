#include "tests/integration/hostile/hostile_test.h"

namespace hermod::integration {

namespace {

struct Form {
  int type;
  int right_flags;
  const char* body_311;
  const char* body_5;
};

// Every packet a client may send except PUBLISH, whose flags all mean something.
constexpr Form kForms[] = {
    {4, 0, "00 01", "00 01"},
    {5, 0, "00 01", "00 01"},
    {6, 2, "00 01", "00 01"},
    {7, 0, "00 01", "00 01"},
    {8, 2, "00 01 00 01 74 00", "00 01 00 00 01 74 00"},
    {10, 2, "00 01 00 01 74", "00 01 00 00 01 74"},
    {12, 0, "", ""},
    {14, 0, "", ""},
};

}  // namespace

TEST_F(Hostile, T10_WrongFixedHeaderFlagsAreMalformed) {
  for (const Version version : kMainVersions) {
    for (const Form& form : kForms) {
      for (int flags = 0; flags < 16; ++flags) {
        if (flags == form.right_flags) continue;
        const auto first = static_cast<std::uint8_t>(form.type << 4 | flags);
        expect_ended(version, packet_bytes(first, hex(version == Version::V5 ? form.body_5 : form.body_311)),
                     {reason::kMalformedPacket});
      }
    }
  }
}

TEST_F(Hostile, T10_WrongFlagsOfConnectAreRefused) {
  for (const Version version : kMainVersions) {
    std::string connect = connect_bytes({.client_id = "flags", .version = version});
    for (int flags = 1; flags < 16; ++flags) {
      connect[0] = static_cast<char>(0x10 | flags);
      expect_connect_refused(version, connect, {reason::kMalformedPacket});
    }
  }
}

TEST_F(Hostile, T10_PublishWithBothQosBitsIsMalformed) {
  for (const Version version : kMainVersions) {
    for (const std::uint8_t first : std::initializer_list<std::uint8_t>{0x36, 0x37, 0x3E, 0x3F}) {
      expect_ended(version, packet_bytes(first, hex("00 01 74 00 01 00")), {reason::kMalformedPacket});
    }
  }
}

// [MQTT-3.3.1-2]
TEST_F(Hostile, T10_DupAtQosZeroIsRefused) {
  for (const Version version : kMainVersions) {
    expect_ended(version, packet_bytes(0x38, hex("00 01 74 00")),
                 {reason::kMalformedPacket, reason::kProtocolError});
  }
}

TEST_F(Hostile, T10_ReservedPacketTypesAreMalformed) {
  for (const Version version : kMainVersions) {
    for (const char* packet : {"00 00", "0F 00", "00 02 00 01"}) {
      expect_ended(version, hex(packet), {reason::kMalformedPacket, reason::kProtocolError});
    }
  }
  expect_ended(Version::V31, hex("F0 00"), {});
  expect_ended(Version::V311, hex("F0 00"), {});
  for (const char* packet : {"F1 00", "F2 00", "FF 00"}) {
    expect_ended(Version::V5, hex(packet), {reason::kMalformedPacket});
  }
  expect_close_without_answer(hex("00 00"));
}

}  // namespace hermod::integration
