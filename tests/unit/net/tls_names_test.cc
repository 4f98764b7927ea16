#include "net/tls_names.h"

#include <gtest/gtest.h>

namespace hermod::net {
namespace {

using tls_names::matches;

/// A certificate that is only names: no key, no signature.
class NamedCertificate {
 public:
  NamedCertificate& common_name(std::string_view name, int type = V_ASN1_UTF8STRING) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(made_.get()), NID_commonName, type,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    return *this;
  }
  NamedCertificate& alternative(int type, std::string_view name) {
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME* one = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(one, type, text);
    sk_GENERAL_NAME_push(names_.get(), one);
    return *this;
  }
  const X509& done() {
    if (sk_GENERAL_NAME_num(names_.get()) > 0)
      X509_add1_ext_i2d(made_.get(), NID_subject_alt_name, names_.get(), 0, X509V3_ADD_REPLACE);
    return *made_;
  }

 private:
  openssl::Ptr<X509> made_{X509_new()};
  openssl::Ptr<GENERAL_NAMES> names_{GENERAL_NAMES_new()};
};

TEST(TlsNames, AWildcardStandsForOneLabel) {
  EXPECT_TRUE(matches("mqtt.example.org", "mqtt.example.org"));
  EXPECT_TRUE(matches("mqtt.example.org", "MQTT.Example.Org."));
  EXPECT_TRUE(matches("*.example.org", "a.example.org"));
  for (const char* host : {"example.org", "a.b.example.org", ".example.org", "", ".", "a.example.com"})
    EXPECT_FALSE(matches("*.example.org", host)) << host;
  EXPECT_FALSE(matches("m*.example.org", "mqtt.example.org"));
  EXPECT_FALSE(matches("", ""));
}

TEST(TlsNames, CommonNameOfAServerCountsOnlyWithoutAlternativeNames) {
  EXPECT_EQ(tls_names::of_server(NamedCertificate().common_name("A.example").done()),
            std::vector<std::string>{"a.example"});
  EXPECT_EQ(tls_names::of_server(
                NamedCertificate().common_name("a.example").alternative(GEN_DNS, "B.example").done()),
            std::vector<std::string>{"b.example"});
}

TEST(TlsNames, ANameOfAServerWithANulIsNone) {
  EXPECT_TRUE(tls_names::of_server(
                  NamedCertificate().alternative(GEN_DNS, std::string_view("a\0.example", 10)).done())
                  .empty());
}

TEST(TlsNames, CommonNameOfAClientIsTheOnlyOne) {
  const auto name = [](NamedCertificate& certificate) {
    return tls_names::of_client(certificate.done(), TlsIdentity::CommonName);
  };
  EXPECT_EQ(name(NamedCertificate().common_name("sensor 7")).value(), "sensor 7");
  EXPECT_EQ(name(NamedCertificate().common_name("caf\xE9", V_ASN1_T61STRING)).value(), "caf\xC3\xA9");
  EXPECT_FALSE(name(NamedCertificate().common_name("one").common_name("two")));
  NamedCertificate nameless;
  EXPECT_FALSE(name(nameless));
}

TEST(TlsNames, NamesThatCouldBeMistakenAreRefused) {
  using namespace std::string_view_literals;
  for (const std::string_view odd :
       {"admin\0x"sv, "a\nb"sv, "a\x1Fz"sv, "\x7F"sv, "\xC2\x80"sv, "\xC2\x9F"sv}) {
    EXPECT_FALSE(tls_names::of_client(NamedCertificate().common_name(odd).done(), TlsIdentity::CommonName))
        << odd;
    EXPECT_FALSE(tls_names::of_client(NamedCertificate().alternative(GEN_DNS, odd).done(),
                                      TlsIdentity::AlternativeName))
        << odd;
  }
  const std::string endless(5000, 'x');
  EXPECT_FALSE(tls_names::of_client(NamedCertificate().alternative(GEN_URI, endless).done(),
                                    TlsIdentity::AlternativeName));
  EXPECT_TRUE(
      tls_names::of_client(NamedCertificate().common_name("\xC2\xA0").done(), TlsIdentity::CommonName));
}

TEST(TlsNames, AlternativeNameIsADnsNameBeforeAnAddressBeforeAUri) {
  const auto name = [](NamedCertificate& certificate) {
    return tls_names::of_client(certificate.done(), TlsIdentity::AlternativeName);
  };
  NamedCertificate all;
  all.alternative(GEN_URI, "urn:x")
      .alternative(GEN_EMAIL, "a@b")
      .alternative(GEN_DNS, "first")
      .alternative(GEN_DNS, "second");
  EXPECT_EQ(name(all).value(), "first");
  EXPECT_EQ(name(NamedCertificate().alternative(GEN_URI, "urn:x").alternative(GEN_EMAIL, "a@b")).value(),
            "a@b");
  EXPECT_EQ(name(NamedCertificate().alternative(GEN_URI, "urn:x")).value(), "urn:x");
  EXPECT_FALSE(name(NamedCertificate().common_name("not this")));
}

TEST(TlsNames, WithoutAnIdentityNothingIsAsked) {
  EXPECT_EQ(tls_names::of_client(NamedCertificate().done(), TlsIdentity::None).value(), "");
}

}  // namespace
}  // namespace hermod::net
