#include "net/tls_session_note.h"

#include <gtest/gtest.h>

#include "net/tls_openssl.h"

namespace hermod::net {
namespace {

using namespace std::chrono_literals;

TEST(TlsSessionNote, IsReadAsItWasWritten) {
  const WallTime noon{1'700'000'000s};
  const auto with_both = TlsSessionNote::decode(TlsSessionNote{.good_until = noon, .psk = "key"}.encode());
  ASSERT_TRUE(with_both);
  EXPECT_EQ(with_both->good_until, noon);
  EXPECT_EQ(with_both->psk, "key");
  const auto with_neither = TlsSessionNote::decode(TlsSessionNote{}.encode());
  ASSERT_TRUE(with_neither);
  EXPECT_FALSE(with_neither->good_until);
  EXPECT_EQ(with_neither->psk, "");
  EXPECT_FALSE(TlsSessionNote::decode("1234567"));
}

TEST(TlsSessionNote, IsInTimeUntilWhatLetTheClientInEnds) {
  const WallTime end{1'700'000'000s};
  const TlsSessionNote note{.good_until = end, .psk = {}};
  EXPECT_TRUE(note.is_in_time(end - 1us));
  EXPECT_FALSE(note.is_in_time(end));
  EXPECT_TRUE(TlsSessionNote{}.is_in_time(end));
}

TEST(TlsSessionNote, IsKeptByASession) {
  const openssl::Ptr<SSL_SESSION> session(SSL_SESSION_new());
  EXPECT_FALSE(TlsSessionNote::of(session.get()));
  ASSERT_TRUE((TlsSessionNote{.good_until = {}, .psk = "key"}.keep_in(session.get())));
  EXPECT_EQ(TlsSessionNote::of(session.get())->psk, "key");
  EXPECT_FALSE(TlsSessionNote::of(nullptr));
  EXPECT_FALSE(TlsSessionNote{}.keep_in(nullptr));
}

}  // namespace
}  // namespace hermod::net
