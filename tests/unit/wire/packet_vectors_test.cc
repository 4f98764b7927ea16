#include "tests/unit/wire/packet_vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/unit/wire/describe.h"
#include "tests/unit/wire/packet_bytes.h"
#include "wire/encoder.h"

namespace hermod::wire::testing {
namespace {

void expect_error(const PacketVector& vector, const ProtocolError& error) {
  EXPECT_EQ(hex(error.reason), hex(vector.reason)) << error.detail;
  EXPECT_EQ(error.clause, vector.clause) << error.detail;
  EXPECT_EQ(static_cast<int>(error.answer), static_cast<int>(vector.answer)) << error.detail;
  EXPECT_STRNE(error.detail, "");
}

void expect_outcome(const PacketVector& vector, const DecodeResult& result, std::size_t consumed) {
  switch (vector.outcome) {
    case PacketVector::Outcome::Ok: {
      const auto* error = std::get_if<ProtocolError>(&result);
      ASSERT_TRUE(std::holds_alternative<Packet>(result)) << (error ? error->detail : "more is needed");
      EXPECT_EQ(describe(std::get<Packet>(result)), vector.fields);
      EXPECT_EQ(consumed, vector.bytes.size());
      break;
    }
    case PacketVector::Outcome::Error:
      ASSERT_TRUE(std::holds_alternative<ProtocolError>(result));
      expect_error(vector, std::get<ProtocolError>(result));
      EXPECT_EQ(consumed, 0U);
      break;
    case PacketVector::Outcome::Need:
      ASSERT_TRUE(std::holds_alternative<NeedMore>(result));
      EXPECT_EQ(std::get<NeedMore>(result).at_least, vector.need);
      EXPECT_EQ(consumed, 0U);
      break;
  }
}

class Decoding : public ::testing::TestWithParam<PacketVector> {};

TEST_P(Decoding, GivesWhatTheTableSays) {
  const PacketVector& vector = GetParam();
  Decoder decoder = vector.decoder();
  const ExactBytes bytes(vector.bytes);
  std::size_t consumed = 99;
  const DecodeResult result = decoder.next(bytes.view(), consumed);
  expect_outcome(vector, result, consumed);

  // Fed in growing pieces, the same, and nothing before the bytes are there.
  Decoder patient = vector.decoder();
  const std::size_t step = std::max<std::size_t>(1, vector.bytes.size() / 1000);
  for (std::size_t size = 0; size < vector.bytes.size(); size += step) {
    const ExactBytes piece({vector.bytes.data(), size});
    const DecodeResult early = patient.next(piece.view(), consumed);
    if (vector.outcome == PacketVector::Outcome::Error && std::holds_alternative<ProtocolError>(early)) {
      expect_error(vector, std::get<ProtocolError>(early));
      return;
    }
    ASSERT_TRUE(std::holds_alternative<NeedMore>(early)) << size << " bytes";
    ASSERT_GT(std::get<NeedMore>(early).at_least, size);
    if (vector.outcome == PacketVector::Outcome::Ok) {
      ASSERT_LE(std::get<NeedMore>(early).at_least, vector.bytes.size());
    }
  }
  const DecodeResult late = patient.next(bytes.view(), consumed);
  expect_outcome(vector, late, consumed);
}

INSTANTIATE_TEST_SUITE_P(Packet, Decoding, ::testing::ValuesIn(load_packet_vectors()), name_of_case);

class Encoding : public ::testing::TestWithParam<PacketVector> {};

TEST_P(Encoding, GivesTheShortestForm) {
  const PacketVector& vector = GetParam();
  Decoder decoder = vector.decoder();
  std::size_t consumed = 0;
  const DecodeResult result = decoder.next(vector.bytes, consumed);
  ASSERT_TRUE(std::holds_alternative<Packet>(result));

  WriteQueue queue;
  const std::size_t size = encode(queue, decoder.version(), std::get<Packet>(result));
  EXPECT_EQ(size, vector.shortest.size());
  EXPECT_EQ(content_of(queue), vector.shortest);
}

TEST(PacketVectors, AreManyAndOfEveryType) {
  const auto vectors = load_packet_vectors();
  EXPECT_GE(vectors.size(), 400U);
  for (int type = 1; type <= 15; ++type) {
    const auto count = [&](PacketVector::Outcome outcome) {
      return std::count_if(vectors.begin(), vectors.end(), [&](const PacketVector& one) {
        return !one.bytes.empty() && one.bytes[0] >> 4 == type && one.outcome == outcome;
      });
    };
    EXPECT_GT(count(PacketVector::Outcome::Ok), 0) << type;
    EXPECT_GT(count(PacketVector::Outcome::Error), 0) << type;
  }
}

TEST(PacketVectors, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const PacketVector& one : load_packet_vectors())
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
}

INSTANTIATE_TEST_SUITE_P(Packet, Encoding, ::testing::ValuesIn(load_valid_vectors()), name_of_case);

}  // namespace
}  // namespace hermod::wire::testing
