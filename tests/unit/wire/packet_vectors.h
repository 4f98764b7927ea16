#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "wire/decoder.h"

/// Reads the tables of tests/data/packets/; their heads explain the columns.
namespace hermod::wire::testing {

using ByteString = std::vector<std::uint8_t>;

struct PacketVector {
  enum class Outcome { Ok, Error, Need };

  std::string name;
  bool stranger = false;
  Version version = Version::Mqtt311;
  Role receiver = Role::Server;
  ByteString bytes;
  Outcome outcome = Outcome::Ok;
  std::string fields;            // ok
  ByteString shortest;           // ok: what encoding gives
  ReasonCode reason{};           // error
  std::string clause;            // error
  Answer answer = Answer::None;  // error
  std::size_t need = 0;          // need

  Decoder decoder() const {
    Decoder decoder(Limits{}, receiver);
    if (!stranger) decoder.set_version(version);
    return decoder;
  }
};

inline std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

inline std::vector<std::string> columns_of(const std::string& line) {
  std::vector<std::string> columns;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t bar = std::min(line.find('|', at), line.size());
    columns.push_back(trimmed(line.substr(at, bar - at)));
    at = bar + 1;
  }
  return columns;
}

inline std::size_t number_in(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) throw std::runtime_error(std::string(text));
  return value;
}

inline ByteString bytes_of(const std::string& notation) {
  ByteString bytes;
  for (std::size_t at = 0; at < notation.size();) {
    if (notation[at] == ' ') {
      ++at;
    } else if (notation[at] == '\'') {
      const std::size_t end = notation.find('\'', at + 1);
      bytes.insert(bytes.end(), notation.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                   notation.begin() + static_cast<std::ptrdiff_t>(end));
      at = end + 1;
    } else {
      const std::size_t end = std::min(notation.find(' ', at), notation.size());
      const std::string token = notation.substr(at, end - at);
      const auto byte = static_cast<std::uint8_t>(number_in(token.substr(0, 2), 16));
      bytes.insert(bytes.end(), token.size() > 2 ? number_in(token.substr(3), 10) : 1, byte);
      at = end;
    }
  }
  return bytes;
}

inline Answer answer_of(const std::string& text) {
  if (text == "none") return Answer::None;
  if (text == "connack") return Answer::Connack;
  return Answer::Disconnect;
}

inline PacketVector vector_of(const std::vector<std::string>& columns) {
  PacketVector vector;
  vector.name = columns.at(0);
  vector.stranger = columns.at(1) == "new";
  if (!vector.stranger) vector.version = static_cast<Version>(columns[1].at(0) - '0');
  vector.receiver = columns.at(2) == "client" ? Role::Client : Role::Server;
  vector.bytes = bytes_of(columns.at(3));
  const std::string& outcome = columns.at(4);
  const std::string kind = outcome.substr(0, outcome.find(' '));
  const std::string rest = outcome.substr(kind.size() + 1);
  const std::string more = columns.size() > 5 ? columns[5] : "";
  if (kind == "ok") {
    vector.fields = rest;
    vector.shortest = more.empty() ? vector.bytes : bytes_of(more);
  } else if (kind == "error") {
    vector.outcome = PacketVector::Outcome::Error;
    vector.reason = static_cast<ReasonCode>(number_in(rest.substr(2, 2), 16));
    vector.clause = rest.substr(5);
    vector.answer = answer_of(more);
  } else {
    vector.outcome = PacketVector::Outcome::Need;
    vector.need = number_in(rest, 10);
  }
  return vector;
}

/// Every row of every table, in a fixed order.
inline std::vector<PacketVector> load_packet_vectors() {
  const std::filesystem::path folder = HERMOD_TEST_DATA "/packets";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<PacketVector> vectors;
  for (const auto& file : files) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line[0] != '#') vectors.push_back(vector_of(columns_of(line)));
    }
  }
  return vectors;
}

/// The rows of valid packets alone.
inline std::vector<PacketVector> load_valid_vectors() {
  auto vectors = load_packet_vectors();
  std::erase_if(vectors, [](const PacketVector& v) { return v.outcome != PacketVector::Outcome::Ok; });
  return vectors;
}

inline std::string name_of_case(const ::testing::TestParamInfo<PacketVector>& info) {
  return info.param.name;
}

/// For the name of a test case.
inline void PrintTo(const PacketVector& vector, std::ostream* out) {
  *out << vector.name;
}

}  // namespace hermod::wire::testing
