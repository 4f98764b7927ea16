#include "net/websocket_accept.h"

#include <openssl/evp.h>

#include <array>

namespace hermod::net {

std::string websocket_accept(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  constexpr std::size_t kDigest = 20;
  constexpr std::size_t kText = (kDigest + 2) / 3 * 4 + 1;  // with the zero that ends it
  std::string text(key);
  text += kGuid;
  std::array<unsigned char, kDigest> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) return {};
  std::array<unsigned char, kText> out{};
  const int size = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(digest.size()));
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(size)};
}

}  // namespace hermod::net
