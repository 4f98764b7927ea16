#include "wire/utf8.h"

#include <cstring>

#include "base/utf8.h"

namespace hermod::wire {
namespace {

/// What is asked of a text beyond being well formed.
enum class Charset : std::uint8_t { Any, NoNul, Plain, Topic };

enum class Finding : std::uint8_t { Clean, Refused, Wildcard };

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

// Both want eight ASCII bytes and set the high bit of every byte that passes: with the high bit set first, no
// byte borrows from its neighbour.
constexpr std::uint64_t at_least(std::uint64_t word, std::uint8_t limit) {
  return (word | kHighBits) - kOnes * limit;
}
constexpr std::uint64_t differs_from(std::uint64_t word, std::uint8_t byte) {
  return at_least(word ^ (kOnes * byte), 1);
}

/// Whether all eight bytes are ASCII that `kCharset` takes.
template <Charset kCharset>
inline bool is_clean_ascii(std::uint64_t word) {
  std::uint64_t taken = ~word;
  if constexpr (kCharset == Charset::NoNul) taken &= at_least(word, 1);
  if constexpr (kCharset >= Charset::Plain) taken &= at_least(word, 0x20) & differs_from(word, 0x7F);
  if constexpr (kCharset == Charset::Topic) taken &= differs_from(word, '+') & differs_from(word, '#');
  return (taken & kHighBits) == kHighBits;
}

template <class Word>
Word load(const std::uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

template <Charset kCharset>
Finding judge_ascii(std::uint8_t byte) {
  if constexpr (kCharset == Charset::NoNul) {
    if (byte == 0) return Finding::Refused;  // [MQTT-1.5.4-2]
  }
  if constexpr (kCharset >= Charset::Plain) {
    if (byte < 0x20 || byte == 0x7F) return Finding::Refused;
  }
  if constexpr (kCharset == Charset::Topic) {
    if (byte == '+' || byte == '#') return Finding::Wildcard;
  }
  return Finding::Clean;
}

bool is_plain(std::uint32_t code_point) {
  if (code_point < 0xA0) return false;                             // C1 control characters
  if (code_point >= 0xFDD0 && code_point <= 0xFDEF) return false;  // non-characters
  return (code_point & 0xFFFE) != 0xFFFE;                          // U+xxFFFE, U+xxFFFF
}

/// Bytes of the well-formed sequence at `at` that `kCharset` takes; 0 when there is none.
template <Charset kCharset>
std::size_t sequence_size(const std::uint8_t* at, const std::uint8_t* end) {
  const Utf8Character character = character_at(at, end);  // [MQTT-1.5.4-1]
  if constexpr (kCharset >= Charset::Plain) {
    if (!is_plain(character.code_point)) return 0;
  }
  return character.size;
}

/// ASCII goes eight bytes at a time; the last word overlaps the one before it.
template <Charset kCharset>
Finding scan(Bytes text) {
  const std::uint8_t* at = text.data();
  const std::uint8_t* const end = at + text.size();
  if (text.size() >= 8) {
    while (end - at >= 8 && is_clean_ascii<kCharset>(load<std::uint64_t>(at))) at += 8;
    if (end - at < 8 && is_clean_ascii<kCharset>(load<std::uint64_t>(end - 8))) return Finding::Clean;
  } else if (text.size() >= 4) {
    const std::uint64_t both = std::uint64_t{load<std::uint32_t>(at)} << 32 | load<std::uint32_t>(end - 4);
    if (is_clean_ascii<kCharset>(both)) return Finding::Clean;
  }
  while (at < end) {
    if (*at < 0x80) {
      if (const Finding finding = judge_ascii<kCharset>(*at); finding != Finding::Clean) return finding;
      ++at;
      while (end - at >= 8 && is_clean_ascii<kCharset>(load<std::uint64_t>(at))) at += 8;
    } else {
      const std::size_t size = sequence_size<kCharset>(at, end);
      if (size == 0) return Finding::Refused;
      at += size;
    }
  }
  return Finding::Clean;
}

}  // namespace

bool is_valid_utf8(Bytes text) {
  return scan<Charset::Any>(text) == Finding::Clean;
}
bool is_valid_string(Bytes text) {
  return scan<Charset::NoNul>(text) == Finding::Clean;
}
bool is_plain_string(Bytes text) {
  return scan<Charset::Plain>(text) == Finding::Clean;
}

TopicText check_topic_text(Bytes text) {
  switch (scan<Charset::Topic>(text)) {
    case Finding::Clean:
      return TopicText::Valid;
    case Finding::Wildcard:
      return TopicText::HasWildcard;
    case Finding::Refused:
      break;
  }
  return TopicText::NotPlain;
}

}  // namespace hermod::wire
