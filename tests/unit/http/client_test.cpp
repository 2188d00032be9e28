// The connection pool against peers that behave, and against peers that do not: what matters is
// whether a request counts as sent.
#include <boost/asio/post.hpp>

#include "unit/http/world.hpp"

namespace vapisync::http {
namespace {

namespace asio = boost::asio;

/// Answers every request on every connection.
asio::awaitable<void> answer_all(tcp::socket& socket, int) {
  while (!(co_await Peer::read(socket)).empty()) co_await Peer::write(socket, ok_answer);
}

/// Answers once, and closes the connection without a word.
asio::awaitable<void> answer_and_close(tcp::socket& socket, int) {
  co_await Peer::read(socket);
  co_await Peer::write(socket, ok_answer);
  socket.close();
}

asio::awaitable<void> read_and_close(tcp::socket& socket, int) {
  co_await Peer::read(socket);
  socket.close();
}

asio::awaitable<void> read_and_never_answer(tcp::socket& socket, int) {
  co_await Peer::read(socket);
}

/// Reads one request, sends `text`, and closes.
Peer::Serve say(std::string text) {
  return [text = std::move(text)](tcp::socket& socket, int) {
    const auto speak = [](tcp::socket& to, std::string what) -> asio::awaitable<void> {
      co_await Peer::read(to);
      co_await Peer::write(to, std::move(what));
      to.close();
    };
    return speak(socket, text);
  };
}

/// What became of one request to a peer that answers with `text` and closes.
TransportFailure failure_after(std::string text, size_t response_bytes_max = 1'000) {
  World world;
  Peer peer(world.context, say(std::move(text)));
  auto options = world.options(world.url(peer.port()));
  options.response_bytes_max = response_bytes_max;
  const auto client = world.connect(std::move(options));
  const auto exchange = world.send(*client, make_request(Method::post, "/x", "{}"));
  EXPECT_FALSE(exchange);
  return exchange ? TransportFailure{} : exchange.error();
}

TEST(HttpClient, ReusesItsConnection) {
  World world;
  Peer peer(world.context, answer_all);
  const auto client = world.connect_to(world.url(peer.port()));
  for (int i = 0; i < 5; ++i) {
    const auto exchange = world.send(*client, make_request(Method::get, "/x"));
    ASSERT_TRUE(exchange) << exchange.error().message;
    EXPECT_EQ(exchange->status, 200);
    EXPECT_EQ(exchange->body, "{}");
  }
  EXPECT_EQ(peer.connections(), 1);
}

TEST(HttpClient, RequestsAtOnceTravelOnConnectionsOfTheirOwn) {
  World world;
  Peer peer(world.context, answer_all);
  const auto client = world.connect_to(world.url(peer.port()));
  int ended = 0;
  const auto both = [](Transport& to, int& count) -> asio::awaitable<void> {
    co_await to.send(make_request(Method::get, "/x"));
    ++count;
  };
  asio::co_spawn(world.context, both(*client, ended), asio::detached);
  test::run(world.context, both(*client, ended));
  while (ended < 2 && world.context.run_one() > 0) {
  }
  EXPECT_EQ(peer.connections(), 2);
}

TEST(HttpClient, AConnectionThatThePeerClosedIsNotUsedAgain) {
  World world;
  Peer peer(world.context, answer_and_close);
  const auto client = world.connect_to(world.url(peer.port()));
  for (int i = 1; i <= 3; ++i) {
    const auto exchange = world.send(*client, make_request(Method::post, "/x", "{}"));
    ASSERT_TRUE(exchange) << exchange.error().message;
    EXPECT_EQ(peer.connections(), i);
    world.context.poll();  // the close arrives
  }
}

TEST(HttpClient, AnAnswerThatNobodyAskedForEndsTheConnection) {
  World world;
  Peer peer(world.context, [](tcp::socket& socket, int) -> asio::awaitable<void> {
    co_await Peer::read(socket);
    co_await Peer::write(socket, ok_answer + "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    co_await Peer::read(socket);
  });
  const auto client = world.connect_to(world.url(peer.port()));
  for (int i = 1; i <= 2; ++i) {
    const auto exchange = world.send(*client, make_request(Method::get, "/x"));
    ASSERT_TRUE(exchange);
    EXPECT_EQ(exchange->status, 200) << "never the stray one";
    world.context.poll();
  }
  EXPECT_EQ(peer.connections(), 2);
}

TEST(HttpClient, AConnectionIsNotKeptWhenThePeerSaysSo) {
  World world;
  Peer peer(world.context, [](tcp::socket& socket, int) -> asio::awaitable<void> {
    co_await Peer::read(socket);
    co_await Peer::write(socket,
                         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
    co_await Peer::read(socket);
  });
  const auto client = world.connect_to(world.url(peer.port()));
  for (int i = 1; i <= 2; ++i) ASSERT_TRUE(world.send(*client, make_request(Method::get, "/x")));
  EXPECT_EQ(peer.connections(), 2);
}

TEST(HttpClient, APostTakesOnlyAFreshConnection) {
  World world;
  Peer peer(world.context, answer_all);
  auto options = world.options(world.url(peer.port()));
  options.fresh_for = Milliseconds{-1};  // none is
  const auto client = world.connect(std::move(options));
  ASSERT_TRUE(world.send(*client, make_request(Method::get, "/x")));
  ASSERT_TRUE(world.send(*client, make_request(Method::patch, "/x", "{}")));
  EXPECT_EQ(peer.connections(), 1) << "other methods may take any";
  ASSERT_TRUE(world.send(*client, make_request(Method::post, "/x", "{}")));
  EXPECT_EQ(peer.connections(), 2);
}

TEST(HttpClient, APostTakesAConnectionThatJustAnswered) {
  World world;
  Peer peer(world.context, answer_all);
  auto options = world.options(world.url(peer.port()));
  options.fresh_for = std::chrono::hours(1);
  const auto client = world.connect(std::move(options));
  ASSERT_TRUE(world.send(*client, make_request(Method::get, "/x")));
  ASSERT_TRUE(world.send(*client, make_request(Method::post, "/x", "{}")));
  EXPECT_EQ(peer.connections(), 1);
}

TEST(HttpClient, ARefusedConnectionSentNothing) {
  World world;
  unsigned short port = 0;
  {
    tcp::acceptor gone(world.context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port = gone.local_endpoint().port();
  }
  const auto client = world.connect_to(world.url(port));
  const auto exchange = world.send(*client, make_request(Method::post, "/x", "{}"));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code, "connect_failed");
  EXPECT_FALSE(exchange.error().sent);
  EXPECT_NE(exchange.error().message.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

TEST(HttpClient, AHostWithoutAnAddressSentNothing) {
  World world;
  const auto client = world.connect_to("http://" + no_host);
  const auto exchange = world.send(*client, make_request(Method::post, "/x", "{}"));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code, "connect_failed");
  EXPECT_FALSE(exchange.error().sent);
}

TEST(HttpClient, ASilentPeerTimesOutAsSent) {
  World world;
  Peer peer(world.context, read_and_never_answer);
  const auto client = world.connect_to(world.url(peer.port()));
  Request request = make_request(Method::post, "/x", "{}");
  request.timeout = Milliseconds{30};
  const auto exchange = world.send(*client, std::move(request));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code, "timeout");
  EXPECT_TRUE(exchange.error().sent);
}

TEST(HttpClient, AConnectionThatTimedOutIsNotUsedAgain) {
  World world;
  Peer peer(world.context, [](tcp::socket& socket, int connection) -> asio::awaitable<void> {
    co_await Peer::read(socket);
    if (connection > 1) co_await Peer::write(socket, ok_answer);
  });
  const auto client = world.connect_to(world.url(peer.port()));
  Request request = make_request(Method::get, "/x");
  request.timeout = Milliseconds{30};
  EXPECT_FALSE(world.send(*client, std::move(request)));
  EXPECT_TRUE(world.send(*client, make_request(Method::get, "/x")));
  EXPECT_EQ(peer.connections(), 2);
}

TEST(HttpClient, ACutBeforeTheAnswerCountsAsSent) {
  World world;
  Peer peer(world.context, read_and_close);
  const auto client = world.connect_to(world.url(peer.port()));
  const auto exchange = world.send(*client, make_request(Method::post, "/x", "{}"));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code, "connection_lost");
  EXPECT_TRUE(exchange.error().sent);
}

TEST(HttpClient, ACutInTheMiddleOfTheAnswerIsNoAnswer) {
  const auto failure = failure_after("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":");
  EXPECT_EQ(failure.code, "connection_lost");
  EXPECT_TRUE(failure.sent);
}

TEST(HttpClient, AnAnswerThatIsNotHttpIsBad) {
  for (const auto* text : {"SSH-2.0-server\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}) {
    const auto failure = failure_after(text);
    EXPECT_EQ(failure.code, "bad_answer") << text;
    EXPECT_TRUE(failure.sent);
  }
}

TEST(HttpClient, AnAnswerOverTheLimitIsBad) {
  const std::string body(2'000, 'x');
  const auto failure = failure_after("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + body);
  EXPECT_EQ(failure.code, "bad_answer");
  EXPECT_TRUE(failure.sent);
  EXPECT_EQ(failure_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + body +
                          "\r\n0\r\n\r\n")
                .code,
            "bad_answer");
}

TEST(HttpClient, AFailureNeverTellsTheKey) {
  World world;
  Peer peer(world.context, read_and_close);
  const auto client = world.connect_to(world.url(peer.port()));
  Request request = make_request(Method::get, "/x");
  request.bearer = Secret("k-0123456789");
  const auto exchange = world.send(*client, std::move(request));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().message.find("0123456789"), std::string::npos);
}

TEST(HttpClient, AStoreOfCertificatesThatIsMissingIsToldAtOnce) {
  World world;
  auto options = world.options("https://127.0.0.1:1");
  options.ca_file = "/nonexistent/ca.pem";
  const auto client = make_client(world.context.get_executor(), std::move(options));
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().verdict, Verdict::fatal);
  EXPECT_EQ(client.error().code, "certificates");
}

}  // namespace
}  // namespace vapisync::http
