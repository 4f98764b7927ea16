#pragma once
#include <openssl/ssl.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hermod::net {

/// What a TLS session remembers of how its client was let in, sealed in its ticket: a full handshake looks at
/// all of it, a resumed one at nothing but this.
struct TlsSessionNote {
  /// The client's certificate, those above it and the revocation lists are good until then; nothing: it had
  /// none.
  std::optional<WallTime> good_until;
  /// Of the pre-shared key, as TlsPskKeys::note_for() has it; empty: it had none.
  std::string psk;

  std::string encode() const;
  /// Nothing when `text` is no note.
  static std::optional<TlsSessionNote> decode(std::string_view text);

  /// The note of a session; nothing when it has none, or there is no session.
  static std::optional<TlsSessionNote> of(SSL_SESSION* session);
  /// Puts it into the session; false when memory is short, or there is no session.
  bool keep_in(SSL_SESSION* session) const;

  /// Nothing that let the client in has ended.
  bool is_in_time(WallTime now) const { return !good_until || now < *good_until; }
};

}  // namespace hermod::net
