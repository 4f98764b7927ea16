#pragma once
#include <zlib.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace hermod::support {

/// What permessage-deflate leaves out at the end of a message (RFC 7692, 7.2.1).
inline constexpr std::string_view kDeflateTail{"\x00\x00\xFF\xFF", 4};

/// A message as permessage-deflate compresses it.
inline std::string deflated(std::string_view text, int level = Z_BEST_COMPRESSION) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + text.size() / 16 + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out - kDeflateTail.size());
  deflateEnd(&stream);
  return out;
}

/// And the other way; nothing when it is no such message.
inline std::optional<std::string> inflated(std::string_view message) {
  const std::string whole = std::string(message) + std::string(kDeflateTail);
  z_stream stream{};
  inflateInit2(&stream, -15);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(whole.data()));
  stream.avail_in = static_cast<uInt>(whole.size());
  std::string out;
  std::array<char, 4096> room{};
  int result = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    result = inflate(&stream, Z_SYNC_FLUSH);
    out.append(room.data(), room.size() - stream.avail_out);
  } while (result == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  const bool is_good = (result == Z_OK || result == Z_BUF_ERROR) && stream.avail_in == 0;
  inflateEnd(&stream);
  return is_good ? std::optional(out) : std::nullopt;
}

}  // namespace hermod::support
