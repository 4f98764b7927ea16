// The first byte chooses how the connection starts (bits 0-1: new, 3.1, 3.1.1, 5.0), who receives (bit 2) and
// where the stream is cut (bits 3-7, in 32nds). The rest is the stream. Whatever it is: nothing is read
// behind its end, a stream in two pieces means the same as the whole, and a packet that was taken can be sent
// again and is then stable.
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "wire/decoder.h"
#include "wire/encoder.h"
#include "wire/utf8.h"

namespace {

using namespace hermod;
using namespace hermod::wire;

std::string encoded(Version version, const Packet& packet) {
  WriteQueue queue;
  const std::size_t size = encode(queue, version, packet);
  HERMOD_ASSERT(size == queue.size());
  std::string bytes;
  iovec pieces[8];
  const std::size_t count = queue.gather(pieces, std::size(pieces));
  for (std::size_t i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  HERMOD_ASSERT(bytes.size() == size);
  return bytes;
}

/// What a stream meant: every packet in its shortest form, and how it ended.
struct Meaning {
  std::string packets;
  std::string error;
  bool over = false;
  friend bool operator==(const Meaning&, const Meaning&) = default;
};

Decoder decoder_for(std::uint8_t choice) {
  Decoder decoder(Limits{}, (choice & 0x04) != 0 ? Role::Client : Role::Server);
  if ((choice & 0x03) != 0) decoder.set_version(static_cast<Version>((choice & 0x03) + 2));
  return decoder;
}

void check_packet(std::uint8_t choice, Version version, const Packet& packet) {
  const std::string once = encoded(version, packet);
  HERMOD_ASSERT(!once.empty());
  Decoder decoder = decoder_for(choice);
  if (type_of(packet) != PacketType::Connect) decoder.set_version(version);
  std::size_t consumed = 0;
  const DecodeResult again = decoder.next(as_bytes(once), consumed);
  HERMOD_ASSERT(std::holds_alternative<Packet>(again) && consumed == once.size());
  HERMOD_ASSERT(encoded(version, std::get<Packet>(again)) == once);
  if (const auto* publish = std::get_if<Publish>(&packet)) {
    HERMOD_ASSERT(check_topic_text(as_bytes(publish->topic)) == TopicText::Valid);
    HERMOD_ASSERT((publish->qos == QoS::AtMostOnce) == (publish->id.v == 0));
  }
}

/// Takes all packets that are whole from `rest`; returns how many bytes were taken.
std::size_t drain(Decoder& decoder, std::uint8_t choice, Bytes rest, Meaning& meaning) {
  std::size_t taken = 0;
  while (!meaning.over) {
    std::size_t consumed = 0;
    const DecodeResult result = decoder.next(rest, consumed);
    HERMOD_ASSERT(consumed <= rest.size());
    if (const auto* packet = std::get_if<Packet>(&result)) {
      HERMOD_ASSERT(consumed >= 2);
      check_packet(choice, decoder.version(), *packet);
      meaning.packets += encoded(decoder.version(), *packet);
    } else if (const auto* error = std::get_if<ProtocolError>(&result)) {
      HERMOD_ASSERT(consumed == 0 && is_failure(error->reason));
      meaning.error =
          std::string(error->clause) + error->detail + std::to_string(static_cast<int>(error->answer));
      meaning.over = true;
    } else {
      HERMOD_ASSERT(consumed == 0 && std::get<NeedMore>(result).at_least > rest.size());
      break;
    }
    rest = rest.subspan(consumed);
    taken += consumed;
  }
  return taken;
}

/// A copy in memory of its own size.
std::unique_ptr<std::uint8_t[]> exact(Bytes bytes) {
  std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[bytes.size()]);
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const Bytes stream(data + 1, size - 1);

  Meaning whole;
  Decoder at_once = decoder_for(choice);
  drain(at_once, choice, stream, whole);

  Meaning pieces;
  Decoder in_pieces = decoder_for(choice);
  const std::size_t cut = stream.size() * (choice >> 3) / 32;
  const auto first = exact(stream.first(cut));
  const std::size_t taken = drain(in_pieces, choice, Bytes(first.get(), cut), pieces);
  drain(in_pieces, choice, stream.subspan(taken), pieces);
  HERMOD_ASSERT(pieces == whole);
  return 0;
}
