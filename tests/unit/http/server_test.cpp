// Our server as our client sees it.
#include "support/log_capture.hpp"
#include "unit/http/world.hpp"

namespace vapisync::http {
namespace {

namespace asio = boost::asio;

asio::awaitable<ServerResponse> echo(ServerRequest request) {
  ServerResponse response;
  response.status = 201;
  response.headers.add("X-Seen", std::string(request.headers.find("user-agent")));
  response.headers.add("X-Auth", std::string(request.headers.find("authorization")));
  response.body = request.method + " " + request.path + " " + request.query_value("a") + " " +
                  request.query + " " + request.body;
  co_return response;
}

TEST(HttpServer, GetsWhatTheClientSends) {
  World world;
  const auto server = world.serve(echo);
  const auto client = world.connect_to(world.url(server->port()) + "/base");
  Request request = make_request(Method::patch, "/x?b=1&a=x%20y", R"({"k":1})");
  request.bearer = Secret("k-0123456789");
  const auto exchange = world.send(*client, std::move(request));
  ASSERT_TRUE(exchange) << exchange.error().message;
  EXPECT_EQ(exchange->status, 201);
  EXPECT_EQ(exchange->body, R"(PATCH /base/x x y b=1&a=x%20y {"k":1})");
  EXPECT_EQ(exchange->headers.find("x-seen"), "vapisync-test/1");
  EXPECT_EQ(exchange->headers.find("x-auth"), "Bearer k-0123456789");
}

TEST(HttpServer, EveryMethodArrivesByItsName) {
  World world;
  const auto server = world.serve(echo);
  const auto client = world.connect_to(world.url(server->port()));
  for (const auto method : {Method::get, Method::post, Method::patch, Method::put, Method::del}) {
    const auto exchange = world.send(*client, make_request(method, "/x"));
    ASSERT_TRUE(exchange);
    EXPECT_TRUE(exchange->body.starts_with(std::string(to_string(method)) + " /x"));
  }
}

TEST(HttpServer, ABodyOverTheLimitIsAnswered413HoweverLarge) {
  for (const size_t size : {101U, 10'000U, 4'000'000U}) {
    World world;
    const auto server = world.serve(echo, {.body_bytes_max = 100});
    const auto client = world.connect_to(world.url(server->port()));
    const auto exchange =
        world.send(*client, make_request(Method::post, "/x", std::string(size, 'x')));
    ASSERT_TRUE(exchange) << size << ": " << exchange.error().message;
    EXPECT_EQ(exchange->status, 413);
    EXPECT_EQ(world.send(*client, make_request(Method::post, "/x", "small"))->status, 201)
        << "on a connection of its own";
  }
}

TEST(HttpServer, ABodyOfExactlyTheLimitIsTaken) {
  World world;
  const auto server = world.serve(echo, {.body_bytes_max = 100});
  const auto client = world.connect_to(world.url(server->port()));
  EXPECT_EQ(world.send(*client, make_request(Method::post, "/x", std::string(100, 'x')))->status,
            201);
}

TEST(HttpServer, AHandlerThatFailsIsAnAnswer500) {
  World world;
  const auto server = world.serve([](ServerRequest) -> asio::awaitable<ServerResponse> {
    throw std::runtime_error("a bug");
    co_return ServerResponse{};
  });
  const auto client = world.connect_to(world.url(server->port()));
  test::LogCapture log;
  const auto exchange = world.send(*client, make_request(Method::get, "/x"));
  EXPECT_EQ(log.count("http.handler_failed"), 1);
  ASSERT_TRUE(exchange);
  EXPECT_EQ(exchange->status, 500);
  EXPECT_EQ(exchange->body.find("a bug"), std::string::npos);
}

TEST(HttpServer, AHandlerThatIsCancelledEndsItsConnectionOnly) {
  World world;
  bool cancelled = false;
  const auto server =
      world.serve([&cancelled](ServerRequest request) -> asio::awaitable<ServerResponse> {
        const auto answer = [](bool& first, ServerRequest what) -> asio::awaitable<ServerResponse> {
          if (!first) {
            first = true;
            throw boost::system::system_error(asio::error::operation_aborted);
          }
          co_return co_await echo(std::move(what));
        };
        return answer(cancelled, std::move(request));
      });
  const auto client = world.connect_to(world.url(server->port()));
  EXPECT_FALSE(world.send(*client, make_request(Method::get, "/x")));
  EXPECT_TRUE(world.send(*client, make_request(Method::get, "/x")));
  server->stop();
  world.context.poll();
}

TEST(HttpServer, ACutClosesWithoutAnAnswer) {
  World world;
  const auto server = world.serve([](ServerRequest) -> asio::awaitable<ServerResponse> {
    ServerResponse response;
    response.cut = true;
    co_return response;
  });
  const auto client = world.connect_to(world.url(server->port()));
  const auto exchange = world.send(*client, make_request(Method::post, "/x", "{}"));
  ASSERT_FALSE(exchange);
  EXPECT_EQ(exchange.error().code, "connection_lost");
}

TEST(HttpServer, TooManyConnectionsAreClosedAtOnce) {
  World world;
  const auto server = world.serve(echo, {.connections_max = 1});
  const auto first = world.connect_to(world.url(server->port()));
  const auto second = world.connect_to(world.url(server->port()));
  ASSERT_TRUE(world.send(*first, make_request(Method::get, "/x")));
  EXPECT_FALSE(world.send(*second, make_request(Method::get, "/x")));
  EXPECT_TRUE(world.send(*first, make_request(Method::get, "/x"))) << "the first goes on";
}

TEST(HttpServer, StoppingClosesEverythingAndIsLegalTwice) {
  World world;
  const auto server = world.serve(echo);
  const auto port = server->port();
  const auto client = world.connect_to(world.url(port));
  ASSERT_TRUE(world.send(*client, make_request(Method::get, "/x")));
  server->stop();
  server->stop();
  EXPECT_EQ(server->port(), port);
  EXPECT_EQ(world.send(*client, make_request(Method::get, "/x")).error().code, "connect_failed");
}

TEST(HttpServer, StopsWhileAHandlerIsAtWork) {
  World world;
  asio::steady_timer never(world.context, asio::steady_timer::time_point::max());
  std::unique_ptr<Server> server;
  server = world.serve([&](ServerRequest) -> asio::awaitable<ServerResponse> {
    const auto wait = [](asio::steady_timer& timer,
                         Server& self) -> asio::awaitable<ServerResponse> {
      asio::post(timer.get_executor(), [&timer, &self] {
        self.stop();
        timer.cancel();
      });
      co_await timer.async_wait(as_result);
      co_return ServerResponse{};
    };
    return wait(never, *server);
  });
  const auto client = world.connect_to(world.url(server->port()));
  EXPECT_FALSE(world.send(*client, make_request(Method::get, "/x")));
}

TEST(HttpServer, AnAddressThatIsTakenOrWrongIsToldPlainly) {
  World world;
  const auto server = world.serve(echo);
  const auto address = "127.0.0.1:" + std::to_string(server->port());
  const auto taken = listen(world.context.get_executor(), address, echo);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().verdict, Verdict::fatal);
  EXPECT_NE(taken.error().message.find(address), std::string::npos);
  EXPECT_EQ(listen(world.context.get_executor(), "127.0.0.1", echo).error().verdict,
            Verdict::invalid);
  EXPECT_EQ(listen(world.context.get_executor(), no_host + ":0", echo).error().verdict,
            Verdict::invalid);
}

TEST(HttpServer, QueryValuesAreDecoded) {
  ServerRequest request;
  request.query = "limit=5&createdAtGe=2026-08-01T10%3A00&empty=&flag&a%20b=c+d";
  EXPECT_EQ(request.query_value("limit"), "5");
  EXPECT_EQ(request.query_value("createdAtGe"), "2026-08-01T10:00");
  EXPECT_EQ(request.query_value("empty"), "");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("a b"), "c d");
  EXPECT_EQ(request.query_value("other"), "");
}

}  // namespace
}  // namespace vapisync::http
