#include "net/tls_session_note.h"

#include <limits>

#include "base/bytes.h"

namespace hermod::net {
namespace {

constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

}  // namespace

std::string TlsSessionNote::encode() const {
  std::string text;
  ByteWriter writer(text);
  writer.u64(good_until ? micros_of(*good_until) : kForEver);
  writer.bytes(psk);
  return text;
}

std::optional<TlsSessionNote> TlsSessionNote::decode(std::string_view text) {
  ByteReader reader(as_bytes(text));
  const std::uint64_t until = reader.u64();
  if (!reader.ok()) return std::nullopt;
  TlsSessionNote note{.good_until = {}, .psk = std::string(as_text(reader.rest()))};
  if (until != kForEver) note.good_until = wall_time_of(until);
  return note;
}

std::optional<TlsSessionNote> TlsSessionNote::of(SSL_SESSION* session) {
  void* text = nullptr;
  std::size_t size = 0;
  if (session == nullptr || SSL_SESSION_get0_ticket_appdata(session, &text, &size) != 1 || text == nullptr)
    return std::nullopt;
  return decode({static_cast<const char*>(text), size});
}

bool TlsSessionNote::keep_in(SSL_SESSION* session) const {
  const std::string text = encode();
  return session != nullptr && SSL_SESSION_set1_ticket_appdata(session, text.data(), text.size()) == 1;
}

}  // namespace hermod::net
