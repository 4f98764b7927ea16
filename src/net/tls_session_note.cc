#include "net/tls_session_note.h"

#include <limits>

namespace hermod::net {
namespace {

constexpr std::size_t kTimeSize = 8;
constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

}  // namespace

std::string TlsSessionNote::encode() const {
  const std::uint64_t until = good_until ? micros_of(*good_until) : kForEver;
  std::string text;
  for (std::size_t i = 0; i < kTimeSize; ++i) text.push_back(static_cast<char>(until >> (8 * i)));
  return text + psk;
}

std::optional<TlsSessionNote> TlsSessionNote::decode(std::string_view text) {
  if (text.size() < kTimeSize) return std::nullopt;
  std::uint64_t until = 0;
  for (std::size_t i = 0; i < kTimeSize; ++i)
    until |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  TlsSessionNote note{.good_until = {}, .psk = std::string(text.substr(kTimeSize))};
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
