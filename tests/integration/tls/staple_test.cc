#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

/// What the authority says about the broker's certificate (OCSP), sent along with it.
class TlsStaple : public Tls {
 protected:
  /// NAME.pem, NAME.key, and NAME.ocsp with the response about it, which is returned.
  std::string write_with_response(const std::string& name, const std::string& host,
                                  std::chrono::seconds valid_for = std::chrono::hours{48}) {
    const Certificate made = files_.authority().issue({.common_name = name, .names = {"DNS:" + host}});
    files_.write_pair(name, made);
    const std::string response = files_.authority().ocsp_response(made, valid_for);
    files_.write(name + ".ocsp", response);
    return response;
  }
  Settings with_response(const std::string& file = "server.ocsp") { return {{"ocsp", files_.path(file)}}; }
  std::string staple_for(const std::string& host, int only_version = 0) {
    return raw_over_tls({.host = host, .only_version = only_version, .asks_for_staple = true}).tls().staple();
  }
  std::string staple() { return staple_for("localhost"); }
};

TEST_F(TlsStaple, IsForThoseWhoAsk) {
  const std::string response = write_with_response("server", "localhost");
  start_tls(with_response());
  EXPECT_EQ(staple_for("localhost", 12), response);
  EXPECT_EQ(staple_for("localhost", 13), response);
  EXPECT_EQ(raw_over_tls().tls().staple(), "");
  EXPECT_EQ(broker().log().find("OCSP"), std::string::npos);
}

TEST_F(TlsStaple, IsTheOneOfTheCertificateThatTheNameChose) {
  const std::string first = write_with_response("first", "first.example.org");
  const std::string second = write_with_response("second", "second.example.org");
  ASSERT_NE(first, second);
  write_with_response("third", "third.example.org");
  const auto listed = [&](const std::string& ending, const std::string& last) {
    return files_.path("first" + ending) + ", " + files_.path("second" + ending) + ", " + last;
  };
  start_tls({{"certificate", listed(".pem", files_.path("third.pem"))},
             {"key", listed(".key", files_.path("third.key"))},
             {"ocsp", files_.path("first.ocsp") + ", " + files_.path("second.ocsp")}});
  for (const int version : {12, 13}) {
    EXPECT_EQ(staple_for("first.example.org", version), first) << version;
    EXPECT_EQ(staple_for("second.example.org", version), second) << version;
    EXPECT_EQ(staple_for("third.example.org", version), "") << version;
    EXPECT_EQ(staple_for("localhost", version), first) << version << ": no name fits, so the first";
  }
}

TEST_F(TlsStaple, EndsWithItsTime) {
  const std::string response = write_with_response("server", "localhost", 3s);
  const auto end = Clock::now() + 5s;
  start_tls(with_response());
  EXPECT_EQ(staple(), response);
  expect_logged("server.ocsp: the OCSP response is good until");
  std::this_thread::sleep_until(end);
  EXPECT_EQ(staple(), "");
  EXPECT_EQ(refusal({.asks_for_staple = true}), "") << "the certificate is as good as before";
}

TEST_F(TlsStaple, ThatHasEndedIsWarnedOfUntilThereIsANewerOne) {
  write_with_response("server", "localhost", -1s);
  start_tls(with_response());
  expect_logged("server.ocsp: the OCSP response was good until");
  EXPECT_EQ(staple(), "");
  std::string response;
  after([&] { response = write_with_response("server", "localhost"); }, "tls.files_reloaded");
  EXPECT_EQ(staple(), response);
}

TEST_F(TlsStaple, ThatIsAboutAnotherCertificateIsNotSentAndWarnedOf) {
  write_with_response("server", "localhost");
  write_with_response("other", "localhost");
  start_tls(with_response("other.ocsp"));
  expect_logged("other.ocsp: the OCSP response is about another certificate");
  EXPECT_EQ(staple(), "");
}

/// Numbers are unique to their authority only.
TEST_F(TlsStaple, ThatIsOfAnotherAuthorityIsNotSent) {
  Authority stranger("a stranger");
  const Certificate ours = files_.authority().issue({.common_name = "localhost"});
  Certificate theirs;
  while (theirs.serial != ours.serial) theirs = stranger.issue({.common_name = "localhost"});
  files_.write_pair("server", ours);
  files_.write("server.ocsp", stranger.ocsp_response(theirs));
  start_tls(with_response());
  expect_logged("server.ocsp: the OCSP response is about another certificate");
  EXPECT_EQ(staple(), "");
}

}  // namespace hermod::integration
