#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/proxy_bytes.h"

namespace hermod::net {
namespace {

namespace proxy = support::proxy;
using State = ProxyHeaderReader::State;
constexpr std::size_t kMaxSize = 536;

/// What a reader makes of bytes that come at once.
struct Outcome {
  explicit Outcome(const std::string& bytes, std::size_t max_size = kMaxSize) : reader(max_size) {
    step = reader.take(as_bytes(bytes));
  }
  bool is_done_with(std::string_view host, std::uint16_t port) const {
    return step.state == State::Done && reader.header().names_client &&
           reader.header().client.host() == host && reader.header().client.port() == port;
  }
  bool is_done_without_client() const { return step.state == State::Done && !reader.header().names_client; }
  std::string fault() const { return step.state == State::Malformed ? reader.fault() : "not malformed"; }

  ProxyHeaderReader reader;
  ProxyHeaderReader::Step step;
};

std::string ipv4_with(std::string_view fields) {
  return proxy::version2(0x21, 0x11, proxy::kIpv4Pair + std::string(fields));
}

TEST(ProxyHeaderVersion1, NamesTheClient) {
  EXPECT_TRUE(Outcome("PROXY TCP4 192.0.2.7 198.51.100.1 50000 1883\r\n").is_done_with("192.0.2.7", 50000));
  EXPECT_TRUE(Outcome("PROXY TCP6 2001:db8::7 2001:db8::1 0 65535\r\n").is_done_with("2001:db8::7", 0));
  EXPECT_TRUE(Outcome("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n").is_done_with("192.0.2.7", 1));
}

TEST(ProxyHeaderVersion1, UnknownNamesNobodyWhateverFollows) {
  for (const char* line : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN \r\n",
                           "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"})
    EXPECT_TRUE(Outcome(line).is_done_without_client()) << line;
}

TEST(ProxyHeaderVersion1, WhatIsNotExactlyALineOfItIsMalformed) {
  for (const char* line : {"PROXY \r\n",
                           "PROXY TCP4\r\n",
                           "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
                           "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
                           "PROXY UNKNOWNX\r\n",
                           "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
                           "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
                           "PROXY TCP4 1.2.3.4 1.2.3.4 1 +2\r\n",
                           "PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
                           "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
                           "PROXY TCP4 ::1 1.2.3.4 1 2\r\n",
                           "PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
                           "PROXY TCP6 1.2.3.4 ::1 1 2\r\n",
                           "PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
                           "PROXY TCP6 [::1] ::1 1 2\r\n",
                           "PROXY TCP4 localhost 1.2.3.4 1 2\r\n",
                           "PROXY TCP4 1.2.3.4\t1.2.3.4 1 2\r\n"}) {
    EXPECT_NE(Outcome(line).fault(), "not malformed") << line;
  }
  EXPECT_NE(Outcome(std::string("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", 33)).fault(), "not malformed");
}

TEST(ProxyHeaderVersion1, EndsWithinHundredAndSevenBytes) {
  const std::string begin = "PROXY UNKNOWN ";
  const std::string longest = begin + std::string(ProxyHeaderReader::kMaxVersion1 - begin.size() - 2, 'x');
  EXPECT_TRUE(Outcome(longest + "\r\n").is_done_without_client());
  EXPECT_EQ(Outcome(longest + "xx").fault(), "the line is longer than 107 bytes");
  EXPECT_EQ(Outcome(longest + "x\r\n").fault(), "the line is longer than 107 bytes");
}

TEST(ProxyHeaderVersion2, NamesTheClientOfEveryFamily) {
  for (const unsigned transport : {1U, 2U}) {
    EXPECT_TRUE(
        Outcome(proxy::version2(0x21, 0x10 | transport, proxy::kIpv4Pair)).is_done_with("192.0.2.7", 50000));
    EXPECT_TRUE(Outcome(proxy::version2(0x21, 0x20 | transport, proxy::kIpv6Pair))
                    .is_done_with("2001:db8::7", 50000));
    EXPECT_TRUE(
        Outcome(proxy::version2(0x21, 0x30 | transport, std::string(216, '/'))).is_done_without_client());
  }
}

TEST(ProxyHeaderVersion2, LocalAndUnspecifiedLeaveTheConnectionItsOwnAddress) {
  EXPECT_TRUE(Outcome(proxy::version2(0x20, 0x00, "")).is_done_without_client());
  EXPECT_TRUE(Outcome(proxy::version2(0x21, 0x00, "")).is_done_without_client());
  // What stands there is thrown away unseen.
  EXPECT_TRUE(Outcome(proxy::version2(0x20, 0x11, proxy::kIpv4Pair)).is_done_without_client());
  EXPECT_TRUE(Outcome(proxy::version2(0x20, 0xFF, "anything")).is_done_without_client());
  EXPECT_TRUE(Outcome(proxy::version2(0x21, 0x00, "anything")).is_done_without_client());
}

TEST(ProxyHeaderVersion2, VersionCommandAndFamilyMustBeKnown) {
  EXPECT_EQ(Outcome(proxy::version2(0x11, 0x11, proxy::kIpv4Pair)).fault(), "its version is not 2");
  EXPECT_EQ(Outcome(proxy::version2(0x31, 0x11, proxy::kIpv4Pair)).fault(), "its version is not 2");
  EXPECT_EQ(Outcome(proxy::version2(0x22, 0x11, proxy::kIpv4Pair)).fault(),
            "its command is neither LOCAL nor PROXY");
  for (const unsigned family : {0x01U, 0x02U, 0x10U, 0x13U, 0x20U, 0x23U, 0x30U, 0x41U, 0xFFU})
    EXPECT_EQ(Outcome(proxy::version2(0x21, family, std::string(216, '\0'))).fault(),
              "its family is not known")
        << family;
}

TEST(ProxyHeaderVersion2, TheAddressesMustBeThere) {
  for (const std::string& cut :
       {proxy::version2(0x21, 0x11, proxy::kIpv4Pair.substr(1)), proxy::version2(0x21, 0x11, ""),
        proxy::version2(0x21, 0x21, proxy::kIpv6Pair.substr(1)),
        proxy::version2(0x21, 0x21, proxy::kIpv4Pair), proxy::version2(0x21, 0x31, std::string(215, '/'))})
    EXPECT_EQ(Outcome(cut).fault(), "it ends inside its addresses");
}

TEST(ProxyHeaderVersion2, IsRefusedAsSoonAsItSaysThatItIsTooLong) {
  const std::string largest = ipv4_with(proxy::field(0xE0, std::string(kMaxSize - 16 - 12 - 3, 'x')));
  ASSERT_EQ(largest.size(), kMaxSize);
  EXPECT_TRUE(Outcome(largest).is_done_with("192.0.2.7", 50000));
  const std::string larger = ipv4_with(proxy::field(0xE0, std::string(kMaxSize - 16 - 12 - 2, 'x')));
  EXPECT_EQ(Outcome(larger.substr(0, 16)).fault(), "it is longer than proxy_max_size");
  EXPECT_TRUE(Outcome(larger, kMaxSize + 1).is_done_with("192.0.2.7", 50000));
}

TEST(ProxyHeaderVersion2, T61_FieldsMayNotReachBeyondTheEnd) {
  const std::string good = ipv4_with(proxy::field(0x02, "mqtt.example.org") + proxy::field(0x04, "pad"));
  EXPECT_TRUE(Outcome(good).is_done_with("192.0.2.7", 50000));
  EXPECT_TRUE(Outcome(ipv4_with(proxy::field(0xEE, ""))).is_done_with("192.0.2.7", 50000));
  for (const std::string& overrun : {std::string(1, '\x02'), std::string("\x02\0", 2),
                                     std::string("\x02\0\x01", 3), std::string("\x02\xFF\xFFxxxx", 7)})
    EXPECT_EQ(Outcome(ipv4_with(overrun)).fault(), "a field reaches beyond its end");
}

TEST(ProxyHeaderVersion2, AChecksumThatIsThereMustBeRight) {
  const std::string good = proxy::with_checksum(proxy::field(0x04, "padding"));
  EXPECT_TRUE(Outcome(good).is_done_with("192.0.2.7", 50000));
  for (std::size_t i = 16; i < good.size(); ++i) {
    if (i == 16 + proxy::kIpv4Pair.size()) continue;  // its type: of another type it is no checksum
    std::string damaged = good;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(Outcome(damaged).is_done_with("192.0.2.7", 50000)) << i;
  }
  EXPECT_EQ(Outcome(ipv4_with(proxy::field(0x03, "1234"))).fault(), "its checksum is wrong");
  EXPECT_EQ(Outcome(ipv4_with(proxy::field(0x03, "123"))).fault(), "its checksum is no checksum");
  EXPECT_EQ(Outcome(proxy::with_checksum(proxy::field(0x03, "1234"))).fault(), "its checksum is no checksum");
}

TEST(ProxyHeaderVersion2, TellsWhatTheClientAndTheProxyHaveBetweenThem) {
  const std::string fields = proxy::field(0x21, "TLSv1.3") + proxy::field(0x22, "sensor 7") +
                             proxy::field(0x23, "TLS_AES_128_GCM_SHA256") + proxy::field(0x24, "SHA256") +
                             proxy::field(0x25, "EC256");
  const Outcome outcome(ipv4_with(proxy::tls_field(0x03, 0, fields)));
  EXPECT_TRUE(outcome.is_done_with("192.0.2.7", 50000));
  EXPECT_EQ(outcome.reader.header().tls_version, "TLSv1.3");
  EXPECT_EQ(outcome.reader.header().tls_cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(outcome.reader.header().common_name, "sensor 7");
}

TEST(ProxyHeaderVersion2, ANameCountsOnlyWhenTheProxyHasVerifiedTheCertificate) {
  const std::string name = proxy::field(0x22, "sensor 7");
  const auto name_of = [&](unsigned flags, unsigned bad) {
    const Outcome outcome(ipv4_with(proxy::tls_field(flags, bad, name)));
    EXPECT_EQ(outcome.step.state, State::Done);
    return outcome.reader.header().common_name;
  };
  EXPECT_EQ(name_of(0x03, 0), "sensor 7");
  EXPECT_EQ(name_of(0x05, 0), "sensor 7") << "of the session that is resumed";
  EXPECT_EQ(name_of(0x03, 1), "");
  EXPECT_EQ(name_of(0x01, 0), "") << "no certificate";
  EXPECT_EQ(name_of(0x02, 0), "") << "no TLS";
  EXPECT_EQ(name_of(0x00, 0), "");
}

TEST(ProxyHeaderVersion2, WithoutTlsNothingIsToldAboutIt) {
  const Outcome outcome(ipv4_with(proxy::tls_field(0x00, 1, proxy::field(0x21, "TLSv1.3"))));
  EXPECT_EQ(outcome.step.state, State::Done);
  EXPECT_EQ(outcome.reader.header().tls_version, "");
}

TEST(ProxyHeaderVersion2, T61_FieldsAboutTlsKeepTheirBoundsToo) {
  EXPECT_EQ(Outcome(ipv4_with(proxy::field(0x20, "\x01"))).fault(), "its field about TLS is too short");
  EXPECT_EQ(Outcome(ipv4_with(proxy::field(0x20, ""))).fault(), "its field about TLS is too short");
  for (const std::string& overrun :
       {std::string("\x21"), std::string("\x21\0", 2), std::string("\x21\0\x09TLSv1.3", 10)})
    EXPECT_EQ(Outcome(ipv4_with(proxy::tls_field(1, 0, overrun))).fault(),
              "a field about TLS reaches beyond its end");
}

TEST(ProxyHeaderVersion2, WhatGoesToTheLogIsAWord) {
  for (const std::string& odd :
       {std::string(), std::string("TLS v1.3"), std::string("new\nline"), std::string("\x7F"),
        std::string("nul\0", 4), std::string("\xC3\xA4"), std::string(65, 'x')}) {
    EXPECT_NE(Outcome(ipv4_with(proxy::tls_field(1, 0, proxy::field(0x21, odd)))).fault(), "not malformed")
        << odd;
    EXPECT_NE(Outcome(ipv4_with(proxy::tls_field(1, 0, proxy::field(0x23, odd)))).fault(), "not malformed")
        << odd;
  }
}

TEST(ProxyHeaderVersion2, WhatIsToldTwiceIsMalformed) {
  const std::string tls = proxy::tls_field(3, 0, proxy::field(0x22, "a"));
  EXPECT_EQ(Outcome(ipv4_with(tls + tls)).fault(), "it has two fields about TLS");
  for (const unsigned type : {0x21U, 0x22U, 0x23U})
    EXPECT_EQ(
        Outcome(ipv4_with(proxy::tls_field(3, 0, proxy::field(type, "a") + proxy::field(type, "b")))).fault(),
        "it has two fields about the same thing of TLS");
}

TEST(ProxyHeaderVersion2, ANameOfNoOrTooManyBytesIsMalformed) {
  for (const std::string& odd : {std::string(), std::string(1025, 'x')})
    EXPECT_EQ(Outcome(ipv4_with(proxy::tls_field(3, 0, proxy::field(0x22, odd))), 4096).fault(),
              "the certificate's name is empty or too long");
}

TEST(ProxyHeader, IsMissingAsSoonAsAByteIsNoneOfIt) {
  std::string broken = proxy::kSignature;
  broken[5] = 'x';
  for (const std::string& bytes :
       {std::string("\x10\x0C", 2), std::string("\x16\x03\x01"), std::string("GET "), std::string("PROX\r\n"),
        std::string("PROXYTCP4"), std::string("\r\n\r\n\r"), std::string(1, '\0'), broken}) {
    const Outcome outcome(bytes);
    EXPECT_EQ(outcome.step.state, State::Missing) << bytes;
  }
}

TEST(ProxyHeader, ComesByteByByteAndNothingBehindItIsTaken) {
  for (const std::string& header : {std::string("PROXY TCP4 192.0.2.7 198.51.100.1 50000 1883\r\n"),
                                    proxy::version2(0x21, 0x11, proxy::kIpv4Pair),
                                    proxy::with_checksum(proxy::tls_field(3, 0, proxy::field(0x22, "a")))}) {
    ProxyHeaderReader slow(kMaxSize);
    for (std::size_t i = 0; i < header.size(); ++i) {
      const auto step = slow.take(as_bytes(header.substr(i, 1)));
      EXPECT_EQ(step.taken, 1U);
      EXPECT_EQ(step.state, i + 1 < header.size() ? State::More : State::Done) << i;
    }
    EXPECT_EQ(slow.header().client.host(), "192.0.2.7");
    const Outcome with_more(header + "\x10\x0C\r\nPROXY ");
    EXPECT_TRUE(with_more.is_done_with("192.0.2.7", 50000));
    EXPECT_EQ(with_more.step.taken, header.size());
  }
}

}  // namespace
}  // namespace hermod::net
