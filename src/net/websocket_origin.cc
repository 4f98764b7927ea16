#include "net/websocket_origin.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace hermod::net {
namespace {

constexpr std::string_view kBelow = "*.";

std::string_view default_port(std::string_view scheme) {
  if (scheme == "http") return "80";
  if (scheme == "https") return "443";
  return "";
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<OriginList::Entry> OriginList::parse(std::string_view origin) {
  const std::string text = in_lower(origin);
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string::npos || scheme_end == 0) return std::nullopt;
  const std::string scheme = text.substr(0, scheme_end);
  std::string_view rest = std::string_view(text).substr(scheme_end + 3);
  if (rest.find_first_of("/?#@, ") != std::string_view::npos) return std::nullopt;
  // The colons of an IPv6 address stand in brackets.
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string port(default_port(scheme));
  if (colon != std::string_view::npos) {
    if (!is_number(rest.substr(colon + 1))) return std::nullopt;
    port = rest.substr(colon + 1);
  }
  Entry out{.scheme_and_port = scheme + ":" + port, .host = std::string(rest.substr(0, colon))};
  if (out.host.starts_with(kBelow)) {
    out.below = true;
    out.host.erase(0, 1);  // the dot stays
  }
  if (out.host.size() < (out.below ? 2U : 1U) || out.host.find('*') != std::string::npos) return std::nullopt;
  return out;
}

/// By the page's host and not by where the request comes from: a name that leads here need not be ours.
bool OriginList::is_loopback(const Entry& origin) {
  if (!origin.scheme_and_port.starts_with("http:") && !origin.scheme_and_port.starts_with("https:"))
    return false;
  in_addr four{};
  if (inet_pton(AF_INET, origin.host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  return origin.host == "localhost" || origin.host == "[::1]";
}

Result<OriginList> OriginList::from(const std::vector<std::string>& elements) {
  OriginList out;
  if (elements.empty())
    return failure(Errc::Invalid,
                   "origins is empty, so that nobody could connect: absent is for programs, "
                   "loopback for pages of this machine, * for everybody");
  for (const std::string& element : elements) {
    if (element == "*") {
      out.all_ = true;
    } else if (element == "loopback") {
      out.loopback_ = true;
    } else if (element == "null") {
      out.null_ = true;
    } else if (element == "absent") {
      out.absent_ = true;
    } else if (auto entry = parse(element)) {
      out.entries_.push_back(*std::move(entry));
    } else {
      return failure(Errc::Invalid, "\"" + element +
                                        "\" is no origin: one such as https://example.org, "
                                        "https://*.example.org, loopback, null, absent or * is expected");
    }
  }
  return out;
}

bool OriginList::allows(std::optional<std::string_view> origin) const {
  if (all_) return true;
  if (!origin) return absent_;
  if (*origin == "null") return null_;
  const auto asked = parse(*origin);
  if (!asked || asked->below) return false;
  if (loopback_ && is_loopback(*asked)) return true;
  return std::ranges::any_of(entries_, [&](const Entry& one) {
    if (one.scheme_and_port != asked->scheme_and_port) return false;
    return one.below ? asked->host.size() > one.host.size() && asked->host.ends_with(one.host)
                     : asked->host == one.host;
  });
}

}  // namespace hermod::net
