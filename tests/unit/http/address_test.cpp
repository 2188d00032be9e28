#include "http/address.hpp"

#include <gtest/gtest.h>

#include "http/message.hpp"

namespace vapisync::http {
namespace {

std::string address(std::string_view text) {
  const auto parsed = parse_address(text);
  if (!parsed) return std::string(to_string(parsed.error().verdict));
  return parsed->host + " " + parsed->port;
}

/// SCHEME HOST PORT PREFIX
std::string origin(std::string_view url) {
  const auto parsed = parse_origin(url);
  if (!parsed) return std::string(to_string(parsed.error().verdict));
  return std::string(parsed->tls ? "tls " : "plain ") + parsed->host + " " + parsed->port + " " +
         parsed->prefix;
}

TEST(Address, IsHostAndPort) {
  EXPECT_EQ(address("127.0.0.1:8080"), "127.0.0.1 8080");
  EXPECT_EQ(address("localhost:0"), "localhost 0");
  EXPECT_EQ(address("[::1]:80"), "::1 80");
  EXPECT_EQ(address("0.0.0.0:65535"), "0.0.0.0 65535");
}

TEST(Address, AnythingElseIsRefusedWithAnExample) {
  for (const auto* text : {"", ":", ":80", "host", "host:", "host:http", "host:65536", "host:-1",
                           "host:80 ", "host:8o", "host:99999999999999999999"}) {
    const auto parsed = parse_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().verdict, Verdict::invalid);
    EXPECT_NE(parsed.error().message.find("for example"), std::string::npos);
  }
}

TEST(Origin, HasTheSchemesPortUnlessItNamesOne) {
  EXPECT_EQ(origin("https://api.vapi.ai"), "tls api.vapi.ai 443 ");
  EXPECT_EQ(origin("http://127.0.0.1"), "plain 127.0.0.1 80 ");
  EXPECT_EQ(origin("http://127.0.0.1:9000"), "plain 127.0.0.1 9000 ");
  EXPECT_EQ(origin("https://[::1]:8443"), "tls ::1 8443 ");
  EXPECT_EQ(origin("https://api.vapi.ai:"), "tls api.vapi.ai 443 ");
}

TEST(Origin, KeepsAPathAsPrefixWithoutItsLastSlash) {
  EXPECT_EQ(origin("https://proxy.test/vapi/eu/"), "tls proxy.test 443 /vapi/eu");
  EXPECT_EQ(origin("https://proxy.test/"), "tls proxy.test 443 ");
  EXPECT_EQ(origin("https://proxy.test/a%20b"), "tls proxy.test 443 /a%20b");
}

TEST(Origin, AnythingElseIsRefused) {
  for (const auto* url :
       {"", "api.vapi.ai", "api.vapi.ai:443", "ftp://api.vapi.ai", "https://", "https:///x",
        "http://a b", "https://host:99999", "https://host:x", "postgres://host/db"}) {
    EXPECT_EQ(origin(url), "invalid") << url;
  }
}

TEST(Origin, NamesItsHostAsTheHeaderWantsIt) {
  EXPECT_EQ(parse_origin("https://api.vapi.ai")->host_header(), "api.vapi.ai");
  EXPECT_EQ(parse_origin("https://api.vapi.ai:444")->host_header(), "api.vapi.ai:444");
  EXPECT_EQ(parse_origin("http://api.vapi.ai:443")->host_header(), "api.vapi.ai:443");
  EXPECT_EQ(parse_origin("https://[::1]:8443")->host_header(), "[::1]:8443");
}

TEST(Percent, EncodesWhatAQueryValueMustNotHold) {
  EXPECT_EQ(percent_encode("2026-08-01T10:00:00.000Z"), "2026-08-01T10%3A00%3A00.000Z");
  EXPECT_EQ(percent_encode("a b&c=d+e/\u00e9"), "a%20b%26c%3Dd%2Be%2F%C3%A9");
}

TEST(Percent, DecodesWhatItEncodes) {
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
  EXPECT_EQ(percent_decode("a+b%20c"), "a b c");
}

TEST(Percent, WhatIsNotEncodedWellStaysAsItIs) {
  for (const auto* text : {"100%", "%zz", "%4"}) EXPECT_EQ(percent_decode(text), text);
}

TEST(Headers, NamesCompareWithoutCase) {
  Headers headers;
  headers.add("Retry-After", "20");
  headers.add("X-Empty", "");
  EXPECT_EQ(headers.find("retry-after"), "20");
  EXPECT_EQ(headers.find("RETRY-AFTER"), "20");
  EXPECT_EQ(headers.find("Retry"), "");
  EXPECT_EQ(headers.find("x-empty"), "");
}

}  // namespace
}  // namespace vapisync::http
