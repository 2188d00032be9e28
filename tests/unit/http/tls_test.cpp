// TLS as it must fail: a wrong host or an unknown authority, before a byte of a request is sent.
#include <filesystem>
#include <fstream>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl.hpp>

#include "unit/http/world.hpp"

namespace vapisync::http {
namespace {

namespace asio = boost::asio;
using TlsSocket = asio::ssl::stream<tcp::socket>;

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* it) const { Free(it); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;

/// A certificate that vouches for itself, for one host name.
class SelfSigned {
 public:
  explicit SelfSigned(const std::string& host)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509* it = certificate_.get();
    X509_set_version(it, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(it), 1);
    X509_gmtime_adj(X509_getm_notBefore(it), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(it), 3'600);
    X509_set_pubkey(it, key_.get());
    X509_NAME* name = X509_get_subject_name(it);
    const auto* common_name = reinterpret_cast<const unsigned char*>("vapisync test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(it, name);
    add(NID_subject_alt_name, "DNS:" + host);
    add(NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(it, key_.get(), EVP_sha256());
  }

  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
  [[nodiscard]] X509* certificate() const { return certificate_.get(); }

  void write_to(const std::filesystem::path& path) const {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
    PEM_write_X509(file.get(), certificate_.get());
  }

 private:
  void add(int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate_.get(), certificate_.get(), nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  Key key_;
  Certificate certificate_;
};

/// A TLS server that answers one request on each connection, and knows whether one came.
class TlsPeer {
 public:
  TlsPeer(asio::io_context& context, const SelfSigned& identity)
      : peer_(context, [this](tcp::socket& socket, int) { return serve(socket); }) {
    SSL_CTX_use_certificate(tls_.native_handle(), identity.certificate());
    SSL_CTX_use_PrivateKey(tls_.native_handle(), identity.key());
  }

  unsigned short port() { return peer_.port(); }
  std::string request;      ///< the text of the last one
  std::string server_name;  ///< that the client asked for

 private:
  asio::awaitable<void> serve(tcp::socket& socket) {
    TlsSocket stream(std::move(socket), tls_);
    auto [shaken] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_result);
    if (shaken) co_return;
    const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    server_name = name == nullptr ? "" : name;
    co_await asio::async_read_until(stream, asio::dynamic_buffer(request), "\r\n\r\n", as_result);
    co_await asio::async_write(stream, asio::buffer(ok_answer), as_result);
    co_await stream.async_shutdown(as_result);
  }

  asio::ssl::context tls_{asio::ssl::context::tls_server};
  Peer peer_;
};

class Tls : public testing::Test {
 protected:
  Tls() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vapisync-tls-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = pattern;
  }
  ~Tls() override { std::filesystem::remove_all(directory_); }

  std::string file_of(const SelfSigned& identity) {
    const auto path = directory_ / "ca.pem";
    identity.write_to(path);
    return path.string();
  }

  Exchange send(const std::string& host, const std::string& ca_file, Milliseconds timeout) {
    auto options = world_.options("https://" + host + ":" + std::to_string(peer_.port()));
    options.ca_file = ca_file;
    const auto client = world_.connect(std::move(options));
    Request request = make_request(Method::post, "/x", "{}");
    request.bearer = Secret("k-0123456789");
    request.timeout = timeout;
    return world_.send(*client, std::move(request));
  }

  void expect_refused(const Exchange& exchange) {
    ASSERT_FALSE(exchange);
    EXPECT_EQ(exchange.error().code, "tls_failed") << exchange.error().message;
    EXPECT_FALSE(exchange.error().sent);
    EXPECT_EQ(peer_.request, "") << "the key must not have left";
  }

  static constexpr Milliseconds long_enough{10'000};

  World world_;
  SelfSigned localhost_{"localhost"};
  TlsPeer peer_{world_.context, localhost_};

 private:
  std::filesystem::path directory_;
};

TEST_F(Tls, AHostThatItsCertificateNamesIsSpokenTo) {
  const auto exchange = send("localhost", file_of(localhost_), long_enough);
  ASSERT_TRUE(exchange) << exchange.error().message;
  EXPECT_EQ(exchange->status, 200);
  EXPECT_EQ(peer_.server_name, "localhost");
  EXPECT_NE(peer_.request.find("Authorization: Bearer k-0123456789"), std::string::npos);
}

TEST_F(Tls, AnotherHostIsRefused) {
  expect_refused(send("127.0.0.1", file_of(localhost_), long_enough));
}

TEST_F(Tls, AnUnknownAuthorityIsRefused) {
  const SelfSigned other("localhost");
  expect_refused(send("localhost", file_of(other), long_enough));
}

TEST_F(Tls, TheSystemsAuthoritiesDoNotKnowIt) {
  const auto exchange = send("localhost", "", long_enough);
  expect_refused(exchange);
  EXPECT_NE(exchange.error().message.find("self-signed"), std::string::npos)
      << exchange.error().message;
}

TEST_F(Tls, APeerThatSpeaksNoTlsIsRefused) {
  Peer plain(world_.context, [](tcp::socket& socket, int) -> asio::awaitable<void> {
    co_await Peer::write(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  auto options = world_.options("https://localhost:" + std::to_string(plain.port()));
  options.ca_file = file_of(localhost_);
  const auto client = world_.connect(std::move(options));
  expect_refused(world_.send(*client, make_request(Method::post, "/x", "{}")));
}

TEST_F(Tls, AHandshakeThatNeverEndsSentNothing) {
  Peer silent(world_.context, [](tcp::socket&, int) -> asio::awaitable<void> { co_return; });
  auto options = world_.options("https://localhost:" + std::to_string(silent.port()));
  options.ca_file = file_of(localhost_);
  const auto client = world_.connect(std::move(options));
  Request request = make_request(Method::post, "/x", "{}");
  request.timeout = Milliseconds{30};
  expect_refused(world_.send(*client, std::move(request)));
}

}  // namespace
}  // namespace vapisync::http
