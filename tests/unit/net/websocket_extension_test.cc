#include "net/websocket_extension.h"

#include <gtest/gtest.h>

#include <string>

namespace hermod::net {

const std::string kAgreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(WebSocketExtension, NoSideEverTakesOverContext) {
  for (const char* offers : {
           "permessage-deflate",
           "permessage-deflate; client_max_window_bits",
           "permessage-deflate;client_max_window_bits=9",
           "permessage-deflate ; client_max_window_bits = \"15\"",
           "permessage-deflate; client_max_window_bits=\"1\\5\"",
           "permessage-deflate; server_no_context_takeover",
           "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
           " , permessage-deflate ,, ",
           "x-webkit-deflate-frame, permessage-deflate",
           "other; permessage-deflate=1, permessage-deflate",
       })
    EXPECT_EQ(answer_to_extensions(offers), kAgreed) << offers;
  EXPECT_EQ(answer_to_extensions("permessage-deflate; server_max_window_bits=15"),
            kAgreed + "; server_max_window_bits=15");
}

TEST(WebSocketExtension, AnOfferThatCannotBeMetIsDeclined) {
  for (const char* offers : {
           "",
           ",",
           "permessage-bzip2",
           "Permessage-Deflate",
           // A smaller window than ours.
           "permessage-deflate; server_max_window_bits=14",
           "permessage-deflate; server_max_window_bits=8",
           // Parameters that are none, or have a value that is none, or none (RFC 7692, 7.1).
           "permessage-deflate; server_max_window_bits",
           "permessage-deflate; server_max_window_bits=7",
           "permessage-deflate; server_max_window_bits=16",
           "permessage-deflate; server_max_window_bits=015",
           "permessage-deflate; client_max_window_bits=7",
           "permessage-deflate; client_max_window_bits=16",
           "permessage-deflate; client_max_window_bits=08",
           "permessage-deflate; client_max_window_bits=+9",
           "permessage-deflate; client_max_window_bits=x",
           "permessage-deflate; server_no_context_takeover=1",
           "permessage-deflate; client_no_context_takeover=true",
           "permessage-deflate; unknown",
           "permessage-deflate; client_max_window_bits; client_max_window_bits",
           "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
           "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
       })
    EXPECT_EQ(answer_to_extensions(offers), "") << offers;
}

TEST(WebSocketExtension, TheFirstOfferThatCanBeMetCounts) {
  EXPECT_EQ(answer_to_extensions("permessage-deflate; server_max_window_bits=10, permessage-deflate"),
            kAgreed);
  EXPECT_EQ(
      answer_to_extensions("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=15, "
                           "permessage-deflate"),
      kAgreed + "; server_max_window_bits=15");
}

TEST(WebSocketExtension, WhatIsNoListOfExtensionsSaysNothing) {
  for (const char* offers : {
           "permessage-deflate;",
           "permessage-deflate; ;",
           "permessage-deflate; =",
           "permessage-deflate; client_max_window_bits=",
           "permessage-deflate; client_max_window_bits=\"\"",
           "permessage-deflate; client_max_window_bits=\"1 5\"",
           "permessage-deflate; client_max_window_bits=\"15",
           "permessage-deflate; client_max_window_bits=\"15\\",
           "permessage-deflate, ; x",
           "permessage-deflate permessage-deflate",
           "permessage-deflate, (",
           "\"permessage-deflate\"",
       })
    EXPECT_EQ(answer_to_extensions(offers), "") << offers;
}

}  // namespace hermod::net
