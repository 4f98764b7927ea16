#include "net/tls_psk.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace hermod::net {
namespace {

constexpr std::size_t kLongestIdentity = 256;
constexpr std::size_t kLongestKey = 64;
/// Shorter ones can be guessed by who has recorded a handshake without ephemeral keys.
constexpr std::size_t kSafeKey = 16;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::vector<std::uint8_t>> key_of(std::string_view digits) {
  if (digits.empty() || digits.size() % 2 != 0 || digits.size() > 2 * kLongestKey) return std::nullopt;
  std::vector<std::uint8_t> key;
  key.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_of(digits[i]);
    const int low = digit_of(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return key;
}

/// It may become a user name: printable, and what everybody's tools can write.
bool is_identity(std::string_view text) {
  return !text.empty() && text.size() <= kLongestIdentity &&
         std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

using Fingerprint = std::array<std::uint8_t, SHA256_DIGEST_LENGTH>;

Fingerprint fingerprint_of(const std::vector<std::uint8_t>& key) {
  Fingerprint out{};
  SHA256(key.data(), key.size(), out.data());
  return out;
}

}  // namespace

TlsPskKeys::~TlsPskKeys() {
  for (auto& [identity, key] : keys_) OPENSSL_cleanse(key.data(), key.size());
}

Result<TlsPskKeys> TlsPskKeys::parse(const tls_files::File& file, std::vector<std::string>& warnings) {
  TlsPskKeys out;
  std::string_view rest = file.text;
  std::size_t short_keys = 0;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const auto refuse = [&](const std::string& why) {
      return failure(Errc::Invalid, file.path + ":" + std::to_string(number) + ": " + why);
    };
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) return refuse("identity:key is expected");
    const std::string_view identity = line.substr(0, colon);
    if (!is_identity(identity))
      return refuse("the identity must be 1 to 256 letters, digits and signs of ASCII");
    auto key = key_of(line.substr(colon + 1));
    if (!key) return refuse("the key must be 1 to 64 bytes in hexadecimal digits");
    if (key->size() < kSafeKey) ++short_keys;
    if (!out.keys_.emplace(identity, std::move(*key)).second)
      return refuse("the identity " + std::string(identity) + " is there twice");
  }
  if (out.empty()) return failure(Errc::Invalid, file.path + ": there is no identity:key in it");
  if (short_keys > 0)
    warnings.push_back(file.path + ": " + std::to_string(short_keys) +
                       (short_keys == 1 ? " key is" : " keys are") +
                       " shorter than 16 bytes and may be guessed");
  return out;
}

const std::vector<std::uint8_t>* TlsPskKeys::find(std::string_view identity) const {
  const auto found = keys_.find(identity);
  return found == keys_.end() ? nullptr : &found->second;
}

std::string TlsPskKeys::note_for(std::string_view identity) const {
  const auto* key = find(identity);
  if (key == nullptr) return "";
  const Fingerprint fingerprint = fingerprint_of(*key);
  std::string note(fingerprint.begin(), fingerprint.end());
  return note.append(identity);
}

bool TlsPskKeys::is_good(std::string_view note) const {
  const std::string_view identity = identity_in(note);
  return !identity.empty() && note_for(identity) == note;
}

std::string_view TlsPskKeys::identity_in(std::string_view note) {
  return note.size() > SHA256_DIGEST_LENGTH ? note.substr(SHA256_DIGEST_LENGTH) : std::string_view();
}

}  // namespace hermod::net
