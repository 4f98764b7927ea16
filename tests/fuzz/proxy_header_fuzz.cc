// The first byte says in how many pieces the rest comes. Whatever the bytes are: reading them never goes
// beyond them, the pieces do not matter, nothing behind a header is taken, and what a header says is what may
// be logged.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "net/proxy_header.h"

namespace {

using namespace hermod;
using namespace hermod::net;
using State = ProxyHeaderReader::State;

constexpr std::size_t kMaxSize = 1024;

struct Outcome {
  State state = State::More;
  std::size_t taken = 0;
  ProxyHeader header;
};

Outcome read_in_pieces(Bytes bytes, std::size_t piece) {
  ProxyHeaderReader reader(kMaxSize);
  Outcome out;
  while (out.state == State::More && out.taken < bytes.size()) {
    const Bytes next = bytes.subspan(out.taken, std::min(piece, bytes.size() - out.taken));
    const auto step = reader.take(next);
    HERMOD_ASSERT(step.taken <= next.size());
    HERMOD_ASSERT(step.state != State::More || step.taken == next.size());
    out.state = step.state;
    out.taken += step.taken;
  }
  out.header = reader.header();
  return out;
}

bool is_word(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(data + 1, size - 1);
  const Outcome whole = read_in_pieces(bytes, std::max<std::size_t>(bytes.size(), 1));
  const Outcome pieces = read_in_pieces(bytes, std::size_t{data[0]} + 1);
  HERMOD_ASSERT(whole.state == pieces.state && whole.taken == pieces.taken);
  HERMOD_ASSERT(whole.taken <= kMaxSize);
  if (whole.state != State::Done) return 0;
  HERMOD_ASSERT(whole.taken >= 15);
  HERMOD_ASSERT(whole.header.client == pieces.header.client);
  HERMOD_ASSERT(whole.header.common_name == pieces.header.common_name);
  HERMOD_ASSERT(is_word(whole.header.tls_version) && is_word(whole.header.tls_cipher));
  HERMOD_ASSERT(whole.header.common_name.size() <= kMaxSize);
  const Outcome again = read_in_pieces(bytes.first(whole.taken), bytes.size());
  HERMOD_ASSERT(again.state == State::Done && again.taken == whole.taken);
  return 0;
}
