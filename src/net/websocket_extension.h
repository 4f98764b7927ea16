#pragma once
#include <string>
#include <string_view>

namespace hermod::net {

/// What to answer in Sec-WebSocket-Extensions to what a client offers there: the parameters of the first
/// offer of permessage-deflate that can be met, and always that no side takes over context, so that nobody
/// keeps a window between messages (RFC 7692, 7.1). Empty: none can be met, or `offers` is no list of
/// extensions; then nothing is compressed. Pure.
std::string answer_to_extensions(std::string_view offers);

}  // namespace hermod::net
