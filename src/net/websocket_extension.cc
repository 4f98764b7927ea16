#include "net/websocket_extension.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "net/http_token.h"

namespace hermod::net {
namespace {

constexpr std::string_view kDeflate = "permessage-deflate";
/// What MessageDeflater uses, which is the most there is.
constexpr std::string_view kOurWindow = "15";

struct Parameter {
  std::string_view name;
  std::optional<std::string> value{};
};

struct Offer {
  std::string_view extension;
  std::vector<Parameter> parameters{};
};

/// Reads the list of extensions (RFC 6455, 9.1).
class OfferReader {
 public:
  explicit OfferReader(std::string_view text) : rest_(text) {}

  /// Nothing when the text is no such list.
  std::optional<std::vector<Offer>> read() {
    std::vector<Offer> out;
    do {
      if (is_at(',') || is_at_end()) continue;  // elements may be empty (RFC 9110, 5.6.1.2)
      Offer offer{.extension = token()};
      if (offer.extension.empty()) return std::nullopt;
      while (take(';')) {
        Parameter parameter{.name = token()};
        if (parameter.name.empty()) return std::nullopt;
        if (take('=') && !(parameter.value = value())) return std::nullopt;
        offer.parameters.push_back(std::move(parameter));
      }
      out.push_back(std::move(offer));
    } while (take(','));
    if (!is_at_end()) return std::nullopt;
    return out;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  bool is_at_end() {
    skip_blanks();
    return rest_.empty();
  }
  bool is_at(char c) {
    skip_blanks();
    return rest_.starts_with(c);
  }
  bool take(char c) {
    if (!is_at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Empty when there is none.
  std::string_view token() {
    skip_blanks();
    const auto end = std::ranges::find_if_not(rest_, is_token_char);
    const std::string_view out = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(out.size());
    return out;
  }
  /// A token, which may stand in quotes.
  std::optional<std::string> value() {
    std::string out;
    if (!take('"')) {
      out = token();
    } else {
      while (!rest_.empty() && rest_.front() != '"') {
        if (rest_.front() == '\\') rest_.remove_prefix(1);
        if (rest_.empty() || !is_token_char(rest_.front())) return std::nullopt;
        out += rest_.front();
        rest_.remove_prefix(1);
      }
      if (!take('"')) return std::nullopt;
    }
    if (out.empty()) return std::nullopt;
    return out;
  }

  std::string_view rest_;
};

/// 8 to 15, without a zero in front (RFC 7692, 7.1.2).
bool is_window(std::string_view text) {
  constexpr std::array<std::string_view, 8> kWindows{"8", "9", "10", "11", "12", "13", "14", "15"};
  return std::ranges::find(kWindows, text) != kWindows.end();
}

bool is_named_twice(const Offer& offer, std::string_view name) {
  return std::ranges::count(offer.parameters, name, &Parameter::name) > 1;
}

/// The answer to one offer; nothing when it cannot be met (RFC 7692, 7.1).
std::optional<std::string> answer_to(const Offer& offer) {
  if (offer.extension != kDeflate) return std::nullopt;
  std::string out(kDeflate);
  out += "; server_no_context_takeover; client_no_context_takeover";
  for (const auto& [name, value] : offer.parameters) {
    if (is_named_twice(offer, name)) return std::nullopt;
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (value) return std::nullopt;
    } else if (name == "server_max_window_bits") {
      if (value != kOurWindow) return std::nullopt;
      out += "; server_max_window_bits=";
      out += kOurWindow;
    } else if (name == "client_max_window_bits") {
      // Whatever the client chooses can be read.
      if (value && !is_window(*value)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

std::string answer_to_extensions(std::string_view offers) {
  const auto list = OfferReader(offers).read();
  if (!list) return {};
  for (const Offer& offer : *list)
    if (auto answer = answer_to(offer)) return *std::move(answer);
  return {};
}

}  // namespace hermod::net
