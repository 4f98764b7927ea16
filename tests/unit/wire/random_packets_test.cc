#include <gtest/gtest.h>

#include "tests/unit/wire/describe.h"
#include "tests/unit/wire/packet_bytes.h"
#include "tests/unit/wire/packet_vectors.h"
#include "tests/unit/wire/random_packet.h"
#include "wire/encoder.h"

namespace hermod::wire::testing {
namespace {

class RandomPackets : public ::testing::TestWithParam<unsigned> {};

TEST_P(RandomPackets, ComeBackAsTheyWereSent) {
  RandomPacket random(GetParam());
  for (int i = 0; i < 5000; ++i) {
    const RandomPacket::Made made = random.make();
    WriteQueue queue;
    const std::size_t size = encode(queue, made.version, made.packet);
    const ByteString bytes = content_of(queue);
    ASSERT_EQ(size, bytes.size());
    Decoder decoder(Limits{}, made.receiver);
    if (type_of(made.packet) != PacketType::Connect) decoder.set_version(made.version);
    std::size_t consumed = 0;
    const ExactBytes exact(bytes);
    const DecodeResult result = decoder.next(exact.view(), consumed);
    const auto* error = std::get_if<ProtocolError>(&result);
    ASSERT_TRUE(std::holds_alternative<Packet>(result))
        << describe(made.packet) << ": " << (error ? error->detail : "more is needed");
    ASSERT_EQ(consumed, size);
    ASSERT_EQ(decoder.version(), made.version);
    ASSERT_EQ(describe(std::get<Packet>(result)), describe(made.packet));
  }
}

/// One to four bytes changed, added, removed or cut off.
ByteString mutated(ByteString bytes, std::mt19937& random) {
  const auto place = [&] { return static_cast<std::ptrdiff_t>(random() % (bytes.size() + 1)); };
  for (unsigned count = random() % 4 + 1; count > 0; --count) {
    const auto byte = static_cast<std::uint8_t>(random());
    switch (random() % 5) {
      case 0:
        bytes.insert(bytes.begin() + place(), byte);
        break;
      case 1:
        if (!bytes.empty()) bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(random() % bytes.size()));
        break;
      case 2:
        bytes.resize(static_cast<std::size_t>(place()));
        break;
      default:
        if (!bytes.empty()) bytes[random() % bytes.size()] = byte;
    }
  }
  return bytes;
}

// Whatever arrives: an answer that fits the bytes, the same for bytes in pieces, and what is taken can be
// sent again and is then stable.
TEST_P(RandomPackets, DamagedOnesAreTakenOrRefusedCleanly) {
  std::mt19937 random(GetParam());
  const auto vectors = load_packet_vectors();
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const PacketVector& vector = vectors[random() % vectors.size()];
    if (vector.bytes.size() > 1000) continue;
    const ExactBytes bytes(mutated(vector.bytes, random));
    Decoder decoder = vector.decoder();
    std::size_t consumed = 0;
    const DecodeResult result = decoder.next(bytes.view(), consumed);
    if (const auto* need = std::get_if<NeedMore>(&result)) {
      ASSERT_GT(need->at_least, bytes.view().size());
      ASSERT_EQ(consumed, 0U);
      continue;
    }
    if (std::holds_alternative<ProtocolError>(result)) {
      ++refused;
      continue;
    }
    ++taken;
    ASSERT_LE(consumed, bytes.view().size());
    const auto& packet = std::get<Packet>(result);
    WriteQueue queue;
    encode(queue, decoder.version(), packet);
    const ByteString once = content_of(queue);
    Decoder other = vector.decoder();
    const DecodeResult again = other.next(once, consumed);
    ASSERT_TRUE(std::holds_alternative<Packet>(again)) << describe(packet);
    ASSERT_EQ(describe(std::get<Packet>(again)), describe(packet));
  }
  EXPECT_GT(taken, 500);
  EXPECT_GT(refused, 5000);
}

INSTANTIATE_TEST_SUITE_P(Seed, RandomPackets, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace hermod::wire::testing
