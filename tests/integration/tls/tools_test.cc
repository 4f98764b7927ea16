#include <memory>

#include "tests/integration/tls/tls_test.h"

namespace hermod::integration {

/// hermod pub and sub over TLS, and what they say when something is not right.
class TlsTools : public Tls {
 protected:
  Finished pub(const std::vector<std::string>& options, const std::string& host = "localhost") {
    std::vector<std::string> words{
        broker_binary(), "pub", "-h",   host, "-p", std::to_string(tls_port_.number()), "-t",
        "tools/topic",   "-m",  "text", "-q", "1"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
  }
  std::string refusal_of(const std::vector<std::string>& options, const std::string& host = "localhost") {
    const Finished finished = pub(options, host);
    EXPECT_NE(finished.exit_code, 0);
    return finished.errors;
  }
  std::vector<std::string> ca() { return {"--cafile", files_.path("ca.pem")}; }
  std::vector<std::string> ca_and(std::vector<std::string> more) {
    more.insert(more.begin(), {"--cafile", files_.path("ca.pem")});
    return more;
  }
};

TEST_F(TlsTools, SpeakItLikeAnyOther) {
  start_tls();
  const auto received = std::make_unique<ChildProcess>(std::vector<std::string>{
      broker_binary(), "sub", "-h", "127.0.0.1", "-p", std::to_string(tls_port_.number()), "--cafile",
      files_.path("ca.pem"), "-t", "tools/topic", "-q", "1", "-C", "3", "-d"});
  const auto deadline = Clock::now() + kPatience;
  while (received->errors().find("SUBACK") == std::string::npos && Clock::now() < deadline)
    std::this_thread::sleep_for(Millis(5));
  const Finished plain = pub(ca());
  EXPECT_EQ(plain.exit_code, 0) << plain.errors;
  EXPECT_EQ(pub(ca_and({"--tls-version", "tlsv1.2", "--ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"})).exit_code,
            0);
  EXPECT_EQ(pub(ca_and({"--tls-alpn", "mqtt", "-r"})).exit_code, 0);
  EXPECT_EQ(received->wait(kPatience), 0) << received->errors();
  EXPECT_EQ(received->output(), "text\ntext\ntext\n");
  EXPECT_THAT(received->errors(), HasSubstr("TLSv1.3"));
}

TEST_F(TlsTools, TakeAUrl) {
  start_tls();
  const std::string url = "mqtts://localhost:" + std::to_string(tls_port_.number()) + "/tools/topic";
  const Finished good =
      run({broker_binary(), "pub", "-L", url, "-m", "text", "--cafile", files_.path("ca.pem")});
  EXPECT_EQ(good.exit_code, 0) << good.errors;
  const Finished unknown = run({broker_binary(), "pub", "-L", url, "-m", "text"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.errors, HasSubstr("hermod test authority")) << "the system does not know it";
}

TEST_F(TlsTools, SayWhatTheBrokersCertificateLacks) {
  files_.write_pair("server",
                    files_.authority().issue({.common_name = "other", .names = {"DNS:other.example"}}));
  Authority stranger("a stranger");
  files_.write("stranger.pem", certificate_pem(stranger.own()));
  start_tls();
  EXPECT_THAT(refusal_of(ca()), HasSubstr("is not for the host localhost"));
  EXPECT_THAT(refusal_of(ca(), "127.0.0.1"), HasSubstr("is not for the host 127.0.0.1"));
  EXPECT_EQ(pub(ca_and({"--insecure"})).exit_code, 0);
  EXPECT_THAT(refusal_of({"--cafile", files_.path("stranger.pem"), "--insecure"}),
              HasSubstr("signed by an authority that --cafile, --capath or the system does not have"));
  files_.write_pair("server", files_.authority().issue({.common_name = "localhost",
                                                        .names = {"DNS:localhost"},
                                                        .valid_for = std::chrono::hours{-1}}));
  reload("config.reloaded");
  EXPECT_THAT(refusal_of(ca()), HasSubstr("the broker's certificate expired on"));
}

TEST_F(TlsTools, ShowTheirCertificate) {
  files_.write_pair("device", files_.authority().issue({.common_name = "device"}));
  start_with_client_certificates("required", {{"identity", "cn"}});
  EXPECT_THAT(refusal_of(ca()), HasSubstr("add --cert and --key"));
  EXPECT_EQ(pub(ca_and({"--cert", files_.path("device.pem"), "--key", files_.path("device.key")})).exit_code,
            0);
  expect_logged("user=device");
  EXPECT_THAT(refusal_of(ca_and({"--cert", files_.path("device.pem"), "--key", files_.path("server.key")})),
              HasSubstr("server.key: the key does not belong to the certificate of --cert"));
  EXPECT_THAT(refusal_of(ca_and({"--cert", files_.path("none.pem"), "--key", files_.path("device.key")})),
              HasSubstr("none.pem: No such file"));
}

TEST_F(TlsTools, MayHaveAKeyInstead) {
  files_.write("psk.txt", "tool:00112233445566778899aabbccddeeff\n");
  start_tls({{"psk_file", files_.path("psk.txt")}, {"identity", "psk"}});
  for (const char* version : {"tlsv1.2", "tlsv1.3"}) {
    const Finished good = pub(
        {"--tls-version", version, "--psk-identity", "tool", "--psk", "00112233445566778899aabbccddeeff"});
    EXPECT_EQ(good.exit_code, 0) << good.errors;
    EXPECT_THAT(refusal_of({"--tls-version", version, "--psk-identity", "tool", "--psk", "0011"}),
                HasSubstr("does the broker know this --psk-identity with this --psk?"));
  }
  EXPECT_THAT(refusal_of({"--tls-version", "tlsv1.2", "--psk-identity", "nobody", "--psk", "0011"}),
              HasSubstr("does not know this --psk-identity"));
  EXPECT_THAT(refusal_of({"--tls-version", "tlsv1.3", "--psk-identity", "nobody", "--psk", "0011"}),
              HasSubstr("has no use for the key of --psk-identity"));
  expect_logged("user=tool");
}

TEST_F(TlsTools, SayThatAPortDoesNotSpeakTls) {
  start_tls();
  const Finished lost = run({broker_binary(), "pub", "-h", "127.0.0.1", "-p", std::to_string(port()), "-t",
                             "a", "-m", "x", "--cafile", files_.path("ca.pem")});
  EXPECT_EQ(lost.exit_code, 1);
  EXPECT_THAT(lost.errors, HasSubstr("speak TLS on this port"));
}

}  // namespace hermod::integration
