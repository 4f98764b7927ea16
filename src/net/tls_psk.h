#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/tls_files.h"

namespace hermod::net {

/// The pre-shared keys of a TLS listener: who has which, as its file says it. Read by one thread, then
/// immutable; lives as long as its TlsContext, and wipes the keys with its end.
class TlsPskKeys {
 public:
  TlsPskKeys() = default;
  TlsPskKeys(TlsPskKeys&&) noexcept = default;
  TlsPskKeys& operator=(TlsPskKeys&&) noexcept = default;
  TlsPskKeys(const TlsPskKeys&) = delete;
  TlsPskKeys& operator=(const TlsPskKeys&) = delete;
  ~TlsPskKeys();

  /// Lines of `identity:key`, the key in hexadecimal digits; empty ones and those that begin with # are
  /// passed over. Errors: Invalid, naming file and line, for an identity that is no plain text of 1 to 256
  /// bytes or stands there twice, and for a key that is not of 1 to 64 bytes; also when there is none at all.
  /// Pure.
  static Result<TlsPskKeys> parse(const tls_files::File& file, std::vector<std::string>& warnings);

  bool empty() const { return keys_.empty(); }
  /// Null: nobody has this identity.
  const std::vector<std::uint8_t>* find(std::string_view identity) const;

  /// What a session remembers of the key it began with: who, and a fingerprint of the key. A file that gives
  /// the identity another key, or none, makes the note a wrong one.
  std::string note_for(std::string_view identity) const;
  bool is_good(std::string_view note) const;
  /// The identity in a note; empty when it is none.
  static std::string_view identity_in(std::string_view note);

 private:
  std::map<std::string, std::vector<std::uint8_t>, std::less<>> keys_;
};

}  // namespace hermod::net
